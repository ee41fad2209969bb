//! `Idempotency-Key`: a repeated request gets the first answer.
//!
//! A route takes [`Once`] where it would take [`crate::body::Body`], and hands its use case to [`Once::run`]. The
//! use case writes the answer in its own transaction, through the [`Receipt`] that it is given.

use crate::body::{self, FromJson};
use crate::caller::CallerOf;
use crate::contact::Shown;
use crate::problem::Problem;
use crate::state::App;
use crate::version::etag;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use musubi_kernel::access::{Actor, Caller, Permission, Post};
use musubi_kernel::error::Invalid;
use musubi_kernel::receipt::{Answered, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The header with the caller's key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that tells a repeated answer from a first one.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// The longest key.
const LONGEST_KEY: usize = 255;

/// A successful answer before it is written out.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Its status.
    pub status: StatusCode,
    /// The id of what was created at the request's own address; becomes `Location`.
    pub created: Option<Uuid>,
    /// The version of what the answer shows; becomes `ETag`.
    pub version: Option<i64>,
    /// Its body.
    pub body: Value,
    /// Of which customers it shows how they are reached.
    pub shown: Option<Shown>,
}

impl Presented {
    /// 201 for something that is now found below the request's address.
    pub fn created(id: impl Into<Uuid>, version: i64, view: &impl Serialize) -> Self {
        Self {
            status: StatusCode::CREATED,
            created: Some(id.into()),
            version: Some(version),
            body: plain(view),
            shown: None,
        }
    }

    /// 200 for something that was changed.
    pub fn changed(version: i64, view: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, created: None, version: Some(version), body: plain(view), shown: None }
    }

    /// A bare answer.
    pub fn plain(status: StatusCode, view: &impl Serialize) -> Self {
        Self { status, created: None, version: None, body: plain(view), shown: None }
    }

    /// The same, which shows how these customers are reached.
    #[must_use]
    pub fn showing(self, shown: Option<Shown>) -> Self {
        Self { shown, ..self }
    }
}

fn plain(view: &impl Serialize) -> Value {
    serde_json::to_value(view).expect("views are plain data")
}

/// An answer as it is sent and kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    location: Option<String>,
    version: Option<i64>,
    body: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<Shown>,
}

impl Kept {
    fn of(presented: Presented, path: &str) -> Self {
        let location = presented.created.map(|id| format!("{}/{id}", path.trim_end_matches('/')));
        Self { location, version: presented.version, body: presented.body, shown: presented.shown }
    }

    fn into_response(self, status: StatusCode) -> Response {
        let mut response = (status, axum::Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(version) = self.version {
            headers.insert(header::ETAG, etag(version));
        }
        response
    }
}

/// A request's key and what it was used for.
#[derive(Debug, Clone)]
struct Ticket {
    caller: String,
    key: String,
    fingerprint: [u8; 32],
}

impl Ticket {
    fn of(parts: &Parts, caller: &Caller, body: &Value) -> Result<Option<Self>, Problem> {
        let mut given = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(first) = given.next() else { return Ok(None) };
        let good =
            |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let key = first.to_str().ok().filter(good).filter(|_| given.next().is_none()).ok_or_else(|| {
            Invalid::one("Idempotency-Key", "bad_format", "must be one key of 1 to 255 visible ASCII characters")
        })?;
        Ok(Some(Self { caller: name_of(caller), key: key.to_owned(), fingerprint: fingerprint(parts, body) }))
    }

    /// The first answer, if there is one.
    async fn first_answer(&self, app: &App, caller: &Caller) -> Result<Option<Response>, Problem> {
        let Some(first) = app.answers.find(&self.caller, &self.key, app.clock.now()).await? else { return Ok(None) };
        if first.fingerprint != self.fingerprint {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this Idempotency-Key was used for another request",
            ));
        }
        let kept: Kept = serde_json::from_slice(&first.body).map_err(|error| Problem::internal(error.to_string()))?;
        app.contact_reads.note(caller, kept.shown.as_ref()).await?;
        let mut response = kept.into_response(StatusCode::from_u16(first.status).unwrap_or(StatusCode::OK));
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }
}

/// Whose key it is: those of different callers never meet.
fn name_of(caller: &Caller) -> String {
    match &caller.actor {
        Actor::Operator { key } | Actor::Key { key, .. } => key.to_string(),
        Actor::Person { user, .. } | Actor::Admin { user, .. } => format!("user:{user}"),
        // Who may do something else by now is told nothing of before.
        Actor::Staff { post, .. } => format!("staff:{}:{:x}", post.account, rights_of(post)),
        Actor::Public => caller.ip.map_or_else(|| "public".to_owned(), |ip| format!("public:{ip}")),
        Actor::System => "system".to_owned(),
    }
}

