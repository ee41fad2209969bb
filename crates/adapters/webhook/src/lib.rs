//! Events told to the endpoints of tenants, signed after [Standard Webhooks](https://www.standardwebhooks.com) 1.0.
//!
//! | module | what it does |
//! |---|---|
//! | [`secret`] | what an endpoint knows its sender by |
//! | [`payload`] | what is told: `{type, timestamp, data}` |
//! | `signature` | the signature of one attempt, with several secrets while they are changed |
//!
//! ```
//! use musubi_webhook::payload::Payload;
//! let payload = Payload::new("booking.confirmed", "2026-03-20T01:00:00Z".parse()?, &serde_json::json!({"id": 7}))?;
//! assert_eq!(payload.as_str(), r#"{"type":"booking.confirmed","timestamp":"2026-03-20T01:00:00.000000Z","data":{"id":7}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod payload;
pub mod secret;
mod signature;

use musubi_kernel::clock::Clock;
use musubi_kernel::delivery::Outcome;
use musubi_outgoing::answer::Failure;
use musubi_outgoing::call::Call;
use musubi_outgoing::header::HeaderName;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::{Outgoing, StatusCode, Url};
use payload::Payload;
use secret::SigningSecret;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Bounds for endpoints: what they say beside their status is not read on.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    whole: Duration::from_secs(15),
    // It decides nothing: a connection that can be used again is all that it is read for.
    body: Duration::from_secs(1),
    bytes: 1024,
    idle: Duration::from_secs(30),
};

/// Whom to tell.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Which one: endpoints fail each on their own, also where several have one address.
    pub id: Uuid,
    /// Where.
    pub url: Url,
    /// What it knows its sender by, the newest first. While secrets are changed there are two, and each signs.
    pub secrets: Vec<SigningSecret>,
}

/// One attempt to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The status of the endpoint's answer, where there was one.
    pub status: Option<u16>,
    /// What became of it.
    pub heard: Heard,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// As with any other message. An endpoint that may have got it ([`Outcome::Unknown`]) knows it again by its id.
    Outcome(Outcome),
    /// The endpoint wants nothing more, ever: it is to be switched off.
    Gone,
    /// It was not called at all: calls before have failed, and it is left alone for a while.
    LeftAlone {
        /// Why, in a sentence.
        why: String,
        /// For how long it goes on.
        rest: Duration,
    },
}

/// Tells events.
#[derive(Clone)]
pub struct Webhooks {
    http: Arc<Outgoing>,
    clock: Arc<dyn Clock>,
}

impl Webhooks {
    /// `http` has [`LIMITS`], and reaches public addresses alone: tenants choose the addresses.
    pub fn new(http: Arc<Outgoing>, clock: Arc<dyn Clock>) -> Self {
        Self { http, clock }
    }

    /// Tells an endpoint of an event once. `id` is the same at each attempt.
    pub async fn tell(&self, endpoint: &Endpoint, id: Uuid, payload: &Payload) -> Attempt {
        let call = match self.call(endpoint, id, payload) {
            Ok(call) => call,
            Err(failure) => return Attempt { status: None, heard: Heard::Outcome(failure.into()) },
        };
        match self.http.send(call).await {
            Ok(answer) => {
                let status = answer.status;
                let heard = match status {
                    StatusCode::GONE => Heard::Gone,
                    status if status.is_success() => Heard::Outcome(Outcome::SENT),
                    status => Heard::Outcome(answer.later(format!("the endpoint answers {}", status.as_u16()))),
                };
                Attempt { status: Some(status.as_u16()), heard }
            }
            Err(Failure::LeftAlone { why, rest }) => Attempt { status: None, heard: Heard::LeftAlone { why, rest } },
            Err(failure) => Attempt { status: None, heard: Heard::Outcome(failure.into()) },
        }
    }

    fn call(&self, endpoint: &Endpoint, id: Uuid, payload: &Payload) -> Result<Call, Failure> {
        if endpoint.secrets.is_empty() {
            return Err(Failure::Refused("the endpoint has no secret to sign with".into()));
        }
        let id = id.hyphenated().to_string();
        let timestamp = self.clock.now().timestamp().to_string();
        let signature = signature::signature(&endpoint.secrets, &id, &timestamp, payload);
        // Endpoints of many tenants may be at one host, and even at one address. One that was given another address begins anew.
        Call::post(endpoint.url.clone(), "application/json", payload.as_str().to_owned())
            .with_circuit(format!("{} {}", endpoint.id, endpoint.url))
            .with(ID, &id)?
            .with(TIMESTAMP, &timestamp)?
            .with(SIGNATURE, &signature)
    }
}
