//! Bookings with their resources and options.

use super::holds::hash;
use super::occupancy::span;
use crate::engine::{Db, Reader, Row, Tx};
use crate::entities::{Fields, Stored, after as position_after};
use musubi_booking::agreement::{Agreement, ChosenOption, HeldResource};
use musubi_booking::booking::{Booking, Contact, Notes, Status, StatusCode};
use musubi_booking::code::{ResourceKind, Source};
use musubi_booking::plan::Lengths;
use musubi_booking::ports::{BookingFilter, BookingPosition};
use musubi_booking::price::Price;
use musubi_kernel::access::{StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, IdGen};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement, Value};
use std::collections::HashMap;
use uuid::Uuid;

const TABLE: &str = "bookings";
/// Every column but `id` and `version`.
const COLUMNS: [&str; 34] = [
    "tenant_id",
    "store_id",
    "customer_id",
    "resource_id",
    "menu_id",
    "menu_name",
    "booking_number",
    "booking_date",
    "starts_at",
    "ends_at",
    "occupied_from",
    "occupied_to",
    "cleanup_duration",
    "party_size",
    "is_nominated",
    "cancellation_hours",
    "status",
    "total_price",
    "base_price",
    "option_price",
    "resource_price",
    "customer_name",
    "customer_phone",
    "customer_notes",
    "staff_notes",
    "internal_notes",
    "booking_source",
    "preferred_times",
    "manage_token_hash",
    "confirmed_at",
    "cancelled_at",
    "cancellation_reason",
    "completed_at",
    "no_show_at",
];

fn selected() -> SelectStatement {
    let columns = ["id", "version", "created_at", "updated_at"].into_iter().chain(COLUMNS);
    Query::select().columns(columns.map(|column| (TABLE, column))).from(TABLE).to_owned()
}

fn of_store(scope: &StoreScope) -> Expr {
    Expr::col((TABLE, "store_id")).eq(scope.store().0)
}

pub(super) fn by_id(scope: &StoreScope, id: BookingId) -> SelectStatement {
    selected().and_where(Expr::col((TABLE, "id")).eq(id.0)).and_where(of_store(scope)).to_owned()
}

/// The booking of a manage token, with what decides whether its store is open to the public.
pub(super) fn by_manage_token(token_hash: &[u8; 32]) -> SelectStatement {
    Query::select()
        .column((TABLE, "id"))
        .column((TABLE, "store_id"))
        .column((TABLE, "tenant_id"))
        .from(TABLE)
        .and_where(Expr::col((TABLE, "manage_token_hash")).eq(token_hash.to_vec()))
        .to_owned()
}

/// Whoever has the link of a booking may see it, whether or not the store still takes bookings from its page.
pub(super) fn managed(row: &Row) -> Result<(StoreRef, BookingId), StoreError> {
    let at = StoreRef { store: row.id("store_id")?, tenant: row.id("tenant_id")?, open_to_public: true };
    Ok((at, row.id("id")?))
}

pub(super) fn listed(
    scope: &StoreScope,
    filter: &BookingFilter,
    limit: u32,
    after: Option<BookingPosition>,
) -> SelectStatement {
    let BookingFilter { date_from, date_to, statuses, resource, customer, number } = filter;
    let of_booking = |column| Expr::col((TABLE, column));
    let mut query = selected();
    query
        .and_where(of_store(scope))
        .and_where_option(date_from.map(|date| of_booking("booking_date").gte(date)))
        .and_where_option(date_to.map(|date| of_booking("booking_date").lte(date)))
        .and_where_option(customer.map(|id| of_booking("customer_id").eq(id.0)))
        .and_where_option(number.as_ref().map(|number| of_booking("booking_number").eq(number.as_str())));
    if !statuses.is_empty() {
        query.and_where(of_booking("status").is_in(statuses.iter().map(|status| status.code())));
    }
    if let Some(resource) = resource {
        let holding = Query::select()
            .column("booking_id")
            .from("booking_resources")
            .and_where(Expr::col("resource_id").eq(resource.0))
            .to_owned();
        query.and_where(of_booking("id").in_subquery(holding));
    }
    if let Some(BookingPosition(start, id)) = after {
        query.cond_where(Condition::all().add(position_after(&["starts_at", "id"], vec![start.into(), id.0.into()])));
    }
    query
        .order_by((TABLE, "starts_at"), Order::Asc)
        .order_by((TABLE, "id"), Order::Asc)
        .limit(u64::from(limit) + 1)
        .to_owned()
}

