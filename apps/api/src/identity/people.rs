//! Routes of people: how they come, sign in, stay signed in, and what they do with what is their own.

mod accounts;
mod delivery;
mod devices;
mod email;
mod issuers;
mod own;
mod passkeys;
mod password;
mod register;
mod second_step;
mod sign_in;
mod step_up;
mod two_factor;
mod views;

pub(super) use register::address;
pub(super) use views::UserView;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(register::routes())
        .merge(sign_in::routes())
        .merge(second_step::routes())
        .merge(passkeys::routes())
        .merge(step_up::routes())
        .merge(two_factor::routes())
        .merge(password::routes())
        .merge(email::routes())
        .merge(own::routes())
        .merge(devices::routes())
        .merge(accounts::routes())
        .merge(issuers::routes())
}
