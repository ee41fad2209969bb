//! The jobs that this worker holds: from their claim until it is written down what came of them.

use musubi_kernel::id::{JobId, LeaseId};
use musubi_kernel::job::Job;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// A job and the claim by which it is held. Of one job there may be two, when the first was lost.
pub(super) type Hold = (JobId, LeaseId);

/// What runs.
#[derive(Default)]
pub(super) struct Held {
    jobs: Mutex<HashMap<Hold, Running>>,
    emptied: Notify,
}

struct Running {
    job: Job,
    /// When the lease ends, by this computer's steady clock.
    ends: Instant,
    run: AbortHandle,
}

/// The hold of a job.
pub(super) fn hold_of(job: &Job) -> Hold {
    (job.id, job.lease.id)
}

impl Held {
    fn jobs(&self) -> MutexGuard<'_, HashMap<Hold, Running>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a job whose run `begin` begins.
    pub(super) fn add(&self, job: Job, ends: Instant, begin: impl FnOnce() -> AbortHandle) {
        let mut jobs = self.jobs();
        let run = begin();
        jobs.insert(hold_of(&job), Running { job, ends, run });
    }

    /// It is written down what came of them, or they are somebody else's.
    pub(super) fn remove(&self, holds: impl IntoIterator<Item = Hold>) {
        let mut jobs = self.jobs();
        for hold in holds {
            jobs.remove(&hold);
        }
        if jobs.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// Whether one of them is still held.
    pub(super) fn holds_any(&self, holds: &[Hold]) -> bool {
        let jobs = self.jobs();
        holds.iter().any(|hold| jobs.contains_key(hold))
    }

    /// All holds.
    pub(super) fn all(&self) -> Vec<Hold> {
        self.jobs().keys().copied().collect()
    }

    /// Their leases end then.
    pub(super) fn lengthen(&self, holds: &[Hold], ends: Instant) {
        let mut jobs = self.jobs();
        for hold in holds {
            if let Some(running) = jobs.get_mut(hold) {
                running.ends = ends;
            }
        }
    }

    /// Gives up those that `lost` names, and those whose lease has ended; the jobs whose runs this ends.
    pub(super) fn give_up(&self, lost: impl Fn(&Hold) -> bool, now: Instant) -> Vec<Job> {
        let mut given_up = Vec::new();
        self.jobs().retain(|hold, running| {
            let keep = !lost(hold) && now < running.ends;
            if !keep {
                running.run.abort();
                given_up.push(running.job.clone());
            }
            keep
        });
        if !given_up.is_empty() {
            self.remove([]);
        }
        given_up
    }

    /// Ends all runs that have not ended; their jobs.
    pub(super) fn cut_off(&self) -> Vec<Job> {
        let jobs = self.jobs();
        let running = jobs.values().filter(|running| !running.run.is_finished());
        running
            .map(|running| {
                running.run.abort();
                running.job.clone()
            })
            .collect()
    }

    /// Is done when nothing is held.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.jobs().is_empty() {
                return;
            }
            emptied.await;
        }
    }
}
