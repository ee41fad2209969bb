//! An issuer that says whatever a test wants.

use crate::keys::Key;
use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::pending::{Callback, Pending};
use musubi_identity::issuer::settings::{IssuerKind, IssuerSettings};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::Secret;
use musubi_oidc::OidcIssuers;
use musubi_oidc::http::Limits;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;

pub(crate) const NAME: &str = "stub";
pub(crate) const CLIENT: &str = "musubi";
pub(crate) const SECRET: &str = "a-secret-of-the-client";
pub(crate) const BACK: &str = "https://shop.example.jp/back";
pub(crate) const ACCESS_TOKEN: &str = "an-access-token";

/// What the issuer says, and what it was asked.
#[derive(Default)]
pub(crate) struct Said {
    /// Members of the discovery document, over the usual ones.
    pub(crate) discovery: Value,
    pub(crate) keys: Vec<Value>,
    /// The answer of the token endpoint.
    pub(crate) token: Value,
    pub(crate) userinfo: Value,
    /// An answer to everything, instead.
    pub(crate) instead: Option<Instead>,
    /// How often the discovery document was asked for.
    pub(crate) asked: usize,
    /// The last form that the token endpoint got, and its `Authorization`.
    pub(crate) form: HashMap<String, String>,
    pub(crate) authorization: Option<String>,
}

#[derive(Clone)]
pub(crate) enum Instead {
    Status(u16),
    Redirect(String),
    /// What is usual, with so many blanks after it.
    Blanks(usize),
    Text(&'static str),
    Silence,
}

type Shared = Arc<Mutex<Said>>;

/// An issuer, and whoever asks it.
pub(crate) struct Scene {
    pub(crate) issuer: String,
    pub(crate) issuers: OidcIssuers,
    pub(crate) clock: Arc<ManualClock>,
    said: Shared,
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-04-01T12:00:00Z".parse().expect("a time")
}

impl Scene {
    pub(crate) async fn plain() -> Self {
        Self::of(IssuerKind::Plain, "openid profile", Limits::default()).await
    }

    pub(crate) async fn of(kind: IssuerKind, scopes: &str, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let said = Shared::default();
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state((issuer.clone(), Arc::clone(&said)));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let mut settings = IssuerSettings::new(NAME, &issuer, CLIENT, Secret::new(SECRET)).with_scopes(scopes);
        settings.kind = kind;
        let clock = Arc::new(ManualClock::at(noon()));
        let issuers = OidcIssuers::new(vec![settings], limits, clock.clone(), Arc::new(SystemIds)).expect("set up");
        Self { issuer, issuers, clock, said }
    }

    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().expect("no holder panics")
    }

    /// The issuer publishes these keys and no others.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.said().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Claims that pass every check.
    pub(crate) fn claims(&self) -> Value {
        let now = self.clock.now().timestamp();
        json!({"iss": self.issuer, "sub": "1234", "aud": CLIENT, "iat": now - 5, "exp": now + 300})
    }

    /// The token endpoint gives this ID token.
    pub(crate) fn give(&self, id_token: &str) {
        self.said().token =
            json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token});
    }

    pub(crate) async fn begun(&self) -> Pending {
        self.issuers.begin(NAME, BACK).await.expect("begun").pending
    }
}

/// The issuer's answer to a sign-in.
pub(crate) fn answer(pending: &Pending) -> Callback {
    Callback { state: Some(pending.state.clone()), code: Some(Secret::new("a-code")), ..Callback::default() }
}

type Here = State<(String, Shared)>;

async fn discovery(State((issuer, said)): Here) -> Response {
    let document = {
        let mut said = said.lock().expect("no holder panics");
        said.asked += 1;
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
        });
        for (name, value) in said.discovery.as_object().into_iter().flatten() {
            document[name] = value.clone();
        }
        document
    };
    answered(&said, document).await
}

async fn keys(State((_, said)): Here) -> Response {
    let keys = json!({"keys": said.lock().expect("no holder panics").keys});
    answered(&said, keys).await
}

async fn token(State((_, said)): Here, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let token = {
        let mut said = said.lock().expect("no holder panics");
        said.form = form;
        said.authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().expect("text").to_owned());
        said.token.clone()
    };
    if token["error"].is_string() {
        return (StatusCode::BAD_REQUEST, Json(token)).into_response();
    }
    answered(&said, token).await
}

async fn userinfo(State((_, said)): Here, headers: HeaderMap) -> Response {
    let shown = headers.get(header::AUTHORIZATION).map(|value| value.to_str().expect("text").to_owned());
    assert_eq!(shown.as_deref(), Some("Bearer an-access-token"));
    let userinfo = said.lock().expect("no holder panics").userinfo.clone();
    answered(&said, userinfo).await
}

async fn answered(said: &Shared, usual: Value) -> Response {
    let instead = said.lock().expect("no holder panics").instead.clone();
    match instead {
        None => Json(usual).into_response(),
        Some(Instead::Status(status)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Instead::Redirect(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Instead::Blanks(count)) => Response::new(Body::from(format!("{usual}{}", " ".repeat(count)))),
        Some(Instead::Text(text)) => text.into_response(),
        Some(Instead::Silence) => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            Json(usual).into_response()
        }
    }
}
