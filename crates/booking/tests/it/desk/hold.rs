//! Holds.

use crate::fixture::{AKI, COLOUR, CUT, Front, at, code, fresh, named, new_booking, wish};
use musubi_booking::booking::Status;
use musubi_booking::code::{Rank, Source};
use musubi_booking::desk::{Held, NewBooking, SlotQuery, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::ports::BookingStore as _;
use musubi_booking::request::Wish;
use musubi_kernel::id::MenuId;
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;

const NOON: &str = "2026-06-10 12:00";

async fn hold(front: &Front, menu: MenuId, start: &str, wish: &Wish) -> Result<Held, BookingError> {
    front.desk.hold(&front.scope, menu, at(start), wish, &NoReceipt).await
}

async fn hold_aki(front: &Front, start: &str) -> Result<Held, BookingError> {
    hold(front, CUT, start, &Wish { nominated: Some(AKI), ..wish(Source::Web) }).await
}

fn use_of(held: &Held, who: Who) -> NewBooking {
    new_booking(What::Held { token: held.token.expose().to_owned() }, who)
}

#[tokio::test]
async fn a_hold_keeps_its_window_from_everybody_until_it_is_booked() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    assert_eq!(held.hold.expires_at, at("2026-06-01 09:10"));
    // The buffer is held, too: a cut at 11:00 would last until 12:15.
    for start in ["2026-06-10 11:00", NOON, "2026-06-10 13:00"] {
        assert_eq!(code(&hold_aki(&front, start).await), "slot_taken", "{start}");
        let aki = Wish { nominated: Some(AKI), ..wish(Source::Staff) };
        let booked = front.make(&fresh(CUT, start, aki, named("Ema"))).await;
        assert_eq!(code(&booked), "slot_taken", "{start}");
    }
    let booked = front.make(&use_of(&held, named("Ema"))).await.expect("held").booking;
    assert_eq!(booked.agreement, held.hold.terms.agreement);
    assert_eq!((booked.status.clone(), booked.confirmed_at), (Status::Confirmed, Some(at("2026-06-01 09:00"))));
    assert_eq!(code(&hold_aki(&front, NOON).await), "slot_taken");
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_alone() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    front.wait(9);
    assert_eq!(code(&hold_aki(&front, NOON).await), "slot_taken");
    front.wait(1);
    let second = hold_aki(&front, NOON).await.expect("the first has ended");
    assert_eq!(code(&front.make(&use_of(&held, named("Ema"))).await), "hold_expired");
    front.make(&use_of(&second, named("Ema"))).await.expect("still held");
}

#[tokio::test]
async fn an_ended_hold_cannot_be_booked_even_where_nobody_else_came() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    front.wait(10);
    assert_eq!(code(&front.make(&use_of(&held, named("Ema"))).await), "hold_expired");
    assert_eq!(front.bookings.tidy_holds(front.clock_now(), 10).await, Ok(1));
    assert_eq!(code(&front.make(&use_of(&held, named("Ema"))).await), "hold_expired");
}

#[tokio::test]
async fn a_hold_is_used_once() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    front.make(&use_of(&held, named("Ema"))).await.expect("held");
    assert_eq!(code(&front.make(&use_of(&held, named("Fumi"))).await), "hold_expired");
    let made_up = new_booking(What::Held { token: "made up".to_owned() }, named("Fumi"));
    assert_eq!(code(&front.make(&made_up).await), "hold_expired");
}

#[tokio::test]
async fn a_released_hold_keeps_nothing_and_releasing_twice_is_no_error() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    for _ in 0..2 {
        front.desk.release(&front.scope, held.token.expose()).await.expect("no error");
    }
    assert_eq!(code(&front.make(&use_of(&held, named("Ema"))).await), "hold_expired");
    hold_aki(&front, NOON).await.expect("free again");
}

#[tokio::test]
async fn releasing_a_hold_that_became_a_booking_leaves_the_booking() {
    let front = Front::new();
    let held = hold_aki(&front, NOON).await.expect("free");
    front.make(&use_of(&held, named("Ema"))).await.expect("held");
    front.desk.release(&front.scope, held.token.expose()).await.expect("no error");
    assert_eq!(code(&hold_aki(&front, NOON).await), "slot_taken");
}

