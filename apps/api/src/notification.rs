//! Routes of notification: what tenants are told.

mod webhooks;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(webhooks::routes())
}