/// How often a read that a writer overtook is begun again.
const OVERTAKEN: u32 = 5;

/// As [`all`], outside a transaction: a booking that was written between its row and its parts is read again.
pub(super) async fn all_settled(
    db: &Db,
    cipher: &dyn Cipher,
    query: &SelectStatement,
) -> Result<Vec<Booking>, StoreError> {
    for _ in 0..OVERTAKEN {
        let found = all(&mut Reader::Db(db), cipher, query).await?;
        if found.is_empty() || same_versions(db, &found).await? {
            return Ok(found);
        }
    }
    Err(StoreError::Unavailable("bookings changed as often as they were read".to_owned()))
}

async fn same_versions(db: &Db, read: &[Booking]) -> Result<bool, StoreError> {
    let query = Query::select()
        .columns(["id", "version"])
        .from(TABLE)
        .and_where(Expr::col("id").is_in(read.iter().map(|booking| booking.id.0)))
        .to_owned();
    let mut present: HashMap<Uuid, i64> = HashMap::new();
    for row in db.all(&query).await? {
        present.insert(row.get("id")?, row.get("version")?);
    }
    Ok(read.iter().all(|booking| present.get(&booking.id.0) == Some(&booking.version)))
}

/// The bookings that a query of [`selected`] finds, with their resources and options: three queries in all.
pub(super) async fn all(
    reader: &mut Reader<'_>,
    cipher: &dyn Cipher,
    query: &SelectStatement,
) -> Result<Vec<Booking>, StoreError> {
    let rows = reader.all(query).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<Uuid>, _>>()?;
    let mut resources = grouped(reader, &resources_of(&ids), held).await?;
    let mut options = grouped(reader, &options_of(&ids), chosen).await?;
    let complete = |(row, id): (&Row, &Uuid)| {
        let (resources, options) = (resources.remove(id).unwrap_or_default(), options.remove(id).unwrap_or_default());
        read(&Stored::of(row, TABLE, cipher)?, resources, options)
    };
    rows.iter().zip(&ids).map(complete).collect()
}

async fn grouped<T>(
    reader: &mut Reader<'_>,
    query: &SelectStatement,
    read: fn(&Row) -> Result<T, StoreError>,
) -> Result<HashMap<Uuid, Vec<T>>, StoreError> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in reader.all(query).await? {
        groups.entry(row.get("booking_id")?).or_default().push(read(&row)?);
    }
    Ok(groups)
}

fn resources_of(bookings: &[Uuid]) -> SelectStatement {
    Query::select()
        .columns(["booking_id", "resource_id", "resource_type", "resource_name", "seats", "is_exclusive", "is_primary"])
        .from("booking_resources")
        .and_where(Expr::col("booking_id").is_in(bookings.iter().copied()))
        .order_by("position", Order::Asc)
        .to_owned()
}

fn held(row: &Row) -> Result<HeldResource, StoreError> {
    Ok(HeldResource {
        id: row.id("resource_id")?,
        kind: row.code("resource_type", ResourceKind::from_code)?,
        name: row.get("resource_name")?,
        seats: row.int("seats")?,
        exclusive: row.get("is_exclusive")?,
        primary: row.get("is_primary")?,
    })
}

fn options_of(bookings: &[Uuid]) -> SelectStatement {
    Query::select()
        .columns(["booking_id", "menu_option_id", "option_name", "option_price", "option_duration"])
        .from("booking_options")
        .and_where(Expr::col("booking_id").is_in(bookings.iter().copied()))
        .order_by("position", Order::Asc)
        .to_owned()
}

fn chosen(row: &Row) -> Result<ChosenOption, StoreError> {
    Ok(ChosenOption {
        id: row.id("menu_option_id")?,
        name: row.get("option_name")?,
        price: Amount(row.get("option_price")?),
        duration: row.int("option_duration")?,
    })
}

