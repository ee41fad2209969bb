//! What an idempotent request leaves behind in its own transaction, so that a repeat gets the first answer.

use chrono::{DateTime, Utc};

/// The first answer to a request, kept under the caller's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whose key it is: keys of different callers never meet.
    pub caller: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Digest of method, path and body: another request under the same key is refused.
    pub fingerprint: [u8; 32],
    /// The answer's status.
    pub status: u16,
    /// The answer's body. Sealed where it is stored, as it may hold what is shown only once.
    pub body: Vec<u8>,
    /// When it was answered.
    pub answered_at: DateTime<Utc>,
    /// Until when a repeat gets this answer.
    pub expires_at: DateTime<Utc>,
}

/// Turns the result of a use case into what is kept with it.
pub trait Receipt<T: ?Sized>: Send + Sync {
    /// What to keep; `None` when the request carries no key.
    fn of(&self, result: &T) -> Option<Answered>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoReceipt;

impl<T: ?Sized> Receipt<T> for NoReceipt {
    fn of(&self, _: &T) -> Option<Answered> {
        None
    }
}
