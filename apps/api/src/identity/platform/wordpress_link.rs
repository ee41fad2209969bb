//! `/v1/users/{user_id}/wordpress-link`

use crate::access::{OperatorAccess, Proven};
use crate::body::Body;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use musubi_identity::wordpress_link::WordPressLink;
use musubi_kernel::id::UserId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put, remove))
}

/// Which member of the WordPress site a person is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "wp_user_id": 42 }))]
struct Member {
    /// The id of the member there.
    #[schema(minimum = 1)]
    wp_user_id: i64,
}

/// See which WordPress member a person is
///
/// For the operator.
#[utoipa::path(get, path = "/v1/users/{user_id}/wordpress-link", operation_id = "get_wordpress_link", tag = "platform",
    params(("user_id" = UserId, Path)), responses((status = 200, body = WordPressLink)))]
async fn get(State(app): State<App>, at: OperatorAccess, Id(id): Id<UserId>) -> Result<Json<WordPressLink>, Problem> {
    Ok(Json(app.wordpress.get(&at.scope, id).await?))
}

/// Say which WordPress member a person is
///
/// For the operator. One member is one person: 409 `wordpress_user_taken`.
#[utoipa::path(put, path = "/v1/users/{user_id}/wordpress-link", operation_id = "put_wordpress_link", tag = "platform",
    extensions(("x-recent-proof" = json!(true))),
    params(("user_id" = UserId, Path)), request_body = Member, responses((status = 200, body = WordPressLink)))]
async fn put(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Id(id): Id<UserId>,
    Body(Member { wp_user_id }): Body<Member>,
) -> Result<Json<WordPressLink>, Problem> {
    Ok(Json(app.wordpress.put(&at.caller, &at.scope, id, wp_user_id).await?))
}

/// Forget which WordPress member a person is
///
/// For the operator.
#[utoipa::path(delete, path = "/v1/users/{user_id}/wordpress-link", operation_id = "delete_wordpress_link",
    tag = "platform",
    extensions(("x-recent-proof" = json!(true))), params(("user_id" = UserId, Path)), responses((status = 204, description = "It is gone")))]
async fn remove(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, Problem> {
    app.wordpress.remove(&at.caller, &at.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
