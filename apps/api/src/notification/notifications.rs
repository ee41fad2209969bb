//! `/v1/stores/{store_id}/notifications`

use super::templates::{channel, kind};
use super::views::{NotificationView, Teller};
use crate::access::{CustomerRead, CustomerWrite, StoreAccess};
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use musubi_kernel::access::{AccessError, Permission};
use musubi_kernel::id::{BookingId, CustomerId, NotificationId, PromotionId, StoreId};
use musubi_notification::channel::Channel;
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::status::NotificationStatusCode;
use musubi_notification::ports::NotificationFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(resend))
}

/// List what customers were told, and will be
///
/// The youngest first. To look for a customer's takes `customer.contact`.
#[utoipa::path(get, path = "/v1/stores/{store_id}/notifications", operation_id = "list_notifications",
    tag = "notifications",
    params(
        ("store_id" = StoreId, Path),
        ("status" = Option<NotificationStatusCode>, Query, description = "Those that stand so"),
        ("type" = Option<NotificationKind>, Query, description = "Those of this kind"),
        ("channel" = Option<Channel>, Query, description = "Those by this channel"),
        ("customer_id" = Option<CustomerId>, Query, description = "Those to this customer"),
        ("booking_id" = Option<BookingId>, Query, description = "Those about this booking"),
        ("promotion_id" = Option<PromotionId>, Query, description = "Those about this promotion"),
        PageParams
    ),
    responses((status = 200, body = Listed<NotificationView>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    query: Query,
) -> Result<Json<Listed<NotificationView>>, Problem> {
    let (filter, page) = query.read(|query| {
        let words = "pending, sent, delivered, failed, cancelled";
        let filter = NotificationFilter {
            status: query.word("status", NotificationStatusCode::from_code, words),
            kind: kind(query),
            channel: channel(query),
            customer: query.id("customer_id"),
            booking: query.id("booking_id"),
            promotion: query.id("promotion_id"),
        };
        (filter, query.page())
    })?;
    if filter.customer.is_some() && !at.caller.actor.holds(Permission::CustomerContact) {
        return Err(AccessError::Forbidden(Permission::CustomerContact).into());
    }
    let found = app.notifications.desk.list(&at.scope, &filter, &page).await?;
    let teller = Teller::of(&at.caller, &at.scope, "list_notifications");
    app.contact_reads.note(&at.caller, teller.shown(&found.items).as_ref()).await?;
    Ok(Json(found.map(|one| teller.view(one)).into()))
}

/// Read what a customer was told, or will be
#[utoipa::path(get, path = "/v1/stores/{store_id}/notifications/{notification_id}", operation_id = "get_notification",
    tag = "notifications", params(("store_id" = StoreId, Path), ("notification_id" = NotificationId, Path)),
    responses((status = 200, body = NotificationView)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    Id(id): Id<NotificationId>,
) -> Result<Json<NotificationView>, Problem> {
    let found = app.notifications.desk.get(&at.scope, id).await?;
    let teller = Teller::of(&at.caller, &at.scope, "get_notification");
    app.contact_reads.note(&at.caller, teller.shown([&found]).as_ref()).await?;
    Ok(Json(teller.view(found)))
}

/// Send once more what has failed
///
/// From the beginning, by the first channel that is open then. 422 `not_failed` where it has not, `too_late_to_send` where it is
/// worth nothing any more.
#[utoipa::path(post, path = "/v1/stores/{store_id}/notifications/{notification_id}/resend",
    operation_id = "resend_notification", tag = "notifications",
    params(("store_id" = StoreId, Path), ("notification_id" = NotificationId, Path)),
    responses((status = 200, body = NotificationView)))]
async fn resend(
    State(app): State<App>,
    at: StoreAccess<CustomerWrite>,
    Id(id): Id<NotificationId>,
) -> Result<Json<NotificationView>, Problem> {
    let next = app.notifications.desk.resend(&at.scope, id).await?;
    let teller = Teller::of(&at.caller, &at.scope, "resend_notification");
    app.contact_reads.note(&at.caller, teller.shown([&next]).as_ref()).await?;
    Ok(Json(teller.view(next)))
}
