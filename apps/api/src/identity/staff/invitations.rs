//! `/v1/stores/{store_id}/invitations`

use super::views::InvitationView;
use crate::access::{Proven, StaffRead, StaffWrite, StoreAccess};
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use musubi_identity::staff::invitation::NewInvitation;
use musubi_identity::throttle::{INVITATIONS_PER_ADDRESS, INVITATIONS_PER_STORE};
use musubi_kernel::id::{OneTimeTokenId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(invite, list)).routes(routes!(revoke))
}

const _: () = assert!(INVITATIONS_PER_ADDRESS == 5 && INVITATIONS_PER_STORE == 60, "what the description says");

/// Invite somebody to work at a store
///
/// A link is sent to the address. One that was sent there before is void from now on, so a repeat does no harm; who could
/// not have sent that one is told 422 `outranked`. 5 an hour are sent to an address, and 60 of a store: then 429. The answer
/// does not tell whether the address is anybody's here.
#[utoipa::path(post, path = "/v1/stores/{store_id}/invitations", operation_id = "invite_staff", tag = "staff",
    extensions(("x-recent-proof" = json!(true))),
    params(("store_id" = StoreId, Path)), request_body = NewInvitation,
    responses((status = 201, body = InvitationView)))]
async fn invite(
    State(app): State<App>,
    Proven(at): Proven<StoreAccess<StaffWrite>>,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let invitation = app.staff.invite(&at.caller, &at.scope, &new).await?;
    Ok((StatusCode::CREATED, Json(invitation.into())))
}

/// List a store's invitations
///
/// Those that can be accepted.
#[utoipa::path(get, path = "/v1/stores/{store_id}/invitations", operation_id = "list_invitations", tag = "staff",
    params(("store_id" = StoreId, Path), PageParams), responses((status = 200, body = Listed<InvitationView>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<StaffRead>,
    query: Query,
) -> Result<Json<Listed<InvitationView>>, Problem> {
    let page = query.read(Reader::page)?;
    Ok(Json(app.staff.invitations(&at.scope, &page).await?.map(InvitationView::from).into()))
}

/// Revoke an invitation
#[utoipa::path(delete, path = "/v1/stores/{store_id}/invitations/{invitation_id}", operation_id = "revoke_invitation",
    tag = "staff",
    extensions(("x-recent-proof" = json!(true))), params(("store_id" = StoreId, Path), ("invitation_id" = OneTimeTokenId, Path)),
    responses((status = 204, description = "It is void")))]
async fn revoke(
    State(app): State<App>,
    Proven(at): Proven<StoreAccess<StaffWrite>>,
    Id(id): Id<OneTimeTokenId>,
) -> Result<StatusCode, Problem> {
    app.staff.revoke_invitation(&at.caller, &at.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
