//! What went wrong, in words a caller can act on.

use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::fmt;

/// The kind of a failure. The application maps kinds, and only kinds, to its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong; it can never succeed as it is.
    Invalid,
    /// Nobody known is asking.
    Unauthenticated,
    /// Somebody known is asking for what they may not do.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The present state stands against it.
    Conflict,
    /// The caller decided on an older version.
    Stale,
    /// A rule of the business refuses it.
    Refused,
    /// Too many requests.
    TooMany,
    /// A dependency is away; later it may succeed.
    Unavailable,
    /// All room is taken, and more is refused on purpose; in a moment it may succeed.
    Busy,
    /// A defect, or damaged data.
    Internal,
}

/// An error that knows its kind and its stable code.
pub trait Failure: std::error::Error {
    /// The kind of failure.
    fn kind(&self) -> ErrorKind;

    /// A stable `snake_case` code for programs, such as `slot_taken`.
    fn code(&self) -> &'static str;

    /// What is wrong with each part of an input; empty for other kinds.
    fn violations(&self) -> &[Violation] {
        &[]
    }

    /// From when on another try may succeed, where that is known.
    fn retry_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the request body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable code of the broken rule.
    pub code: &'static str,
    /// The rule, in a sentence.
    pub detail: Cow<'static, str>,
}

/// All that is wrong with an input, gathered before anything is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Invalid(Vec<Violation>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "{}: {}", one.pointer, one.detail),
            several => write!(f, "{} parts of the request are invalid", several.len()),
        }
    }
}

impl Invalid {
    /// One violation.
    pub fn one(pointer: impl Into<String>, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut invalid = Self::default();
        invalid.add(pointer, code, detail);
        invalid
    }

    /// Notes a violation.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.0.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
    }

    /// Notes a violation unless `holds`.
    pub fn require(&mut self, holds: bool, pointer: &str, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        if !holds {
            self.add(pointer, code, detail);
        }
    }

    /// `Ok` when nothing was noted.
    pub fn finish(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// What was noted, in order.
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }

    /// What was noted, in order.
    pub fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}

impl Failure for Invalid {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
    fn code(&self) -> &'static str {
        "invalid_request"
    }
    fn violations(&self) -> &[Violation] {
        &self.0
    }
}

/// What a store of data can answer besides data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another writer was first: the whole use case may be tried again.
    #[error("another change was made at the same time")]
    Conflict,
    /// A unique name is in use: `slug_taken` and the like.
    #[error("{detail}")]
    Taken {
        /// Stable code.
        code: &'static str,
        /// What is taken, in a sentence.
        detail: &'static str,
    },
    /// There are as many of the kind as there may be.
    #[error("{detail}")]
    Full {
        /// Stable code.
        code: &'static str,
        /// What to do, in a sentence.
        detail: &'static str,
    },
    /// The idempotency key of this unit was used by another that committed first.
    #[error("the request has been answered before")]
    AlreadyAnswered,
    /// The store of data cannot be reached, or has no room for this request now.
    #[error("the database cannot be reached")]
    Unavailable(String),
    /// What keeps entries that last for minutes cannot be reached; the database may be there.
    #[error("sign-ins, codes and counts that last for minutes cannot be kept now")]
    EphemeralUnavailable(String),
    /// The database is sealed with a master key that this process was not given.
    #[error("this node lacks a master key that the database is sealed with")]
    MasterKeyMissing(String),
    /// A row breaks the rules of the domain.
    #[error("stored data is damaged")]
    Corrupt(String),
    /// Anything else.
    #[error("the database refused a statement")]
    Internal(String),
}

impl Failure for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Conflict | Self::Taken { .. } | Self::AlreadyAnswered => ErrorKind::Conflict,
            Self::Full { .. } => ErrorKind::Refused,
            Self::Unavailable(_) | Self::EphemeralUnavailable(_) | Self::MasterKeyMissing(_) => ErrorKind::Unavailable,
            Self::Corrupt(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Conflict => "concurrent_change",
            Self::Taken { code, .. } | Self::Full { code, .. } => code,
            Self::AlreadyAnswered => "request_in_progress",
            Self::Unavailable(_) => "database_unavailable",
            Self::EphemeralUnavailable(_) => "ephemeral_unavailable",
            Self::MasterKeyMissing(_) => "master_key_missing",
            Self::Corrupt(_) | Self::Internal(_) => "internal",
        }
    }
}

impl StoreError {
    /// What the operator's log should say beyond the message for callers.
    pub fn internal_context(&self) -> Option<&str> {
        match self {
            Self::Unavailable(context)
            | Self::EphemeralUnavailable(context)
            | Self::MasterKeyMissing(context)
            | Self::Corrupt(context)
            | Self::Internal(context) => Some(context),
            Self::Conflict | Self::Taken { .. } | Self::Full { .. } | Self::AlreadyAnswered => None,
        }
    }
}

/// Why most use cases on one entity fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    /// No such thing in this scope. Names the thing: `store`, `menu`.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller decided on an older version.
    #[error("it has been changed since version {expected}; it is now at version {actual}")]
    Stale {
        /// The version that the caller saw.
        expected: i64,
        /// The present version.
        actual: i64,
    },
    /// A rule of the business refuses it.
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
    /// The store of data failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure for EntityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Stale { .. } => ErrorKind::Stale,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::Invalid(invalid) => invalid.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Stale { .. } => "stale_version",
            Self::Refused { code, .. } => code,
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
