//! Routes of identity: API keys, and who is calling.

mod api_keys;
mod caller;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(api_keys::routes()).merge(caller::routes())
}
