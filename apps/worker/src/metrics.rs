//! Figures for Prometheus.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `jobs` | `kind`, `status` | how many there are: waiting, running, failed |
//! | `jobs_oldest_seconds` | `kind` | for how long the one has been due that waits for longest |
//! | `job_attempts_total` | `kind`, `outcome` | attempts that ended: done, again, failed; and waits, which were none |
//! | `job_wait_seconds` | `kind` | from when a job was due to its beginning |
//! | `job_run_seconds` | `kind` | from its beginning to its end |
//! | `jobs_lost_total` | | runs whose lease was lost before they were settled |
//! | `jobs_reaped_total` | | jobs freed whose worker had died, or was too slow |
//! | `events` | | events that were not passed on yet |
//! | `events_oldest_seconds` | | for how long the earliest of them has waited |
//! | `events_passed_on_total` | | events passed on |
//!
//! `jobs`, `jobs_oldest_seconds`, `events` and `events_oldest_seconds` are the installation's, alike in every process.

use chrono::{DateTime, Utc};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::job::queue::JobQueue;
use musubi_kernel::outbox::Outbox;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Counting goes through the whole table, so it is done no more often than this.
const SELDOM: Duration = Duration::from_secs(10);
/// How long it may take.
const SLOWEST: Duration = Duration::from_secs(3);

/// Says what the figures are.
pub fn describe() {
    crate::outcomes::describe();
    metrics::describe_gauge!("jobs", "Jobs by kind and status");
    metrics::describe_gauge!("jobs_oldest_seconds", "For how long the job has been due that waits for longest");
    metrics::describe_counter!("job_attempts_total", "Attempts at jobs that ended");
    metrics::describe_histogram!("job_wait_seconds", "Time from when a job was due to its beginning");
    metrics::describe_histogram!("job_run_seconds", "Time from a job's beginning to its end");
    metrics::describe_counter!("jobs_lost_total", "Runs of jobs whose lease was lost before they were settled");
    metrics::describe_counter!("jobs_reaped_total", "Jobs freed whose worker had died, or was too slow");
    metrics::describe_gauge!("events", "Events that were not passed on yet");
    metrics::describe_gauge!("events_oldest_seconds", "For how long the earliest event waits to be passed on");
    metrics::describe_counter!("events_passed_on_total", "Events passed on to their subscribers");
}

/// How much there is to do.
pub struct Depths {
    queue: Arc<dyn JobQueue>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counted: Option<Instant>,
    /// The kinds that were shown: one of which there are none any more is shown as none.
    kinds: BTreeSet<String>,
}

impl Depths {
    /// Of this queue and this outbox.
    pub fn new(queue: Arc<dyn JobQueue>, outbox: Arc<dyn Outbox>, clock: Arc<dyn Clock>) -> Self {
        Self { queue, outbox, clock, state: Mutex::default() }
    }

    /// Counts anew, unless that was done just now. A database that does not answer leaves the figures as they were.
    pub async fn refresh(&self) {
        let mut state = self.state.lock().await;
        if state.counted.is_some_and(|at| at.elapsed() < SELDOM) {
            return;
        }
        state.counted = Some(Instant::now());
        match tokio::time::timeout(SLOWEST, self.count(&mut state.kinds)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("the queue could not be counted: {error}"),
            Err(_) => tracing::debug!("the queue could not be counted in time"),
        }
    }

    async fn count(&self, kinds: &mut BTreeSet<String>) -> Result<(), StoreError> {
        let stats = self.queue.stats().await?;
        kinds.extend(stats.keys().cloned());
        for kind in &*kinds {
            let stats = stats.get(kind).copied().unwrap_or_default();
            for (status, count) in [("waiting", stats.waiting), ("running", stats.running), ("failed", stats.failed)] {
                metrics::gauge!("jobs", "kind" => kind.clone(), "status" => status).set(number(count));
            }
            metrics::gauge!("jobs_oldest_seconds", "kind" => kind.clone()).set(self.age(stats.due_at));
        }
        metrics::gauge!("events").set(number(self.outbox.waiting().await?));
        metrics::gauge!("events_oldest_seconds").set(self.age(self.outbox.waiting_since().await?));
        Ok(())
    }

    fn age(&self, since: Option<DateTime<Utc>>) -> f64 {
        since.map_or(0.0, |since| (self.clock.now() - since).as_seconds_f64().max(0.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 jobs")]
fn number(count: u64) -> f64 {
    count as f64
}
