//! `/v1/stores/{store_id}/slots`

use super::slot_pages::SlotPage;
use super::source_for;
use crate::access::{BookingRead, PublicStoreAccess};
use crate::language::Language;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::App;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::code::Source;
use musubi_booking::desk::{SlotAnswer, SlotQuery, StartRefusal};
use musubi_booking::plan::Offer;
use musubi_booking::refusal::Refusal;
use musubi_booking::request::Wish;
use musubi_booking::resource::BookableResource;
use musubi_kernel::access::Permission;
use musubi_kernel::id::{CustomerId, MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::{Amount, Currency};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest party that can be asked for.
pub(super) const LARGEST_PARTY: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find))
}

/// What is searched for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct SlotParams {
    /// The menu.
    menu_id: MenuId,
    /// First business date.
    from: NaiveDate,
    /// Last business date; at most 62 in all.
    to: NaiveDate,
    /// How many come.
    #[param(minimum = 1, maximum = 10_000, default = 1)]
    party_size: Option<u32>,
    /// The resource that is nominated.
    resource_id: Option<ResourceId>,
    /// The options that are chosen, separated by commas.
    #[param(style = Form, explode = false, max_items = 100)]
    option_ids: Option<Vec<MenuOptionId>>,
    /// By which way it will be booked, by default `line`. All but `line` and `web` need credentials.
    source: Option<Source>,
    /// For which customer; needs credentials.
    customer_id: Option<CustomerId>,
    /// Tells, too, which rule refuses the starts that are not offered.
    #[param(default = false)]
    explain: Option<bool>,
}

/// Free starts.
#[derive(Debug, Serialize, ToSchema)]
struct Slots {
    /// In order of time.
    items: Vec<Slot>,
    /// The currency of every price.
    currency: Currency,
    /// The rule that refuses every start, whenever it is, if one does: such as an option that must be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_by: Option<Rule>,
    /// With `explain`: the starts of the store's grid that are not offered, in order of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Vec<RefusedStart>>,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
struct Rule {
    /// The code that a booking is refused with.
    #[schema(example = "option_required")]
    code: &'static str,
    /// The rule, in a sentence.
    detail: String,
}

/// A start that can be booked.
#[derive(Debug, Serialize, ToSchema)]
struct Slot {
    /// When the service begins.
    start: DateTime<Utc>,
    /// When it ends.
    end: DateTime<Utc>,
    /// The store's date that it belongs to.
    business_date: NaiveDate,
    /// Every resource that can be nominated, in order of preference.
    resources: Vec<NominableResource>,
    /// What it costs as it was asked for.
    price: Amount,
    /// How many more can come: seats of a shared service, resources of another, bookings left under the day's limit of
    /// one without resources.
    remaining: u32,
}

/// A resource that can be nominated.
#[derive(Debug, Serialize, ToSchema)]
struct NominableResource {
    /// The resource.
    id: ResourceId,
    /// Its name.
    name: String,
    /// What the booking costs that nominates it.
    price: Amount,
}

/// A start that is not offered.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedStart {
    /// The start.
    start: DateTime<Utc>,
    /// The store's date that it belongs to.
    business_date: NaiveDate,
    /// The first rule that refuses it: the code that a booking of it would be refused with.
    #[schema(example = "slot_taken")]
    code: &'static str,
    /// The rule, in a sentence.
    detail: String,
}

/// Find free slots
///
/// What is offered can be booked by the same request, and nothing else. Without credentials, `source` is `line` or `web`
/// and there is no `customer_id`; else the answer is 401.
#[utoipa::path(get, path = "/v1/stores/{store_id}/slots", operation_id = "find_slots", tag = "slots",
    security((), ("bearer" = [])), params(("store_id" = StoreId, Path), SlotParams),
    responses((status = 200, body = Slots)))]
async fn find(
    State(app): State<App>,
    at: PublicStoreAccess<BookingRead>,
    language: Language,
    query: Query,
) -> Result<Response, Problem> {
    let (search, source) = query.read(|query| {
        let party_size = query.number("party_size", 1, i64::from(LARGEST_PARTY));
        let wish = Wish {
            party_size: party_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(1),
            nominated: query.id("resource_id"),
            options: query.ids("option_ids"),
            source: Source::Line,
        };
        let search = SlotQuery {
            menu: query.required_id("menu_id"),
            from: query.required_date("from"),
            to: query.required_date("to"),
            wish,
            customer: query.id("customer_id"),
            explain: query.flag("explain").unwrap_or_default(),
        };
        (search, query.word("source", Source::from_code, "line, phone, walk_in, web, staff"))
    })?;
    if search.customer.is_some() {
        at.caller.actor.not_as_customer(Permission::BookingRead)?;
    }
    let wish = Wish { source: source_for(&at.caller, source)?, ..search.wish };
    let search = SlotQuery { wish, ..search };
    search.check()?;
    let find = || async {
        let answer = app.desk.slots(&at.scope, &search).await?;
        page(&answer, search.explain, language)
    };
    let body = app.slot_pages.get(&at.scope, &search, language, find).await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

fn page(answer: &SlotAnswer, explain: bool, language: Language) -> Result<SlotPage, Problem> {
    let SlotAnswer { offers, resources, refused_by, refused, good } = answer;
    let slots = Slots {
        items: offers.iter().map(|offer| slot(&offer, resources)).collect(),
        currency: Currency::Jpy,
        refused_by: refused_by.map(|refusal| Rule { code: refusal.code(), detail: sentence(refusal, language) }),
        refused: explain.then(|| refused.iter().map(|refused| refused_start(refused, language)).collect()),
    };
    let body = serde_json::to_vec(&slots).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(SlotPage { body: body.into(), good: good.clone() })
}

fn slot(offer: &Offer<'_>, resources: &[BookableResource]) -> Slot {
    let choices = offer.choices.iter().filter_map(|choice| {
        let resource = resources.get(choice.resource)?;
        Some(NominableResource { id: resource.id, name: resource.name.clone(), price: choice.total })
    });
    Slot {
        start: offer.service.from.instant(),
        end: offer.service.to.instant(),
        business_date: offer.business_date,
        resources: choices.collect(),
        price: offer.price.total,
        remaining: offer.remaining,
    }
}

fn sentence(refusal: Refusal, language: Language) -> String {
    language.sentence(refusal.code(), &refusal.to_string()).into_owned()
}

fn refused_start(refused: &StartRefusal, language: Language) -> RefusedStart {
    let StartRefusal { start, business_date, refusal } = *refused;
    RefusedStart { start, business_date, code: refusal.code(), detail: sentence(refusal, language) }
}
