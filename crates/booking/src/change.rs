//! The history of a booking.

use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::codes;
use musubi_kernel::id::{BookingChangeId, BookingId};
use serde_json::Value;
use std::net::IpAddr;
use uuid::Uuid;

codes! {
    /// What was done to a booking.
    ChangeKind {
        /// Made.
        Create = "create",
        /// Moved, or otherwise changed.
        Update = "update",
        /// Called off.
        Cancel = "cancel",
        /// Agreed.
        Confirm = "confirm",
        /// Took place.
        Complete = "complete",
        /// The customer stayed away.
        NoShow = "no_show",
    }
}

impl ChangeKind {
    /// The domain event of such a change.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Create => "booking.created",
            Self::Update => "booking.updated",
            Self::Cancel => "booking.cancelled",
            Self::Confirm => "booking.confirmed",
            Self::Complete => "booking.completed",
            Self::NoShow => "booking.no_show",
        }
    }
}

/// One entry of a booking's history.
#[derive(Debug, Clone, PartialEq)]
pub struct BookingChange {
    /// The entry.
    pub id: BookingChangeId,
    /// The booking.
    pub booking: BookingId,
    /// What was done.
    pub kind: ChangeKind,
    /// By whom: `staff`, `customer`, `system`.
    pub by_kind: String,
    /// By which one, if known.
    pub by: Option<Uuid>,
    /// How it was before; `None` when it was made.
    pub before: Option<Value>,
    /// How it was after.
    pub after: Value,
    /// Why, if somebody said.
    pub reason: Option<String>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// With which program.
    pub user_agent: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl BookingChange {
    /// Who it was, taken from the caller.
    pub fn by(caller: &Caller, kind: ChangeKind, id: BookingChangeId, booking: BookingId, at: DateTime<Utc>) -> Self {
        Self {
            id,
            booking,
            kind,
            by_kind: caller.actor.kind().to_owned(),
            by: caller.actor.id(),
            before: None,
            after: Value::Null,
            reason: None,
            ip: caller.ip,
            user_agent: caller.user_agent.clone(),
            at,
        }
    }
}
