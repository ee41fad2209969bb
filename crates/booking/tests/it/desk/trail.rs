//! What changes leave behind: history, events, audit entries, receipts.

use crate::fixture::{COLOUR, CUT, Front, at, fresh, named, public, staff, wish};
use chrono::TimeDelta;
use musubi_booking::booking::{Booking, By, Notes};
use musubi_booking::code::Source;
use musubi_booking::desk::{Booked, Held, NewTerms};
use musubi_booking::reach::Reach;
use musubi_kernel::receipt::{Answered, NoReceipt, Receipt};
use serde_json::json;

const NOON: &str = "2026-06-10 12:00";
const LATER: &str = "2026-06-12 15:00";

/// One booking with a change of every kind but no-show.
async fn a_whole_life(front: &Front) -> Booking {
    let desk = &front.desk;
    let new = fresh(COLOUR, NOON, wish(Source::Line), named("Ema"));
    let booking = desk.book(&public(), &front.scope, &new, &NoReceipt).await.expect("free").booking;
    let caller = staff();
    let target = front.target(&caller, booking.id);
    front.wait(1);
    desk.confirm(target, None, Some("checked the stock"), &NoReceipt).await.expect("pending");
    front.wait(1);
    let terms = NewTerms { start: Some(at(LATER)), ..NewTerms::default() };
    let by = By::Customer { reason: Some("has a cold".to_owned()) };
    desk.reschedule(front.target(&public(), booking.id), &terms, &by, &NoReceipt).await.expect("in time");
    front.wait(1);
    let revision = |notes: &Notes| Ok(Notes { staff: Some("allergic".to_owned()), ..notes.clone() });
    desk.annotate(target, &revision, &NoReceipt).await.expect("any state");
    front.clock.set(at(LATER));
    desk.complete(target, None, &NoReceipt).await.expect("begun")
}

