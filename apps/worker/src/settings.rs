//! What the program is told: flags, then environment, then defaults.

use clap::Parser;
use musubi_process::log::LogFormat;
use musubi_settings::{DataSettings, NotStarting, WebhookSettings, WorkSettings};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

const EXAMPLES: &str = "\
Environment only (kept out of the list of processes):
  MUSUBI_MASTER_KEY    the key that seals secrets, instead of the key file in the data folder
  MUSUBI_LOG           what to log, such as `info,musubi_worker=debug`

On SIGTERM nothing new is begun, and what runs has --drain-seconds to finish; then it goes back into the queue.

Examples:
  musubi-worker --database-url postgres://musubi@db/musubi         beside `musubi-api --worker off`, as many as you like
  musubi-worker --listen 127.0.0.1:9090 --log-format json          with /metrics, /healthz and /readyz
  musubi jobs list --status failed                                 what was tried often enough";

/// Musubi's worker: passes events on, runs jobs and schedules. `musubi-api` has one inside unless it is told `--worker off`.
#[derive(Debug, Clone, Parser)]
#[command(name = "musubi-worker", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Settings {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataSettings,

    /// Address for /metrics, /healthz and /readyz; without it nothing is served
    #[arg(long, env = "MUSUBI_WORKER_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// How much at once.
    #[command(flatten)]
    pub work: WorkSettings,

    /// How the endpoints of tenants are called.
    #[command(flatten)]
    pub webhooks: WebhookSettings,

    /// Seconds that running jobs are given when the process is told to stop
    #[arg(long, env = "MUSUBI_DRAIN_SECONDS", default_value_t = 20, value_name = "SECONDS")]
    pub drain_seconds: u32,

    /// How the log on standard error is written
    #[arg(long, env = "MUSUBI_LOG_FORMAT", default_value = "pretty", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl Settings {
    /// Reads arguments (the first is the program's name) and the environment.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, NotStarting> {
        let mut settings: Self = NotStarting::parse(arguments)?;
        settings.data.complete()?;
        Ok(settings)
    }

    /// How long running jobs are given when the process is told to stop.
    pub fn drain_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.drain_seconds))
    }
}
