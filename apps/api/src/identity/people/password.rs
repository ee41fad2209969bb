//! `/v1/auth/password-reset`, `/v1/me/password`

use super::register::address;
use crate::access::PersonAccess;
use crate::body::Body;
use crate::caller::CallerOf;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use musubi_kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(reset)).routes(routes!(change))
}

/// Somebody who has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "hanako@example.jp" }))]
struct Forgotten {
    /// Their address.
    email: String,
}

/// Ask for a link that sets a new password
///
/// The answer is the same when nobody has the address.
#[utoipa::path(post, path = "/v1/auth/password-reset", operation_id = "ask_password_reset", tag = "sign-in",
    security(()), request_body = Forgotten, responses((status = 202, description = "A message is on its way")))]
async fn ask(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(body): Body<Forgotten>,
) -> Result<StatusCode, Problem> {
    app.people.ask_reset(&caller, &address("/email", &body.email)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "mso_3q2-7wEAAAD…", "new_password": "correct horse battery" }))]
struct Reset {
    /// What the link carries.
    #[schema(value_type = String)]
    token: Secret,
    /// 8 to 128 characters of any kind.
    #[schema(value_type = String, format = "password")]
    new_password: Secret,
}

/// Set a new password by a link
///
/// All sessions end, and nobody is signed in by it: at the next sign-in a second factor is asked for as before.
#[utoipa::path(post, path = "/v1/auth/password-reset/confirm", operation_id = "reset_password", tag = "sign-in",
    security(()), request_body = Reset, responses((status = 204, description = "The password is set")))]
async fn reset(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(Reset { token, new_password }): Body<Reset>,
) -> Result<StatusCode, Problem> {
    app.people.reset_password(&caller, token.expose(), &new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "present_password": "correct horse battery", "new_password": "staple of the day" }))]
struct PasswordChange {
    /// The one that holds now.
    #[schema(value_type = String, format = "password")]
    present_password: Secret,
    /// The one to be: 8 to 128 characters of any kind.
    #[schema(value_type = String, format = "password")]
    new_password: Secret,
}

/// Change one's password
///
/// All other sessions end. Who has no second factor needs the present password alone.
#[utoipa::path(post, path = "/v1/me/password", operation_id = "change_password", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    request_body = PasswordChange, responses((status = 204, description = "The password is changed")))]
async fn change(
    State(app): State<App>,
    me: PersonAccess,
    Body(PasswordChange { present_password, new_password }): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    app.people.change_password(&me.caller, &me.scope, &present_password, &new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
