//! The application under test.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt as _;
use musubi_api::assemble::{Ground, Storage, assemble};
use musubi_api::caller::Peer;
use musubi_api::limits::NoLimit;
use musubi_api::openapi;
use musubi_api::origin::Origins;
use musubi_api::state::App;
use musubi_identity::issuer::memory::IssuersInMemory;
use musubi_identity::issuer::redirects::Redirects;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people;
use musubi_identity::people::memory::Letterbox;
use musubi_kernel::access::Actor;
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::id::SystemIds;
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use musubi_sql::SqlStore;
use musubi_sql::engine::{Db, PoolSettings, sqlite_url};
use musubi_sql::migrate;
use musubi_sql_testing::{TestDb, key_ring};
use musubi_webauthn::WebauthnPasskeys;
use musubi_webauthn::relying_party::RelyingParty;
use musubi_worker::webhooks::Addresses;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The operator's key of every application under test.
pub(crate) const OPERATOR: &str = "msb_operator-key-of-the-tests-0123456789";

/// Where the issuers of every application under test may send people back to.
pub(crate) const BACK: &str = "https://shop.example.jp/back";
/// The page on which passkeys of every application under test answer.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

/// The real router over an own database, with a clock that stands still.
pub(crate) struct TestApp {
    router: Router,
    /// The application itself.
    pub(crate) app: App,
    /// The clock.
    pub(crate) clock: Arc<ManualClock>,
    /// What was posted to people.
    pub(crate) letters: Arc<Letterbox>,
    /// Where everything is stored.
    pub(crate) store: SqlStore,
    /// The issuers `google` and `line`.
    pub(crate) issuers: Arc<IssuersInMemory>,
    /// Where a database of its own lies.
    _folder: Option<TempDir>,
}

impl TestApp {
    /// An application that was just installed, on an SQLite database of its own.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same, on changed ground.
    pub(crate) async fn with(change: impl FnOnce(&mut Ground)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = sqlite_url(&folder.path().join("test.db"));
        let db = Db::connect(&url, PoolSettings::default()).await.expect("a database");
        migrate::run(&db).await.expect("tables");
        let store = SqlStore::new(db, Arc::new(key_ring()));
        Self { _folder: Some(folder), ..Self::over(&store, change).await }
    }

    /// An application that was just installed, on the database of a test that runs on each engine.
    pub(crate) async fn on(db: &TestDb) -> Self {
        Self::over(&db.store(), |_| ()).await
    }

    /// The same, on changed ground.
    pub(crate) async fn on_changed(db: &TestDb, change: impl FnOnce(&mut Ground)) -> Self {
        Self::over(&db.store(), change).await
    }

    /// Another node on the database of a test, with the same clock.
    pub(crate) async fn beside(db: &TestDb, clock: &Arc<ManualClock>, cache_bytes: u64) -> Self {
        let store = SqlStore::new(db.reconnect().await, Arc::new(key_ring()));
        let same = |ground: &mut Ground| {
            ground.clock = clock.clone();
            ground.cache_bytes = cache_bytes;
        };
        Self { clock: clock.clone(), ..Self::over(&store, same).await }
    }

    /// What the clock shows.
    pub(crate) fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn over(store: &SqlStore, change: impl FnOnce(&mut Ground)) -> Self {
        let clock = Arc::new(ManualClock::at(instant("2026-03-20T00:00:00Z")));
        let letters = Arc::new(Letterbox::default());
        let issuers = Arc::new(IssuersInMemory::named(&["google", "line"]));
        let mut ground = Ground {
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            pause: Arc::new(NoPause),
            limiter: Arc::new(NoLimit),
            passwords: Arc::new(FastHasher::default()),
            courier: letters.clone(),
            passkeys: Arc::new(WebauthnPasskeys::new(
                RelyingParty::new("localhost", &[ORIGIN.to_owned()]).expect("a relying party"),
            )),
            sign_ins: people::Settings::default(),
            issuers: issuers.clone(),
            sms_reports: None,
            webhook_guard: Arc::new(Addresses::new(&crate::webhooks::settings())),
            redirects: Redirects::new([BACK.to_owned()]).expect("a good address"),
            trusted_proxies: 0,
            allowed_origins: Origins::default(),
            request_time: Duration::from_secs(20),
            body_time: Duration::from_secs(10),
            max_requests: 64,
            cache_bytes: 16 * 1024 * 1024,
        };
        change(&mut ground);
        let storage = Storage::sql(store, Arc::clone(&ground.ids));
        let app = assemble(ground, storage);
        let leave = Actor::System.as_operator().expect("the system may do everything");
        app.keys.ensure_operator_key(&leave, &Secret::new(OPERATOR)).await.expect("a good key");
        Self { router: openapi::router(app.clone()), app, clock, letters, store: store.clone(), issuers, _folder: None }
    }

