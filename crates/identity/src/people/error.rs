//! Why use cases on people fail.

use crate::issuer::error::OidcError;
use crate::password_hasher::HashingError;
use chrono::{DateTime, Utc};
use musubi_kernel::access::AccessError;
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
    /// The sign-in that waited for a second factor was finished, has ended, was tried too often, or never was one.
    #[error("this sign-in is over: begin a new one")]
    ChallengeOver,
    /// The second factor is wrong, or was used before; the sign-in can be tried again.
    #[error("this code is wrong, or was used before")]
    WrongCode,
    /// The answer of the passkey is wrong, nobody here has it, or its person may not sign in; which is not told.
    #[error("nobody signs in with this passkey")]
    WrongPasskey,
    /// What is asked for is dangerous, and the last proof of who this is too old.
    #[error("prove again who you are first")]
    StepUpRequired,
    /// It was tried too often.
    #[error("too often: wait until {until}")]
    TooMany {
        /// Stable code.
        code: &'static str,
        /// From when on it may be tried again.
        until: DateTime<Utc>,
    },
    /// No such thing of this person. Names the thing: `session`.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Whoever asks decided on an older version.
    #[error("they have been changed since version {expected}; they are now at version {actual}")]
    Stale {
        /// The version that was seen.
        expected: i64,
        /// The present version.
        actual: i64,
    },
    /// A rule refuses it.
    #[error("{detail}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// The rule, in a sentence.
        detail: &'static str,
    },
    /// Whoever asks may not do this to that person.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The input is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// An issuer, or what came from one, lets nobody in.
    #[error(transparent)]
    Issuer(#[from] OidcError),
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
            Self::WrongCredentials
            | Self::SessionEnded
            | Self::ChallengeOver
            | Self::WrongCode
            | Self::WrongPasskey => ErrorKind::Unauthenticated,
            Self::StepUpRequired => ErrorKind::Forbidden,
            Self::TooMany { .. } => ErrorKind::TooMany,
            Self::SpentToken | Self::Refused { .. } => ErrorKind::Refused,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Stale { .. } => ErrorKind::Stale,
            Self::Access(error) => error.kind(),
            Self::Invalid(invalid) => invalid.kind(),
            Self::Issuer(error) => error.kind(),
            Self::Hashing(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::SessionEnded => "session_ended",
            Self::SpentToken => "token_spent",
            Self::ChallengeOver => "challenge_over",
            Self::WrongCode => "wrong_code",
            Self::WrongPasskey => "wrong_passkey",
            Self::StepUpRequired => "step_up_required",
            Self::NotFound(_) => "not_found",
            Self::Stale { .. } => "stale_version",
            Self::Refused { code, .. } | Self::TooMany { code, .. } => code,
            Self::Access(error) => error.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Issuer(error) => error.code(),
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

    fn retry_at(&self) -> Option<DateTime<Utc>> {
        if let Self::TooMany { until, .. } = self { Some(*until) } else { None }
    }
}

impl Retryable for PeopleError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}
