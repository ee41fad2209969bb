//! `/v1/stores/{store_id}/bookings/{booking_id}/changes`

use super::access::BookingAccess;
use crate::access::BookingRead;
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use musubi_booking::change::{BookingChange, ChangeKind};
use musubi_kernel::id::{BookingChangeId, BookingId, StoreId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A booking's history.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// Its entries, oldest first.
    items: Vec<ChangeView>,
}

/// One entry of a booking's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingChange)]
struct ChangeView {
    /// The entry.
    id: BookingChangeId,
    /// The booking.
    booking_id: BookingId,
    /// What was done.
    change_type: ChangeKind,
    /// By whom: `staff`, `customer` or `system`.
    #[schema(example = "staff")]
    changed_by_type: String,
    /// By which one, such as the API key, if known.
    #[schema(required)]
    changed_by_id: Option<Uuid>,
    /// How it was before; null when it was made.
    #[schema(required, value_type = Option<Object>)]
    before: Option<Value>,
    /// How it was after.
    #[schema(value_type = Object)]
    after: Value,
    /// Why, if somebody said.
    #[schema(required)]
    reason: Option<String>,
    /// From which address.
    #[schema(required)]
    ip_address: Option<String>,
    /// With which program, as it says of itself.
    #[schema(required)]
    user_agent: Option<String>,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<BookingChange> for ChangeView {
    fn from(change: BookingChange) -> Self {
        Self {
            id: change.id,
            booking_id: change.booking,
            change_type: change.kind,
            changed_by_type: change.by_kind,
            changed_by_id: change.by,
            before: change.before,
            after: change.after,
            reason: change.reason,
            ip_address: change.ip.map(|ip| ip.to_string()),
            user_agent: change.user_agent,
            created_at: change.at,
        }
    }
}

/// Read a booking's history
///
/// All of it: what was done by whom, before and after.
#[utoipa::path(get, path = "/v1/stores/{store_id}/bookings/{booking_id}/changes", operation_id = "list_booking_changes",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    responses((status = 200, body = History)))]
async fn list(
    State(app): State<App>,
    BookingAccess { at, .. }: BookingAccess<BookingRead>,
    Id(id): Id<BookingId>,
) -> Result<Json<History>, Problem> {
    let changes = app.desk.history(&at.scope, id, at.reach).await?;
    Ok(Json(History { items: changes.into_iter().map(ChangeView::from).collect() }))
}
