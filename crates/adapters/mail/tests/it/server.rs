//! A mail server that does whatever a test wants.

use crate::ground::LONG;
use musubi_mail::settings::{Protection, SmtpServer};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// Where in a conversation something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Greeting,
    Hello,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the last line of the message.
    End,
    Quit,
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Say(&'static str),
    /// The connection ends.
    Drop,
    /// Nothing is said any more.
    Hang,
}

/// What the server does, and what it got.
#[derive(Default)]
pub(crate) struct State {
    /// What goes otherwise than usual in the next conversations, one after another.
    pub(crate) plan: VecDeque<(At, Act)>,
    /// What goes otherwise than usual in all that follow.
    pub(crate) always: Option<(At, Act)>,
    pub(crate) connections: usize,
    /// The lines that came, those of messages left out.
    pub(crate) lines: Vec<String>,
    /// Messages that were taken.
    pub(crate) taken: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Server {
    /// A server without TLS.
    pub(crate) async fn start(plan: &[(At, Act)]) -> Self {
        Self::protected(plan, None).await
    }

    /// A server that has TLS from the start, or after STARTTLS.
    pub(crate) async fn protected(plan: &[(At, Act)], tls: Option<(Protection, TlsAcceptor)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State { plan: plan.iter().copied().collect(), ..State::default() };
        let server = Self { port, state: Arc::new(Mutex::new(state)), changed: Arc::default() };
        let (state, changed) = (Arc::clone(&server.state), Arc::clone(&server.changed));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut talk = Talk { state: Arc::clone(&state), changed: Arc::clone(&changed), odd: None };
                let tls = tls.clone();
                tokio::spawn(async move { talk.run(stream, tls).await });
            }
        });
        server
    }

    pub(crate) fn address(&self) -> SmtpServer {
        let host = "127.0.0.1".to_owned();
        SmtpServer { host, port: self.port, protection: Protection::Loopback, credentials: None }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// How many connections there were, and how many messages were taken.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.connections, state.taken.len())
    }

    /// Waits until this is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if is_so(&self.state()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(LONG, wait).await.expect("it becomes so");
    }
}

struct Talk {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    odd: Option<(At, Act)>,
}

impl Talk {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("no holder panics"));
        self.changed.notify_waiters();
    }

    async fn run(&mut self, stream: TcpStream, tls: Option<(Protection, TlsAcceptor)>) -> io::Result<()> {
        let mut odd = None;
        self.change(|state| {
            state.connections += 1;
            odd = state.plan.pop_front().or(state.always);
        });
        self.odd = odd;
        match tls {
            Some((Protection::Tls, tls)) => {
                let mut stream = BufReader::new(tls.accept(stream).await?);
                self.answer(&mut stream, At::Greeting, "220 test ESMTP").await?;
                self.talk(stream).await.map(|_| ())
            }
            tls => {
                let mut stream = BufReader::new(stream);
                self.answer(&mut stream, At::Greeting, "220 test ESMTP").await?;
                match (self.talk(stream).await?, tls) {
                    (Some(stream), Some((_, tls))) => {
                        self.odd = None;
                        self.talk(BufReader::new(tls.accept(stream).await?)).await.map(|_| ())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// The conversation up to its end, or up to STARTTLS: then there is a stream to go on with.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut stream: BufReader<S>) -> io::Result<Option<S>> {
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let command = std::mem::take(&mut line);
            self.change(|state| state.lines.push(command.trim_end().to_owned()));
            match command.split_whitespace().next().unwrap_or_default() {
                "EHLO" => {
                    let extensions = "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN";
                    self.answer(&mut stream, At::Hello, extensions).await?;
                }
                "AUTH" => self.answer(&mut stream, At::Auth, "235 welcome").await?,
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "MAIL" => self.answer(&mut stream, At::Mail, "250 ok").await?,
                "RCPT" => self.answer(&mut stream, At::Rcpt, "250 ok").await?,
                "DATA" if matches!(self.odd, Some((At::Data, Act::Say(_)))) => {
                    self.answer(&mut stream, At::Data, "").await?;
                }
                "DATA" => {
                    self.answer(&mut stream, At::Data, "354 go ahead").await?;
                    let message = message(&mut stream).await?;
                    if !matches!(self.odd, Some((At::End, _))) {
                        self.change(|state| state.taken.push(message));
                    }
                    self.answer(&mut stream, At::End, "250 taken").await?;
                }
                "QUIT" => {
                    self.answer(&mut stream, At::Quit, "221 bye").await?;
                    return Ok(None);
                }
                _ => stream.write_all(b"500 what?\r\n").await?,
            }
        }
        Ok(None)
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        at: At,
        usual: &str,
    ) -> io::Result<()> {
        let text = match self.odd {
            Some((place, act)) if place == at => match act {
                Act::Say(text) => text,
                Act::Drop => return Err(io::ErrorKind::ConnectionAborted.into()),
                Act::Hang => std::future::pending().await,
            },
            _ => usual,
        };
        stream.write_all(format!("{text}\r\n").as_bytes()).await
    }
}

/// The lines up to a single dot; dots that were doubled on the way are single again.
async fn message<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut message = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        if line == ".\r\n" {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
        line.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
