//! Doing everything that is due, for tests: nothing runs beside it, and the clock is the caller's.

use super::attempt::attempt;
use super::{Engine, Shared};
use musubi_kernel::error::StoreError;
use musubi_kernel::job::settlement::{Settled, Settlement};

/// How many jobs are taken at once.
const AT_ONCE: u32 = 100;

/// After so many jobs there must be one that always comes back.
const MOST: u64 = 100_000;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkedOff {
    /// So many events were passed on.
    pub events: u64,
    /// So many schedules fired.
    pub firings: u64,
    /// So many jobs were done.
    pub done: u64,
    /// Why jobs wait to be tried again, with their kinds.
    pub again: Vec<(String, String)>,
    /// Why jobs have failed, with their kinds.
    pub failed: Vec<(String, String)>,
}

impl Engine {
    /// Makes subscribers and schedules known, and does all that is due by the clock, and what follows from it, one thing
    /// after the other.
    ///
    /// # Errors
    /// Those of the store of data. What jobs come to is in the answer.
    pub async fn work_off(&self) -> Result<WorkedOff, StoreError> {
        let shared = &*self.shared;
        let mut all = WorkedOff::default();
        shared.register().await?;
        shared.compare_entries().await?;
        loop {
            let firings = shared.plan().await?.fired;
            let events = shared.pass_on().await?;
            let jobs = shared.reap().await? + run_due(shared, &mut all).await?;
            all.firings += firings;
            all.events += events;
            if firings + events + jobs == 0 {
                return Ok(all);
            }
            if all.done + all.again.len() as u64 > MOST {
                return Err(StoreError::Internal(format!("the work comes to no end: {all:?}")));
            }
        }
    }
}

async fn run_due(shared: &Shared, all: &mut WorkedOff) -> Result<u64, StoreError> {
    let mut count = 0;
    for kind in shared.work.kinds() {
        let Some(handler) = shared.work.handler_of(kind) else { continue };
        let jobs = shared.ports.queue.claim(kind, AT_ONCE, shared.lease(), shared.ports.clock.now()).await?;
        for job in jobs {
            count += 1;
            let attempted = attempt(&**handler, &job).await;
            let how = shared.settlement(&job, attempted);
            match &how {
                Settlement::Done => all.done += 1,
                Settlement::Waits { why, .. } => all.again.push((job.kind.clone(), why.clone().unwrap_or_default())),
                Settlement::Failed { why, .. } => all.failed.push((job.kind.clone(), why.clone())),
            }
            let settled = Settled { id: job.id, lease: job.lease.id, how };
            shared.ports.queue.settle(&[settled], shared.ports.clock.now()).await?;
        }
    }
    Ok(count)
}
