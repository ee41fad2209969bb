//! Running a use case again after a lost race.

use crate::error::{EntityError, StoreError};
use async_trait::async_trait;

/// How often a use case is run before a lost race is reported.
pub const ATTEMPTS: u32 = 12;

/// An error that may be a lost race.
pub trait Retryable {
    /// Whether the whole use case may succeed if it is run again.
    fn lost_race(&self) -> bool;
}

impl Retryable for StoreError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl Retryable for EntityError {
    fn lost_race(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}

/// Waits between two attempts, so that the losers of a race do not meet again.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Waits a short, jittered while that grows with `attempt` (1, 2, …).
    async fn pause(&self, attempt: u32);
}

/// Does not wait. For tests and single writers.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoPause;

#[async_trait]
impl Pause for NoPause {
    async fn pause(&self, _: u32) {}
}

/// Runs `attempt` until it does not lose a race, [`ATTEMPTS`] times at most.
pub async fn retrying<F, T, E>(pause: &dyn Pause, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Retryable,
{
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.lost_race() && tries < ATTEMPTS => pause.pause(tries).await,
            done => return done,
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mockall::predicate::eq;
    use std::sync::atomic::{AtomicU32, Ordering};

    mockall::mock! {
        Pausing {}
        #[async_trait]
        impl Pause for Pausing {
            async fn pause(&self, attempt: u32);
        }
    }

    async fn lose(times: u32, pause: &dyn Pause, error: StoreError) -> (Result<u32, StoreError>, u32) {
        let tries = AtomicU32::new(0);
        let result = retrying(pause, || async {
            match tries.fetch_add(1, Ordering::Relaxed) {
                before if before < times => Err(error.clone()),
                before => Ok(before),
            }
        })
        .await;
        (result, tries.into_inner())
    }

    #[tokio::test]
    async fn a_lost_race_is_run_again_after_a_pause_that_knows_how_often() {
        let mut pause = MockPausing::new();
        for attempt in 1..=3 {
            pause.expect_pause().with(eq(attempt)).times(1).return_const(());
        }
        assert_eq!(lose(3, &pause, StoreError::Conflict).await, (Ok(3), 4));
    }

    #[tokio::test]
    async fn other_failures_are_not_and_races_not_for_ever() {
        let mut pause = MockPausing::new();
        pause.expect_pause().never();
        let away = StoreError::Unavailable("away".to_owned());
        assert_eq!(lose(1, &pause, away.clone()).await, (Err(away), 1));
        assert_eq!(lose(99, &NoPause, StoreError::Conflict).await, (Err(StoreError::Conflict), ATTEMPTS));
    }
}