#[tokio::test]
async fn the_history_tells_who_did_what_why_and_from_where() {
    let front = Front::new();
    let booking = a_whole_life(&front).await;
    let history = front.desk.history(&front.scope, booking.id, Reach::Store).await.expect("there");
    let (till, key) = (Some("192.0.2.7".parse().expect("an address")), Some(uuid::Uuid::from_u128(77)));
    let told: Vec<_> = history
        .iter()
        .map(|one| (one.kind.code(), one.by_kind.as_str(), one.by, one.ip, one.reason.as_deref()))
        .collect();
    let expected = [
        ("create", "customer", None, None, None),
        ("confirm", "staff", key, till, Some("checked the stock")),
        ("update", "customer", None, None, Some("has a cold")),
        ("update", "staff", key, till, None),
        ("complete", "staff", key, till, None),
    ];
    assert_eq!(told, expected);
    assert_eq!(history[1].user_agent.as_deref(), Some("till"));
    assert!(history.is_sorted_by_key(|one| one.at));
    assert_eq!(history[0].before, None);
    for pair in history.windows(2) {
        assert_eq!(pair[1].before.as_ref(), Some(&pair[0].after), "each change begins where the one before ended");
    }
    let field = |place: usize, name: &str| history[place].after[name].clone();
    let starts: Vec<_> = (0..5).map(|place| field(place, "start")).collect();
    let (noon, later) = (json!(at(NOON)), json!(at(LATER)));
    assert_eq!(starts, [&noon, &noon, &later, &later, &later].map(Clone::clone));
    let statuses: Vec<_> = (0..5).map(|place| field(place, "status")).collect();
    assert_eq!(statuses, ["pending", "confirmed", "confirmed", "confirmed", "completed"]);
    let versions: Vec<_> = (0..5).map(|place| field(place, "version")).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn events_and_audit_entries_match_the_history_one_to_one() {
    let front = Front::new();
    let booking = a_whole_life(&front).await;
    let other = front.book(CUT, "2026-06-20 12:00", "Fumi").await.expect("free");
    let by = By::Staff { reason: "closed".to_owned() };
    front.desk.cancel(front.target(&staff(), other.id), &by, &NoReceipt).await.expect("open");
    let (visit, records): (Vec<_>, Vec<_>) =
        front.bookings.records().into_iter().partition(|record| record.event.kind == "customer.updated");
    let visits: Vec<_> =
        visit.iter().map(|record| (record.audit.subject, record.event.payload["total_bookings"].clone())).collect();
    assert_eq!(visits, [(booking.customer.0, 1.into())], "the visit is told of the customer, too");
    let kinds: Vec<&str> = records.iter().map(|record| record.event.kind.as_ref()).collect();
    let expected = ["created", "confirmed", "updated", "updated", "completed", "created", "cancelled"];
    assert_eq!(kinds, expected.map(|kind| format!("booking.{kind}")));
    let mut history = front.desk.history(&front.scope, booking.id, Reach::Store).await.expect("there");
    history.extend(front.desk.history(&front.scope, other.id, Reach::Store).await.expect("there"));
    assert_eq!(history.len(), records.len());
    for (change, record) in history.iter().zip(&records) {
        let (event, audit) = (&record.event, &record.audit);
        assert_eq!((event.subject, audit.subject), (change.booking.0, change.booking.0));
        assert_eq!((audit.subject_kind, &audit.action), ("booking", &event.kind));
        assert_eq!(event.kind, change.kind.event());
        assert_eq!((&audit.before, audit.after.as_ref()), (&change.before, Some(&change.after)));
        assert_eq!(event.payload, change.after);
        assert_eq!((event.occurred_at, audit.at), (change.at, change.at));
        assert_eq!((event.store, audit.store), (Some(front.scope.store()), Some(front.scope.store())));
        assert_eq!((audit.caller.ip, audit.caller.actor.kind()), (change.ip, change.by_kind.as_str()));
    }
}

#[tokio::test]
async fn no_contact_data_and_no_token_is_told_to_subscribers() {
    let front = Front::new();
    let new = fresh(CUT, NOON, wish(Source::Line), named("Ema Yamada"));
    let booked = front.make(&new).await.expect("free");
    let phone = booked.booking.contact.phone.expect("a number");
    let told = format!("{:?}", front.bookings.records());
    for secret in ["Yamada", phone.as_str(), booked.manage_token.expose()] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn holds_and_refusals_leave_no_record() {
    let front = Front::new();
    front.desk.hold(&front.scope, CUT, at(NOON), &wish(Source::Web), &NoReceipt).await.expect("free");
    front.book(CUT, "2026-06-10 20:00", "Ema").await.expect_err("closed");
    assert_eq!(front.bookings.records(), []);
}

/// Keeps the answer of a request under a key.
#[derive(Clone)]
struct Kept(&'static str);

fn kept(key: &str, body: String) -> Answered {
    let at = at("2026-06-01 09:00");
    Answered {
        caller: "key".to_owned(),
        key: key.to_owned(),
        fingerprint: [3; 32],
        status: 201,
        body: body.into_bytes(),
        answered_at: at,
        expires_at: at + TimeDelta::days(1),
    }
}

impl Receipt<Booking> for Kept {
    fn of(&self, booking: &Booking) -> Option<Answered> {
        Some(kept(self.0, format!("{} at version {}", booking.number, booking.version)))
    }
}

impl Receipt<Booked> for Kept {
    fn of(&self, booked: &Booked) -> Option<Answered> {
        Some(kept(self.0, format!("{} with {}", booked.booking.number, booked.manage_token.expose())))
    }
}

impl Receipt<Held> for Kept {
    fn of(&self, held: &Held) -> Option<Answered> {
        Some(kept(self.0, format!("hold with {}", held.token.expose())))
    }
}

#[tokio::test]
async fn every_step_commits_its_receipt_with_it_and_only_then() {
    let front = Front::new();
    let (desk, scope) = (&front.desk, &front.scope);
    front.ledger.seen(|seen| seen.races_to_lose = 2);
    let held = desk.hold(scope, CUT, at(NOON), &wish(Source::Web), &Kept("hold")).await.expect("free");
    let new = fresh(COLOUR, LATER, wish(Source::Web), named("Ema"));
    let booked = desk.book(&public(), scope, &new, &Kept("book")).await.expect("free");
    let caller = staff();
    let target = front.target(&caller, booked.booking.id);
    desk.confirm(target, None, None, &Kept("confirm")).await.expect("pending");
    let terms = NewTerms { start: Some(at("2026-06-12 16:00")), ..NewTerms::default() };
    let by = By::Staff { reason: "asked".to_owned() };
    desk.reschedule(target, &terms, &by, &Kept("reschedule")).await.expect("free");
    desk.complete(target, None, &Kept("refused")).await.expect_err("not begun");
    desk.cancel(target, &by, &Kept("cancel")).await.expect("open");
    let answers = front.ledger.seen(|seen| seen.answered.clone());
    let told: Vec<(&str, String)> =
        answers.iter().map(|one| (one.key.as_str(), String::from_utf8_lossy(&one.body).into_owned())).collect();
    let number = &booked.booking.number;
    let expected = [
        ("hold", format!("hold with {}", held.token.expose())),
        ("book", format!("{number} with {}", booked.manage_token.expose())),
        ("confirm", format!("{number} at version 2")),
        ("reschedule", format!("{number} at version 3")),
        ("cancel", format!("{number} at version 4")),
    ];
    assert_eq!(told, expected);
}
