//! `/v1/me/email`, `/v1/auth/confirm-email`

use super::register::{Link, address};
use super::views::UserView;
use crate::access::PersonAccess;
use crate::body::Body;
use crate::caller::CallerOf;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(confirm))
}

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "hanako@new.example.jp" }))]
struct EmailChange {
    /// The new address.
    email: String,
}

/// Change one's address
///
/// A link is sent to the new one; the old one holds until it is followed.
#[utoipa::path(post, path = "/v1/me/email", operation_id = "change_email", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    request_body = EmailChange, responses((status = 202, description = "A message is on its way")))]
async fn change(
    State(app): State<App>,
    me: PersonAccess,
    Body(body): Body<EmailChange>,
) -> Result<StatusCode, Problem> {
    app.people.change_email(&me.caller, &me.scope, &address("/email", &body.email)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove one's new address
///
/// With the token of the link that was sent there. The old address is told.
#[utoipa::path(post, path = "/v1/auth/confirm-email", operation_id = "confirm_email", tag = "sign-in", security(()),
    request_body = Link, responses((status = 200, body = UserView)))]
async fn confirm(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Body(Link { token }): Body<Link>,
) -> Result<Response, Problem> {
    Ok(UserView::tagged(app.people.confirm_email(&caller, token.expose()).await?))
}
