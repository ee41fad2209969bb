//! What was heard, or why nothing was.

use crate::reach::Forbidden;
use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use musubi_kernel::delivery::Outcome;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;

/// What a server said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as far as it came within the limits.
    pub body: Bytes,
    /// Whether that is all of the body.
    pub whole: bool,
    /// How long the server wants to be left alone (`Retry-After`), a day at most.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// An answer without headers, such as tests of what answers mean begin with.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), whole: true, retry_after: None }
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `None`: it is none, or not whole.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        if self.whole { serde_json::from_slice(&self.body).ok() } else { None }
    }

    /// Not now: the outcome of an answer by which the server did nothing.
    pub fn later(&self, why: impl Into<Cow<'static, str>>) -> Outcome {
        Outcome::Later { why: why.into(), after: self.retry_after }
    }
}

/// Why nothing was heard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was not sent, and never will be as it is: the address may not be called, or a header cannot be.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// It was not sent: there was no connection.
    #[error("{why}")]
    NotSent {
        /// Why, with the host's name.
        why: String,
    },
    /// It was not sent, nor was it tried to: calls before it have failed, and the host is being left alone.
    #[error("{why}")]
    LeftAlone {
        /// Why, with the host's name.
        why: String,
        /// For how long it goes on.
        rest: Duration,
    },
    /// It was sent, as a whole or in part, and there was no answer: the server may have taken it.
    #[error("{why}")]
    Lost {
        /// Why, with the host's name.
        why: String,
    },
}

impl From<Forbidden> for Failure {
    fn from(forbidden: Forbidden) -> Self {
        Self::Refused(forbidden.to_string().into())
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(why) => Self::Refused { why },
            Failure::NotSent { why } => Self::later(why),
            Failure::LeftAlone { why, rest } => Self::Later { why: why.into(), after: Some(rest) },
            Failure::Lost { why } => Self::unknown(why),
        }
    }
}
