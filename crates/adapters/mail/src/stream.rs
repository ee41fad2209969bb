//! Connections to a mail server over which everything goes at once.
//!
//! lettre writes a message and the dot that ends it one after the other. On a socket as the system gives it the dot would
//! wait until the message is acknowledged (Nagle's algorithm, RFC 896), which a server puts off by 40 ms and more (RFC 1122,
//! 4.2.3.2): time in which whoever sends may die, and the mail comes twice.

use crate::post::SetupError;
use crate::settings::{Protection, SmtpServer};
use hyper_rustls::ConfigBuilderExt as _;
use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How much a server may say at a time, in bytes; its answers are some lines of 512 (RFC 5321, 4.5.3.1.5), its certificates some KiB.
const MOST_SAID: usize = 64 * 1024;

/// Opens connections to one server.
pub(crate) struct Dialer {
    host: String,
    port: u16,
    /// Of a server that is spoken to inside TLS: how, and whom its certificate is for.
    inside: Option<(TlsConnector, ServerName<'static>)>,
    /// For each of the server's addresses.
    within: Duration,
}

impl Dialer {
    pub(crate) fn new(server: &SmtpServer, within: Duration) -> Result<Self, SetupError> {
        let inside = match server.protection {
            Protection::Tls => {
                let name = ServerName::try_from(server.host.clone()).map_err(io::Error::other)?;
                Some((TlsConnector::from(Arc::new(trusting_the_system()?)), name))
            }
            Protection::StartTls | Protection::Loopback => None,
        };
        Ok(Self { host: server.host.clone(), port: server.port, inside, within })
    }

    /// A connection; inside TLS where the server wants it from the first byte.
    pub(crate) async fn dial(&self) -> io::Result<Box<dyn AsyncTokioStream>> {
        let tcp = self.connect().await?;
        let peer = tcp.peer_addr()?;
        Ok(match &self.inside {
            Some((tls, name)) => Box::new(Bounded::of(tls.connect(name.clone(), tcp).await?, peer)),
            None => Box::new(Bounded::of(tcp, peer)),
        })
    }

    /// To the first of the server's addresses that answers.
    async fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            match timeout(self.within, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(elapsed) => last = elapsed.into(),
            }
        }
        Err(last)
    }
}

/// TLS to whom this computer's own certificates vouch for.
fn trusting_the_system() -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_native_roots()?.with_no_client_auth())
}

/// A connection over which a server says [so much](MOST_SAID) at a time at most: whoever reads lines would keep one without an end
/// whole.
#[derive(Debug)]
struct Bounded<S> {
    stream: S,
    peer: SocketAddr,
    /// What was said since it was last spoken to.
    said: usize,
}

impl<S> Bounded<S> {
    const fn of(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, said: 0 }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug> AsyncTokioStream for Bounded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.said > MOST_SAID {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server's answer has no end")));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.said += buf.filled().len() - before;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.said = 0;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_end_of_a_message_does_not_wait_for_an_acknowledgement() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = "127.0.0.1".to_owned();
        let server = SmtpServer { host, port, protection: Protection::Loopback, credentials: None };
        let dialer = Dialer::new(&server, Duration::from_secs(10)).unwrap();
        assert!(dialer.connect().await.unwrap().nodelay().unwrap());
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_read_to_it() {
        let (ours, mut theirs) = duplex(1024);
        tokio::spawn(async move { while theirs.write_all(&[b'2'; 1000]).await.is_ok() {} });
        let mut stream = Bounded::of(ours, "127.0.0.1:25".parse().unwrap());
        let mut read = Vec::new();
        let failed = stream.read_to_end(&mut read).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::InvalidData);
        assert!(read.len() > MOST_SAID && read.len() < 2 * MOST_SAID, "{}", read.len());
    }
}
