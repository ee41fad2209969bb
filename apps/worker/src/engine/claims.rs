//! Taking jobs that are due, and beginning them.

use super::attempt::attempt;
use super::settling::Finished;
use super::waiting::Stopping;
use super::{Shared, told_of};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Job, JobHandler};
use std::sync::Arc;
use std::time::Instant;

/// What a look at the queue has shown.
enum Look {
    /// Jobs were begun: there may be more.
    Begun,
    /// There is nothing that could be begun now; the next is due then.
    Nothing(Option<DateTime<Utc>>),
}

pub(super) fn begin(shared: Arc<Shared>, stopping: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared, stopping))
}

async fn run(shared: Arc<Shared>, mut stopping: Stopping) {
    while stopping.or(shared.room.gather()).await {
        let next = match look(&shared, &stopping).await {
            Ok(Look::Begun) => continue,
            Ok(Look::Nothing(next)) => next,
            Err(error) => {
                tracing::warn!("jobs could not be taken: {}", told_of(&error));
                None
            }
        };
        let something = async {
            tokio::select! {
                () = shared.jobs.notified() => {}
                () = shared.room.freed() => {}
                () = shared.pause(next) => {}
            }
        };
        if !stopping.or(something).await {
            return;
        }
    }
}

/// Takes what there is room for of each kind that is due. Each gets a share of the room, and that of which least runs is the
/// first, so that no flood of one kind keeps out the others.
async fn look(shared: &Arc<Shared>, stopping: &Stopping) -> Result<Look, StoreError> {
    let room_for = |handler: &dyn JobHandler| shared.room.free_of(handler.kind(), handler.at_once());
    let handlers = shared.work.kinds().into_iter().filter_map(|kind| shared.work.handler_of(kind));
    let able: Vec<_> = handlers.filter(|handler| room_for(&***handler) > 0).collect();
    let kinds: Vec<_> = able.iter().map(|handler| handler.kind()).collect();
    if kinds.is_empty() {
        return Ok(Look::Nothing(None));
    }
    let now = shared.ports.clock.now();
    let due = shared.ports.queue.due(&kinds).await?;
    let next = due.values().min().copied().filter(|next| *next > now);
    let mut waiting: Vec<_> =
        able.into_iter().filter(|handler| due.get(handler.kind()).is_some_and(|at| *at <= now)).collect();
    waiting.sort_by_key(|handler| (shared.room.running_of(handler.kind()), due.get(handler.kind())));
    let mut begun = 0;
    for (place, handler) in waiting.iter().enumerate() {
        let share = shared.room.free().div_ceil(waiting.len() - place);
        let most = room_for(&***handler).min(share);
        if most == 0 {
            continue;
        }
        begun += take(shared, handler, most, stopping).await?;
    }
    Ok(if begun > 0 { Look::Begun } else { Look::Nothing(next) })
}

async fn take(
    shared: &Arc<Shared>,
    handler: &Arc<dyn JobHandler>,
    most: usize,
    stopping: &Stopping,
) -> Result<usize, StoreError> {
    let (lease, asked) = (shared.lease(), Instant::now());
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let now = shared.ports.clock.now();
    let jobs = match shared.ports.queue.claim(handler.kind(), most, lease, now).await {
        // Another process on another node of a cluster was first.
        Err(StoreError::Conflict) => return Ok(0),
        jobs => jobs?,
    };
    if stopping.is_told() {
        give_back(shared, &jobs).await?;
        return Ok(0);
    }
    let begun = jobs.len();
    for job in jobs {
        metrics::histogram!("job_wait_seconds", "kind" => job.kind.clone()).record(late(&job, now));
        begin_job(shared, Arc::clone(handler), job, asked + shared.limits.lease);
    }
    Ok(begun)
}

fn late(job: &Job, now: DateTime<Utc>) -> f64 {
    (now - job.due_at).as_seconds_f64().max(0.0)
}

fn begin_job(shared: &Arc<Shared>, handler: Arc<dyn JobHandler>, job: Job, ends: Instant) {
    let place = shared.room.take(&job.kind);
    let run = {
        let (shared, job) = (Arc::clone(shared), job.clone());
        async move {
            let begun = Instant::now();
            let attempted = attempt(&*handler, &job).await;
            metrics::histogram!("job_run_seconds", "kind" => job.kind.clone()).record(begun.elapsed());
            let done = Finished::Job { job: Box::new(job), attempted, place };
            // Whoever would write it down has gone with the worker.
            let _ = shared.ended.send(done);
        }
    };
    shared.held.add(job, ends, || tokio::spawn(run).abort_handle());
}

/// Jobs that were claimed and not begun, as if they had never been claimed.
async fn give_back(shared: &Shared, jobs: &[Job]) -> Result<(), StoreError> {
    let unbegun = |job: &Job| Settled { id: job.id, lease: job.lease.id, how: Settlement::given_back(job) };
    let settled: Vec<_> = jobs.iter().map(unbegun).collect();
    shared.ports.queue.settle(&settled, shared.ports.clock.now()).await.map(drop)
}
