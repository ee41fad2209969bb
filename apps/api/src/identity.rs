//! Routes of identity: people and their sign-ins, API keys, and who is calling.

mod api_keys;
mod caller;
mod people;
mod platform;
mod staff;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(people::routes())
        .merge(staff::routes())
        .merge(platform::routes())
        .merge(api_keys::routes())
        .merge(caller::routes())
}