    pub(crate) fn get(&self, path: impl AsRef<str>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: impl AsRef<str>, body: &Value) -> Call<'_> {
        self.call(Method::POST, path).json(body)
    }

    pub(crate) fn patch(&self, path: impl AsRef<str>, body: &Value) -> Call<'_> {
        self.call(Method::PATCH, path).json(body).header("content-type", "application/merge-patch+json")
    }

    pub(crate) fn put(&self, path: impl AsRef<str>, body: &Value) -> Call<'_> {
        self.call(Method::PUT, path).json(body)
    }

    pub(crate) fn delete(&self, path: impl AsRef<str>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// A call as the operator; [`Call::key`] and [`Call::anonymous`] make it somebody else's.
    pub(crate) fn call(&self, method: Method, path: impl AsRef<str>) -> Call<'_> {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.as_ref().parse().expect("a path");
        request.extensions_mut().insert(Peer(peer));
        Call { app: self, request }.key(OPERATOR)
    }
}

/// A request that is being written.
pub(crate) struct Call<'a> {
    app: &'a TestApp,
    request: Request<Body>,
}

impl Call<'_> {
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.request.headers_mut().remove(header::AUTHORIZATION);
        self
    }

    pub(crate) fn from(mut self, address: &str) -> Self {
        self.request.extensions_mut().insert(Peer(SocketAddr::new(address.parse().expect("an address"), 4000)));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header");
        self.request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let what = format!("{} {}", self.request.method(), self.request.uri());
        let response = self.app.router.clone().oneshot(self.request).await.expect("a router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let answer = Answer { what, status: parts.status, headers: parts.headers, body };
        if let (true, Some(version)) = (answer.status.is_success(), answer.version()) {
            let tag = format!("\"{version}\"");
            assert_eq!(answer.head("etag"), Some(tag.as_str()), "{}: its version is its entity tag", answer.what);
        }
        answer
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    what: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Insists on a status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {:#}", self.what, self.body);
        self
    }

    /// Insists on a problem, in its right form; gives the pointers and codes of its violations, sorted.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Vec<(String, String)> {
        let Self { what, body, .. } = self;
        assert_eq!((self.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{what}: {body:#}");
        assert_eq!(self.head("content-type"), Some("application/problem+json"), "{what}");
        assert_eq!(body["status"], status, "{what}");
        assert_eq!(body["type"], format!("urn:musubi:problem:{code}"), "{what}");
        assert_eq!(body["request_id"].as_str(), self.head("x-request-id"), "{what}");
        assert!(body["title"].is_string() && body["detail"].is_string(), "{what}: {body:#}");
        let errors = body["errors"].as_array().expect("a list of violations");
        assert!(errors.iter().all(|error| error["detail"].is_string()), "{what}: {body:#}");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let mut errors: Vec<_> = errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
        errors.sort();
        errors
    }

    /// The one violation of a 400 `invalid_request`.
    #[track_caller]
    pub(crate) fn violation(&self) -> (String, String) {
        let mut errors = self.problem(400, "invalid_request");
        assert_eq!(errors.len(), 1, "{}: {errors:?}", self.what);
        errors.remove(0)
    }

    /// The version of what it shows: its own, or that of the person whose record it is.
    pub(crate) fn version(&self) -> Option<i64> {
        let record = self.body.get("lock_reason").and_then(|_| self.body.pointer("/user/version"));
        self.body.get("version").or(record).and_then(Value::as_i64)
    }

    pub(crate) fn head(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// The id in the body.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {:#}", self.body)).to_owned()
    }

    /// The ids of a list.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        let items = self.body["items"].as_array().unwrap_or_else(|| panic!("no list: {:#}", self.body));
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    }
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}
