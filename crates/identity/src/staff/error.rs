//! Why use cases on staff fail.

use chrono::{DateTime, Utc};
use musubi_kernel::access::AccessError;
use musubi_kernel::error::{EntityError, ErrorKind, Failure, Invalid, StoreError, Violation};
use musubi_kernel::retry::Retryable;

/// Why a use case on staff fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffError {
    /// As with other things.
    #[error(transparent)]
    Entity(#[from] EntityError),
    /// Whoever asks may no longer do this.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// As many invitations were sent as may be.
    #[error("as many invitations were sent as may be: wait until {until}")]
    TooMany {
        /// From when on one may be sent again.
        until: DateTime<Utc>,
    },
}

impl From<StoreError> for StaffError {
    fn from(error: StoreError) -> Self {
        Self::Entity(error.into())
    }
}

impl From<Invalid> for StaffError {
    fn from(invalid: Invalid) -> Self {
        Self::Entity(invalid.into())
    }
}

impl Failure for StaffError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Entity(error) => error.kind(),
            Self::Access(error) => error.kind(),
            Self::TooMany { .. } => ErrorKind::TooMany,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Entity(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::TooMany { .. } => "too_many_attempts",
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Entity(error) => error.violations(),
            Self::Access(_) | Self::TooMany { .. } => &[],
        }
    }

    fn retry_at(&self) -> Option<DateTime<Utc>> {
        if let Self::TooMany { until } = self { Some(*until) } else { None }
    }
}

impl Retryable for StaffError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Entity(error) if error.lost_race())
    }
}

pub(super) const fn refused(code: &'static str, detail: &'static str) -> EntityError {
    EntityError::Refused { code, detail }
}
