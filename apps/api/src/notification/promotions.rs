//! `/v1/stores/{store_id}/promotions`

use crate::access::{CustomerRead, PromotionSend, StoreAccess};
use crate::entity::Listed;
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use crate::version::tagged;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_kernel::id::{PromotionId, StoreId};
use musubi_notification::promotion::ports::Counts;
use musubi_notification::promotion::{Promotion, PromotionDetails, PromotionStatus, PromotionStatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get)).routes(routes!(cancel))
}

/// An offer to the store's customers.
#[derive(Debug, Serialize, ToSchema)]
struct PromotionView {
    /// Id.
    id: PromotionId,
    /// Which store's.
    store_id: StoreId,
    /// What the store says of it.
    #[serde(flatten)]
    details: PromotionDetails,
    /// How far it is.
    status: PromotionStatusCode,
    /// From when on what waits is not sent any more.
    expires_at: DateTime<Utc>,
    /// When all customers had been looked at, also of one that was called off after.
    #[schema(required)]
    planned_at: Option<DateTime<Utc>>,
    /// When it was called off.
    #[schema(required)]
    cancelled_at: Option<DateTime<Utc>>,
    /// How often it was written.
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last written.
    updated_at: DateTime<Utc>,
}

impl From<Promotion> for PromotionView {
    fn from(one: Promotion) -> Self {
        let planned_at = one.planned_at();
        let cancelled_at = match one.status {
            PromotionStatus::Cancelled { at, .. } => Some(at),
            _ => None,
        };
        Self {
            id: one.id,
            store_id: one.store,
            expires_at: one.expires_at(),
            status: one.status.name(),
            details: one.details,
            planned_at,
            cancelled_at,
            version: one.version,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// An offer, and what has become of it.
#[derive(Debug, Serialize, ToSchema)]
struct WholePromotion {
    /// The offer.
    promotion: PromotionView,
    /// What has become of its messages; of what was sent, for six months.
    messages: MessageCounts,
}

/// How many messages stand so.
#[derive(Debug, Serialize, ToSchema)]
struct MessageCounts {
    /// All of them: one for each customer who is told.
    planned: u64,
    /// They wait.
    pending: u64,
    /// The provider has taken them.
    sent: u64,
    /// They have arrived, as the provider says.
    delivered: u64,
    /// No way has worked.
    failed: u64,
    /// They were called off.
    cancelled: u64,
    /// Entries of people's own lists, which are counted apart.
    listed: u64,
}

impl From<Counts> for MessageCounts {
    fn from(counts: Counts) -> Self {
        let planned = counts.planned();
        let Counts { pending, sent, delivered, failed, cancelled, listed } = counts;
        Self { planned, pending, sent, delivered, failed, cancelled, listed }
    }
}

/// Send an offer to the customers who agreed to hear of offers
///
/// Who that is is found when its time has come, and asked again before each message; `send_at` that is over
/// (`in_the_past`) or more than 365 days ahead (`too_far_ahead`) is refused. It goes out at the store's rate, outside its quiet hours, and what has not gone out 72 hours later does not any
/// more. 422 `offers_switched_off` where the store's settings tell of no offers, `too_many_promotions` where 100 of them wait or are being
/// planned.
#[utoipa::path(post, path = "/v1/stores/{store_id}/promotions", operation_id = "create_promotion", tag = "promotions",
    params(("store_id" = StoreId, Path)), request_body = PromotionDetails,
    responses((status = 201, body = PromotionView)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<PromotionSend>,
    once: Once<PromotionDetails>,
) -> Result<Response, Problem> {
    let present = |new: &Promotion| Presented::created(new.id, new.version, &PromotionView::from(new.clone()));
    once.run(present, |details, keep| async move {
        app.notifications.promotions.create(&at.caller, &at.scope, &details, &keep).await
    })
    .await
}

/// List the store's offers
///
/// The youngest first.
#[utoipa::path(get, path = "/v1/stores/{store_id}/promotions", operation_id = "list_promotions", tag = "promotions",
    params(("store_id" = StoreId, Path), PageParams), responses((status = 200, body = Listed<PromotionView>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    query: Query,
) -> Result<Json<Listed<PromotionView>>, Problem> {
    let page = query.read(Reader::page)?;
    Ok(Json(app.notifications.promotions.list(&at.scope, &page).await?.map(PromotionView::from).into()))
}

/// Read an offer, and what has become of it
#[utoipa::path(get, path = "/v1/stores/{store_id}/promotions/{promotion_id}", operation_id = "get_promotion",
    tag = "promotions", params(("store_id" = StoreId, Path), ("promotion_id" = PromotionId, Path)),
    responses((status = 200, body = WholePromotion)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CustomerRead>,
    Id(id): Id<PromotionId>,
) -> Result<Json<WholePromotion>, Problem> {
    let (promotion, counts) = app.notifications.promotions.get(&at.scope, id).await?;
    Ok(Json(WholePromotion { promotion: promotion.into(), messages: counts.into() }))
}

/// Call an offer off
///
/// Nobody hears of it any more who has not yet. Once more changes nothing.
#[utoipa::path(post, path = "/v1/stores/{store_id}/promotions/{promotion_id}/cancel",
    operation_id = "cancel_promotion", tag = "promotions",
    params(("store_id" = StoreId, Path), ("promotion_id" = PromotionId, Path)),
    responses((status = 200, body = PromotionView)))]
async fn cancel(
    State(app): State<App>,
    at: StoreAccess<PromotionSend>,
    Id(id): Id<PromotionId>,
) -> Result<Response, Problem> {
    let promotion = app.notifications.promotions.cancel(&at.caller, &at.scope, id).await?;
    Ok(tagged(promotion.version, &PromotionView::from(promotion)))
}