#[tokio::test]
async fn a_held_price_is_that_of_the_customers_rank_at_the_terms_of_the_hold() {
    for (rank, base) in [(Rank::Regular, 6000), (Rank::Vip, 5400)] {
        let front = Front::new();
        let customer = front.customer(1, rank);
        let held = hold_aki(&front, NOON).await.expect("free");
        assert_eq!(held.hold.terms.agreement.price.total, Amount(7000));
        // The menu becomes dearer while the slot is held.
        front.reprice(CUT, Amount(9000));
        let booking = front.make(&use_of(&held, Who::Known(customer))).await.expect("held").booking;
        let price = booking.agreement.price;
        assert_eq!((price.base, price.resource, price.total), (Amount(base), Amount(1000), Amount(base + 1000)));
    }
}

#[tokio::test]
async fn what_is_known_only_when_a_hold_is_used_is_checked_then() {
    let front = Front::new();
    let customer = front.customer(1, Rank::Regular);
    front.restrict(customer).await;
    let held = hold_aki(&front, NOON).await.expect("free");
    let refused = front.make(&use_of(&held, Who::Known(customer))).await;
    assert_eq!(code(&refused), "customer_restricted");
    // The refusal did not use it up.
    front.make(&use_of(&held, named("Ema"))).await.expect("still held");
    let held = hold_aki(&front, "2026-06-10 14:00").await.expect("free");
    front.edit(CUT, |service| service.active = false);
    assert_eq!(code(&front.make(&use_of(&held, named("Fumi"))).await), "menu_inactive");
}

#[tokio::test]
async fn a_hold_made_under_approval_becomes_a_pending_booking() {
    let front = Front::new();
    let held = hold(&front, COLOUR, NOON, &wish(Source::Line)).await.expect("free");
    front.edit(COLOUR, |service| service.requires_approval = false);
    let booking = front.make(&use_of(&held, named("Ema"))).await.expect("held").booking;
    assert_eq!((booking.status, booking.confirmed_at), (Status::Pending, None));
}

#[tokio::test]
async fn a_hold_follows_the_rules_of_its_source_and_a_whole_minute() {
    let front = Front::new();
    assert_eq!(code(&hold(&front, CUT, "2026-06-10 12:15", &wish(Source::Web)).await), "off_grid");
    assert_eq!(code(&hold(&front, CUT, "2026-06-01 10:00", &wish(Source::Web)).await), "too_soon");
    assert!(hold(&front, CUT, "2026-06-10 12:15", &wish(Source::Phone)).await.is_ok());
    let crooked = at(NOON) + chrono::TimeDelta::seconds(1);
    let held = front.desk.hold(&front.scope, CUT, crooked, &wish(Source::Web), &NoReceipt).await;
    assert_eq!(code(&held), "invalid_request");
}

#[tokio::test]
async fn holds_count_toward_the_limit_of_a_day_and_slots_show_them() {
    let front = Front::of(musubi_booking::shop::Shop { daily_limit: 2, ..crate::fixture::shop() });
    let query = |wish| {
        let day = "2026-06-10".parse().expect("a date");
        SlotQuery { menu: CUT, from: day, to: day, wish, customer: None, explain: true }
    };
    hold(&front, CUT, NOON, &wish(Source::Web)).await.expect("free");
    let one = front.desk.slots(&front.scope, &query(wish(Source::Web))).await.expect("an answer");
    let at_noon = one.offers.iter().find(|offer| offer.service.from.instant() == at(NOON)).expect("Ben is free");
    assert_eq!(at_noon.remaining, 1);
    hold(&front, CUT, NOON, &wish(Source::Web)).await.expect("free");
    let full = front.desk.slots(&front.scope, &query(wish(Source::Web))).await.expect("an answer");
    assert!(full.offers.is_empty());
    let codes = |start: &str| full.refused.iter().find(|one| one.start == at(start)).map(|one| one.refusal.code());
    assert_eq!(codes("2026-06-10 15:00"), Some("day_limit_reached"));
    assert_eq!(codes(NOON), Some("slot_taken"));
    // The desk gives the reasons that the search gives.
    assert_eq!(code(&hold(&front, CUT, "2026-06-10 15:00", &wish(Source::Web)).await), "day_limit_reached");
    assert_eq!(code(&hold(&front, CUT, NOON, &wish(Source::Web)).await), "slot_taken");
    assert_eq!(code(&front.make(&fresh(CUT, NOON, wish(Source::Line), named("Ema"))).await), "slot_taken");
    assert!(hold(&front, CUT, "2026-06-10 15:00", &wish(Source::Staff)).await.is_ok());
    front.wait(10);
    assert!(hold(&front, CUT, NOON, &wish(Source::Web)).await.is_ok());
}
