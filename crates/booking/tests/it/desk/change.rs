//! Moving and changing bookings.

use crate::fixture::{AKI, BEN, CLASS, CUT, Front, at, code, fresh, named, staff, wish};
use musubi_booking::booking::{Booking, By, Status};
use musubi_booking::code::Source;
use musubi_booking::desk::NewTerms;
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;

const NOON: &str = "2026-06-10 12:00";

fn to(start: &str) -> NewTerms {
    NewTerms { start: Some(at(start)), ..NewTerms::default() }
}

fn by_staff() -> By {
    By::Staff { reason: "asked by telephone".to_owned() }
}

fn by_customer() -> By {
    By::Customer { reason: None }
}

async fn reschedule(front: &Front, booking: &Booking, terms: &NewTerms, by: &By) -> Result<Booking, BookingError> {
    front.desk.reschedule(front.target(&staff(), booking.id), terms, by, &NoReceipt).await
}

async fn with_aki(front: &Front, start: &str, source: Source) -> Booking {
    let aki = Wish { nominated: Some(AKI), ..wish(source) };
    front.make(&fresh(CUT, start, aki, named("Ema"))).await.expect("free").booking
}

#[tokio::test]
async fn a_moved_booking_keeps_number_status_source_and_nomination() {
    let front = Front::new();
    let before = with_aki(&front, NOON, Source::Line).await;
    front.wait(5);
    let after = reschedule(&front, &before, &to("2026-06-12 15:00"), &by_staff()).await.expect("free");
    assert_eq!((&after.number, &after.status, after.version), (&before.number, &Status::Confirmed, 2));
    assert_eq!((after.starts_at(), after.updated_at), (at("2026-06-12 15:00"), at("2026-06-01 09:05")));
    assert_eq!((after.created_at, after.confirmed_at), (before.created_at, before.confirmed_at));
    let agreement = &after.agreement;
    assert_eq!((agreement.source, agreement.nominated, agreement.price.total), (Source::Line, true, Amount(7000)));
    assert_eq!(agreement.primary().map(|held| held.id), Some(AKI));
    let history = front.desk.history(&front.scope, before.id, Reach::Store).await.expect("there");
    assert_eq!(history.len(), 2);
    // What it left is free, what it took is not.
    with_aki(&front, NOON, Source::Staff).await;
    let aki = Wish { nominated: Some(AKI), ..wish(Source::Staff) };
    assert_eq!(code(&front.make(&fresh(CUT, "2026-06-12 15:30", aki, named("Fumi"))).await), "slot_taken");
}

#[tokio::test]
async fn a_booking_does_not_stand_in_its_own_way() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    let moved = reschedule(&front, &booking, &to("2026-06-10 12:30"), &by_staff()).await.expect("only itself is there");
    assert_eq!(moved.agreement.primary().map(|held| held.id), Some(AKI));
    let same = reschedule(&front, &moved, &NewTerms::default(), &by_staff()).await.expect("nothing changes");
    assert_eq!((same.agreement, same.version), (moved.agreement, 3));
}

#[tokio::test]
async fn a_move_to_a_taken_slot_is_refused_and_changes_nothing() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    with_aki(&front, "2026-06-10 15:00", Source::Web).await;
    let records = front.bookings.records().len();
    for (terms, by, expected) in [
        (to("2026-06-10 14:30"), by_staff(), "slot_taken"),
        (to("2026-06-10 14:30"), by_customer(), "slot_taken"),
        (to("2026-06-10 20:00"), by_staff(), "outside_opening_hours"),
        (to("2026-06-10 12:15"), by_customer(), "off_grid"),
        (to("2026-06-01 10:30"), by_customer(), "too_soon"),
        (to("2026-09-10 12:00"), by_customer(), "too_far_ahead"),
        (NewTerms { party_size: Some(2), ..NewTerms::default() }, by_staff(), "party_exceeds_capacity"),
    ] {
        assert_eq!(code(&reschedule(&front, &booking, &terms, &by).await), expected, "{terms:?} {by:?}");
    }
    assert_eq!(front.desk.booking(&front.scope, booking.id, Reach::Store).await, Ok(booking));
    assert_eq!(front.bookings.records().len(), records);
}

