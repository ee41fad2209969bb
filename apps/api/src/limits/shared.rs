//! Limits that several servers share, and what holds while Redis is away.

use super::{InProcess, RateLimiter};
use async_trait::async_trait;
use musubi_redis::rate::SharedRate;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long Redis is left alone after it did not answer.
const REST: Duration = Duration::from_secs(5);

/// Counts in Redis; while that is away, in this process.
#[derive(Debug)]
pub struct Shared {
    rate: SharedRate,
    own: InProcess,
    away_since: Mutex<Option<Instant>>,
}

impl Shared {
    /// Counts with `rate`, else with `own`.
    pub fn new(rate: SharedRate, own: InProcess) -> Self {
        Self { rate, own, away_since: Mutex::new(None) }
    }

    fn resting(&self) -> bool {
        let since = *self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < REST)
    }

    /// Notes whether Redis is away, and logs when that changes.
    fn note(&self, error: Option<&musubi_redis::RedisError>) {
        let mut since = self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        match (since.is_some(), error) {
            (false, Some(error)) => tracing::warn!("rate limits are counted by this server alone: {error}"),
            (true, None) => tracing::info!("rate limits are shared through Redis again"),
            _ => {}
        }
        *since = error.map(|_| Instant::now());
    }
}

#[async_trait]
impl RateLimiter for Shared {
    async fn count(&self, client: &str) -> Option<Duration> {
        if self.resting() {
            return self.own.count(client).await;
        }
        match self.rate.count(client).await {
            Ok(wait) => {
                self.note(None);
                wait
            }
            Err(error) => {
                self.note(Some(&error));
                self.own.count(client).await
            }
        }
    }

    fn tidy(&self) {
        self.own.tidy();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_redis::Redis;
    use std::num::NonZeroU32;

    #[tokio::test]
    async fn while_redis_is_away_this_server_counts_alone() {
        let (rate, burst) = (NonZeroU32::MIN, NonZeroU32::MIN);
        let nowhere = SharedRate::new(Redis::at("redis://127.0.0.1:1").unwrap(), rate, burst);
        let limiter = Shared::new(nowhere, InProcess::new(rate, burst));
        assert_eq!(limiter.count("a").await, None);
        let began = Instant::now();
        assert!(limiter.count("a").await.is_some());
        // It is not asked again for every call.
        assert!(limiter.resting() && began.elapsed() < Duration::from_millis(50));
    }
}
