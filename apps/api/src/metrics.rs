//! Figures for Prometheus.

use crate::state::App;
use axum::extract::State;
use axum::response::Response;
pub use musubi_process::metrics::upkeep;
use musubi_process::metrics::{answer, connections};
use std::time::Duration;

/// How long what lasts for minutes may take to answer.
const SLOWEST_ANSWER: Duration = Duration::from_secs(1);

/// Begins to record.
pub fn install() {
    musubi_process::metrics::install();
    musubi_worker::metrics::describe();
    metrics::describe_counter!("http_requests_total", "Requests answered");
    metrics::describe_histogram!("http_request_duration_seconds", "Time from request to answer");
    metrics::describe_gauge!(
        "ephemeral_store_up",
        "Whether what lasts for minutes can be kept: 0: nobody can register or sign in with a password"
    );
    metrics::describe_gauge!("http_requests_room", "How many more requests would be taken now");
}

/// `GET /metrics`.
pub(crate) async fn show(State(app): State<App>) -> Response {
    app.depths.refresh().await;
    connections(app.database.connections());
    let room = u32::try_from(app.room.available_permits()).unwrap_or(u32::MAX);
    metrics::gauge!("http_requests_room").set(f64::from(room));
    let asked = tokio::time::timeout(SLOWEST_ANSWER, app.ephemeral.get("up", app.clock.now())).await;
    metrics::gauge!("ephemeral_store_up").set(if matches!(asked, Ok(Ok(_))) { 1.0 } else { 0.0 });
    answer()
}
