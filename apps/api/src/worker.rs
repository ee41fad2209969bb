//! What runs beside the requests: tidying away what has expired. Nothing here is needed for correctness.

use crate::state::App;
use musubi_booking::error::BookingError;
use std::time::Duration;

/// How often memory is tidied.
const BEAT: Duration = Duration::from_secs(5);
/// Every how many beats the database is tidied.
const DATABASE_BEATS: u32 = 12;

/// The most ended holds that are deleted in one transaction.
const HOLDS_AT_ONCE: u32 = 1000;

/// Runs until it is dropped. With `database`, the database is tidied too.
pub async fn run(app: App, database: bool) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for count in 0_u32.. {
        beat.tick().await;
        crate::metrics::upkeep();
        app.limiter.tidy();
        app.gate.tidy();
        if database && count.is_multiple_of(DATABASE_BEATS) {
            tidy(&app).await;
        }
    }
}

async fn tidy(app: &App) {
    report(app.database.tidy(app.clock.now()).await);
    report(tidy_holds(app).await);
}

async fn tidy_holds(app: &App) -> Result<u64, BookingError> {
    let mut rows = 0;
    loop {
        let deleted = app.desk.tidy_holds(HOLDS_AT_ONCE).await?;
        rows += deleted;
        if deleted < u64::from(HOLDS_AT_ONCE) {
            return Ok(rows);
        }
    }
}

fn report(deleted: Result<u64, impl std::fmt::Debug>) {
    match deleted {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "deleted what had expired"),
        Err(error) => tracing::warn!("what has expired could not be deleted: {error:?}"),
    }
}
