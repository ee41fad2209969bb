//! `/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/deliveries`: what became of what an endpoint was told.

use super::views::{DeliveryView, WholeDelivery};
use crate::access::{TenantAccess, WebhookManage};
use crate::body::Body;
use crate::entity::Listed;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use musubi_kernel::id::{DeliveryId, EndpointId, TenantId};
use musubi_kernel::page::Cursor;
use musubi_notification::webhook::delivery::DeliveryStatusCode;
use musubi_notification::webhook::ports::DeliveryFilter;
use musubi_notification::webhook::replay::{Range, Replayed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(replay))
        .routes(routes!(replay_range))
}

/// Which deliveries are meant.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct WhichParams {
    /// Those that stand so.
    status: Option<DeliveryStatusCode>,
    /// Those of events of this kind, such as `booking.created`.
    event: Option<String>,
    /// Those of what happened from then on.
    since: Option<DateTime<Utc>>,
    /// Those of what happened before then.
    until: Option<DateTime<Utc>>,
}

/// What is to be delivered again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "since": "2026-03-20T00:00:00Z", "until": "2026-03-21T00:00:00Z", "only_failed": true }))]
struct ReplayRange {
    /// What happened from then on.
    since: DateTime<Utc>,
    /// And before then.
    until: DateTime<Utc>,
    /// Only what was given up; absent: all.
    #[serde(default)]
    only_failed: bool,
    /// `next_cursor` of the call before, when that had one.
    #[serde(default)]
    #[schema(max_length = 2048)]
    cursor: Option<String>,
}

/// What is delivered again.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayedRange {
    /// How many deliveries.
    deliveries: u64,
    /// What to send as `cursor` for the rest; null: that was all.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl From<Replayed> for ReplayedRange {
    fn from(replayed: Replayed) -> Self {
        let next_cursor = replayed.next.map(|next| next.as_str().to_owned());
        Self { deliveries: replayed.deliveries, next_cursor }
    }
}

/// List a webhook endpoint's deliveries
///
/// The youngest first. They are kept for three months.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/deliveries", tag = "webhooks",
    operation_id = "list_webhook_deliveries",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path), WhichParams, PageParams),
    responses((status = 200, body = Listed<DeliveryView>)))]
async fn list(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
    query: Query,
) -> Result<Json<Listed<DeliveryView>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = DeliveryFilter {
            status: query.word("status", DeliveryStatusCode::from_code, "pending, delivered, failed"),
            kind: query.text("event"),
            from: query.instant("since"),
            until: query.instant("until"),
        };
        (filter, query.page())
    })?;
    let found = app.webhooks.deliveries(&at.scope, id, &filter, &page).await?;
    Ok(Json(found.map(DeliveryView::from).into()))
}

/// Read a delivery
///
/// With what is sent.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}",
    operation_id = "get_webhook_delivery", tag = "webhooks",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path), ("delivery_id" = DeliveryId, Path)),
    responses((status = 200, body = WholeDelivery)))]
async fn get(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(endpoint): Id<EndpointId>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<WholeDelivery>, Problem> {
    Ok(Json(app.webhooks.delivery(&at.scope, endpoint, id).await?.into()))
}

/// Deliver once more
///
/// At once, with all tries of a new delivery and the same `webhook-id`. One that waits goes on waiting. To an endpoint that is
/// switched off nothing is delivered: 422 `endpoint_disabled`.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/replay",
    operation_id = "replay_webhook_delivery", tag = "webhooks",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path), ("delivery_id" = DeliveryId, Path)),
    responses((status = 202, body = DeliveryView)))]
async fn replay(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(endpoint): Id<EndpointId>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let delivery = app.webhooks.replay(&at.scope, endpoint, id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

/// Deliver once more what happened within a range
///
/// The youngest first, up to 2,000 at a go: while the answer has a `next_cursor`, call again with it. `since` is before `until`: else
/// 422 `since_not_before_until`.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/webhook-endpoints/{endpoint_id}/replay", tag = "webhooks",
    operation_id = "replay_webhook_range",
    params(("tenant_id" = TenantId, Path), ("endpoint_id" = EndpointId, Path)), request_body = ReplayRange,
    responses((status = 202, body = ReplayedRange)))]
async fn replay_range(
    State(app): State<App>,
    at: TenantAccess<WebhookManage>,
    Id(id): Id<EndpointId>,
    Body(range): Body<ReplayRange>,
) -> Result<(StatusCode, Json<ReplayedRange>), Problem> {
    let range = Range {
        from: range.since,
        until: range.until,
        only_failed: range.only_failed,
        after: range.cursor.map(Cursor::from_text),
    };
    let replayed = app.webhooks.replay_range(&at.scope, id, &range).await?;
    Ok((StatusCode::ACCEPTED, Json(replayed.into())))
}
