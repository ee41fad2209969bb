//! `/v1/tenants/{tenant_id}/webhook-endpoints`

mod deliveries;
mod endpoints;
mod views;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(endpoints::routes()).merge(deliveries::routes())
}
