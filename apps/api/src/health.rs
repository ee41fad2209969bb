//! Whether the process lives, and whether it can work.

use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the database may take to answer.
const SLOWEST_PING: Duration = Duration::from_secs(2);

/// The answer of a healthy server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", tag = "system", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether it can work: the database answers, and is sealed with keys that this node has
#[utoipa::path(get, path = "/readyz", tag = "system", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    let away = || Problem::from(musubi_kernel::error::StoreError::Unavailable("no answer to a ping".to_owned()));
    tokio::time::timeout(SLOWEST_PING, app.database.ping()).await.map_err(|_| away())??;
    Ok(Json(Health { status: "ok" }))
}
