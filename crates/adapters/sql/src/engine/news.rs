//! Telling this process of the work that its transactions leave.

use super::batch::{Leaves, Write};
use musubi_kernel::outbox::Wanted;
use std::borrow::Cow;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use tokio::sync::Notify;

/// What the connections of a process tell those who work in it.
#[derive(Default)]
pub(super) struct News {
    told: Notify,
    /// Of which events: those that one of these wants; none of these: of all.
    wanted: RwLock<Vec<Wanted>>,
}

impl News {
    /// Whether writes leave something to tell of, once they are committed.
    pub(super) fn is_left_by(&self, writes: &[Write]) -> bool {
        writes.iter().any(|write| match write.leaves() {
            Leaves::Nothing => false,
            Leaves::Work => true,
            Leaves::Events(kinds) => self.is_any_wanted(kinds),
        })
    }

    fn is_any_wanted(&self, kinds: &[Cow<'static, str>]) -> bool {
        let all = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        all.is_empty() || all.iter().any(|wanted| kinds.iter().any(|kind| wanted(kind)))
    }

    pub(super) fn tell(&self) {
        self.told.notify_one();
    }

    /// Is done when it was told since the last call.
    pub(super) async fn come(&self) {
        self.told.notified().await;
    }

    pub(super) fn tell_of(&self, wanted: Wanted) {
        self.wanted.write().unwrap_or_else(PoisonError::into_inner).push(wanted);
    }
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News").finish_non_exhaustive()
    }
}
