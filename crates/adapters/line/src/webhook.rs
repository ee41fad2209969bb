//! What people did at LINE, as LINE tells it (Messaging API reference, "Webhooks").
//!
//! LINE calls again when it is not answered in time, and events of one person may come out of order:
//! [`Event::id`] tells whether one has been seen, [`Event::at`] when it happened.

mod event;
mod signature;

pub use event::{Event, Source, What};
use musubi_kernel::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
pub use signature::is_signed;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-line-signature";
/// How many characters a signature has: 32 bytes in base 64.
pub const SIGNATURE_LENGTH: usize = 44;

/// One call of LINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The id of the bot that the events are for.
    pub destination: String,
    /// What happened. None at all: LINE only asks whether anybody is there.
    pub events: Vec<Event>,
    /// How many further events could not be read.
    pub unreadable: usize,
}

/// Why a call is none of LINE's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLine {
    /// It is not signed with the channel's secret.
    #[error("the signature is not that of the channel")]
    Signature,
    /// It is signed, and holds no events.
    #[error("the body is not one of webhook events")]
    Form,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    destination: String,
    /// As they came: one that nobody can read leaves the others as they are.
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

impl Webhook {
    /// The events of a call, once its signature is seen to be the channel's. `body` is as it came, byte by byte.
    ///
    /// Each event is read by itself; those that cannot be are counted. Kinds of events that are not known are there as
    /// [`What::Other`]: LINE adds some without notice.
    pub fn open(channel_secret: &Secret, signature: &str, body: &[u8]) -> Result<Self, NotLine> {
        if !is_signed(channel_secret, signature, body) {
            return Err(NotLine::Signature);
        }
        // Bytes that are no text are some event's, not a reason to lose the others.
        let body = String::from_utf8_lossy(body);
        let Body { destination, events } = serde_json::from_str(&body).map_err(|_| NotLine::Form)?;
        let all = events.len();
        let events: Vec<_> = events.into_iter().filter_map(Event::read).collect();
        Ok(Self { destination, unreadable: all - events.len(), events })
    }
}

#[cfg(test)]
mod tests;
