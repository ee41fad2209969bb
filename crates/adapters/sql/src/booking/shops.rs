//! What a store offers, read from the catalog's tables in booking's words.

use crate::SqlStore;
use crate::engine::{Db, Row};
use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use musubi_booking::code::{BookingMode, DayName, Gender, Rank, ResourceKind, ServiceKind};
use musubi_booking::minute::{Minute, Span};
use musubi_booking::ports::{Offering, SettingsRevision, ShopBook};
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, PriceChange, Pricing, Requirement, Service, ServiceOption, TimeRule};
use musubi_booking::shop::{Calendar, CalendarDay, NoShowPolicy, Shop};
use musubi_catalog::holidays;
use musubi_catalog::menu::{self, PriceKind, PricingOptions, TimePrice};
use musubi_catalog::resource::ResourceType;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, ResourceId, StoreId};
use musubi_kernel::money::Amount;
use musubi_kernel::revision::{Revisions as _, Subject};
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// What stores offer, in a database.
#[derive(Debug, Clone)]
pub struct SqlShops(SqlStore);

impl SqlShops {
    /// What the stores of this database offer.
    pub fn new(store: SqlStore) -> Self {
        Self(store)
    }
}

#[async_trait]
impl ShopBook for SqlShops {
    async fn revision(&self, scope: &StoreScope) -> Result<SettingsRevision, StoreError> {
        SettingsRevision::of(&self.0.of(&Subject::settings(scope)).await?)
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError> {
        self.0.db.optional(&store_row(scope)).await?.map(|row| shop(scope, &row)).transpose()
    }

    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError> {
        let db = &self.0.db;
        let Some(row) = db.optional(&menu_row(scope, menu)).await? else { return Ok(None) };
        let options = db.all(&options_of(scope, menu)).await?.iter().map(option).collect::<Result<_, _>>()?;
        let listed = db.all(&allow_list(scope, menu)).await?;
        let allowed = listed.iter().map(|row| row.id("resource_id")).collect::<Result<Vec<ResourceId>, _>>()?;
        let service = service(menu, &row, (!allowed.is_empty()).then_some(allowed), options)?;
        let region: Option<String> = row.get("holiday_region")?;
        Ok(Some(Offering {
            service,
            resources: resources(db, scope, dates).await?,
            calendar: calendar(db, scope, region.as_deref(), dates).await?,
        }))
    }

    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError> {
        let query = Query::select()
            .columns(["id", "name", "display_name"])
            .from("stores")
            .and_where(Expr::col("id").is_in(stores.iter().map(|id| id.0)))
            .to_owned();
        let name = |row: &Row| {
            let display_name: Option<String> = row.get("display_name")?;
            Ok((row.id("id")?, display_name.map_or_else(|| row.get("name"), Ok)?))
        };
        self.0.db.all(&query).await?.iter().map(name).collect()
    }
}

fn of_store(table: &'static str, scope: &StoreScope) -> Expr {
    Expr::col((table, "store_id")).eq(scope.store().0)
}

fn store_row(scope: &StoreScope) -> SelectStatement {
    Query::select()
        .columns(
            [
                "name",
                "display_name",
                "address",
                "time_zone",
                "business_hours",
                "time_slot_interval",
                "advance_booking_days",
                "accept_same_day_booking",
                "booking_limit_per_day",
                "hold_minutes",
                "booking_mode",
                "require_customer_info",
                "is_active",
                "is_public",
                "no_show_policy",
            ]
            .map(|column| ("stores", column)),
        )
        .expr_as(Expr::col(("tenants", "is_active")), "tenant_is_active")
        .from("stores")
        .inner_join("tenants", Expr::col(("tenants", "id")).equals(("stores", "tenant_id")))
        .and_where(Expr::col(("stores", "id")).eq(scope.store().0))
        .and_where(Expr::col(("stores", "tenant_id")).eq(scope.tenant().0))
        .to_owned()
}

fn shop(scope: &StoreScope, row: &Row) -> Result<Shop, StoreError> {
    let zone: String = row.get("time_zone")?;
    let policy: musubi_catalog::store::NoShowPolicy = row.json("no_show_policy")?;
    let display_name: Option<String> = row.get("display_name")?;
    Ok(Shop {
        id: scope.store(),
        name: display_name.map_or_else(|| row.get("name"), Ok)?,
        address: row.get("address")?,
        zone: zone.parse().map_err(|_| StoreError::Corrupt("stores.time_zone".to_owned()))?,
        hours: row.json("business_hours")?,
        slot_interval: row.int("time_slot_interval")?,
        advance_booking_days: row.int("advance_booking_days")?,
        accept_same_day: row.get("accept_same_day_booking")?,
        daily_limit: row.int("booking_limit_per_day")?,
        hold_minutes: row.int("hold_minutes")?,
        mode: row.code("booking_mode", BookingMode::from_code)?,
        require_customer_info: row.get("require_customer_info")?,
        active: row.get::<bool>("is_active")? && row.get::<bool>("tenant_is_active")?,
        public: row.get("is_public")?,
        no_show_policy: NoShowPolicy {
            threshold: whole(policy.threshold, "stores.no_show_policy")?,
            restrict_days: whole(policy.restrict_days, "stores.no_show_policy")?,
        },
    })
}

fn whole(number: i32, what: &str) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(what.to_owned()))
}

