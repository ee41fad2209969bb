//! What runs beside the requests: the worker, if it runs in this process, and the tidying of this process's memory.

use crate::state::App;
use musubi_kernel::clock::{Clock, SystemClock};
use musubi_kernel::id::IdGen;
use musubi_settings::WebhookSettings;
use musubi_sql::SqlStore;
use musubi_worker::engine::{Engine, Limits};
use musubi_worker::notifications::{self, Means};
use musubi_worker::{start, upkeep, webhooks};
use std::sync::Arc;
use std::time::Duration;

/// How often memory is tidied.
const BEAT: Duration = Duration::from_secs(5);

/// Runs until it is dropped.
pub async fn tidy_memory(app: App) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        crate::metrics::upkeep();
        app.limiter.tidy();
        app.gate.tidy();
    }
}

/// The worker of an installation whose database this is.
pub fn engine(
    store: &SqlStore,
    ids: &Arc<dyn IdGen>,
    jobs_at_once: usize,
    means: Means,
    told: &WebhookSettings,
) -> Engine {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let work = upkeep::work(store, ids, &clock)
        .and(notifications::work(store, ids, &clock, means))
        .and(webhooks::work(store, ids, &clock, told));
    Engine::new(start::ports(&store.db, ids), work, Limits { jobs_at_once, ..Limits::default() })
}
