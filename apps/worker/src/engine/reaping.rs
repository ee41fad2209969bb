//! Freeing what the dead held.

use super::waiting::Stopping;
use super::{Shared, told_of};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use std::sync::Arc;
use tokio::time::MissedTickBehavior;

/// How many jobs are freed at once.
const AT_ONCE: u32 = 500;

pub(super) fn begin(shared: Arc<Shared>, stopping: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared, stopping))
}

async fn run(shared: Arc<Shared>, mut stopping: Stopping) {
    let mut beat = tokio::time::interval(shared.limits.lease / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stopping
        .or(async {
            beat.tick().await;
        })
        .await
    {
        if let Err(error) = shared.reap().await {
            tracing::warn!("jobs whose worker has died could not be freed: {}", told_of(&error));
        }
    }
}

impl Shared {
    /// Frees what the dead held; how much.
    pub(super) async fn reap(&self) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let (now, random) = (self.ports.clock.now(), self.random());
            let reaped = match self.ports.queue.reap(AT_ONCE, now, random).await {
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
            if freed < u64::from(AT_ONCE) {
                return Ok(all);
            }
        }
    }
}