fn read(row: &Stored<'_>, resources: Vec<HeldResource>, options: Vec<ChosenOption>) -> Result<Booking, StoreError> {
    let service = span(row, "starts_at", "ends_at")?;
    let occupied = span(row, "occupied_from", "occupied_to")?;
    let cleanup: i64 = row.int("cleanup_duration")?;
    let number: String = row.get("booking_number")?;
    Ok(Booking {
        id: row.entity_id(),
        tenant: row.id("tenant_id")?,
        store: row.id("store_id")?,
        number: number.parse().map_err(|_| StoreError::Corrupt("bookings.booking_number".to_owned()))?,
        customer: row.id("customer_id")?,
        contact: Contact {
            name: row.get("customer_name")?,
            phone: row.sealed("customer_phone")?.map(|phone| phone.expose().to_owned()),
        },
        agreement: Agreement {
            menu: row.id("menu_id")?,
            menu_name: row.get("menu_name")?,
            party_size: row.int("party_size")?,
            source: row.code("booking_source", Source::from_code)?,
            options,
            business_date: row.get("booking_date")?,
            service,
            occupied,
            lengths: Lengths {
                prep: service.from - occupied.from,
                service: service.minutes(),
                cleanup,
                buffer: occupied.to - service.to - cleanup,
            },
            resources,
            nominated: row.get("is_nominated")?,
            price: Price {
                base: Amount(row.get("base_price")?),
                options: Amount(row.get("option_price")?),
                resource: Amount(row.get("resource_price")?),
                total: Amount(row.get("total_price")?),
            },
            cancellation_hours: row.int("cancellation_hours")?,
        },
        status: status(row)?,
        confirmed_at: row.get("confirmed_at")?,
        notes: Notes {
            customer: row.get("customer_notes")?,
            staff: row.get("staff_notes")?,
            internal: row.get("internal_notes")?,
        },
        preferred_times: row.json_or_null("preferred_times")?.unwrap_or_default(),
        manage_token_hash: hash(row, "manage_token_hash")?,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn status(row: &Row) -> Result<Status, StoreError> {
    let at = |column: &str| {
        row.get::<Option<chrono::DateTime<chrono::Utc>>>(column)?
            .ok_or_else(|| StoreError::Corrupt(format!("bookings.{column}: the status needs it")))
    };
    Ok(match row.code("status", StatusCode::from_code)? {
        StatusCode::Pending => Status::Pending,
        StatusCode::Confirmed => Status::Confirmed,
        StatusCode::Cancelled => Status::Cancelled { at: at("cancelled_at")?, reason: row.get("cancellation_reason")? },
        StatusCode::Completed => Status::Completed { at: at("completed_at")? },
        StatusCode::NoShow => Status::NoShow { at: at("no_show_at")? },
    })
}

fn fields(booking: &Booking, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let agreement = &booking.agreement;
    let mut row = Fields::new(TABLE, booking.id.0, cipher);
    row.set("tenant_id", booking.tenant.0);
    row.set("store_id", booking.store.0);
    row.set("customer_id", booking.customer.0);
    row.set("resource_id", agreement.primary().map(|held| held.id.0));
    row.set("menu_id", agreement.menu.0);
    row.set("menu_name", agreement.menu_name.as_str());
    row.set("booking_number", booking.number.as_str());
    row.set("booking_date", agreement.business_date);
    row.set("starts_at", agreement.service.from.instant());
    row.set("ends_at", agreement.service.to.instant());
    row.set("occupied_from", agreement.occupied.from.instant());
    row.set("occupied_to", agreement.occupied.to.instant());
    row.set("cleanup_duration", agreement.lengths.cleanup);
    row.set("party_size", agreement.party_size);
    row.set("is_nominated", agreement.nominated);
    row.set("cancellation_hours", agreement.cancellation_hours);
    row.set("total_price", agreement.price.total.0);
    row.set("base_price", agreement.price.base.0);
    row.set("option_price", agreement.price.options.0);
    row.set("resource_price", agreement.price.resource.0);
    row.set("customer_name", booking.contact.name.as_deref());
    row.sealed("customer_phone", booking.contact.phone.as_deref());
    row.set("customer_notes", booking.notes.customer.as_deref());
    row.set("staff_notes", booking.notes.staff.as_deref());
    row.set("internal_notes", booking.notes.internal.as_deref());
    row.set("booking_source", agreement.source.code());
    row.json_or_null("preferred_times", Some(&booking.preferred_times).filter(|times| !times.is_empty()));
    row.set("manage_token_hash", booking.manage_token_hash.to_vec());
    row.set("confirmed_at", booking.confirmed_at);
    let (mut cancelled_at, mut reason, mut completed_at, mut no_show_at) = (None, None, None, None);
    match &booking.status {
        Status::Pending | Status::Confirmed => {}
        Status::Cancelled { at, reason: why } => (cancelled_at, reason) = (Some(*at), why.as_deref()),
        Status::Completed { at } => completed_at = Some(*at),
        Status::NoShow { at } => no_show_at = Some(*at),
    }
    row.set("status", booking.status.name().code());
    row.set("cancelled_at", cancelled_at);
    row.set("cancellation_reason", reason);
    row.set("completed_at", completed_at);
    row.set("no_show_at", no_show_at);
    row.set("updated_at", booking.updated_at);
    row.finish()
}

pub(super) async fn insert(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    ids: &dyn IdGen,
    booking: &Booking,
) -> Result<(), StoreError> {
    let (columns, values): (Vec<_>, Vec<_>) = fields(booking, cipher).into_iter().unzip();
    let insert = Query::insert()
        .into_table(TABLE)
        .columns(["id", "version", "created_at"].into_iter().chain(columns))
        .values_panic(
            [booking.id.0.into(), booking.version.into(), booking.created_at.into()]
                .into_iter()
                .chain(values.into_iter().map(Expr::from)),
        )
        .to_owned();
    tx.exactly_one(&insert).await?;
    insert_parts(tx, ids, booking).await
}

pub(super) async fn update(
    tx: &mut Tx,
    cipher: &dyn Cipher,
    ids: &dyn IdGen,
    scope: &StoreScope,
    booking: &Booking,
) -> Result<(), StoreError> {
    let update = Query::update()
        .table(TABLE)
        .value("version", booking.version)
        .values(fields(booking, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(booking.id.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(Expr::col("version").eq(booking.version - 1))
        .to_owned();
    tx.exactly_one(&update).await?;
    for table in ["booking_resources", "booking_options"] {
        let delete = Query::delete().from_table(table).and_where(Expr::col("booking_id").eq(booking.id.0)).to_owned();
        tx.execute(&delete).await?;
    }
    insert_parts(tx, ids, booking).await
}

async fn insert_parts(tx: &mut Tx, ids: &dyn IdGen, booking: &Booking) -> Result<(), StoreError> {
    let Agreement { resources, options, .. } = &booking.agreement;
    let mut insert = Query::insert();
    insert.into_table("booking_resources").columns([
        "booking_id",
        "resource_id",
        "store_id",
        "position",
        "resource_type",
        "resource_name",
        "seats",
        "is_exclusive",
        "is_primary",
    ]);
    for (position, held) in (0_i32..).zip(resources) {
        insert.values_panic([
            booking.id.0.into(),
            held.id.0.into(),
            booking.store.0.into(),
            position.into(),
            held.kind.code().into(),
            held.name.as_str().into(),
            held.seats.into(),
            held.exclusive.into(),
            held.primary.into(),
        ]);
    }
    if !resources.is_empty() {
        tx.execute(&insert).await?;
    }
    let mut insert = Query::insert();
    insert.into_table("booking_options").columns([
        "id",
        "booking_id",
        "menu_option_id",
        "option_name",
        "option_price",
        "option_duration",
        "position",
        "created_at",
    ]);
    for (position, option) in (0_i32..).zip(options) {
        insert.values_panic([
            ids.uuid(booking.updated_at).into(),
            booking.id.0.into(),
            option.id.0.into(),
            option.name.as_str().into(),
            option.price.0.into(),
            option.duration.into(),
            position.into(),
            booking.updated_at.into(),
        ]);
    }
    if !options.is_empty() {
        tx.execute(&insert).await?;
    }
    Ok(())
}
