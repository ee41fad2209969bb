//! Routes of those who look after the platform: admins, people, links to WordPress; and the groups of ages.

mod admins;
mod age_groups;
mod two_factor;
mod users;
mod wordpress_link;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(admins::routes())
        .merge(users::routes())
        .merge(two_factor::routes())
        .merge(wordpress_link::routes())
        .merge(age_groups::routes())
}
