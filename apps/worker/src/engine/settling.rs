//! Writing down what came of jobs: all that have finished while the last were being written.

use super::attempt::Attempted;
use super::held::{Held, Hold, hold_of};
use super::room::Place;
use super::waiting::Stopping;
use super::{Shared, told_of};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Job, Outcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How many at once.
const MOST: usize = 256;
/// The pause before another try when the database is away.
const PAUSE: Duration = Duration::from_millis(250);

/// What comes from those who run jobs.
pub(super) enum Finished {
    /// A job has ended. It keeps its place until that is written down, so that no more are taken than can be settled.
    Job { job: Box<Job>, attempted: Attempted, place: Place },
    /// Nothing more comes.
    End,
}

/// Goes on until it is told that nothing more comes: what drains is settled, too.
pub(super) fn begin(shared: Arc<Shared>, _: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut finished = shared.finished.lock().await;
        run(&shared, &mut finished).await;
    })
}

async fn run(shared: &Shared, finished: &mut UnboundedReceiver<Finished>) {
    let mut some = Vec::with_capacity(MOST);
    let mut ended = false;
    while !ended && finished.recv_many(&mut some, MOST).await > 0 {
        let mut over = Over { held: &shared.held, holds: Vec::with_capacity(some.len()) };
        let (mut jobs, mut places) = (Vec::with_capacity(some.len()), Vec::with_capacity(some.len()));
        for one in some.drain(..) {
            match one {
                Finished::Job { job, attempted, place } => {
                    over.holds.push(hold_of(&job));
                    jobs.push((job, attempted));
                    places.push(place);
                }
                Finished::End => ended = true,
            }
        }
        let settled: Vec<_> =
            jobs.into_iter().map(|(job, attempted)| (hold_of(&job), shared.settlement(&job, attempted))).collect();
        write(shared, &settled).await;
    }
}

/// Jobs that are held no longer when it is dropped. They are settled then, or a panic has kept them from it: nobody lengthens
/// their leases any more, and they will be run again.
struct Over<'a> {
    held: &'a Held,
    holds: Vec<Hold>,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.held.remove(self.holds.drain(..));
    }
}

impl Shared {
    /// How it goes on with a job, noted for operators.
    pub(super) fn settlement(&self, job: &Job, Attempted { outcome, back_off }: Attempted) -> Settlement {
        let counts = !matches!(outcome, Outcome::Again { counts: false, .. });
        let how = Settlement::of(job, outcome, &back_off, self.ports.clock.now(), self.random());
        let (id, kind, attempt) = (job.id, &*job.kind, job.attempt);
        let outcome = match &how {
            Settlement::Done => "done",
            Settlement::Waits { why, .. } if !counts => {
                tracing::debug!(%id, kind, why, "a job waits for its time");
                "waits"
            }
            Settlement::Waits { why, .. } => {
                tracing::info!(%id, kind, attempt, why, "a job is to be tried again");
                "again"
            }
            Settlement::Failed { why, .. } => {
                tracing::warn!(%id, kind, attempt, why, "a job has failed, and is kept");
                "failed"
            }
        };
        metrics::counter!("job_attempts_total", "kind" => job.kind.clone(), "outcome" => outcome).increment(1);
        how
    }
}

async fn write(shared: &Shared, settled: &[(Hold, Settlement)]) {
    match write_or_lose(shared, settled).await {
        Ok(()) => {}
        // Something about one of them cannot be written: it must not take the others with it.
        Err(_) if settled.len() > 1 => {
            for one in settled {
                if let Err(error) = write_or_lose(shared, std::slice::from_ref(one)).await {
                    lost(one, &error);
                }
            }
        }
        Err(error) => settled.iter().for_each(|one| lost(one, &error)),
    }
}

/// Tries until it is written, or until nothing of it is held any more: then the leases have ended while the database was
/// away, and the jobs will be run again.
async fn write_or_lose(shared: &Shared, settled: &[(Hold, Settlement)]) -> Result<(), StoreError> {
    let rows: Vec<_> =
        settled.iter().map(|((id, lease), how)| Settled { id: *id, lease: *lease, how: how.clone() }).collect();
    let holds: Vec<Hold> = settled.iter().map(|(hold, _)| *hold).collect();
    loop {
        match shared.ports.queue.settle(&rows, shared.ports.clock.now()).await {
            Ok(count) => {
                let lost = (rows.len() as u64).saturating_sub(count);
                metrics::counter!("jobs_lost_total").increment(lost);
                return Ok(());
            }
            Err(StoreError::Unavailable(_) | StoreError::Conflict) if shared.held.holds_any(&holds) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(StoreError::Unavailable(_) | StoreError::Conflict) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn lost(((id, _), _): &(Hold, Settlement), error: &StoreError) {
    tracing::error!(%id, "what came of a job could not be written down, so it will be run again: {}", told_of(error));
}
