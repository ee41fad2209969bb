//! `/v1/stores/{store_id}/staff`

use super::views::MemberView;
use crate::access::{Proven, StaffRead, StaffWrite, StoreAccess};
use crate::body::MergePatch;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use crate::version::{IfMatch, tagged};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_identity::staff_account::StaffDetails;
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{StaffAccountId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, patch, disable))
}

async fn show(app: &App, scope: &StoreScope, id: StaffAccountId) -> Result<Response, Problem> {
    let member = app.staff.member(scope, id).await?;
    Ok(tagged(member.account.version, &MemberView::from(member)))
}

/// List a store's staff
#[utoipa::path(get, path = "/v1/stores/{store_id}/staff", operation_id = "list_staff", tag = "staff",
    params(
        ("store_id" = StoreId, Path),
        ("include_inactive" = Option<bool>, Query, description = "Those who have gone too"),
        PageParams
    ),
    responses((status = 200, body = Listed<MemberView>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<StaffRead>,
    query: Query,
) -> Result<Json<Listed<MemberView>>, Problem> {
    let (gone_too, page) = query.read(|query| (query.flag("include_inactive").unwrap_or_default(), query.page()))?;
    let found = app.staff.members(&at.scope, gone_too, &page).await?;
    Ok(Json(found.map(MemberView::from).into()))
}

/// Read about somebody
#[utoipa::path(get, path = "/v1/stores/{store_id}/staff/{staff_id}", operation_id = "get_staff", tag = "staff",
    params(("store_id" = StoreId, Path), ("staff_id" = StaffAccountId, Path)),
    responses((status = 200, body = MemberView)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<StaffRead>,
    Id(id): Id<StaffAccountId>,
) -> Result<Response, Problem> {
    show(&app, &at.scope, id).await
}

/// Change what somebody may do
///
/// It holds from their next request on. Nobody gives what they may not do themselves, decides about who may do more, or
/// changes what they may do themselves.
#[utoipa::path(patch, path = "/v1/stores/{store_id}/staff/{staff_id}", operation_id = "patch_staff", tag = "staff",
    extensions(("x-recent-proof" = json!(true))),
    params(("store_id" = StoreId, Path), ("staff_id" = StaffAccountId, Path)),
    request_body(content = StaffDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = MemberView)))]
async fn patch(
    State(app): State<App>,
    Proven(at): Proven<StoreAccess<StaffWrite>>,
    Id(id): Id<StaffAccountId>,
    expected: IfMatch,
    patch: MergePatch<StaffDetails>,
) -> Result<Response, Problem> {
    let revision = |present: &StaffDetails| patch.onto(present);
    app.staff.change(&at.caller, &at.scope, id, expected.0, revision).await?;
    show(&app, &at.scope, id).await
}

/// Let somebody go
///
/// They are inactive from their next request on; an invitation brings them back.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/staff/{staff_id}", operation_id = "disable_staff", tag = "staff",
    extensions(("x-recent-proof" = json!(true))),
    params(("store_id" = StoreId, Path), ("staff_id" = StaffAccountId, Path)),
    responses((status = 204, description = "They no longer work there")))]
async fn disable(
    State(app): State<App>,
    Proven(at): Proven<StoreAccess<StaffWrite>>,
    Id(id): Id<StaffAccountId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    app.staff.disable(&at.caller, &at.scope, id, expected.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
