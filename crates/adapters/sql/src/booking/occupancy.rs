//! What is taken: the rows that bookings write of it beside their own, and what is read of them around some dates.

use crate::engine::{Row, Write};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::minute::{Minute, Span};
use musubi_booking::occupancy::{ALL_SEATS, NEIGHBOURS, Occupancy, Taken};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, ResourceId};
use sea_query::{Condition, Expr, ExprTrait as _, Query, SelectStatement};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use uuid::Uuid;

const TABLE: &str = "occupancy";

/// The widest that an occupied window reaches beyond the midnights of its business date, and the widest that a zone
/// lies from UTC.
const REACH_BACK: TimeDelta = TimeDelta::hours(24 + 14);
const REACH_ON: TimeDelta = TimeDelta::hours(30 + 24 + 24 + 14);

/// The columns of [`around`].
pub(super) const COLUMNS: [&str; 8] =
    ["id", "booking_date", "occupied_from", "occupied_to", "resource_id", "seats", "is_exclusive", "expires_at"];

/// Queries for bookings that occupy and holds that are live at `now`, around these business dates.
pub(super) fn around(
    scope: &StoreScope,
    dates: &RangeInclusive<NaiveDate>,
    now: DateTime<Utc>,
    except: Option<BookingId>,
) -> [SelectStatement; 2] {
    // In this order: a column whose first two selects are null has no type.
    [held(scope, dates, now), booked(scope, dates, except)]
}

/// What the rows of [`around`] come to.
pub(super) fn read(rows: &[Row]) -> Result<Occupancy, StoreError> {
    let mut parties: HashSet<Uuid> = HashSet::new();
    let mut occupancy = Occupancy::default();
    for row in rows {
        let business_date = row.get("booking_date")?;
        if parties.insert(row.get("id")?) {
            *occupancy.parties.entry(business_date).or_default() += 1;
        }
        occupancy.taken.extend(taken(row, business_date)?);
        if let Some(ends) = row.get::<Option<DateTime<Utc>>>("expires_at")? {
            occupancy.first_hold_ends = Some(occupancy.first_hold_ends.map_or(ends, |first| Ord::min(first, ends)));
        }
    }
    Ok(occupancy)
}

fn taken(row: &Row, business_date: NaiveDate) -> Result<Option<Taken>, StoreError> {
    let Some(resource) = row.id_or_null::<ResourceId>("resource_id")? else { return Ok(None) };
    let seats = if row.get("is_exclusive")? { ALL_SEATS } else { row.int("seats")? };
    Ok(Some(Taken { resource, business_date, window: span(row, "occupied_from", "occupied_to")?, seats }))
}

/// Two columns of whole minutes.
pub(super) fn span(row: &Row, from: &str, to: &str) -> Result<Span, StoreError> {
    let minute = |column: &str| {
        Minute::exactly(row.get(column)?).ok_or_else(|| StoreError::Corrupt(format!("{column}: not a whole minute")))
    };
    Span::new(minute(from)?, minute(to)?).ok_or_else(|| StoreError::Corrupt(format!("{from}: not before {to}")))
}

/// What writes down what bookings take; nothing where none of them takes anything.
pub(super) fn adding(bookings: &[Booking]) -> Option<Write> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns([
        "booking_id",
        "position",
        "store_id",
        "booking_date",
        "occupied_from",
        "occupied_to",
        "resource_id",
        "seats",
        "is_exclusive",
    ]);
    let mut any = false;
    for booking in bookings.iter().filter(|booking| booking.status.occupies()) {
        any = true;
        let agreement = &booking.agreement;
        let held: Vec<_> =
            agreement.resources.iter().map(|held| (Some(held.id.0), held.seats, held.exclusive)).collect();
        let held = if held.is_empty() { vec![(None, 0, false)] } else { held };
        for (position, (resource, seats, exclusive)) in (0_i32..).zip(held) {
            insert.values_panic([
                booking.id.0.into(),
                position.into(),
                booking.store.0.into(),
                agreement.business_date.into(),
                agreement.occupied.from.instant().into(),
                agreement.occupied.to.instant().into(),
                resource.into(),
                seats.into(),
                exclusive.into(),
            ]);
        }
    }
    any.then(|| Write::any(insert))
}

