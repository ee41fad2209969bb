//! The log, on standard error.

use super::Failure;
use crate::settings::LogFormat;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Begins to log.
pub(super) fn begin(format: LogFormat) -> Result<(), Failure> {
    let filter = match std::env::var("MUSUBI_LOG") {
        Ok(text) if !text.trim().is_empty() => {
            EnvFilter::try_new(&text).map_err(|error| Failure::Setting(format!("MUSUBI_LOG: {error}")))?
        }
        _ => EnvFilter::new("info,sqlx=warn"),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match format {
        LogFormat::Pretty => log.compact().with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    begun.map_err(Failure::runtime)?;
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}
