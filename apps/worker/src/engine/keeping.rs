//! Keeping the leases of what runs.

use super::held::Hold;
use super::waiting::Stopping;
use super::{Shared, told_of};
use futures_util::future::BoxFuture;
use musubi_kernel::job::settlement::{Settled, Settlement};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::MissedTickBehavior;

/// Goes on until it is ended: what runs still has leases when the worker is to stop.
pub(super) fn begin(shared: Arc<Shared>, _: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared))
}

async fn run(shared: Arc<Shared>) {
    let mut beat = tokio::time::interval(shared.limits.lease / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        lengthen(&shared).await;
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
