//! What has become of a notification.

use chrono::{DateTime, Utc};
use musubi_kernel::codes;

codes! {
    /// The name of a status (seed 003: `status`).
    NotificationStatusCode {
        /// Waits for its time, or for another try.
        Pending = "pending",
        /// The provider has taken it.
        Sent = "sent",
        /// It has arrived.
        Delivered = "delivered",
        /// Nobody could be told.
        Failed = "failed",
        /// Nobody is told any more.
        Cancelled = "cancelled",
    }
}

codes! {
    /// Why nobody is told any more.
    Needless {
        /// The booking was called off.
        BookingCancelled = "booking_cancelled",
        /// The booking was moved or changed, and something newer tells of it.
        BookingChanged = "booking_changed",
        /// The booking took place, or the customer stayed away.
        BookingOver = "booking_over",
        /// The store called the offer off.
        OfferCancelled = "offer_cancelled",
        /// The booking, the offer or the customer is known no longer, the customer was put away, or the store does no business any more.
        Erased = "erased",
        /// It would come too late to be worth anything.
        TooLate = "too_late",
        /// The store tells such things no longer.
        SwitchedOff = "switched_off",
        /// The customer does not want to hear of it.
        Declined = "declined",
    }
}

/// What has become of a notification. One that was sent without its time cannot exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Waits.
    Pending {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The provider has taken it.
    Sent {
        /// When.
        at: DateTime<Utc>,
        /// What the provider calls it (seed 003: `line_message_id`).
        provider_id: Option<String>,
    },
    /// It has arrived.
    Delivered {
        /// When the provider took it.
        sent_at: DateTime<Utc>,
        /// When it arrived.
        at: DateTime<Utc>,
        /// What the provider calls it.
        provider_id: Option<String>,
    },
    /// Nobody could be told; why is the notification's `error`.
    Failed {
        /// When that was clear.
        at: DateTime<Utc>,
    },
    /// Nobody is told any more.
    Cancelled {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        why: Needless,
    },
}

impl Status {
    /// Its name.
    pub const fn name(&self) -> NotificationStatusCode {
        match self {
            Self::Pending { .. } => NotificationStatusCode::Pending,
            Self::Sent { .. } => NotificationStatusCode::Sent,
            Self::Delivered { .. } => NotificationStatusCode::Delivered,
            Self::Failed { .. } => NotificationStatusCode::Failed,
            Self::Cancelled { .. } => NotificationStatusCode::Cancelled,
        }
    }

    /// Whether it is still to be sent.
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// When the provider took it, if it did.
    pub const fn sent_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Sent { at, .. } | Self::Delivered { sent_at: at, .. } => Some(*at),
            _ => None,
        }
    }

    /// What the provider calls it.
    pub fn provider_id(&self) -> Option<&str> {
        match self {
            Self::Sent { provider_id, .. } | Self::Delivered { provider_id, .. } => provider_id.as_deref(),
            _ => None,
        }
    }
}

/// A step that the status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a notification that is {} cannot be {to}", .from.code())]
pub struct InvalidStep {
    /// Where it stands.
    pub from: NotificationStatusCode,
    /// What was to become of it.
    pub to: &'static str,
}
