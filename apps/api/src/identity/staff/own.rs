//! `/v1/me/stores`, `/v1/me/invitations`

use super::views::WorkplaceView;
use crate::access::{PersonAccess, Proven};
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use crate::version::tagged;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_identity::staff_account::StaffAccount;
use musubi_kernel::id::StoreId;
use musubi_kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(leave)).routes(routes!(accept))
}

/// List the stores where one works
///
/// With what one may do there.
#[utoipa::path(get, path = "/v1/me/stores", operation_id = "list_workplaces", tag = "me",
    params(PageParams), responses((status = 200, body = Listed<WorkplaceView>)))]
async fn list(State(app): State<App>, me: PersonAccess, query: Query) -> Result<Json<Listed<WorkplaceView>>, Problem> {
    let page = query.read(Reader::page)?;
    Ok(Json(app.staff.workplaces(&me.scope, &page).await?.map(WorkplaceView::from).into()))
}

/// Leave a store
///
/// Not as its last owner: 422 `last_owner`.
#[utoipa::path(delete, path = "/v1/me/stores/{store_id}", operation_id = "leave_store", tag = "me",
    extensions(("x-recent-proof" = json!(true))),
    params(("store_id" = StoreId, Path)), responses((status = 204, description = "One no longer works there")))]
async fn leave(
    State(app): State<App>,
    Proven(me): Proven<PersonAccess>,
    Id(id): Id<StoreId>,
) -> Result<StatusCode, Problem> {
    app.staff.leave(&me.caller, &me.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "mso_3q2-7wEAAAD…" }))]
struct Acceptance {
    /// What the link carries.
    #[schema(value_type = String)]
    token: Secret,
}

/// Accept an invitation
///
/// It must have been sent to the address that one has proven to be one's own.
#[utoipa::path(post, path = "/v1/me/invitations/accept", operation_id = "accept_invitation", tag = "me",
    request_body = Acceptance, responses((status = 200, body = StaffAccount)))]
async fn accept(
    State(app): State<App>,
    me: PersonAccess,
    Body(Acceptance { token }): Body<Acceptance>,
) -> Result<Response, Problem> {
    let account = app.staff.accept(&me.caller, &me.scope, token.expose()).await?;
    Ok(tagged(account.version, &account))
}
