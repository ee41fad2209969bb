//! How many more jobs may run, altogether and of a kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long a full worker waits for more room than the first place that becomes free.
const GATHERING: Duration = Duration::from_millis(5);

/// Counts the jobs that run.
pub(super) struct Room {
    places: usize,
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
        let taken = Taken { free: jobs, by_kind: BTreeMap::new() };
        Self { places: jobs, taken: Mutex::new(taken), freed: Notify::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more may run.
    pub(super) fn free(&self) -> usize {
        self.taken().free
    }

    /// How many of a kind run.
    pub(super) fn running_of(&self, kind: &str) -> usize {
        self.taken().by_kind.get(kind).copied().unwrap_or(0)
    }

    /// How many more of a kind of which `at_once` may run. A quarter of the places is for other kinds: those of a flood of slow
    /// ones are free again only when these end.
    pub(super) fn free_of(&self, kind: &str, at_once: usize) -> usize {
        let taken = self.taken();
        let running = taken.by_kind.get(kind).copied().unwrap_or(0);
        let most = at_once.clamp(1, self.places - self.places / 4);
        taken.free.min(most.saturating_sub(running))
    }

    /// Is done when half of the places are free, or after [a moment](GATHERING) with fewer: what is taken together costs one
    /// transaction.
    pub(super) async fn gather(&self) {
        let roomy = async {
            while self.free() * 2 < self.places {
                self.freed().await;
            }
        };
        let _ = timeout(GATHERING, roomy).await;
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
    use futures_util::future::poll_immediate;
    use std::pin::pin;

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

    #[test]
    fn no_kind_has_all_places() {
        for (places, most) in [(1, 1), (3, 3), (4, 3), (8, 6), (64, 48)] {
            let room = Arc::new(Room::of(places));
            let taken: Vec<_> = (0..most).map(|_| room.take("slow")).collect();
            assert_eq!(room.free_of("slow", usize::MAX), 0, "{places}");
            assert_eq!(room.free_of("quick", usize::MAX), places - most, "{places}");
            drop(taken);
            assert_eq!(room.free_of("slow", usize::MAX), most, "{places}");
        }
    }

    /// Whether gathering is over as soon as it is asked.
    async fn is_roomy(room: &Room) -> bool {
        poll_immediate(pin!(room.gather())).await.is_some()
    }

    #[tokio::test]
    async fn who_is_full_waits_for_more_than_one_place_but_not_for_long() {
        let room = Arc::new(Room::of(4));
        assert!(is_roomy(&room).await);
        let mut places: Vec<_> = (0..4).map(|_| room.take("a")).collect();
        assert!(!is_roomy(&room).await);
        drop(places.pop());
        assert!(!is_roomy(&room).await, "one of four");
        let mut waiting = pin!(room.gather());
        assert!(poll_immediate(&mut waiting).await.is_none());
        drop(places.pop());
        assert!(poll_immediate(&mut waiting).await.is_some(), "half of them");
        places.push(room.take("a"));
        // Of slow jobs none may end for long.
        room.gather().await;
        assert_eq!(room.free(), 1);
    }
}
