//! The OpenAPI document and its interactive page, both from the binary itself.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerUi};

const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `/openapi.json` and `/docs`, to which `/` leads.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(document: &Value) -> Router<S> {
    let text = Bytes::from(document.to_string());
    let json = HeaderValue::from_static("application/json");
    let show = move || async move { ([(header::CONTENT_TYPE, json)], text).into_response() };
    let page = SwaggerUi::new("/docs").config(Config::from("/openapi.json").persist_authorization(false));
    Router::from(page)
        .layer(from_fn(guarded))
        .route("/openapi.json", get(show))
        .route("/", get(|| async { Redirect::permanent("/docs/") }))
}

async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
