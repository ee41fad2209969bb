//! A server in LINE's place.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use musubi_kernel::clock::SystemClock;
use musubi_line::Line;
use musubi_outgoing::Outgoing;
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::reach::Reach;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// The server. It keeps to LINE's rule of retry keys, unless it is told to say something else.
pub(crate) struct Stub {
    pub(crate) base: String,
    state: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    asked: Vec<Asked>,
    accepted: BTreeMap<String, usize>,
    instead: Option<(u16, Value)>,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Told::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, state }
    }

    pub(crate) fn line(&self) -> Line {
        line_at(&self.base)
    }

    /// What it was asked, oldest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("no panic").asked.clone()
    }

    /// It says this from now on.
    pub(crate) fn says(&self, status: u16, body: Value) {
        self.state.lock().expect("no panic").instead = Some((status, body));
    }
}

pub(crate) fn line_at(base: &str) -> Line {
    let http = Outgoing::new(Reach::anywhere(), Limits::default(), Breaking::default(), Arc::new(SystemClock));
    Line::new(Arc::new(http.expect("certificates")), base.parse().expect("an address"))
}

async fn answer(State(state): State<Arc<Mutex<Told>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let named = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()));
    let asked = Asked {
        path: uri.path().to_owned(),
        headers: named.collect(),
        body: serde_json::from_slice(&body).expect("JSON"),
    };
    let mut state = state.lock().expect("no panic");
    let key = asked.headers.get("x-line-retry-key").cloned();
    state.asked.push(asked);
    if let Some((status, body)) = &state.instead {
        return (StatusCode::from_u16(*status).expect("a status"), Json(body)).into_response();
    }
    let number = state.asked.len();
    let sent = |number: usize| json!([{"id": number.to_string(), "quoteToken": "q"}]);
    match key.map(|key| (state.accepted.get(&key).copied(), key)) {
        Some((Some(before), _)) => {
            let body = json!({"message": "The retry key is already accepted", "sentMessages": sent(before)});
            (StatusCode::CONFLICT, [("x-line-accepted-request-id", "r")], Json(body)).into_response()
        }
        Some((None, key)) => {
            state.accepted.insert(key, number);
            Json(json!({"sentMessages": sent(number)})).into_response()
        }
        None => Json(json!({"sentMessages": sent(number)})).into_response(),
    }
}
