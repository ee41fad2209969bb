//! Bookings with their resources and options.

use super::holds::hash;
use super::occupancy::{self, span};
use super::persons::{customers_of, within};
use crate::engine::{Db, Reader, Row, Write};
use crate::entities::{Fields, Stored, after as position_after};
use musubi_booking::agreement::{Agreement, ChosenOption, HeldResource, days_to_lock};
use musubi_booking::booking::{Booking, Contact, Notes, Status, StatusCode};
use musubi_booking::code::{ResourceKind, Source};
use musubi_booking::plan::Lengths;
use musubi_booking::ports::{BookingFilter, BookingPosition, Glance};
use musubi_booking::price::Price;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{PersonScope, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, IdGen};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::{Cipher, Place, Secret};
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement, UnionType, Value};
use std::collections::HashMap;
use std::slice;
use uuid::Uuid;

const TABLE: &str = "bookings";
const MANAGE_TOKEN: &str = "manage_token";
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

pub(super) fn by_id(scope: &StoreScope, id: BookingId, reach: Reach) -> SelectStatement {
    selected()
        .and_where(Expr::col((TABLE, "id")).eq(id.0))
        .and_where(of_store(scope))
        .cond_where(within(scope, reach))
        .to_owned()
}

/// What decides which days a writer of a booking locks.
pub(super) fn glance_at(scope: &StoreScope, id: BookingId, reach: Reach) -> SelectStatement {
    Query::select()
        .columns(["version", "booking_date", "occupied_from", "occupied_to"])
        .from(TABLE)
        .and_where(Expr::col("id").eq(id.0))
        .and_where(of_store(scope))
        .cond_where(within(scope, reach))
        .to_owned()
}

pub(super) fn glance(row: &Row) -> Result<Glance, StoreError> {
    let occupied = span(row, "occupied_from", "occupied_to")?;
    Ok(Glance { version: row.get("version")?, days: days_to_lock(row.get("booking_date")?, occupied) })
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

/// A booking whose customer is this person, with its store.
pub(super) fn own_by_id(person: &PersonScope, id: BookingId) -> SelectStatement {
    Query::select()
        .columns(["id", "store_id", "tenant_id"])
        .from(TABLE)
        .and_where(Expr::col("id").eq(id.0))
        .cond_where(of_person(person))
        .to_owned()
}

/// The bookings whose customer is this person, at all stores.
pub(super) fn of_person(person: &PersonScope) -> Condition {
    Condition::all().add(Expr::col((TABLE, "customer_id")).in_subquery(customers_of(person.user(), None)))
}

/// The bookings of a store that are within reach.
pub(super) fn of_reach(scope: &StoreScope, reach: Reach) -> Condition {
    within(scope, reach).add(of_store(scope))
}

/// A page of the bookings in `within` that a filter, its reach aside, admits.
pub(super) fn listed(
    within: Condition,
    filter: &BookingFilter,
    limit: u32,
    after: Option<BookingPosition>,
) -> SelectStatement {
    let BookingFilter { date_from, date_to, statuses, resource, customer, number, reach: _ } = filter;
    let of_booking = |column| Expr::col((TABLE, column));
    let mut query = selected();
    query
        .cond_where(within)
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

/// The bookings that a query of [`selected`] finds, with their resources and options: two queries in all.
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
    let [mut query, options] = parts_of(&ids);
    query.union(UnionType::All, options).order_by("position", Order::Asc);
    completed(cipher, &rows, &reader.all(&query).await?)
}

/// The bookings in rows of [`selected`], with their parts in rows of [`parts_of`].
pub(super) fn completed(cipher: &dyn Cipher, rows: &[Row], parts: &[Row]) -> Result<Vec<Booking>, StoreError> {
    let mut resources: HashMap<Uuid, Vec<HeldResource>> = HashMap::new();
    let mut options: HashMap<Uuid, Vec<ChosenOption>> = HashMap::new();
    for part in parts {
        let booking = part.get("booking_id")?;
        match part.get::<Option<String>>("resource_type")? {
            Some(_) => resources.entry(booking).or_default().push(held(part)?),
            None => options.entry(booking).or_default().push(chosen(part)?),
        }
    }
    let complete = |row: &Row| {
        let id = row.get("id")?;
        let (resources, options) = (resources.remove(&id).unwrap_or_default(), options.remove(&id).unwrap_or_default());
        read(&Stored::of(row, TABLE, cipher)?, resources, options)
    };
    rows.iter().map(complete).collect()
}

/// The columns of [`parts_of`].
pub(super) const PART: [&str; 9] = [
    "booking_id",
    "part_id",
    "position",
    "part_name",
    "amount",
    "resource_type",
    "is_exclusive",
    "is_primary",
    "option_price",
];

/// Queries for what bookings hold and for the options that were chosen. In the order of `position` they are as they were
/// written.
pub(super) fn parts_of(bookings: &[Uuid]) -> [SelectStatement; 2] {
    let of = |table: &'static str, columns: [&'static str; 9]| {
        let mut query = Query::select();
        for (column, name) in columns.into_iter().zip(PART) {
            match column {
                "" => query.expr_as(Expr::cust("NULL"), name),
                "0" => query.expr_as(Expr::cust("0"), name),
                _ => query.expr_as(Expr::col(column), name),
            };
        }
        query.from(table).and_where(Expr::col("booking_id").is_in(bookings.iter().copied())).to_owned()
    };
    let resource = ["resource_id", "position", "resource_name", "seats", "resource_type", "is_exclusive", "is_primary"];
    let option = ["menu_option_id", "position", "option_name", "option_duration"];
    let [id, position, name, seats, kind, exclusive, primary] = resource;
    let resources = ["booking_id", id, position, name, seats, kind, exclusive, primary, "0"];
    let [id, position, name, duration] = option;
    let options = ["booking_id", id, position, name, duration, "", "", "", "option_price"];
    [of("booking_resources", resources), of("booking_options", options)]
}

