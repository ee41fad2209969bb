//! What is taken around some dates.

use super::agree::books_agree;
use super::ground::{Ground, contract, now, span};
use super::house::{House, at, fresh, june, tokyo, wish};
use crate::migrations::tamper;
use chrono::NaiveDate;
use musubi_booking::booking::{Booking, By, Status};
use musubi_booking::minute::Span;
use musubi_booking::occupancy::ALL_SEATS;
use musubi_booking::occupancy::{Occupancy, Taken};
use musubi_booking::ports::BookingStore as _;
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::id::BookingId;
use musubi_kernel::receipt::NoReceipt;
use musubi_sql::migrate;
use musubi_sql_testing::{TestDb, on_each_engine};

async fn taken(ground: &Ground, dates: [u32; 2], except: Option<BookingId>) -> Occupancy {
    let dates = june(dates[0])..=june(dates[1]);
    let mut unit = ground.unit(&ground.ours).await;
    let mut locked = unit.occupancy(&dates, now(), except).await.unwrap();
    drop(unit);
    let order = |one: &Taken| (one.window, one.resource);
    locked.taken.sort_by_key(order);
    if except.is_none() {
        let mut read = ground.store.occupancy(&ground.ours, &dates, now()).await.unwrap();
        read.taken.sort_by_key(order);
        assert_eq!(read, locked);
    }
    locked
}

fn parties(occupancy: &Occupancy, day: u32) -> u32 {
    occupancy.parties_on(june(day))
}

/// A booking of a business date that keeps the staff from and to these instants, beyond all preparation if need be.
fn keeping(ground: &Ground, business_date: NaiveDate, occupied: Span) -> Booking {
    let mut booking = ground.booking_at(tokyo(10, "10:00"));
    let agreement = &mut booking.agreement;
    agreement.business_date = business_date;
    agreement.occupied = occupied;
    agreement.service = Span { from: occupied.to - 2, to: occupied.to - 1 };
    agreement.lengths.prep = agreement.service.from - occupied.from;
    (agreement.lengths.service, agreement.lengths.cleanup, agreement.lengths.buffer) = (1, 1, 0);
    booking
}

async fn whatever_is_not_cancelled_counts(ground: Ground) {
    let statuses = [
        Status::Pending,
        Status::Confirmed,
        Status::Completed { at: now() },
        Status::NoShow { at: now() },
        Status::Cancelled { at: now(), reason: None },
    ];
    for status in statuses {
        ground.insert(&Booking { status, ..ground.booking() }).await;
    }
    let occupancy = taken(&ground, [10, 10], None).await;
    assert_eq!((parties(&occupancy, 10), occupancy.taken.len()), (4, 8));
    let window = span(tokyo(10, "09:50"), tokyo(10, "11:35"));
    assert!(occupancy.taken.iter().all(|one| one.window == window && one.business_date == june(10)));
    let seats = |id| occupancy.taken.iter().filter(|one| one.resource == id).map(|one| one.seats).sum::<u32>();
    assert_eq!((seats(ground.staff), seats(ground.room)), (12, 4 * ALL_SEATS));
}

async fn a_booking_is_not_in_its_own_way(ground: Ground) {
    let (own, other) = (ground.booking(), ground.booking_at(tokyo(10, "15:00")));
    ground.insert(&own).await;
    ground.insert(&other).await;
    let occupancy = taken(&ground, [10, 10], Some(own.id)).await;
    assert_eq!((parties(&occupancy, 10), occupancy.taken.len()), (1, 1));
    assert_eq!(occupancy.taken[0].window, other.agreement.occupied);
}

async fn a_booking_without_resources_is_a_party(ground: Ground) {
    let mut booking = ground.booking();
    booking.agreement.resources.clear();
    ground.insert(&booking).await;
    let mut hold = ground.hold();
    hold.terms.agreement.resources.clear();
    ground.insert_hold(&hold).await;
    let occupancy = taken(&ground, [10, 10], None).await;
    assert_eq!((parties(&occupancy, 10), occupancy.taken.len()), (2, 0));
}