fn menu_row(scope: &StoreScope, menu: MenuId) -> SelectStatement {
    Query::select()
        .columns(
            [
                "name",
                "display_name",
                "service_type",
                "base_duration",
                "prep_duration",
                "cleanup_duration",
                "buffer_duration",
                "base_price",
                "pricing_options",
                "price_varies_by_resource",
                "price_varies_by_time",
                "time_based_pricing",
                "requires_resource",
                "allowed_resource_types",
                "required_resources",
                "min_participants",
                "max_participants",
                "min_age",
                "max_age",
                "gender_restriction",
                "advance_booking_hours",
                "cancellation_hours",
                "allow_online_booking",
                "require_approval",
                "is_active",
                "is_bookable",
            ]
            .map(|column| ("menus", column)),
        )
        .column(("stores", "holiday_region"))
        .from("menus")
        .inner_join("stores", Expr::col(("stores", "id")).equals(("menus", "store_id")))
        .and_where(Expr::col(("menus", "id")).eq(menu.0))
        .and_where(of_store("menus", scope))
        .to_owned()
}

fn service(
    id: MenuId,
    row: &Row,
    allowed_resources: Option<Vec<ResourceId>>,
    options: Vec<ServiceOption>,
) -> Result<Service, StoreError> {
    let display_name: Option<String> = row.get("display_name")?;
    let allowed_types: Option<Vec<ResourceType>> = row.json_or_null("allowed_resource_types")?;
    let required: Vec<menu::Requirement> = row.json_or_null("required_resources")?.unwrap_or_default();
    Ok(Service {
        id,
        name: display_name.map_or_else(|| row.get("name"), Ok)?,
        kind: row.code("service_type", ServiceKind::from_code)?,
        base_duration: row.int("base_duration")?,
        prep: row.int("prep_duration")?,
        cleanup: row.int("cleanup_duration")?,
        buffer: row.int("buffer_duration")?,
        pricing: pricing(row)?,
        requires_resource: row.get("requires_resource")?,
        allowed_kinds: allowed_types.map(|types| types.into_iter().map(kind).collect()).transpose()?,
        allowed_resources,
        required_resources: required.into_iter().map(requirement).collect::<Result<_, _>>()?,
        participants: (row.int("min_participants")?, row.int("max_participants")?),
        eligibility: Eligibility {
            min_age: row.int_or_null("min_age")?,
            max_age: row.int_or_null("max_age")?,
            gender: admitted_gender(&row.get::<String>("gender_restriction")?)?,
        },
        advance_booking_hours: row.int("advance_booking_hours")?,
        cancellation_hours: row.int("cancellation_hours")?,
        online: row.get("allow_online_booking")?,
        requires_approval: row.get("require_approval")?,
        active: row.get("is_active")?,
        bookable: row.get("is_bookable")?,
        options,
    })
}

fn kind(of: ResourceType) -> Result<ResourceKind, StoreError> {
    translated(of.code(), ResourceKind::from_code)
}

/// A code of the catalog in booking's words: the two sets are the same.
fn translated<T>(code: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(code).ok_or_else(|| StoreError::Corrupt(format!("unknown code {code}")))
}

fn admitted_gender(restriction: &str) -> Result<Option<Gender>, StoreError> {
    match restriction {
        "none" => Ok(None),
        "male_only" => Ok(Some(Gender::Male)),
        "female_only" => Ok(Some(Gender::Female)),
        _ => Err(StoreError::Corrupt("menus.gender_restriction".to_owned())),
    }
}

fn requirement(of: menu::Requirement) -> Result<Requirement, StoreError> {
    Ok(Requirement {
        kind: kind(of.kind)?,
        quantity: whole(of.quantity, "menus.required_resources")?,
        resources: of.resource_ids,
    })
}

fn pricing(row: &Row) -> Result<Pricing, StoreError> {
    let options: PricingOptions = row.json_or_null("pricing_options")?.unwrap_or_default();
    let rules: Option<Vec<TimePrice>> = row.json_or_null("time_based_pricing")?;
    let varies: bool = row.get("price_varies_by_time")?;
    let percent =
        |value: i64| i32::try_from(value).map_err(|_| StoreError::Corrupt("menus.pricing_options".to_owned()));
    Ok(Pricing {
        base: Amount(row.get("base_price")?),
        per_participant: options.per_participant,
        by_time: rules.iter().flatten().filter(|_| varies).map(time_rule).collect::<Result<_, _>>()?,
        by_rank: options
            .rank_percent
            .into_iter()
            .map(|(rank, value)| Ok((translated(rank.code(), Rank::from_code)?, percent(value)?)))
            .collect::<Result<_, StoreError>>()?,
        by_resource: row.get("price_varies_by_resource")?,
    })
}

