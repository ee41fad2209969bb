//! How many more jobs may run, altogether and of a kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Counts the jobs that run.
pub(super) struct Room {
    taken: Mutex<Taken>,
    freed: Notify,
}

struct Taken {
    free: usize,
    by_kind: BTreeMap<String, usize>,
}

impl Room {
    /// For so many jobs at once.
    pub(super) fn of(jobs: usize) -> Self {
        Self { taken: Mutex::new(Taken { free: jobs, by_kind: BTreeMap::new() }), freed: Notify::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more may run.
    pub(super) fn free(&self) -> usize {
        self.taken().free
    }

    /// How many more of a kind of which `at_once` may run.
    pub(super) fn free_of(&self, kind: &str, at_once: usize) -> usize {
        let taken = self.taken();
        let running = taken.by_kind.get(kind).copied().unwrap_or(0);
        taken.free.min(at_once.max(1).saturating_sub(running))
    }

    /// A place for one of a kind, which is free again when it is dropped.
    pub(super) fn take(self: &Arc<Self>, kind: &str) -> Place {
        let mut taken = self.taken();
        taken.free = taken.free.saturating_sub(1);
        *taken.by_kind.entry(kind.to_owned()).or_default() += 1;
        Place { room: Arc::clone(self), kind: kind.to_owned() }
    }

    /// Is done when a place has become free since the last call.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// The place of one job.
pub(super) struct Place {
    room: Arc<Room>,
    kind: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.free += 1;
        if let Some(running) = taken.by_kind.get_mut(&self.kind) {
            *running = running.saturating_sub(1);
        }
        drop(taken);
        self.room.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_altogether_and_by_kind() {
        let room = Arc::new(Room::of(3));
        assert_eq!((room.free(), room.free_of("a", 2), room.free_of("b", 9)), (3, 2, 3));
        let (first, second) = (room.take("a"), room.take("a"));
        assert_eq!((room.free(), room.free_of("a", 2), room.free_of("b", 9)), (1, 0, 1));
        drop(first);
        assert_eq!((room.free(), room.free_of("a", 2), room.free_of("b", 0)), (2, 1, 1));
        drop(second);
        assert_eq!(room.free_of("a", 9), 3);
    }
}
