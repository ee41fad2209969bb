//! Lost races, and versions.

use crate::fixture::{COLOUR, CUT, Front, at, code, staff, wish};
use musubi_booking::booking::{Booking, By};
use musubi_booking::code::Source;
use musubi_booking::desk::{NewTerms, Target};
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::ATTEMPTS;

const NOON: &str = "2026-06-10 12:00";

fn by_staff() -> By {
    By::Staff { reason: "ill".to_owned() }
}

#[tokio::test]
async fn a_lost_race_is_run_again_until_it_is_won() {
    let front = Front::new();
    front.ledger.seen(|seen| seen.races_to_lose = 3);
    let booking = front.book(COLOUR, NOON, "Ema").await.expect("the fourth attempt");
    assert_eq!(front.ledger.seen(|seen| seen.begun), 4);
    assert_eq!(front.bookings.records().len(), 1, "a lost attempt leaves no trace");
    let caller = staff();
    let target = front.target(&caller, booking.id);
    for step in 0..4 {
        front.ledger.seen(|seen| seen.races_to_lose = 2);
        let done = match step {
            0 => front.desk.confirm(target, None, None, &NoReceipt).await.map(drop),
            1 => front.desk.hold(&front.scope, CUT, at(NOON), &wish(Source::Web), &NoReceipt).await.map(drop),
            2 => {
                let terms = NewTerms { start: Some(at("2026-06-11 12:00")), ..NewTerms::default() };
                front.desk.reschedule(target, &terms, &by_staff(), &NoReceipt).await.map(drop)
            }
            _ => front.desk.cancel(target, &by_staff(), &NoReceipt).await.map(drop),
        };
        assert_eq!(done, Ok(()), "step {step}");
        assert_eq!(front.ledger.seen(|seen| seen.races_to_lose), 0, "step {step}");
    }
    assert_eq!(front.desk.booking(&front.scope, booking.id, Reach::Store).await.map(|booking| booking.version), Ok(4));
}

#[tokio::test]
async fn a_race_that_is_always_lost_is_reported() {
    let front = Front::new();
    front.ledger.seen(|seen| seen.races_to_lose = u32::MAX);
    assert_eq!(front.book(CUT, NOON, "Ema").await.map(drop), Err(BookingError::Store(StoreError::Conflict)));
    assert_eq!(front.ledger.seen(|seen| seen.begun), ATTEMPTS);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let front = Front::new();
    for who in ["Ema", "Fumi"] {
        front.book(CUT, NOON, who).await.expect("free");
    }
    let begun = front.ledger.seen(|seen| seen.begun);
    assert_eq!(code(&front.book(CUT, NOON, "Goro").await), "slot_taken");
    assert_eq!(front.ledger.seen(|seen| seen.begun), begun + 1);
    // What no free seat could help does not even begin.
    assert_eq!(code(&front.book(CUT, "2026-06-10 20:00", "Goro").await), "outside_opening_hours");
    assert_eq!(front.ledger.seen(|seen| seen.begun), begun + 1);
}

#[tokio::test]
async fn a_step_on_an_older_version_is_refused() {
    let front = Front::new();
    let booking = front.book(COLOUR, NOON, "Ema").await.expect("free");
    let caller = staff();
    let seen = |version| Target { version: Some(version), ..front.target(&caller, booking.id) };
    front.desk.confirm(seen(1), None, None, &NoReceipt).await.expect("the present version");
    front.clock.set(at(NOON));
    let desk = &front.desk;
    let terms = NewTerms { start: Some(at("2026-06-11 12:00")), ..NewTerms::default() };
    let notes = |notes: &musubi_booking::booking::Notes| Ok(notes.clone());
    let results: [Result<Booking, BookingError>; 6] = [
        desk.confirm(seen(1), None, None, &NoReceipt).await,
        desk.cancel(seen(1), &by_staff(), &NoReceipt).await,
        desk.complete(seen(1), None, &NoReceipt).await,
        desk.no_show(seen(3), None, &NoReceipt).await,
        desk.reschedule(seen(1), &terms, &by_staff(), &NoReceipt).await,
        desk.annotate(seen(1), &notes, &NoReceipt).await,
    ];
    for result in &results {
        assert_eq!(code(result), "stale_version");
    }
    desk.complete(seen(2), None, &NoReceipt).await.expect("the present version");
}

#[tokio::test]
async fn of_two_who_ask_at_once_for_the_last_seat_one_gets_it() {
    let front = Front::new();
    front.book(CUT, NOON, "Ema").await.expect("free");
    let (fumi, goro) = tokio::join!(front.book(CUT, NOON, "Fumi"), front.book(CUT, NOON, "Goro"));
    let mut codes = [code(&fumi), code(&goro)];
    codes.sort_unstable();
    assert_eq!(codes, ["", "slot_taken"]);
    // Both had begun when the first committed: the other lost its race, and looked again.
    assert_eq!(front.ledger.seen(|seen| seen.begun), 4);
}