fn time_rule(rule: &TimePrice) -> Result<TimeRule, StoreError> {
    let percent = || i32::try_from(rule.value).map_err(|_| StoreError::Corrupt("menus.time_based_pricing".to_owned()));
    Ok(TimeRule {
        days: rule.days.iter().map(|day| translated(day.code(), DayName::from_code)).collect::<Result<_, _>>()?,
        from: rule.from,
        to: rule.to,
        change: match rule.kind {
            PriceKind::Percent => PriceChange::Percent(percent()?),
            PriceKind::Amount => PriceChange::Amount(Amount(rule.value)),
        },
    })
}

fn options_of(scope: &StoreScope, menu: MenuId) -> SelectStatement {
    Query::select()
        .columns(["id", "name", "price", "duration", "is_required", "is_active"])
        .from("menu_options")
        .and_where(Expr::col("menu_id").eq(menu.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .order_by("sort_order", Order::Asc)
        .order_by("id", Order::Asc)
        .to_owned()
}

fn option(row: &Row) -> Result<ServiceOption, StoreError> {
    Ok(ServiceOption {
        id: row.id("id")?,
        name: row.get("name")?,
        price: Amount(row.get("price")?),
        duration: row.int("duration")?,
        required: row.get("is_required")?,
        active: row.get("is_active")?,
    })
}

fn allow_list(scope: &StoreScope, menu: MenuId) -> SelectStatement {
    Query::select()
        .column("resource_id")
        .from("menu_resources")
        .and_where(Expr::col("menu_id").eq(menu.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}

async fn resources(
    db: &Db,
    scope: &StoreScope,
    dates: &RangeInclusive<NaiveDate>,
) -> Result<Vec<BookableResource>, StoreError> {
    let mut absences: HashMap<Uuid, Vec<Span>> = HashMap::new();
    for row in db.all(&absences_around(scope, dates)).await? {
        absences.entry(row.get("resource_id")?).or_default().extend(absence(&row)?);
    }
    let query = Query::select()
        .columns([
            "id",
            "type",
            "name",
            "display_name",
            "efficiency_hundredths",
            "hourly_rate_diff",
            "capacity",
            "sort_order",
            "working_hours",
        ])
        .from("resources")
        .and_where(of_store("resources", scope))
        .and_where(Expr::col("is_active").eq(true))
        .order_by("sort_order", Order::Asc)
        .order_by("id", Order::Asc)
        .to_owned();
    db.all(&query).await?.iter().map(|row| resource(row, &mut absences)).collect()
}

fn resource(row: &Row, absences: &mut HashMap<Uuid, Vec<Span>>) -> Result<BookableResource, StoreError> {
    let id: ResourceId = row.id("id")?;
    let display_name: Option<String> = row.get("display_name")?;
    Ok(BookableResource {
        id,
        kind: row.code("type", ResourceKind::from_code)?,
        name: display_name.map_or_else(|| row.get("name"), Ok)?,
        efficiency: row.int("efficiency_hundredths")?,
        hourly_rate_diff: row.get("hourly_rate_diff")?,
        capacity: row.int("capacity")?,
        sort_order: row.int("sort_order")?,
        hours: row.json_or_null("working_hours")?,
        absences: absences.remove(&id.0).unwrap_or_default(),
    })
}

/// Absences that can cut the working hours of these dates, in whatever zone the store lies.
fn absences_around(scope: &StoreScope, dates: &RangeInclusive<NaiveDate>) -> SelectStatement {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    Query::select()
        .columns(["resource_id", "starts_at", "ends_at"])
        .from("resource_absences")
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(Expr::col("ends_at").gt(midnight(*dates.start() - Days::new(1))))
        .and_where(Expr::col("starts_at").lt(midnight(*dates.end() + Days::new(4))))
        .to_owned()
}

fn absence(row: &Row) -> Result<Option<Span>, StoreError> {
    let (from, to): (DateTime<Utc>, DateTime<Utc>) = (row.get("starts_at")?, row.get("ends_at")?);
    Ok(Span::new(Minute::containing(from), Minute::not_before(to)))
}

async fn calendar(
    db: &Db,
    scope: &StoreScope,
    region: Option<&str>,
    dates: &RangeInclusive<NaiveDate>,
) -> Result<Calendar, StoreError> {
    let query = Query::select()
        .columns(["date", "is_holiday", "is_special_hours", "special_hours", "holiday_type"])
        .from("business_calendars")
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(Expr::col("date").between(*dates.start(), *dates.end()))
        .to_owned();
    let mut calendar = Calendar::new();
    for row in db.all(&query).await? {
        let holiday_type: Option<String> = row.get("holiday_type")?;
        let special: bool = row.get("is_special_hours")?;
        let day = CalendarDay {
            closed: row.get("is_holiday")?,
            special_hours: if special { Some(row.json("special_hours")?) } else { None },
            national_holiday: holiday_type.as_deref() == Some("national_holiday"),
        };
        calendar.insert(row.get("date")?, day);
    }
    if let Some(region) = region {
        for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
            if holidays::is_national_holiday(region, date) {
                calendar.entry(date).or_default().national_holiday = true;
            }
        }
    }
    Ok(calendar)
}
