//! Why use cases on people fail.

use crate::password_hasher::HashingError;
use musubi_kernel::error::{ErrorKind, Failure, Invalid, StoreError, Violation};
use musubi_kernel::retry::Retryable;

/// Why a use case on people fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// Nobody signs in with this; whether there is such a person, and whether they may sign in, is not told.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The refresh token is good for nothing, or not any more.
    #[error("the session has ended: sign in again")]
    SessionEnded,
    /// The one-time token was used, has ended, or never was one.
    #[error("this link is not good any more: ask for a new one")]
    SpentToken,
    /// No such thing of this person. Names the thing: `session`.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A rule refuses it.
    #[error("{detail}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// The rule, in a sentence.
        detail: &'static str,
    },
    /// The input is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The password could not be compared.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store of data failed, or another port.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure for PeopleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongCredentials | Self::SessionEnded => ErrorKind::Unauthenticated,
            Self::SpentToken | Self::Refused { .. } => ErrorKind::Refused,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Invalid(invalid) => invalid.kind(),
            Self::Hashing(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::SessionEnded => "session_ended",
            Self::SpentToken => "token_spent",
            Self::NotFound(_) => "not_found",
            Self::Refused { code, .. } => code,
            Self::Invalid(invalid) => invalid.code(),
            Self::Hashing(error) => error.code(),
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

impl Retryable for PeopleError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}