/// What puts what a booking takes in the place of what it took: a removal, to be sent first, and what comes instead.
pub(super) fn replacing(before: &Booking, after: &Booking) -> (Option<Write>, Option<Write>) {
    let of_booking = || Expr::col("booking_id").eq(after.id.0);
    let removal = || Write::any(Query::delete().from_table(TABLE).and_where(of_booking()).to_owned());
    let (old, new) = (&before.agreement, &after.agreement);
    if !before.status.occupies() {
        return (None, adding(std::slice::from_ref(after)));
    }
    if !after.status.occupies() {
        return (None, Some(removal()));
    }
    if old.resources != new.resources {
        return (Some(removal()), adding(std::slice::from_ref(after)));
    }
    if (old.business_date, old.occupied) == (new.business_date, new.occupied) {
        return (None, None);
    }
    let moving = Query::update()
        .table(TABLE)
        .value("booking_date", new.business_date)
        .value("occupied_from", new.occupied.from.instant())
        .value("occupied_to", new.occupied.to.instant())
        .and_where(of_booking())
        .to_owned();
    (None, Some(Write::any(moving)))
}

fn booked(scope: &StoreScope, dates: &RangeInclusive<NaiveDate>, except: Option<BookingId>) -> SelectStatement {
    Query::select()
        .expr_as(Expr::col("booking_id"), "id")
        .columns(["booking_date", "occupied_from", "occupied_to", "resource_id", "seats", "is_exclusive"])
        .expr_as(Expr::cust("NULL"), "expires_at")
        .from(TABLE)
        .cond_where(near(TABLE, scope, dates))
        .and_where_option(except.map(|id| Expr::col("booking_id").ne(id.0)))
        .to_owned()
}

fn held(scope: &StoreScope, dates: &RangeInclusive<NaiveDate>, now: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .column(("holds", "id"))
        .column(("holds", "booking_date"))
        .column(("holds", "occupied_from"))
        .column(("holds", "occupied_to"))
        .column(("hold_resources", "resource_id"))
        .column(("hold_resources", "seats"))
        .column(("hold_resources", "is_exclusive"))
        .column(("holds", "expires_at"))
        .from("holds")
        .left_join("hold_resources", Expr::col(("hold_resources", "hold_id")).equals(("holds", "id")))
        .cond_where(near("holds", scope, dates))
        .and_where(Expr::col(("holds", "expires_at")).gt(now))
        .to_owned()
}

/// Of the neighbouring dates only what can reach the dates that are asked for.
fn near(table: &'static str, scope: &StoreScope, dates: &RangeInclusive<NaiveDate>) -> Condition {
    let (first, last) = (*dates.start(), *dates.end());
    let from = first.and_time(NaiveTime::MIN).and_utc() - REACH_BACK;
    let to = last.and_time(NaiveTime::MIN).and_utc() + REACH_ON;
    let reaches = Condition::all()
        .add(Expr::col((table, "occupied_to")).gt(from))
        .add(Expr::col((table, "occupied_from")).lt(to));
    Condition::all()
        .add(Expr::col((table, "store_id")).eq(scope.store().0))
        .add(Expr::col((table, "booking_date")).between(first - NEIGHBOURS, last + NEIGHBOURS))
        .add(Condition::any().add(Expr::col((table, "booking_date")).between(first, last)).add(reaches))
}

#[cfg(test)]
mod tests {
    use musubi_catalog::menu::{Menu, MenuDetails};
    use musubi_kernel::entity::Entity as _;
    use musubi_kernel::money::Amount;

    /// The reach of a query rests on it: bookings further apart could otherwise meet unseen.
    #[test]
    fn no_menu_keeps_more_than_a_day_before_or_after() {
        for keep in [
            (|menu: &mut MenuDetails, minutes| menu.prep_duration = minutes) as fn(&mut MenuDetails, i32),
            |menu, minutes| menu.cleanup_duration = minutes,
            |menu, minutes| menu.buffer_duration = minutes,
        ] {
            let mut menu = MenuDetails::new("cut", 60, Amount::ZERO);
            keep(&mut menu, 24 * 60);
            assert!(Menu::check(&menu).is_ok());
            keep(&mut menu, 24 * 60 + 1);
            assert!(Menu::check(&menu).is_err());
        }
    }
}
