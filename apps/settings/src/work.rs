//! How much work a process takes on at once, besides requests.

use clap::Args;
use std::num::NonZeroU32;

/// How much work is done at once.
#[derive(Debug, Clone, Copy, Args)]
pub struct WorkSettings {
    /// How many jobs run at once: notifications, deliveries of events, upkeep
    #[arg(long, env = "MUSUBI_JOBS_AT_ONCE", default_value = "64", value_name = "JOBS")]
    pub jobs_at_once: NonZeroU32,
}

impl WorkSettings {
    /// How many jobs run at once.
    pub fn jobs_at_once(&self) -> usize {
        usize::try_from(self.jobs_at_once.get()).unwrap_or(usize::MAX)
    }
}
