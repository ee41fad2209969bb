//! Errors as RFC 9457 `application/problem+json`.
//!
//! A [`Problem`] travels in the extensions of its response; [`crate::http`] writes its body at the very end, because
//! only there the request id is known for certain, and every error passes there: those of routes, of the router (404,
//! 405), of limits and of caught panics.

use crate::language::Language;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::error::Violation;
use serde::Serialize;
use std::borrow::Cow;
use tracing::Level;
use utoipa::ToSchema;

/// The most violations that one answer lists.
const MOST_VIOLATIONS: usize = 100;

/// When a retry may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After so many seconds.
    After(u64),
    /// From then on.
    At(DateTime<Utc>),
}

impl Retry {
    /// In how many whole seconds, at least one.
    fn seconds(self, now: DateTime<Utc>) -> u64 {
        match self {
            Self::After(seconds) => seconds,
            Self::At(at) => (at - now + TimeDelta::milliseconds(999)).num_seconds().max(1).unsigned_abs(),
        }
    }
}

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: Cow<'static, str>,
    /// What happened, in a sentence for the caller.
    pub detail: Cow<'static, str>,
    /// What is wrong with each part of the input.
    pub errors: Vec<Violation>,
    /// When a retry may succeed.
    pub retry: Option<Retry>,
    /// What the operator's log should say; never sent.
    pub internal: Option<String>,
    /// Whether it is meant to happen, such as when all room is taken: nothing is broken.
    pub expected: bool,
}

impl Problem {
    /// A problem with nothing but its status, code and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            detail: detail.into(),
            errors: Vec::new(),
            retry: None,
            internal: None,
            expected: false,
        }
    }

    /// A defect: the caller learns nothing of it, the log everything.
    pub fn internal(context: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side");
        problem.internal = Some(context.into());
        problem
    }

    /// How loud the log says it; `None`: not at all.
    pub fn log_level(&self) -> Option<Level> {
        self.internal.as_ref()?;
        let broken = self.status.is_server_error() && !self.expected;
        Some(if broken { Level::ERROR } else { Level::WARN })
    }

    /// The same problem, with the advice to come back after `seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry = Some(Retry::After(seconds.max(1)));
        self
    }

    /// The problem that a bare status stands for, such as the router's own 404 and 405.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method_not_allowed", "this address does not take this method; `Allow` names those it takes")
            }
            StatusCode::REQUEST_TIMEOUT => ("body_too_slow", "the request's body did not arrive in time"),
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the request's body is larger than 1 MiB"),
            StatusCode::URI_TOO_LONG => ("uri_too_long", "the address is longer than 8 KiB"),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ("headers_too_large", "the request's headers are larger than 32 KiB")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "this content type is not understood"),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "the service is busy or away; please try again"),
            status if status.is_server_error() => return Self::internal(format!("bare status {status}")),
            _ => ("invalid_request", "the request is not understood"),
        };
        Self::new(status, code, detail)
    }

    /// The answer with its body, for the request of this id, in the caller's language.
    pub fn render(self, request_id: &str, now: DateTime<Utc>, language: Language) -> Response {
        let part_details: Vec<_> =
            self.errors.iter().map(|part| language.violation(part.code, &part.detail)).take(MOST_VIOLATIONS).collect();
        let body = ProblemBody {
            kind: format!("urn:musubi:problem:{}", self.code),
            title: title(self.status),
            status: self.status.as_u16(),
            detail: &language.sentence(&self.code, &self.detail),
            code: &self.code,
            request_id,
            errors: self
                .errors
                .iter()
                .zip(&part_details)
                .map(|(part, detail)| ProblemPart { pointer: &part.pointer, code: part.code, detail })
                .collect(),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"musubi\""));
        }
        if let Some(retry) = self.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry.seconds(now)));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// One title for each status, as RFC 9457 wants titles not to change from one occurrence to the next.
fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => "Refused by a rule",
        StatusCode::PRECONDITION_FAILED => "Stale version",
        status => status.canonical_reason().unwrap_or("Error"),
    }
}

/// An error, after RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Identifies the kind of problem: `urn:musubi:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:musubi:problem:invalid_request")]
    kind: String,
    /// The kind of problem, for people.
    #[schema(example = "Bad Request")]
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What happened, in a sentence.
    #[schema(example = "2 parts of the request are invalid")]
    detail: &'a str,
    /// Stable code for programs.
    #[schema(example = "invalid_request")]
    code: &'a str,
    /// The request, as `X-Request-Id` and the operator's log have it.
    request_id: &'a str,
    /// All that is wrong with the input; empty for other problems.
    errors: Vec<ProblemPart<'a>>,
}

/// One thing that is wrong with an input.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemPart<'a> {
    /// JSON pointer into the body, `?name` for a query parameter, `{name}` for a part of the path, or a header's name.
    #[schema(example = "/business_hours/mon/0/open")]
    pointer: &'a str,
    /// Stable code of the broken rule.
    #[schema(example = "bad_format")]
    code: &'a str,
    /// The rule, in a sentence.
    detail: &'a str,
}
