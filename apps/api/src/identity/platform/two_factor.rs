//! `/v1/users/{user_id}/remove-two-factor`: no DELETE, as that has no body for the reason (RFC 9110, 9.3.5).

use crate::access::{OperatorAccess, Proven};
use crate::body::Body;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use musubi_identity::people::lost_factor::REMOVAL_REASON;
use musubi_kernel::id::UserId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(remove))
}

/// Why somebody's second factor is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "lost her phone; her passport was seen at the shop" }))]
struct Removal {
    /// One line for the audit log, which is never forgotten: no name, no address.
    #[schema(max_length = 500)]
    reason: String,
}

const _: () = assert!(REMOVAL_REASON == 500, "what the schema says");

/// Take away a second factor that its person has lost
///
/// For the operator, once they know that it is that person who asks. The authenticator app, all passkeys and all recovery
/// codes go, all sessions end, and the person is told by mail. Nobody takes away their own like this: 422
/// `own_second_factor`.
#[utoipa::path(post, path = "/v1/users/{user_id}/remove-two-factor", operation_id = "remove_two_factor",
    tag = "platform",
    extensions(("x-recent-proof" = json!(true))), params(("user_id" = UserId, Path)), request_body = Removal,
    responses((status = 204, description = "The password alone, or a linked account, signs them in")))]
async fn remove(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Id(id): Id<UserId>,
    Body(Removal { reason }): Body<Removal>,
) -> Result<StatusCode, Problem> {
    app.people.remove_second_factor(&at.caller, &at.scope, id, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
