//! What the program tells over HTTP: whether it lives, whether it can work, its figures.

use crate::metrics::Depths;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use musubi_kernel::error::StoreError;
use musubi_sql::{SqlStore, sealed};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long the database may take to answer.
const SLOWEST_PING: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Told {
    store: SqlStore,
    depths: Arc<Depths>,
}

/// Serves until `stop` is done.
pub(crate) async fn serve(
    listener: TcpListener,
    store: SqlStore,
    depths: Depths,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Told { store, depths: Arc::new(depths) });
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::warn!("figures are not served any more: {error}");
    }
}

async fn readyz(State(told): State<Told>) -> Response {
    let tried = sealed::try_keys(&told.store.db, &*told.store.cipher);
    let why = match tokio::time::timeout(SLOWEST_PING, tried).await {
        Ok(Ok(())) => return "ok".into_response(),
        Ok(Err(error @ StoreError::MasterKeyMissing(_))) => error.to_string(),
        _ => "the database does not answer".to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], why).into_response()
}

async fn metrics(State(told): State<Told>) -> Response {
    told.depths.refresh().await;
    musubi_process::metrics::connections(told.store.db.connections());
    musubi_process::metrics::answer()
}
