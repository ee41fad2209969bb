//! How often a client without credentials may call.

mod gate;
mod readers;
mod shared;

pub use gate::Gate;
pub use readers::{Reader, Readers};
pub use shared::Shared;

use async_trait::async_trait;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter as Governor};
use std::num::NonZeroU32;
use std::time::Duration;

/// Counts calls per client.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one call of `client`; `Some`: it is one too many, and this long it should wait.
    async fn count(&self, client: &str) -> Option<Duration>;

    /// Forgets clients who have not called for a while.
    fn tidy(&self) {}
}

/// Sets no limit.
#[derive(Debug, Clone, Copy)]
pub struct NoLimit;

#[async_trait]
impl RateLimiter for NoLimit {
    async fn count(&self, _: &str) -> Option<Duration> {
        None
    }
}

/// Counts in this process.
#[derive(Debug)]
pub struct InProcess {
    clients: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl InProcess {
    /// `per_minute` calls of each client over time, `burst` of them at once.
    pub fn new(per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self { clients: Governor::keyed(quota), clock: DefaultClock::default() }
    }
}

#[async_trait]
impl RateLimiter for InProcess {
    async fn count(&self, client: &str) -> Option<Duration> {
        let refused = self.clients.check_key(&client.to_owned()).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }

    fn tidy(&self) {
        self.clients.retain_recent();
        self.clients.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_passes_and_the_next_call_waits() {
        let limiter = InProcess::new(NonZeroU32::MIN, NonZeroU32::new(2).unwrap());
        assert_eq!((limiter.count("a").await, limiter.count("a").await), (None, None));
        assert!(limiter.count("a").await.is_some_and(|wait| wait > Duration::from_secs(50)));
        assert_eq!(limiter.count("b").await, None);
    }
}
