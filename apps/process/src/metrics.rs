//! The recorder of figures, for Prometheus.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The process's recorder; made at the first call.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("this process has another recorder of metrics; /metrics stays empty");
        }
        metrics::describe_gauge!("database_connections", "Open database connections by state");
        handle
    })
}

/// Begins to record.
pub fn install() {
    recorder();
}

/// Folds what was recorded since the last time, so that memory stays bounded when nobody reads.
pub fn upkeep() {
    recorder().run_upkeep();
}

/// Notes how many connections to the database are open, and how many of these are idle.
pub fn connections((open, idle): (u32, u32)) {
    metrics::gauge!("database_connections", "state" => "idle").set(f64::from(idle));
    metrics::gauge!("database_connections", "state" => "busy").set(f64::from(open.saturating_sub(idle)));
}

/// All figures, as the answer to `GET /metrics`.
pub fn answer() -> Response {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, text)], recorder().render()).into_response()
}
