//! What happens to every request around its route: its id and log line, bounds on its size and time, and the form of
//! its errors.

use crate::body;
use crate::caller::RequestId;
use crate::cookies;
use crate::drain::Tap;
use crate::language::Language;
use crate::problem::Problem;
use crate::state::App;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::time::Instant;
use tracing::{Instrument as _, Level};

/// The header with a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest address, in bytes.
const LONGEST_URI: usize = 8 * 1024;
/// The largest headers, in bytes.
const LARGEST_HEADERS: usize = 32 * 1024;
/// The longest request id of a caller's own.
const LONGEST_REQUEST_ID: usize = 128;
/// Seconds after which a server that is full may have room.
const FULL_RETRY: u64 = 1;

/// Wraps a route.
pub async fn track(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&app, request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let language = Language::preferred(request.headers());
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let span = tracing::info_span!("request", id = %id, %method, route = %route, trace_id = tracing::field::Empty);
    if let Some(trace) = trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    async {
        let response = work(&app, request, next, &route).await;
        let response = not_modified(&method, if_none_match.as_ref(), response);
        let response = finish(response, &id, app.clock.now(), language);
        report(&method, &route, response.status(), started);
        response
    }
    .instrument(span)
    .await
}

async fn work(app: &App, request: Request, next: Next, route: &str) -> Response {
    if let Some(problem) = too_big(&request) {
        return problem.into_response();
    }
    let system = ["/healthz", "/readyz", "/metrics"].contains(&route);
    let permit = if system { None } else { app.room.try_acquire().ok() };
    if permit.is_none() && !system {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "the server is busy; please try again")
            .retry_after(FULL_RETRY)
            .into_response();
    }
    let refused = body::is_announced_too_large(request.headers());
    let (request, tap) = Tap::on(request);
    if refused {
        // The answer does not wait for the body, which may be on its way or not.
        tokio::spawn(tap.drain());
        return Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE).into_response();
    }
    let Ok(response) = tokio::time::timeout(app.request_time, answer(app, request, next, route)).await else {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "the request took too long")
            .retry_after(FULL_RETRY)
            .into_response();
    };
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        // Who sends slowly keeps the connection, not the room for a request.
        drop(permit);
        tap.drain().await;
    }
    response
}

/// What books compares what it remembered once more, under the locks of its days.
const COMPARED_UNDER_LOCKS: [&str; 2] = ["/v1/stores/{store_id}/bookings", "/v1/stores/{store_id}/holds"];

/// What only reads asks the database once for how fresh all that it remembers is; so does what books.
async fn answer(app: &App, request: Request, next: Next, route: &str) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !COMPARED_UNDER_LOCKS.contains(&route) {
        return next.run(request).await;
    }
    let cookie = cookies::shown(request.headers(), cookies::ACCESS).map(str::to_owned);
    let alike = (request.uri().clone(), request.headers().get(header::AUTHORIZATION).cloned(), cookie);
    app.per_request.scope(alike, next.run(request)).await
}

fn too_big(request: &Request) -> Option<Problem> {
    let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if uri > LONGEST_URI {
        Some(Problem::of_status(StatusCode::URI_TOO_LONG))
    } else if headers > LARGEST_HEADERS {
        Some(Problem::of_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE))
    } else {
        None
    }
}

fn request_id(app: &App, headers: &HeaderMap) -> String {
    let good = |id: &&str| (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(good);
    given.map_or_else(|| app.ids.uuid(app.clock.now()).to_string(), str::to_owned)
}

/// The trace id of a W3C `traceparent`.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, len| {
        text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let good = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    (good && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// 304 in place of what the caller already has.
fn not_modified(method: &Method, if_none_match: Option<&HeaderValue>, response: Response) -> Response {
    let reads = matches!(*method, Method::GET | Method::HEAD) && response.status() == StatusCode::OK;
    let (Some(known), Some(tag)) = (if_none_match, response.headers().get(header::ETAG)) else { return response };
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let same = known.to_str().is_ok_and(|known| {
        known.trim() == "*" || known.split(',').any(|known| tag.to_str().is_ok_and(|tag| weak(known) == weak(tag)))
    });
    if !(reads && same) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Writes errors as problems, and the request's id.
fn finish(mut response: Response, request_id: &str, now: DateTime<Utc>, language: Language) -> Response {
    let status = response.status();
    let problem = response.extensions_mut().remove::<Problem>();
    let failed = status.is_client_error() || status.is_server_error();
    if let Some(problem) = problem.or_else(|| failed.then(|| Problem::of_status(status))) {
        let (status, code) = (problem.status.as_u16(), &problem.code);
        let internal = problem.internal.as_deref().unwrap_or_default();
        match problem.log_level() {
            Some(Level::ERROR) => tracing::error!(status, %code, "{internal}"),
            Some(_) => tracing::warn!(status, %code, "{internal}"),
            None => {}
        }
        let mut kept = HeaderMap::new();
        for name in [header::ALLOW, header::SET_COOKIE] {
            for value in response.headers().get_all(&name) {
                kept.append(&name, value.clone());
            }
        }
        response = problem.render(request_id, now, language);
        response.headers_mut().extend(kept);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn report(method: &Method, route: &str, status: StatusCode, started: Instant) {
    let taken = started.elapsed();
    let known = [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS];
    let method = known.iter().find(|known| *known == method).map_or("other", Method::as_str).to_owned();
    let labels = [("method", method), ("route", route.to_owned()), ("status", status.as_u16().to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels[..2]).record(taken.as_secs_f64());
    let millis = (taken.as_secs_f64() * 1e6).round() / 1e3;
    if ["/healthz", "/readyz", "/metrics"].contains(&route) {
        tracing::debug!(status = status.as_u16(), millis, "answered");
    } else {
        tracing::info!(status = status.as_u16(), millis, "answered");
    }
}

/// A panic in a route, as a problem.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub fn caught(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::internal(format!("a route panicked: {}", text.unwrap_or("without a text"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_parent_is_believed_only_when_it_is_one() {
        let trace = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_static(text));
            trace_id(&headers).map(str::to_owned)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(id));
        assert_eq!(trace("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
        assert_eq!(trace("zz-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), None);
        assert_eq!(trace("x"), None);
    }
}
