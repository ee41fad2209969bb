//! Routes of customers.

mod customers;
mod views;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    customers::routes()
}
