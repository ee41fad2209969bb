//! Passing events on.

use super::waiting::Stopping;
use super::{Shared, told_of};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is noted that this program's subscribers are still there.
const REGISTER: Duration = Duration::from_hours(1);

pub(super) fn begin(shared: Arc<Shared>, stopping: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared, stopping))
}

async fn run(shared: Arc<Shared>, mut stopping: Stopping) {
    let mut registered = Instant::now();
    loop {
        if let Err(error) = pass_all_on(&shared, &stopping).await {
            tracing::warn!("events could not be passed on: {}", told_of(&error));
        }
        if registered.elapsed() > REGISTER {
            match shared.register().await {
                Ok(()) => registered = Instant::now(),
                Err(error) => tracing::warn!("subscribers could not be registered: {}", told_of(&error)),
            }
        }
        let go_on = stopping
            .or(async {
                tokio::select! {
                    () = shared.events.notified() => {}
                    () = shared.pause(None) => {}
                }
            })
            .await;
        if !go_on {
            return;
        }
    }
}

async fn pass_all_on(shared: &Shared, stopping: &Stopping) -> Result<(), StoreError> {
    if shared.ports.outbox.waiting_since().await?.is_none() {
        return Ok(());
    }
    while shared.pass_on().await? == u64::from(shared.limits.events_at_once) && !stopping.is_told() {}
    Ok(())
}

impl Shared {
    /// Passes some events on; how many.
    pub(super) async fn pass_on(&self) -> Result<u64, StoreError> {
        let Self { ports, work, limits, .. } = self;
        let now = ports.clock.now();
        let passed = ports.outbox.pass_on(work.subscribers(), limits.events_at_once, &*ports.ids, now).await;
        let passed = match passed {
            // Another process on another node of a cluster was first.
            Err(StoreError::Conflict) => return Ok(0),
            passed => passed?,
        };
        if passed.jobs > 0 {
            // At once: their event has waited for its turn.
            self.jobs.notify_one();
        }
        metrics::counter!("events_passed_on_total").increment(passed.events);
        Ok(passed.events)
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