/// The clock runs to 30:00, cleaning up and buffer last a day each, preparation lasts a day, and the zone of the store
/// may have been another when the booking was made.
async fn neighbours_are_seen_from_both_sides(ground: Ground) {
    let far = [
        keeping(&ground, june(5), span(at("2026-06-06T00:00:00Z"), at("2026-06-08T20:00:00Z"))),
        keeping(&ground, june(15), span(at("2026-06-13T10:00:00Z"), at("2026-06-14T10:00:00Z"))),
    ];
    for booking in &far {
        ground.insert(booking).await;
    }
    // 92 hours after midnight UTC is the latest that a booking of the 10th keeps; 38 hours before it, the earliest.
    let occupancy = taken(&ground, [10, 10], None).await;
    assert_eq!(occupancy.taken.iter().map(|one| one.business_date).collect::<Vec<_>>(), [june(5), june(15)]);
    let hold = {
        let mut hold = ground.hold();
        hold.terms.agreement = far[0].agreement.clone();
        hold
    };
    ground.insert_hold(&hold).await;
    assert_eq!(taken(&ground, [10, 10], None).await.taken.len(), 3);
    assert_eq!(parties(&taken(&ground, [5, 5], None).await, 5), 2);
}

/// However many dates are asked for, what a date has does not change.
async fn all_of_the_dates_are_there(ground: Ground) {
    for day in [9, 10, 11] {
        for start in ["09:30", "20:00"] {
            ground.insert(&ground.booking_at(tokyo(day, start))).await;
        }
    }
    for (dates, there) in [([10, 10], 10..=10), ([9, 11], 9..=11), ([8, 12], 9..=11)] {
        let occupancy = taken(&ground, dates, None).await;
        for day in there {
            assert_eq!(parties(&occupancy, day), 2, "{dates:?} {day}");
        }
    }
}

contract!(
    whatever_is_not_cancelled_counts,
    a_booking_is_not_in_its_own_way,
    a_booking_without_resources_is_a_party,
    neighbours_are_seen_from_both_sides,
    all_of_the_dates_are_there,
);

/// As in a database of a release before the table.
async fn what_was_booked_before_it_was_written_down_is_taken_too(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("ours", |_| ()).await;
    for _ in 0..2 {
        house.resource(&scope, ResourceType::Staff, |_| ()).await;
    }
    let menu = house.menu(&scope, |_| ()).await;
    let customer = house.customer(&scope, CustomerDetails::named("花子")).await;
    let desk = house.desk();
    for hour in ["10:00", "12:00", "14:00"] {
        let new = fresh(menu, tokyo(10, hour), wish(), customer);
        let booked = desk.book(&house.caller, &scope, &new, &NoReceipt).await.unwrap();
        if hour == "12:00" {
            let because = By::Staff { reason: "雨".to_owned() };
            desk.cancel(house.target(&scope, booked.booking.id), &because, &NoReceipt).await.unwrap();
        }
    }
    let taken = async || {
        let mut taken = house.bookings().occupancy(&scope, &(june(10)..=june(10)), now()).await.unwrap();
        taken.taken.sort_by_key(|one| one.window);
        taken
    };
    let before = taken().await;
    assert_eq!(before.parties_on(june(10)), 2);

    tamper(&test, "DELETE FROM occupancy WHERE seats > 0").await;
    tamper(&test, "DELETE FROM _sqlx_migrations WHERE version > 13000 AND version < 14000").await;
    assert_eq!(taken().await, Occupancy::default());
    migrate::run(&test.db).await.unwrap();
    assert_eq!(taken().await, before);
    books_agree(&test.db).await;
}
on_each_engine!(what_was_booked_before_it_was_written_down_is_taken_too);
