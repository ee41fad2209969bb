//! A server on this computer that behaves as a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it treats a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Says this.
    Says(&'static str),
    /// Reads the request, and says nothing.
    Stalls,
    /// Reads the request, and hangs up.
    HangsUp,
    /// Begins to answer with 200, and never comes to an end.
    Endless,
    /// Answers with 200 and a few bytes of a longer body, and says no more.
    Drips,
}

pub(crate) const OK: Way = Way::Says("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"id\":\"42\"}");

/// The server, and what it has seen.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    way: Option<Way>,
    requests: Vec<String>,
    connections: usize,
}

impl Server {
    pub(crate) async fn start(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen { way: Some(way), ..Seen::default() }));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("no panic").connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }

    /// From now on it behaves so.
    pub(crate) fn becomes(&self, way: Way) {
        self.seen.lock().expect("no panic").way = Some(way);
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().expect("no panic").connections
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    while let Some(request) = read(&mut stream).await {
        let way = {
            let mut seen = seen.lock().expect("no panic");
            seen.requests.push(request);
            seen.way.expect("a way")
        };
        match way {
            Way::Says(text) => {
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Way::Stalls => tokio::time::sleep(Duration::from_mins(10)).await,
            Way::HangsUp => return,
            Way::Endless => {
                let head = b"HTTP/1.1 200 OK\r\nx-id: 7\r\ntransfer-encoding: chunked\r\n\r\n";
                let mut told = stream.write_all(head).await;
                while told.is_ok() {
                    told = stream.write_all(b"10\r\nand so on and on\r\n").await;
                }
                return;
            }
            Way::Drips => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\na few").await;
                tokio::time::sleep(Duration::from_mins(10)).await;
            }
        }
    }
}

/// The next request whole, as text; `None`: the other side has hung up.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
