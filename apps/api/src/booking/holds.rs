//! `/v1/stores/{store_id}/holds`

use super::source_for;
use super::views::{HeldView, held};
use crate::access::{BookingWrite, PublicStoreAccess};
use crate::idempotency::{Once, Presented};
use crate::path::segment;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::code::Source;
use musubi_booking::desk::Held;
use musubi_booking::error::BookingError;
use musubi_booking::price::Price;
use musubi_booking::request::Wish;
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many characters a token has: 256 bits in base64.
const TOKEN_LENGTH: usize = 43;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hold)).routes(routes!(release))
}

/// A slot that is to be kept free.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "menu_id": "01a1fa73-99bd-7c0c-9963-68d129d1a79b",
    "start": "2026-03-20T01:00:00Z",
    "party_size": 1,
    "option_ids": ["01a1fa73-99bd-7c0c-9963-68d129d1a79c"]
}))]
struct NewHold {
    /// The menu.
    menu_id: MenuId,
    /// The start, a whole minute.
    start: DateTime<Utc>,
    /// How many come, by default 1.
    #[schema(minimum = 1, maximum = 10_000)]
    party_size: Option<u32>,
    /// The resource that is nominated.
    resource_id: Option<ResourceId>,
    /// The options that are chosen.
    #[schema(max_items = 100)]
    option_ids: Option<Vec<MenuOptionId>>,
    /// By which way it will be booked, by default `line`. All but `line` and `web` need credentials.
    source: Option<Source>,
}

/// A slot that is kept free.
#[derive(Debug, Serialize, ToSchema)]
struct HoldView<'a> {
    /// What to book it with. Shown this once.
    hold_token: &'a str,
    /// Until when it is kept.
    expires_at: DateTime<Utc>,
    /// What the booking will cost in all. The customer's rank may change it.
    price: Amount,
    /// The parts of that.
    price_detail: Price,
    /// In which currency.
    currency: Currency,
    /// When the service begins.
    start: DateTime<Utc>,
    /// When it ends.
    end: DateTime<Utc>,
    /// The store's date that it belongs to.
    business_date: NaiveDate,
    /// How many come.
    party_size: u32,
    /// What it holds; the primary resource, if there is one, first.
    resources: Vec<HeldView>,
}

fn present(Held { hold, token }: &Held) -> Presented {
    let agreement = &hold.terms.agreement;
    let view = HoldView {
        hold_token: token.expose(),
        expires_at: hold.expires_at,
        price: agreement.price.total,
        price_detail: agreement.price,
        currency: Currency::Jpy,
        start: agreement.service.from.instant(),
        end: agreement.service.to.instant(),
        business_date: agreement.business_date,
        party_size: agreement.party_size,
        resources: held(agreement),
    };
    Presented::plain(StatusCode::CREATED, &view)
}

/// Hold a slot
///
/// Keeps it free for as long as the store says, so that the customer can fill in the rest. 409 `slot_taken` when
/// somebody else was faster. Without credentials, `source` is `line` or `web`; else the answer is 401.
#[utoipa::path(post, path = "/v1/stores/{store_id}/holds", operation_id = "hold_slot", tag = "slots",
    security((), ("bearer" = [])), params(("store_id" = StoreId, Path)), request_body = NewHold,
    responses((status = 201, body = HoldView)))]
async fn hold(
    State(app): State<App>,
    at: PublicStoreAccess<BookingWrite>,
    once: Once<NewHold>,
) -> Result<Response, Problem> {
    once.run(present, |new, keep| async move {
        let wish = Wish {
            party_size: new.party_size.unwrap_or(1),
            nominated: new.resource_id,
            options: new.option_ids.unwrap_or_default(),
            source: source_for(&at.caller, new.source)?,
        };
        Ok::<_, Problem>(app.desk.hold(&at.scope, new.menu_id, new.start, &wish, &keep).await?)
    })
    .await
}

/// The token `{hold_token}` in the path.
struct HoldToken(String);

impl<S: Send + Sync> FromRequestParts<S> for HoldToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        token(parts, "hold_token").await?.map(Self).ok_or_else(|| BookingError::NotFound("hold").into())
    }
}

/// A token in the path, if it has the form of one.
pub(super) async fn token(parts: &mut Parts, name: &str) -> Result<Option<String>, Problem> {
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    Ok(segment(parts, name).await?.filter(|token| token.len() == TOKEN_LENGTH && token.bytes().all(url_safe)))
}

/// Give a held slot back
///
/// A hold that has ended, was used, or never was, is no error.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/holds/{hold_token}", operation_id = "release_hold", tag = "slots",
    security((), ("bearer" = [])), params(("store_id" = StoreId, Path), ("hold_token" = String, Path)),
    responses((status = 204, description = "It is held no more")))]
async fn release(
    State(app): State<App>,
    at: PublicStoreAccess<BookingWrite>,
    HoldToken(token): HoldToken,
) -> Result<StatusCode, Problem> {
    app.desk.release(&at.scope, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