/// A bit for each permission that somebody has at a store.
fn rights_of(post: &Post) -> u32 {
    Permission::ALL.iter().fold(0, |bits, permission| bits << 1 | u32::from(post.permissions.contains(permission)))
}

fn fingerprint(parts: &Parts, body: &Value) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest_value(&mut digest, body);
    digest.finalize().into()
}

/// Equal for equal values, in whatever order their fields were sent.
fn digest_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            digest.update(b"{");
            for (name, value) in fields {
                digest.update(Value::from(name.as_str()).to_string());
                digest_value(digest, value);
            }
            digest.update(b"}");
        }
        Value::Array(items) => {
            digest.update(b"[");
            for item in items {
                digest_value(digest, item);
            }
            digest.update(b"]");
        }
        plain => {
            digest.update(plain.to_string());
            digest.update(b",");
        }
    }
}

/// A body whose effect happens once for one `Idempotency-Key`.
#[derive(Debug)]
pub struct Once<T> {
    /// The body.
    pub body: T,
    app: App,
    path: String,
    caller: Caller,
    ticket: Option<Ticket>,
    /// The answer to the first such request, for whoever may still make it.
    first: Option<Response>,
}

impl<T: FromJson + ToSchema + 'static> FromRequest<App> for Once<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let take = async {
            let value = body::json_body(app, request, &["application/json"]).await?;
            let CallerOf(caller) = CallerOf::from_request_parts(&mut parts, app).await?;
            let ticket = Ticket::of(&parts, &caller, &value)?;
            let first = match &ticket {
                Some(ticket) => ticket.first_answer(app, &caller).await?,
                None => None,
            };
            Ok::<_, Problem>((value, caller, ticket, first))
        };
        let (value, caller, ticket, first) = take.await.map_err(IntoResponse::into_response)?;
        let body = body::read_as(&app.schemas.of::<T>(), value).map_err(|bad| Problem::from(bad).into_response())?;
        Ok(Self { body, app: app.clone(), path: parts.uri.path().to_owned(), caller, ticket, first })
    }
}

impl<T> Once<T> {
    /// Runs a use case with the body and the receipt that it must write, and answers with what `present` makes of its
    /// result; or with the first answer, when there was one before or another request with the same key was faster.
    pub async fn run<R, E, F>(
        self,
        present: impl Fn(&R) -> Presented + Send + Sync + 'static,
        act: impl FnOnce(T, Keep<R>) -> F,
    ) -> Result<Response, Problem>
    where
        E: Into<Problem>,
        F: Future<Output = Result<R, E>>,
    {
        let Self { body, app, path, caller, ticket, first } = self;
        if let Some(first) = first {
            return Ok(first);
        }
        let keep = Keep { app: app.clone(), path, ticket: ticket.clone(), present: Arc::new(present) };
        match act(body, keep.clone()).await {
            Ok(result) => {
                let presented = (keep.present)(&result);
                app.contact_reads.note(&caller, presented.shown.as_ref()).await?;
                let status = presented.status;
                Ok(Kept::of(presented, &keep.path).into_response(status))
            }
            Err(error) => {
                let problem = error.into();
                let first = match &ticket {
                    Some(ticket) if problem.status.is_client_error() => ticket.first_answer(&app, &caller).await?,
                    _ => None,
                };
                first.ok_or(problem)
            }
        }
    }
}

/// The receipt of a request: what its use case writes beside its effect.
pub struct Keep<R> {
    app: App,
    path: String,
    ticket: Option<Ticket>,
    present: Arc<dyn Fn(&R) -> Presented + Send + Sync>,
}

impl<R> Clone for Keep<R> {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            path: self.path.clone(),
            ticket: self.ticket.clone(),
            present: Arc::clone(&self.present),
        }
    }
}

impl<R> std::fmt::Debug for Keep<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keep").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

impl<R> Receipt<R> for Keep<R> {
    fn of(&self, result: &R) -> Option<Answered> {
        let ticket = self.ticket.clone()?;
        let presented = (self.present)(result);
        let now = self.app.clock.now();
        Some(Answered {
            caller: ticket.caller,
            key: ticket.key,
            fingerprint: ticket.fingerprint,
            status: presented.status.as_u16(),
            body: serde_json::to_vec(&Kept::of(presented, &self.path)).expect("an answer is plain data"),
            answered_at: now,
            expires_at: now + KEPT,
        })
    }
}
