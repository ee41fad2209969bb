//! What browsers are told to do, and not to do, with every answer.

use crate::caller::forwarded_scheme;
use crate::cookies;
use crate::origin::Origins;
use crate::state::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// An answer is data: nothing in it runs, and it is shown in no frame. Pages have a policy of their own.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// For a year this host is asked by https alone.
const BY_HTTPS: &str = "max-age=31536000";
/// How long browsers remember what another origin may do.
const PREFLIGHT: Duration = Duration::from_hours(1);

const GUARDS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the headers that every answer has.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_https = forwarded_scheme(request.headers(), app.trusted_proxies) == Some("https");
    let keeping = keeping(request.uri().path(), request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(BY_HTTPS));
    }
    if let Some(keeping) = keeping {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(keeping));
    }
    response
}

/// What may be kept of an answer: free times, and what anybody may see, may be kept and compared; what is somebody's own
/// may not.
fn keeping(path: &str, headers: &HeaderMap) -> Option<&'static str> {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let known = headers.contains_key(header::AUTHORIZATION) || cookies::shown(headers, cookies::ACCESS).is_some();
    if !below("/v1") {
        None
    } else if ["/v1/auth", "/v1/me", "/v1/public/bookings", "/v1/public/consents"].into_iter().any(below)
        || known && !path.ends_with("/slots")
    {
        Some("no-store")
    } else {
        Some("private, no-cache")
    }
}

/// Lets pages of these origins call, with their visitors' cookies. Browsers' questions about that are answered here, before
/// anything is counted or looked up.
pub fn cors(origins: &Origins) -> CorsLayer {
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::ACCEPT_LANGUAGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            name("idempotency-key"),
            name("traceparent"),
            name("x-request-id"),
        ])
        .expose_headers([
            header::CONTENT_LANGUAGE,
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            name("idempotent-replayed"),
            name("x-request-id"),
        ])
        .max_age(PREFLIGHT)
}
