//! Those who carry messages: a server in LINE's place, and a folder in that of a mail server.

use crate::app::TestApp;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Json, Router};
use musubi_kernel::clock::Clock;
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_mail::settings::Way;
use musubi_sql_testing::TestDb;
use musubi_worker::engine::{Engine, Limits, Ports};
use musubi_worker::settings::ways::WaySettings;
use musubi_worker::{notifications, start};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A call of LINE, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) key: String,
    pub(crate) body: Value,
}

impl Told {
    /// The first message, if it is a text.
    pub(crate) fn text(&self) -> &str {
        self.body["messages"][0]["text"].as_str().unwrap_or_default()
    }
}

#[derive(Default)]
struct Kept {
    told: Vec<Told>,
    instead: Option<(u16, Value)>,
}

/// A server in LINE's place.
pub(crate) struct LineStub {
    base: String,
    kept: Arc<Mutex<Kept>>,
}

impl LineStub {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let kept = Arc::new(Mutex::new(Kept::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, kept }
    }

    /// What it was told, in order.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.kept.lock().expect("no holder panics").told.clone()
    }

    /// It says this from now on.
    pub(crate) fn says(&self, status: u16, body: Value) {
        self.kept.lock().expect("no holder panics").instead = Some((status, body));
    }

    /// It takes every message from now on.
    pub(crate) fn takes(&self) {
        self.kept.lock().expect("no holder panics").instead = None;
    }
}

async fn answer(State(kept): State<Arc<Mutex<Kept>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut kept = kept.lock().expect("no holder panics");
    let body = serde_json::from_slice(&body).expect("JSON");
    let (path, token, key) = (uri.path().to_owned(), header("authorization"), header("x-line-retry-key"));
    kept.told.push(Told { path, token, key, body });
    let usual = json!({ "sentMessages": [{ "id": kept.told.len().to_string() }] });
    let (status, body) = kept.instead.clone().unwrap_or((200, usual));
    (StatusCode::from_u16(status).expect("a status"), Json(body))
}

/// All ways out.
pub(crate) struct Ways {
    pub(crate) line: LineStub,
    folder: TempDir,
}

impl Ways {
    pub(crate) async fn open() -> Self {
        Self { line: LineStub::start().await, folder: tempfile::tempdir().expect("a folder") }
    }

    /// The worker that uses them, by the application's clock.
    pub(crate) fn engine(&self, test: &TestDb, app: &TestApp) -> Engine {
        let (ids, clock): (Arc<dyn IdGen>, Arc<dyn Clock>) = (Arc::new(SystemIds), app.clock.clone());
        let settings = WaySettings {
            public_url: "https://shop.example.jp".parse().ok(),
            api_url: "https://api.example.jp".parse().ok(),
            line_url: self.line.base.parse().expect("an address"),
            sms_url: "http://127.0.0.1:9".parse().expect("an address"),
            sms_account: None,
            sms_user: None,
            sms_from: None,
            sms_report_url: None,
            sms_password: None,
            sms_token: None,
        };
        let way = Way::Folder(self.folder.path().to_owned());
        let from = "Musubi <no-reply@example.jp>".parse().expect("a sender");
        let means = settings.means(test.store(), &clock, way, from).expect("ways");
        let work = notifications::work(&test.store(), &ids, &clock, means);
        let ports = Ports { clock, ..start::ports(&test.db, &ids) };
        Engine::new(ports, work, Limits::default())
    }

    /// The mails that went out, the oldest first.
    pub(crate) fn mails(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("a text")).collect()
    }
}
