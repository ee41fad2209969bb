//! Waiting: for news, for a time, for the end.

use super::Shared;
use super::pace::Pace;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Whether the worker is to stop.
#[derive(Clone)]
pub(super) struct Stopping(watch::Receiver<bool>);

/// Tells it.
pub(super) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(super) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    pub(super) fn new() -> (Stop, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stop(sender), Self(receiver))
    }

    pub(super) fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Is done when it is.
    pub(super) async fn told(&mut self) {
        // Whoever would tell is gone: so it is over, too.
        let _ = self.0.wait_for(|told| *told).await;
    }

    /// Waits for `what`; false: the worker is to stop.
    pub(super) async fn or(&mut self, what: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = self.told() => false,
            () = what => true,
        }
    }
}

pub(super) fn begin(shared: Arc<Shared>, stopping: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(pass_news_on(shared, stopping))
}

/// Tells the loops that there may be something to do.
async fn pass_news_on(shared: Arc<Shared>, mut stopping: Stopping) {
    let mut pace = Pace::default();
    while stopping.or(shared.ports.queue.news()).await {
        let wait = pace.wait(Instant::now());
        if !wait.is_zero() && !stopping.or(tokio::time::sleep(wait)).await {
            return;
        }
        shared.events.notify_one();
        shared.jobs.notify_one();
    }
}

impl Shared {
    /// Waits until it is time to look again, or until `next` if that is before.
    pub(super) async fn pause(&self, next: Option<DateTime<Utc>>) {
        let half = self.limits.poll / 2;
        let jitter = half.mul_f64(f64::from(self.random()) / f64::from(u32::MAX));
        let until_next = next.map(|next| (next - self.ports.clock.now()).to_std().unwrap_or_default());
        // An instant that is just past would be looked at without a pause for as long as nothing came of it.
        let until_next = until_next.map_or(Duration::MAX, |wait| wait.max(Duration::from_millis(1)));
        tokio::time::sleep(until_next.min(half + jitter)).await;
    }
}
