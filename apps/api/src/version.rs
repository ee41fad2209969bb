//! Versions: the `ETag` of an answer, and `If-Match` on changes. (`If-None-Match` on reads is done in [`crate::http`]
//! for every answer that has an `ETag`.)

use crate::problem::Problem;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use musubi_kernel::error::Invalid;
use serde::Serialize;

/// The entity tag of a version.
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// An answer that shows something at this version, with its entity tag.
pub fn tagged(version: i64, view: &impl Serialize) -> Response {
    ([(header::ETAG, etag(version))], Json(view)).into_response()
}

/// The version that the caller decided on: `If-Match`. `None`: whichever is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(first) = given.next() else { return Ok(Self(None)) };
        let tag = first.to_str().ok().filter(|_| given.next().is_none()).map(str::trim);
        match tag.and_then(opaque) {
            Some(Tag::Any) => Ok(Self(None)),
            Some(Tag::Version(version)) => Ok(Self(Some(version))),
            Some(Tag::Foreign) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "stale_version",
                "the entity tag in If-Match is not one that was given out",
            )),
            None => Err(Invalid::one("If-Match", "bad_format", "must be one entity tag such as \"3\", or *").into()),
        }
    }
}

enum Tag {
    Any,
    Version(i64),
    Foreign,
}

fn opaque(tag: &str) -> Option<Tag> {
    if tag == "*" {
        return Some(Tag::Any);
    }
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains(['"', ',']) {
        return None;
    }
    let plain = inner.bytes().all(|byte| byte.is_ascii_digit()) && !inner.starts_with('0');
    Some(inner.parse().ok().filter(|_| plain).map_or(Tag::Foreign, Tag::Version))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn if_match(value: &'static str) -> Result<Option<i64>, StatusCode> {
        let request = axum::http::Request::builder().header(header::IF_MATCH, value).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.map(|given| given.0).map_err(|problem| problem.status)
    }

    #[tokio::test]
    async fn entity_tags_are_read_strictly() {
        assert_eq!(if_match("\"7\"").await, Ok(Some(7)));
        assert_eq!(if_match("*").await, Ok(None));
        for malformed in ["7", "\"7", "\"1\", \"2\"", "W/\"7\"", ""] {
            assert_eq!(if_match(malformed).await, Err(StatusCode::BAD_REQUEST), "{malformed}");
        }
        for foreign in ["\"x\"", "\"-1\"", "\"007\"", "\"99999999999999999999\""] {
            assert_eq!(if_match(foreign).await, Err(StatusCode::PRECONDITION_FAILED), "{foreign}");
        }
    }
}
