//! The pause between two attempts of a use case that lost a race.

use async_trait::async_trait;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::Pause;
use std::sync::Arc;
use std::time::Duration;

/// The longest first pause, in microseconds; it doubles with each attempt.
const FIRST: u64 = 4_000;
/// The longest pause, in microseconds.
const LONGEST: u64 = 250_000;

/// Waits a random while: those who lost together do not meet again.
pub struct Jittered(Arc<dyn IdGen>);

impl Jittered {
    /// With randomness from `ids`.
    pub fn new(ids: Arc<dyn IdGen>) -> Self {
        Self(ids)
    }
}

#[async_trait]
impl Pause for Jittered {
    async fn pause(&self, attempt: u32) {
        let longest = FIRST.checked_shl(attempt.saturating_sub(1).min(16)).unwrap_or(LONGEST).min(LONGEST);
        let [a, b, c, d, ..] = self.0.secret();
        let random = u64::from(u32::from_be_bytes([a, b, c, d]));
        tokio::time::sleep(Duration::from_micros(1 + ((random * longest) >> 32))).await;
    }
}
