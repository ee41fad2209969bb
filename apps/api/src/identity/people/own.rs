//! `/v1/me`

use super::views::UserView;
use crate::access::PersonAccess;
use crate::body::MergePatch;
use crate::problem::Problem;
use crate::state::App;
use crate::version::IfMatch;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_identity::user::PersonDetails;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, patch, delete))
}

/// See oneself
#[utoipa::path(get, path = "/v1/me", operation_id = "get_me", tag = "me", responses((status = 200, body = UserView)))]
async fn get(State(app): State<App>, me: PersonAccess) -> Result<Response, Problem> {
    Ok(UserView::tagged(app.people.get(&me.scope.into()).await?))
}

/// Change what one says of oneself
///
/// Which age groups there are: `/v1/age-groups`.
#[utoipa::path(patch, path = "/v1/me", operation_id = "patch_me", tag = "me",
    request_body(content = PersonDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = UserView)))]
async fn patch(
    State(app): State<App>,
    me: PersonAccess,
    expected: IfMatch,
    patch: MergePatch<PersonDetails>,
) -> Result<Response, Problem> {
    let revision = |present: &PersonDetails| patch.onto(present);
    Ok(UserView::tagged(app.people.change_details(&me.caller, &me.scope, expected.0, revision).await?))
}

/// Delete one's account
///
/// All sessions end; address and name are forgotten, and one works nowhere any more. Not as a store's last owner: 422
/// `last_owner`.
#[utoipa::path(delete, path = "/v1/me", operation_id = "delete_me", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    responses((status = 204, description = "The account is deleted")))]
async fn delete(State(app): State<App>, me: PersonAccess) -> Result<StatusCode, Problem> {
    app.people.delete(&me.caller, &me.scope.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
