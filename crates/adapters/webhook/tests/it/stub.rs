//! An endpoint on this computer.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use musubi_kernel::clock::Clock;
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::reach::Reach;
use musubi_outgoing::{Outgoing, Url};
use musubi_webhook::{LIMITS, Webhooks};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it got.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// The endpoint: every address of its own has the same behaviour.
pub(crate) struct Stub {
    base: Url,
    state: Arc<Mutex<Told>>,
}

struct Told {
    status: u16,
    retry_after: Option<&'static str>,
    got: Vec<Got>,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Told { status: 204, retry_after: None, got: Vec::new() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base: base.parse().expect("an address"), state }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("an address")
    }

    pub(crate) fn answers(&self, status: u16, retry_after: Option<&'static str>) {
        let mut state = self.state.lock().expect("no panic");
        (state.status, state.retry_after) = (status, retry_after);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.state.lock().expect("no panic").got.clone()
    }
}

async fn answer(State(state): State<Arc<Mutex<Told>>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    let named = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()));
    let mut state = state.lock().expect("no panic");
    state.got.push(Got { headers: named.collect(), body: String::from_utf8(body.to_vec()).expect("text") });
    let mut answer = HeaderMap::new();
    if let Some(seconds) = state.retry_after {
        answer.insert("retry-after", seconds.parse().expect("a value"));
    }
    (StatusCode::from_u16(state.status).expect("a status"), answer)
}

/// Tells endpoints on this computer, and those at public addresses.
pub(crate) fn webhooks(clock: Arc<dyn Clock>) -> Webhooks {
    let this_computer = "127.0.0.0/8".parse().expect("a network");
    webhooks_within(Reach::public().allowing(&[this_computer]), clock)
}

pub(crate) fn webhooks_within(reach: Reach, clock: Arc<dyn Clock>) -> Webhooks {
    let http = Outgoing::new(reach, LIMITS, Breaking::default(), Arc::clone(&clock)).expect("certificates");
    Webhooks::new(Arc::new(http), clock)
}
