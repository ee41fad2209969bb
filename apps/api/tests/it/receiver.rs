//! A receiver of webhooks on this computer that behaves as a test wants.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How it treats a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Answers so.
    Says(u16),
    /// Answers 429, and wants to be left alone for so many seconds.
    Busy(u32),
    /// Reads the call, and says nothing.
    Stalls,
    /// Reads the call, and hangs up.
    HangsUp,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn head(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Seen {
    ways: VecDeque<Way>,
    heard: Vec<Heard>,
}

/// The receiver, and what it has heard.
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    told: Arc<Notify>,
}

impl Receiver {
    /// One that treats the first calls so, in order, and answers 204 from then on.
    pub(crate) async fn that(ways: impl IntoIterator<Item = Way>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen { ways: ways.into_iter().collect(), heard: Vec::new() }));
        let told = Arc::new(Notify::new());
        let shared = (Arc::clone(&seen), Arc::clone(&told));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared.0), Arc::clone(&shared.1)));
            }
        });
        Self { address, seen, told }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks/musubi?shop=1", self.address)
    }

    /// How it treats the next calls, in order, before it answers 204 again.
    pub(crate) fn becomes(&self, ways: impl IntoIterator<Item = Way>) {
        self.seen.lock().expect("no panic").ways = ways.into_iter().collect();
    }

    /// Waits for a call, and gives the first.
    pub(crate) async fn hears(&self) -> Heard {
        self.told.notified().await;
        self.heard().remove(0)
    }

    /// What it has heard, in order.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.seen.lock().expect("no panic").heard.clone()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, told: Arc<Notify>) {
    while let Some(heard) = read(&mut stream).await {
        let way = {
            let mut seen = seen.lock().expect("no panic");
            seen.heard.push(heard);
            seen.ways.pop_front().unwrap_or(Way::Says(204))
        };
        told.notify_one();
        let answer = match way {
            Way::Says(status) => format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n"),
            Way::Busy(seconds) => {
                format!("HTTP/1.1 429 So\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n")
            }
            Way::HangsUp => return,
            Way::Stalls => {
                // Until the other side has given up.
                let _ = stream.read_buf(&mut Vec::with_capacity(1)).await;
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next call whole; `None`: the other side has hung up.
async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (first, rest) = head.split_once("\r\n").expect("a head");
            let mut headers = HeaderMap::new();
            for (name, value) in rest.split("\r\n").filter_map(|line| line.split_once(": ")) {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                headers.insert(name, HeaderValue::from_str(value).expect("a value"));
            }
            let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let path = first.split(' ').nth(1).expect("a path").to_owned();
                return Some(Heard { path, headers, body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
