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

    /// How many more of a kind of which `at_once` may run.
    pub(super) fn free_of(&self, kind: &str, at_once: usize) -> usize {
        let taken = self.taken();
        let running = taken.by_kind.get(kind).copied().unwrap_or(0);
        taken.free.min(at_once.max(1).saturating_sub(running))
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
    use tokio::time::Instant;

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

    #[tokio::test(start_paused = true)]
    async fn who_is_full_waits_for_more_than_one_place_but_not_for_long() {
        let room = Arc::new(Room::of(4));
        let began = Instant::now();
        room.gather().await;
        let mut places: Vec<_> = (0..4).map(|_| room.take("a")).collect();
        places.truncate(2);
        room.gather().await;
        assert_eq!(began.elapsed(), Duration::ZERO, "half of it is free");
        places.extend([room.take("a"), room.take("a")]);
        room.gather().await;
        assert_eq!(began.elapsed(), GATHERING);
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.gather().await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(places.pop());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(!waiting.is_finished());
        drop(places.pop());
        waiting.await.unwrap();
        assert_eq!(began.elapsed(), GATHERING + Duration::from_millis(2));
    }
}
