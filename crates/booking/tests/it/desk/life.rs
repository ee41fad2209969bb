//! From booking to visit, absence or cancellation.

use crate::fixture::{
    AKI, BEN, CLASS, COLOUR, CUT, Front, HALL, STORE, at, code, fresh, named, new_booking, public, resources, services,
    staff, wish,
};
use chrono::TimeDelta;
use musubi_booking::booking::{Booking, By, Notes, Status};
use musubi_booking::code::{BookingMode, Rank, ServiceKind, Source};
use musubi_booking::desk::{NewBooking, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::patron::VisitRecord;
use musubi_booking::ports::Offering;
use musubi_booking::reach::Reach;
use musubi_booking::shop::{Calendar, Shop};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;

const NOON: &str = "2026-06-10 12:00";

fn by_customer() -> By {
    By::Customer { reason: None }
}

fn by_staff() -> By {
    By::Staff { reason: "closed for repairs".to_owned() }
}

fn preferring(start: &str, times: &[&str]) -> NewBooking {
    let preferred_times = times.iter().map(|time| at(time)).collect();
    NewBooking { preferred_times, ..fresh(COLOUR, start, wish(Source::Line), named("Ema")) }
}

async fn confirm(front: &Front, booking: &Booking, start: Option<&str>) -> Result<Booking, BookingError> {
    front.desk.confirm(front.target(&staff(), booking.id), start.map(at), None, &NoReceipt).await
}

#[tokio::test]
async fn held_booked_confirmed_completed() {
    let front = Front::new();
    let customer = front.customer(1, Rank::Vip);
    let held = front.desk.hold(&front.scope, COLOUR, at(NOON), &wish(Source::Web), &NoReceipt).await.expect("free");
    let what = What::Held { token: held.token.expose().to_owned() };
    let booking = front.make(&new_booking(what, Who::Known(customer))).await.expect("held").booking;
    assert_eq!((&booking.status, booking.confirmed_at, booking.version), (&Status::Pending, None, 1));
    front.wait(60);
    let confirmed = confirm(&front, &booking, None).await.expect("pending");
    assert_eq!((&confirmed.status, confirmed.version), (&Status::Confirmed, 2));
    assert_eq!(confirmed.confirmed_at, Some(at("2026-06-01 10:00")));
    front.clock.set(at(NOON));
    let completed = front.desk.complete(front.target(&staff(), booking.id), None, &NoReceipt).await.expect("begun");
    assert_eq!(completed.status, Status::Completed { at: at(NOON) });
    assert_eq!(completed.number, booking.number);
    let record = VisitRecord {
        total_bookings: 1,
        total_spent: Amount(5400),
        first_visit_at: Some(at(NOON)),
        last_visit_at: Some(at(NOON)),
        ..VisitRecord::default()
    };
    assert_eq!(front.patron(customer).await.record, record);
    let twice = front.desk.complete(front.target(&staff(), booking.id), None, &NoReceipt).await;
    assert_eq!(code(&twice), "invalid_transition");
    assert_eq!(front.patron(customer).await.record, record);
}

#[tokio::test]
async fn a_store_that_confirms_by_hand_makes_every_booking_wait() {
    let front = Front::of(Shop { mode: BookingMode::Manual, ..crate::fixture::shop() });
    let booking = front.book(CUT, NOON, "Ema").await.expect("free");
    assert_eq!(booking.status, Status::Pending);
    // It keeps its window all the same.
    front.book(CUT, NOON, "Fumi").await.expect("Ben is free");
    assert_eq!(code(&front.book(CUT, NOON, "Goro").await), "slot_taken");
}

#[tokio::test]
async fn confirming_picks_a_preferred_time_and_gives_the_first_one_free() {
    let front = Front::new();
    let other = "2026-06-11 15:00";
    let booking = front.make(&preferring(NOON, &[other])).await.expect("free").booking;
    let confirmed = confirm(&front, &booking, Some(other)).await.expect("free");
    assert_eq!((confirmed.starts_at(), &confirmed.status), (at(other), &Status::Confirmed));
    assert_eq!((confirmed.agreement.source, confirmed.preferred_times.len()), (Source::Line, 0));
    assert_eq!(confirmed.number, booking.number);
    for who in ["Fumi", "Goro"] {
        front.book(CUT, NOON, who).await.expect("both are free at noon again");
    }
    assert_eq!(code(&confirm(&front, &confirmed, Some(NOON)).await), "invalid_transition");
}

#[tokio::test]
async fn a_preferred_time_is_checked_when_it_is_picked() {
    let front = Front::new();
    let (other, third) = ("2026-06-11 15:00", "2026-06-11 20:00");
    let booking = front.make(&preferring(NOON, &[other, third])).await.expect("free").booking;
    for who in ["Fumi", "Goro"] {
        front.book(CUT, other, who).await.expect("free");
    }
    let refused = confirm(&front, &booking, Some(other)).await;
    assert_eq!(code(&refused), "slot_taken");
    assert_eq!(code(&confirm(&front, &booking, Some(third)).await), "outside_opening_hours");
    assert_eq!(code(&confirm(&front, &booking, Some("2026-06-12 15:00")).await), "invalid_request");
    let present = front.desk.booking(&front.scope, booking.id, Reach::Store).await.expect("there");
    assert_eq!(present, booking);
    confirm(&front, &booking, Some(NOON)).await.expect("its own start is still its own");
}

#[tokio::test]
async fn preferred_times_are_few_different_and_only_where_the_store_gives_its_word() {
    let front = Front::new();
    let days: Vec<String> = (11..17).map(|day| format!("2026-06-{day} 12:00")).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    assert_eq!(code(&front.make(&preferring(NOON, &days)).await), "invalid_request");
    assert_eq!(code(&front.make(&preferring(NOON, &[days[0], days[0]])).await), "invalid_request");
    let at_once =
        NewBooking { preferred_times: vec![at(days[0])], ..fresh(CUT, NOON, wish(Source::Web), named("Ema")) };
    assert_eq!(code(&front.make(&at_once).await), "invalid_request");
    assert!(front.make(&preferring(NOON, &days[..5])).await.is_ok());
    assert_eq!(front.bookings.records().len(), 1);
}

#[tokio::test]
async fn a_cancelled_booking_keeps_nothing_and_stays_cancelled() {
    let front = Front::new();
    let booking = front.book(CUT, NOON, "Ema").await.expect("free");
    front.book(CUT, NOON, "Fumi").await.expect("free");
    assert_eq!(code(&front.book(CUT, NOON, "Goro").await), "slot_taken");
    let cancelled = front.desk.cancel(front.target(&staff(), booking.id), &by_staff(), &NoReceipt).await.expect("open");
    let reason = Some("closed for repairs".to_owned());
    assert_eq!(cancelled.status, Status::Cancelled { at: at("2026-06-01 09:00"), reason });
    front.book(CUT, NOON, "Goro").await.expect("free again");
    for by in [by_customer(), by_staff()] {
        let again = front.desk.cancel(front.target(&staff(), booking.id), &by, &NoReceipt).await;
        assert_eq!(code(&again), "invalid_transition");
    }
    assert_eq!(code(&confirm(&front, &cancelled, None).await), "invalid_transition");
}

#[tokio::test]
async fn customers_cancel_until_the_notice_begins_and_staff_always() {
    for (clock, by, expected) in [
        ("2026-06-09 12:00", by_customer(), ""),
        ("2026-06-09 12:01", by_customer(), "too_late_to_change"),
        ("2026-06-10 12:30", by_staff(), ""),
    ] {
        let front = Front::new();
        let booking = front.book(CUT, NOON, "Ema").await.expect("free");
        front.clock.set(at(clock));
        let cancelled = front.desk.cancel(front.target(&public(), booking.id), &by, &NoReceipt).await;
        assert_eq!(code(&cancelled), expected, "{clock} {by:?}");
    }
}

#[tokio::test]
async fn complete_and_no_show_wait_for_the_start() {
    let front = Front::new();
    let booking = front.book(CUT, NOON, "Ema").await.expect("free");
    front.clock.set(at(NOON) - TimeDelta::seconds(1));
    let caller = staff();
    let target = front.target(&caller, booking.id);
    assert_eq!(code(&front.desk.complete(target, None, &NoReceipt).await), "not_started");
    assert_eq!(code(&front.desk.no_show(target, None, &NoReceipt).await), "not_started");
    front.clock.set(at(NOON));
    front.desk.no_show(target, None, &NoReceipt).await.expect("begun");
    assert_eq!(code(&front.desk.complete(target, None, &NoReceipt).await), "invalid_transition");
}

#[tokio::test]
async fn who_stays_away_too_often_is_restricted_for_the_policys_days() {
    let front = Front::new();
    let customer = front.customer(1, Rank::Regular);
    let starts = ["2026-06-10 10:00", "2026-06-11 10:00"];
    for (start, restricted) in starts.into_iter().zip([false, true]) {
        let booked = front.make(&fresh(CUT, start, wish(Source::Phone), Who::Known(customer))).await.expect("free");
        front.clock.set(at(start));
        front.desk.no_show(front.target(&staff(), booked.booking.id), None, &NoReceipt).await.expect("begun");
        assert_eq!(front.patron(customer).await.guest.restricted, restricted, "{start}");
    }
    let patron = front.patron(customer).await;
    assert_eq!((patron.record.no_show_count, patron.record.last_no_show_at), (2, Some(at(starts[1]))));
    let until = at("2026-09-09 10:00");
    assert_eq!(patron.guest.restricted_until, Some(until));
    let again = || fresh(CUT, "2026-09-20 10:00", wish(Source::Phone), Who::Known(customer));
    assert_eq!(code(&front.make(&again()).await), "customer_restricted");
    front.clock.set(until - TimeDelta::seconds(1));
    assert_eq!(code(&front.make(&again()).await), "customer_restricted");
    front.clock.set(until);
    front.make(&again()).await.expect("the restriction has ended");
}

#[tokio::test]
async fn notes_change_in_any_state_and_nothing_else_does() {
    let front = Front::new();
    let booking = front.book(CUT, NOON, "Ema").await.expect("free");
    front.desk.cancel(front.target(&staff(), booking.id), &by_staff(), &NoReceipt).await.expect("open");
    let revision = |notes: &Notes| Ok(Notes { internal: Some("called back".to_owned()), ..notes.clone() });
    let noted =
        front.desk.annotate(front.target(&staff(), booking.id), &revision, &NoReceipt).await.expect("any state");
    assert_eq!((noted.notes.internal.as_deref(), noted.version), (Some("called back"), 3));
    assert_eq!(noted.agreement, booking.agreement);
}

#[tokio::test]
async fn the_least_busy_resource_is_taken_first() {
    let front = Front::new();
    let mut primaries = Vec::new();
    for (start, who) in [("10:00", "Ema"), ("12:00", "Fumi"), ("14:00", "Goro")] {
        let booking = front.book(CUT, &format!("2026-06-10 {start}"), who).await.expect("free");
        primaries.push(booking.agreement.primary().expect("staff").id);
    }
    assert_eq!(primaries, [AKI, BEN, AKI]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let front = Front::new();
    let nobody = musubi_kernel::id::BookingId(uuid::Uuid::nil());
    assert_eq!(code(&front.desk.booking(&front.scope, nobody, Reach::Store).await), "not_found");
    assert_eq!(code(&front.desk.history(&front.scope, nobody, Reach::Store).await), "not_found");
    assert_eq!(code(&front.desk.cancel(front.target(&staff(), nobody), &by_staff(), &NoReceipt).await), "not_found");
    let no_menu = musubi_kernel::id::MenuId(uuid::Uuid::nil());
    assert_eq!(code(&front.book(no_menu, NOON, "Ema").await), "not_found");
    let no_customer = Who::Known(musubi_kernel::id::CustomerId(uuid::Uuid::nil()));
    assert_eq!(code(&front.make(&fresh(CUT, NOON, wish(Source::Staff), no_customer)).await), "not_found");
}

#[tokio::test]
async fn a_room_of_ones_own_is_not_shared_when_it_grows() {
    let front = Front::new();
    front.edit(CLASS, |service| service.kind = ServiceKind::Individual);
    front.book(CLASS, NOON, "Ema").await.expect("free");
    let mut grown = resources();
    grown.iter_mut().filter(|one| one.id == HALL).for_each(|hall| hall.capacity = 50);
    let class = services().into_iter().find(|service| service.id == CLASS).expect("there is a class");
    front.shops.put_offering(STORE, Offering { service: class, resources: grown, calendar: Calendar::new() });
    assert_eq!(code(&front.book(CLASS, NOON, "Fumi").await), "slot_taken");
}
