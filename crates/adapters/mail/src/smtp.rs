//! To a mail server.

use crate::eml::Eml;
use crate::failed::Failed;
use crate::post::SetupError;
use crate::settings::{Credentials, Pace, Protection, Sender, SmtpServer};
use crate::stream::Dialer;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{self, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use musubi_kernel::delivery::Outcome;
use std::error::Error as _;
use std::time::Duration;

/// How long a server is waited for that is told goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A connection over which messages go one after another. One on which something went wrong is never used again: what a
/// server says late would be taken for the answer to something else. (That is why lettre's own pool is not used: it
/// takes connections back whose message was given up half-way.)
pub(crate) type Line = Option<AsyncSmtpConnection>;

/// The mail server.
pub(crate) struct Smtp {
    dialer: Dialer,
    /// Of a server that is spoken to inside TLS after STARTTLS.
    starttls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    /// Who says hello: a name that the sender stands for, as this computer's own means nothing elsewhere.
    hello: ClientId,
    connect: Duration,
}

impl Smtp {
    pub(crate) fn new(server: SmtpServer, from: &Sender, pace: &Pace) -> Result<Self, SetupError> {
        // Of several addresses the next has its time, too, where the first one swallows everything.
        let dialer = Dialer::new(&server, pace.connect / 2)?;
        let starttls = match server.protection {
            Protection::StartTls => Some(TlsParameters::new(server.host)?),
            Protection::Loopback | Protection::Tls => None,
        };
        let hello = ClientId::Domain(from.address().domain().to_owned());
        Ok(Self { dialer, starttls, credentials: server.credentials, hello, connect: pace.connect })
    }

    /// Sends over the line, which is opened first if need be, and left open when all went well.
    pub(crate) async fn send(&self, line: &mut Line, eml: &Eml) -> Result<(), Failed> {
        let mut connection = match line.take() {
            Some(connection) => connection,
            None => self.connection().await?,
        };
        connection.send(&eml.envelope, &eml.bytes).await.map_err(|error| failed(&error))?;
        *line = Some(connection);
        Ok(())
    }

    /// Sends over a connection of its own, and says at once what became of it: whatever comes before that is written down is
    /// time in which the sender may die and send once more. `place` is let go when the connection is closed.
    pub(crate) async fn send_alone(&self, eml: &Eml, patience: Duration, place: impl Send + 'static) -> Outcome {
        let connected = tokio::time::timeout(self.connect, self.connection()).await;
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            // What goes wrong before a message is named, such as a wrong password, says nothing about this one.
            Ok(Err(failed)) => return Outcome::later(failed.why),
            Err(_) => return Outcome::later("the mail server does not answer in time"),
        };
        let sent = tokio::time::timeout(patience, connection.send(&eml.envelope, &eml.bytes)).await;
        let outcome = match sent {
            Ok(Ok(_)) => Outcome::SENT,
            Ok(Err(error)) if error.status().is_none() && !error.is_client() => {
                Outcome::unknown("the connection to the mail server broke")
            }
            Ok(Err(error)) => failed(&error).into(),
            Err(_) => Outcome::unknown("the mail server does not say in time whether it took the message"),
        };
        if outcome == Outcome::SENT {
            tokio::spawn(async move {
                hang_up(Some(connection)).await;
                drop(place);
            });
        }
        outcome
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, Failed> {
        let stream = self.dialer.dial().await;
        let stream = stream.map_err(|error| Failed::for_now(format!("no connection to the mail server: {error}")))?;
        self.introduced(stream).await.map_err(|error| failed(&error))
    }

    async fn introduced(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, Error> {
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await?;
        if let Some(tls) = &self.starttls {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(own) = &self.credentials {
            let credentials = authentication::Credentials::new(own.user.clone(), own.password.expose().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

/// Closes the line.
pub(crate) async fn hang_up(line: Line) {
    if let Some(mut connection) = line {
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
    }
}

/// What a server says may hold the address, so of its answers only the code is told.
fn failed(error: &Error) -> Failed {
    match error.status() {
        Some(code) if error.is_transient() => Failed::for_now(format!("the server answers {code}")),
        Some(code) => Failed::for_good(format!("the server answers {code}")),
        None if error.is_response() => Failed::for_now("the server's answer is none"),
        None if error.is_client() => Failed::for_good(error.source().map_or_else(String::new, ToString::to_string)),
        None => Failed::for_now(error.to_string()),
    }
}