#[tokio::test]
async fn staff_may_move_off_the_grid_and_at_any_time_and_customers_may_not() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    front.clock.set(at("2026-06-09 12:01"));
    let late = reschedule(&front, &booking, &to("2026-06-12 12:00"), &by_customer()).await;
    assert_eq!(code(&late), "too_late_to_change");
    let moved = reschedule(&front, &booking, &to("2026-06-12 12:10"), &by_staff()).await.expect("staff may");
    assert_eq!(moved.agreement.source, Source::Web);
    // Now there is time again.
    reschedule(&front, &moved, &to("2026-06-12 14:00"), &by_customer()).await.expect("in time");
}

#[tokio::test]
async fn customers_keep_their_rules_when_they_move_what_staff_wrote_down() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Phone).await;
    for (start, expected) in
        [("2026-06-12 12:10", "off_grid"), ("2026-06-01 10:30", "too_soon"), ("2026-09-10 12:00", "too_far_ahead")]
    {
        assert_eq!(code(&reschedule(&front, &booking, &to(start), &by_customer()).await), expected, "{start}");
    }
    let moved = reschedule(&front, &booking, &to("2026-06-12 14:00"), &by_customer()).await.expect("by the rules");
    assert_eq!(moved.agreement.source, Source::Phone);
}

#[tokio::test]
async fn party_menu_and_nomination_change_with_price_and_resource() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    let ben = NewTerms { nominated: Some(Some(BEN)), ..NewTerms::default() };
    let with_ben = reschedule(&front, &booking, &ben, &by_staff()).await.expect("Ben is free");
    assert_eq!((with_ben.agreement.price.total, with_ben.agreement.resources[0].id), (Amount(6000), BEN));
    let class = NewTerms { menu: Some(CLASS), party_size: Some(4), nominated: Some(None), ..NewTerms::default() };
    let in_class = reschedule(&front, &with_ben, &class, &by_staff()).await.expect("seats are free");
    assert_eq!((in_class.agreement.menu_name.as_str(), in_class.agreement.resources[0].seats), ("Class", 4));
    assert!(!in_class.agreement.nominated);
    let seats = |party_size| Wish { party_size, ..wish(Source::Web) };
    let three = front.make(&fresh(CLASS, NOON, seats(3), named("Fumi"))).await;
    assert_eq!(code(&three), "slot_taken");
    front.make(&fresh(CLASS, NOON, seats(2), named("Fumi"))).await.expect("two seats are left");
    let five = NewTerms { party_size: Some(5), ..NewTerms::default() };
    assert_eq!(code(&reschedule(&front, &in_class, &five, &by_staff()).await), "slot_taken");
}

#[tokio::test]
async fn what_is_over_is_not_moved() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    front.desk.cancel(front.target(&staff(), booking.id), &by_staff(), &NoReceipt).await.expect("open");
    let moved = reschedule(&front, &booking, &to("2026-06-12 12:00"), &by_staff()).await;
    assert_eq!(code(&moved), "invalid_transition");
}

#[tokio::test]
async fn a_move_locks_the_days_that_it_leaves_and_those_it_goes_to() {
    let front = Front::new();
    let booking = with_aki(&front, NOON, Source::Web).await;
    reschedule(&front, &booking, &to("2026-06-12 15:00"), &by_staff()).await.expect("free");
    let days = front.ledger.seen(|seen| seen.locked.last().cloned()).expect("a lock");
    for date in ["2026-06-10", "2026-06-12"] {
        assert!(days.contains(&date.parse().expect("a date")), "{date} in {days:?}");
    }
}

#[tokio::test]
async fn the_manage_link_leads_to_the_booking() {
    let front = Front::new();
    let aki = Wish { nominated: Some(AKI), ..wish(Source::Web) };
    let booked = front.make(&fresh(CUT, NOON, aki, named("Ema"))).await.expect("free");
    let hash = musubi_booking::token::hash(booked.manage_token.expose());
    let (store, id) = front.desk.managed(&hash).await.expect("there");
    assert_eq!((store.store, id), (front.scope.store(), booked.booking.id));
    assert_eq!(booked.booking.manage_token_hash, hash);
    let wrong = musubi_booking::token::hash("made up");
    assert_eq!(code(&front.desk.managed(&wrong).await), "not_found");
}
