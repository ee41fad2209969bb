//! Keeping leases: of what runs, and of what nobody runs any more.

use super::held::Hold;
use super::waiting::Stopping;
use super::{Shared, told_of};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use musubi_kernel::job::settlement::{Settled, Settlement};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// How many jobs of the dead are freed at once.
const REAPED_AT_ONCE: u32 = 500;
/// How often it is noted that this program's subscribers are still there.
const REGISTER: Duration = Duration::from_hours(1);

/// Goes on until it is ended: what runs still has leases when the worker is to stop.
pub(super) fn begin(shared: Arc<Shared>, _: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared))
}

async fn run(shared: Arc<Shared>) {
    let mut beat = tokio::time::interval(shared.limits.lease / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut registered = Instant::now();
    loop {
        beat.tick().await;
        lengthen(&shared).await;
        if let Err(error) = shared.reap().await {
            tracing::warn!("jobs whose worker has died could not be freed: {}", told_of(&error));
        }
        if registered.elapsed() > REGISTER {
            match shared.register().await {
                Ok(()) => registered = Instant::now(),
                Err(error) => tracing::warn!("subscribers could not be registered: {}", told_of(&error)),
            }
        }
    }
}

/// Lengthens the leases of what runs. Runs whose job is somebody else's by now, or may be, are ended.
async fn lengthen(shared: &Shared) {
    let holds = shared.held.all();
    if holds.is_empty() {
        return;
    }
    let (asked, lease) = (Instant::now(), shared.lease());
    let lost: HashSet<Hold> = match shared.ports.queue.extend(&holds, lease.until).await {
        Ok(still) => {
            let still: HashSet<_> = still.into_iter().collect();
            let (kept, lost): (Vec<Hold>, Vec<Hold>) = holds.into_iter().partition(|hold| still.contains(hold));
            shared.held.lengthen(&kept, asked + shared.limits.lease);
            lost.into_iter().collect()
        }
        Err(error) => {
            tracing::warn!("leases of running jobs could not be lengthened: {}", told_of(&error));
            HashSet::new()
        }
    };
    for job in shared.held.give_up(|hold| lost.contains(hold), Instant::now()) {
        metrics::counter!("jobs_lost_total").increment(1);
        tracing::warn!(id = %job.id, kind = job.kind, "a job's lease was lost: its run here is given up");
    }
}

/// Ends what still runs, and lets others take it at once. It was no failure of theirs, and does not count.
pub(super) async fn give_back_all(shared: &Shared) {
    let cut_off = shared.held.cut_off();
    let settled: Vec<_> = cut_off
        .iter()
        .map(|job| {
            let why = Some("it was cut off when its worker had to stop".to_owned());
            let how = Settlement::Waits { due_at: job.due_at, attempts: job.attempt.saturating_sub(1), why };
            Settled { id: job.id, lease: job.lease.id, how }
        })
        .collect();
    tracing::warn!(jobs = settled.len(), "jobs were cut off: they took longer than --drain-seconds");
    if let Err(error) = shared.ports.queue.settle(&settled, shared.ports.clock.now()).await {
        tracing::warn!("they will be run again when their leases end: {}", told_of(&error));
    }
}

impl Shared {
    /// Frees what the dead held; how much.
    pub(super) async fn reap(&self) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let (now, random) = (self.ports.clock.now(), self.random());
            let reaped = match self.ports.queue.reap(REAPED_AT_ONCE, now, random).await {
                Err(StoreError::Conflict) => continue,
                reaped => reaped?,
            };
            let freed = reaped.waiting + reaped.failed;
            if freed > 0 {
                metrics::counter!("jobs_reaped_total").increment(freed);
                tracing::warn!(
                    waiting = reaped.waiting,
                    failed = reaped.failed,
                    "jobs were freed: their leases had ended"
                );
            }
            all += freed;
            if freed < u64::from(REAPED_AT_ONCE) {
                return Ok(all);
            }
        }
    }

    /// Makes this program's subscribers known, however long the database is away.
    pub(super) async fn register_at_last(&self) {
        while let Err(error) = self.register().await {
            tracing::warn!("subscribers could not be registered: {}", told_of(&error));
            self.pause(None).await;
        }
    }

    /// Notes that this program's subscribers are there.
    pub(super) async fn register(&self) -> Result<(), StoreError> {
        let names: Vec<&str> = self.work.subscribers().iter().map(|subscriber| subscriber.name()).collect();
        loop {
            match self.ports.outbox.register(&names, self.ports.clock.now()).await {
                // Another registers the same for the first time.
                Err(StoreError::Conflict) => tokio::time::sleep(Duration::from_millis(20)).await,
                done => return done,
            }
        }
    }
}
