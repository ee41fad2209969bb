//! Why a message did not go out.

use musubi_kernel::delivery::Outcome;
use std::borrow::Cow;

/// Why a message did not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// Whether the next attempt may go better.
    pub(crate) again: bool,
    /// For the log: without address and token, so without what a server says.
    pub(crate) why: Cow<'static, str>,
}

impl Failed {
    pub(crate) fn for_now(why: impl Into<Cow<'static, str>>) -> Self {
        Self { again: true, why: why.into() }
    }

    pub(crate) fn for_good(why: impl Into<Cow<'static, str>>) -> Self {
        Self { again: false, why: why.into() }
    }
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Self {
        if failed.again { Self::later(failed.why) } else { Self::refused(failed.why) }
    }
}
