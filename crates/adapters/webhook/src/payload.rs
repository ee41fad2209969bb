//! What is told.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// The body of a call. It is made once and told in the same bytes at each attempt, as the signature covers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(String);

#[derive(Serialize)]
struct Body<'a, T: ?Sized> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: &'a T,
}

impl Payload {
    /// An event: its type, such as `booking.confirmed`, when it happened, and what there is to know of it. Fails when the
    /// data cannot be JSON.
    pub fn new<T: Serialize + ?Sized>(kind: &str, at: DateTime<Utc>, data: &T) -> serde_json::Result<Self> {
        let timestamp = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        serde_json::to_string(&Body { kind, timestamp, data }).map(Self)
    }

    /// One that was made before, as it was kept.
    pub fn kept(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
