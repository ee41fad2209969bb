//! What became of handing a message to a provider, in words that its sender can act on.

use std::borrow::Cow;
use std::time::Duration;

/// What became of handing a message to a provider: a messaging service, a mail server, somebody's endpoint.
///
/// No reason holds a person's address or telephone number, or a token: it is kept with the message and shown to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it. Whether it reached anybody is another question.
    Sent {
        /// What the provider calls it, where the provider names it.
        provider_id: Option<String>,
    },
    /// The provider will never take it as it is: no further attempt on this channel.
    Refused {
        /// Why, in a sentence.
        why: Cow<'static, str>,
    },
    /// The provider did not take it, and may at another attempt.
    Later {
        /// Why, in a sentence.
        why: Cow<'static, str>,
        /// How long the provider wants to be left alone, where it says so.
        after: Option<Duration>,
    },
    /// It was handed over and nothing was heard of it: the provider may have taken it. Only an attempt with the same
    /// retry key is safe; where a channel has no such key, another attempt may make it arrive twice.
    Unknown {
        /// Why, in a sentence.
        why: Cow<'static, str>,
    },
}

impl Outcome {
    /// Taken by a provider that gives no name to it.
    pub const SENT: Self = Self::Sent { provider_id: None };

    /// Refused for good.
    pub fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// Not taken this time; the provider names no time to wait.
    pub fn later(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// Perhaps taken.
    pub fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// Its kind as a stable code, for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Refused { .. } => "refused",
            Self::Later { .. } => "later",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Why it was not taken, or is not known to be; `None`: it was taken.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Sent { .. } => None,
            Self::Refused { why } | Self::Later { why, .. } | Self::Unknown { why } => Some(why),
        }
    }
}