fn held(row: &Row) -> Result<HeldResource, StoreError> {
    Ok(HeldResource {
        id: row.id("part_id")?,
        kind: row.code("resource_type", ResourceKind::from_code)?,
        name: row.get("part_name")?,
        seats: row.int("amount")?,
        exclusive: row.get("is_exclusive")?,
        primary: row.get("is_primary")?,
    })
}

fn chosen(row: &Row) -> Result<ChosenOption, StoreError> {
    Ok(ChosenOption {
        id: row.id("part_id")?,
        name: row.get("part_name")?,
        price: Amount(row.get("option_price")?),
        duration: row.int("amount")?,
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

/// Where the token of a booking's manage link is. It is written once, and read only to show the link to the customer.
const fn token_of(id: BookingId) -> Place<'static> {
    Place { table: TABLE, column: MANAGE_TOKEN, row: id.0 }
}

pub(super) fn manage_token(scope: &StoreScope, id: BookingId) -> SelectStatement {
    Query::select()
        .column((TABLE, MANAGE_TOKEN))
        .from(TABLE)
        .and_where(Expr::col((TABLE, "id")).eq(id.0))
        .and_where(of_store(scope))
        .to_owned()
}

/// The token in a row of [`manage_token`]; `None`: the booking is older than the column.
pub(super) fn opened_token(cipher: &dyn Cipher, id: BookingId, row: &Row) -> Result<Option<Secret>, StoreError> {
    let Some(sealed) = row.get::<Option<Vec<u8>>>(MANAGE_TOKEN)? else { return Ok(None) };
    let opened = cipher.open(token_of(id), &sealed)?;
    let token = std::str::from_utf8(&opened).map_err(|_| StoreError::Corrupt(format!("bookings.{MANAGE_TOKEN}")))?;
    Ok(Some(Secret::new(token)))
}

/// What writes new bookings with their parts, and the tokens of their manage links: the same few statements, however many they are.
pub(super) fn inserting(cipher: &dyn Cipher, ids: &dyn IdGen, bookings: &[Booking], tokens: &[Secret]) -> Vec<Write> {
    let mut insert = Query::insert();
    insert.into_table(TABLE);
    for (booking, token) in bookings.iter().zip(tokens) {
        let (mut columns, mut values): (Vec<_>, Vec<_>) = fields(booking, cipher).into_iter().unzip();
        columns.push(MANAGE_TOKEN);
        values.push(cipher.seal(token_of(booking.id), token.expose().as_bytes()).into());
        let own = [booking.id.0.into(), booking.version.into(), booking.created_at.into()];
        insert.columns(["id", "version", "created_at"].into_iter().chain(columns));
        insert.values_panic(own.into_iter().chain(values.into_iter().map(Expr::from)));
    }
    let bookings_themselves = (!bookings.is_empty()).then(|| Write::rows(insert, bookings.len()));
    let parts = [resources_of(bookings), options_of(ids, bookings), occupancy::adding(bookings)];
    [bookings_themselves].into_iter().chain(parts).flatten().collect()
}

/// What writes a booking over the version before its own, without its parts.
pub(super) fn updating(cipher: &dyn Cipher, scope: &StoreScope, booking: &Booking) -> Write {
    let update = Query::update()
        .table(TABLE)
        .value("version", booking.version)
        .values(fields(booking, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(booking.id.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(Expr::col("version").eq(booking.version - 1))
        .to_owned();
    Write::one(update)
}

/// What puts other parts in the place of a booking's own, and what it takes in the place of what it took: removals, to be sent first, and what comes instead. Both are
/// empty where the parts are the same.
pub(super) fn replacing(ids: &dyn IdGen, before: &Booking, after: &Booking) -> (Vec<Write>, Vec<Write>) {
    let (old, new) = (&before.agreement, &after.agreement);
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let removal = |table| {
        let of_booking = Expr::col("booking_id").eq(after.id.0);
        Write::any(Query::delete().from_table(table).and_where(of_booking).to_owned())
    };
    if old.resources != new.resources {
        gone.push(removal("booking_resources"));
        come.extend(resources_of(slice::from_ref(after)));
    }
    if old.options != new.options {
        gone.push(removal("booking_options"));
        come.extend(options_of(ids, slice::from_ref(after)));
    }
    let (freed, taken) = occupancy::replacing(before, after);
    gone.extend(freed);
    come.extend(taken);
    (gone, come)
}

fn resources_of(bookings: &[Booking]) -> Option<Write> {
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
    let held = bookings
        .iter()
        .flat_map(|booking| (0_i32..).zip(&booking.agreement.resources).map(move |held| (booking, held)));
    let mut any = false;
    for (booking, (position, held)) in held {
        any = true;
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
    any.then(|| Write::any(insert))
}

fn options_of(ids: &dyn IdGen, bookings: &[Booking]) -> Option<Write> {
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
    let chosen = bookings
        .iter()
        .flat_map(|booking| (0_i32..).zip(&booking.agreement.options).map(move |option| (booking, option)));
    let mut any = false;
    for (booking, (position, option)) in chosen {
        any = true;
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
    any.then(|| Write::any(insert))
}
