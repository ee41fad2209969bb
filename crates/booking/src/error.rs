//! Why a use case of booking fails.

use crate::refusal::Refusal;
use chrono::{DateTime, SecondsFormat, Utc};
use musubi_kernel::error::{ErrorKind, Failure, Invalid, StoreError, Violation};
use musubi_kernel::retry::Retryable;

/// Why a use case of booking fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// No such thing: `store`, `menu`, `customer`, `booking`, `hold`.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A rule refuses the start.
    #[error("{0}")]
    Refused(Refusal),
    /// The hold has ended, was used, or never was.
    #[error("the hold has expired, has been used, or never existed; hold the slot again")]
    HoldExpired,
    /// The booking's status does not allow it.
    #[error("a booking that is {from} cannot become {to}")]
    InvalidTransition {
        /// Its status.
        from: &'static str,
        /// The status that was asked for.
        to: &'static str,
    },
    /// A booking that is over keeps its terms.
    #[error("a booking that is {status} can no longer be changed")]
    NotChangeable {
        /// Its status.
        status: &'static str,
    },
    /// The customer is past the notice period.
    #[error("customers could change or cancel this booking until {}; ask the store", .until.to_rfc3339_opts(SecondsFormat::Secs, true))]
    TooLateToChange {
        /// Until when it was possible.
        until: DateTime<Utc>,
    },
    /// The appointment has not begun.
    #[error("the appointment has not begun yet")]
    NotStarted,
    /// The caller decided on an older version.
    #[error("the booking has been changed since version {expected}; it is now at version {actual}")]
    Stale {
        /// The version that the caller saw.
        expected: i64,
        /// The present version.
        actual: i64,
    },
    /// The store wants to know who comes.
    #[error("this store needs the customer's name and telephone number")]
    CustomerInfoRequired,
    /// Staff who see to their own bookings alone would give it away.
    #[error(
        "the booking would no longer hold your own resource; nominate it, or ask somebody who may change all bookings"
    )]
    NoLongerOwn,
    /// The input is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store of data failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for BookingError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Retryable for BookingError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}

impl Failure for BookingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Refused(refusal) => refusal.kind(),
            Self::HoldExpired | Self::InvalidTransition { .. } | Self::NotChangeable { .. } | Self::Stale { .. } => {
                ErrorKind::Conflict
            }
            Self::TooLateToChange { .. } | Self::NotStarted | Self::CustomerInfoRequired | Self::NoLongerOwn => {
                ErrorKind::Refused
            }
            Self::Invalid(invalid) => invalid.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Refused(refusal) => refusal.code(),
            Self::HoldExpired => "hold_expired",
            Self::InvalidTransition { .. } | Self::NotChangeable { .. } => "invalid_transition",
            Self::TooLateToChange { .. } => "too_late_to_change",
            Self::NotStarted => "not_started",
            Self::Stale { .. } => "stale_version",
            Self::CustomerInfoRequired => "customer_info_required",
            Self::NoLongerOwn => "no_longer_own",
            Self::Invalid(invalid) => invalid.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            _ => &[],
        }
    }
}
