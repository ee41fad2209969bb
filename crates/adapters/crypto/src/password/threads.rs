//! The threads that hash: as many as may hash at once, each with memory of its own, behind everybody else.

use super::memory::Memory;
use musubi_identity::password_hasher::HashingError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// For how long a thread hashes when nobody else wants the core: about one password of the usual cost, in milliseconds.
const SLICE_MS: u32 = 20;

/// What a thread does next, which is lent its memory.
type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// Threads that begin when they are first needed, and end when this is dropped.
pub(super) struct Threads {
    /// Of those that run and those that wait.
    seats: Arc<Semaphore>,
    waiting: Arc<Mutex<Receiver<Work>>>,
    hands: Mutex<Hands>,
    most: usize,
    usual_blocks: usize,
}

struct Hands {
    give: Sender<Work>,
    count: usize,
}

/// The seat of a work that waits: its caller's, who leaves with it, until a thread takes it.
#[derive(Clone)]
struct Seat(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Seat {
    fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A caller that waits for its work.
struct Caller(Seat);

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl Threads {
    /// Up to `most` threads, for which `waiting` more works may wait; what one needs beyond `usual_blocks` of memory is given
    /// back after it.
    pub(super) fn new(most: usize, waiting: usize, usual_blocks: usize) -> Self {
        let (give, take) = channel();
        Self {
            seats: Arc::new(Semaphore::new(most.saturating_add(waiting).min(Semaphore::MAX_PERMITS))),
            waiting: Arc::new(Mutex::new(take)),
            hands: Mutex::new(Hands { give, count: 0 }),
            most,
            usual_blocks,
        }
    }

    /// Has the work done, in its turn. Who gives up while it waits takes it back; what has begun is done to its end, and has
    /// its seat until then. [`HashingError::Busy`] when all seats are taken.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| HashingError::Busy)?;
        let seat = Seat(Arc::new(Mutex::new(Some(seat))));
        let caller = Caller(seat.clone());
        let (tell, told) = oneshot::channel();
        self.give(Box::new(move |memory| {
            let Some(seat) = seat.take() else { return };
            let result = work(memory);
            drop(seat);
            // Nobody may wait for it any more.
            let _ = tell.send(result);
        }))?;
        let result = told.await;
        drop(caller);
        result.map_err(|_| HashingError::Internal("hashing a password panicked".to_owned()))
    }

    fn give(&self, work: Work) -> Result<(), HashingError> {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        if hands.count < self.most {
            match self.begin() {
                Ok(()) => hands.count += 1,
                Err(error) if hands.count == 0 => return Err(none(error)),
                // Those that there are do it.
                Err(_) => {}
            }
        }
        hands.give.send(work).map_err(none)
    }

    fn begin(&self) -> std::io::Result<()> {
        let (waiting, usual) = (Arc::clone(&self.waiting), self.usual_blocks);
        let thread = thread::Builder::new().name("musubi-hash".to_owned());
        thread.spawn(move || work_on(&waiting, usual)).map(drop)
    }

    /// How many works may still come.
    #[cfg(test)]
    pub(super) fn free_seats(&self) -> usize {
        self.seats.available_permits()
    }
}

fn none(error: impl std::fmt::Display) -> HashingError {
    HashingError::Internal(format!("no thread hashes passwords: {error}"))
}

fn work_on(waiting: &Mutex<Receiver<Work>>, usual_blocks: usize) {
    musubi_thread::step_back(SLICE_MS);
    let mut memory = Memory::default();
    loop {
        let work = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = work else { return };
        // Whoever waits for the work learns of the panic; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
        memory.shrink(usual_blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_begins_when_it_is_needed_and_keeps_no_more_memory_than_usual() {
        let threads = Threads::new(1, 0, 16);
        assert_eq!(threads.hands.lock().unwrap().count, 0);
        assert_eq!(threads.run(|memory| memory.blocks(8).len()).await.unwrap(), 8);
        assert_eq!(threads.run(|memory| memory.kib()).await.unwrap(), 8);
        for blocks in [16, 100, 1] {
            assert_eq!(threads.run(move |memory| memory.blocks(blocks).len()).await.unwrap(), blocks);
            assert_eq!(threads.run(|memory| memory.kib()).await.unwrap(), 16);
        }
        assert_eq!(threads.hands.lock().unwrap().count, 1);
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_thread_goes_on() {
        let threads = Threads::new(1, 0, 1);
        for _ in 0..3 {
            assert!(matches!(threads.run(|_| panic!("for the test")).await, Err::<(), _>(HashingError::Internal(_))));
            assert_eq!(threads.run(|_| 7).await.unwrap(), 7);
        }
    }
}
