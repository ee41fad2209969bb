//! `/v1/stores/{store_id}/calendar` and `…/holidays`

use crate::access::{CatalogRead, CatalogWrite, StoreAccess};
use crate::body::Body;
use crate::entity::{self, Listed};
use crate::path::{Date, Id};
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use crate::version::IfMatch;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use musubi_catalog::calendar::{CalendarDay, CalendarDayDetails, CalendarFilter};
use musubi_catalog::holidays::{Holiday, national_holidays};
use musubi_kernel::id::StoreId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, remove)).routes(routes!(holidays))
}

/// List the dates that differ from the week
#[utoipa::path(get, path = "/v1/stores/{store_id}/calendar", operation_id = "list_calendar", tag = "calendar",
    params(
        ("store_id" = StoreId, Path),
        ("from" = Option<NaiveDate>, Query, description = "This date and later ones"),
        ("to" = Option<NaiveDate>, Query, description = "This date and earlier ones"),
        PageParams
    ),
    responses((status = 200, body = Listed<CalendarDay>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    query: Query,
) -> Result<Json<Listed<CalendarDay>>, Problem> {
    let (filter, page) =
        query.read(|query| (CalendarFilter { from: query.date("from"), to: query.date("to") }, query.page()))?;
    Ok(Json(app.catalog.calendar.list(&at.scope, &filter, &page).await?.into()))
}

/// Read a date
///
/// 404 when it does not differ from the week.
#[utoipa::path(get, path = "/v1/stores/{store_id}/calendar/{date}", operation_id = "get_calendar_day",
    tag = "calendar", params(("store_id" = StoreId, Path), ("date" = NaiveDate, Path)),
    responses((status = 200, body = CalendarDay)))]
async fn get(State(app): State<App>, at: StoreAccess<CatalogRead>, Date(date): Date) -> Result<Response, Problem> {
    Ok(entity::show(&app.catalog.calendar.get(&at.scope, date).await?))
}

/// Set a date
#[utoipa::path(put, path = "/v1/stores/{store_id}/calendar/{date}", operation_id = "put_calendar_day",
    tag = "calendar", params(("store_id" = StoreId, Path), ("date" = NaiveDate, Path)),
    request_body = CalendarDayDetails,
    responses(
        (status = 200, body = CalendarDay, description = "The date had been set before"),
        (status = 201, body = CalendarDay, description = "The date had not been set before")
    ))]
async fn put(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Date(date): Date,
    expected: IfMatch,
    Body(day): Body<CalendarDayDetails>,
) -> Result<Response, Problem> {
    let put = app.catalog.calendar.put(&at.caller, &at.scope, date, day, expected.0).await?;
    let status = if put.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, entity::show(&put.day)).into_response())
}

/// Unset a date
///
/// The store's week holds again.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/calendar/{date}", operation_id = "delete_calendar_day",
    tag = "calendar", params(("store_id" = StoreId, Path), ("date" = NaiveDate, Path)),
    responses((status = 204, description = "It is gone")))]
async fn remove(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Date(date): Date,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    app.catalog.calendar.remove(&at.caller, &at.scope, date, expected.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The national holidays of a year.
#[derive(Debug, Serialize, ToSchema)]
struct Holidays {
    /// Whose holidays the store keeps; null: nobody's.
    #[schema(required)]
    region: Option<String>,
    /// In order.
    items: Vec<NationalHoliday>,
}

/// A national holiday.
#[derive(Debug, Serialize, ToSchema)]
struct NationalHoliday {
    /// The date.
    date: NaiveDate,
    /// Its name in Japanese.
    name_ja: &'static str,
    /// Its name in English.
    name_en: &'static str,
}

impl From<Holiday> for NationalHoliday {
    fn from(Holiday { date, name_ja, name_en }: Holiday) -> Self {
        Self { date, name_ja, name_en }
    }
}

/// List the national holidays that the store keeps
#[utoipa::path(get, path = "/v1/stores/{store_id}/holidays", operation_id = "list_holidays", tag = "calendar",
    params(("store_id" = StoreId, Path), ("year" = i32, Query, minimum = 1970, maximum = 2100)),
    responses((status = 200, body = Holidays)))]
async fn holidays(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(id): Id<StoreId>,
    query: Query,
) -> Result<Json<Holidays>, Problem> {
    let year = query.read(|query| query.required_number("year", 1970, 2100))?;
    let region = app.catalog.stores.get(&at.scope.into(), id).await?.details.holiday_region;
    let items = region.iter().flat_map(|region| national_holidays(region, year)).map(NationalHoliday::from).collect();
    Ok(Json(Holidays { region, items }))
}
