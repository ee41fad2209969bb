//! Routes of those who work at stores: deciding about them, inviting them, and what is their own.

mod accounts;
mod audit;
mod invitations;
mod own;
mod views;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(invitations::routes())
        .merge(own::routes())
        .merge(audit::routes())
}
