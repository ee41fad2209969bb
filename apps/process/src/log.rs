//! The log, on standard error.

use crate::failure::Failure;
use clap::ValueEnum;
use std::io::{BufWriter, IsTerminal as _};
use tracing_appender::non_blocking::NonBlockingBuilder;
pub use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// How many lines may wait to be written; room for them is made at the start.
const WAITING_LINES: usize = 4096;

/// Begins to log. What was said is written by the time the guard is gone.
pub fn begin(format: LogFormat) -> Result<WorkerGuard, Failure> {
    let filter = match std::env::var("MUSUBI_LOG") {
        Ok(text) if !text.trim().is_empty() => {
            EnvFilter::try_new(&text).map_err(|error| Failure::Setting(format!("MUSUBI_LOG: {error}")))?
        }
        _ => EnvFilter::new("info,sqlx=warn"),
    };
    // A thread of its own writes what has gathered, so that no request waits for the one who reads the log.
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(WAITING_LINES)
        .finish(BufWriter::new(std::io::stderr()));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let begun = match format {
        LogFormat::Pretty => log.compact().with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    begun.map_err(Failure::runtime)?;
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(guard)
}
