//! Random use of a small shop: whatever is asked of the desk, no resource is ever used beyond its seats at any minute,
//! and a start is called taken only when it is.
//!
//! The check keeps its own book of what was promised, minute by minute, and knows nothing of the plan.

use crate::fixture::{AKI, BEN, CLASS, COLOUR, CUT, Front, HALL, code, named, new_booking, staff};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_booking::agreement::Agreement;
use musubi_booking::booking::{By, Status};
use musubi_booking::code::Source;
use musubi_booking::desk::{Held, NewTerms, What};
use musubi_booking::error::BookingError;
use musubi_booking::ports::BookingFilter;
use musubi_booking::request::Wish;
use musubi_kernel::clock::Clock as _;
use musubi_kernel::id::{BookingId, MenuId, ResourceId};
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::NoReceipt;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A request for a start.
#[derive(Debug, Clone)]
struct Ask {
    menu: MenuId,
    /// Minutes after the shop's first midnight.
    start: i64,
    party: u32,
    nominated: Option<ResourceId>,
    source: Source,
}

/// One thing that somebody does. Numbers choose among what is there at the time.
#[derive(Debug, Clone)]
enum Step {
    Hold(Ask),
    Book(Ask),
    UseHold(usize),
    Release(usize),
    Confirm(usize),
    Cancel(usize),
    Complete(usize),
    Reschedule(usize, Ask),
    Wait(i64),
}

fn ask() -> impl Strategy<Value = Ask> {
    let menu = prop_oneof![3 => Just(CUT), 1 => Just(COLOUR), 2 => Just(CLASS)];
    let day = 2_i64..4;
    let minute = prop_oneof![3 => (20_i64..38).prop_map(|half| half * 30), 1 => 590_i64..1120];
    let nominated = proptest::option::weighted(0.3, prop_oneof![Just(AKI), Just(BEN), Just(HALL)]);
    let source = prop_oneof![Just(Source::Web), Just(Source::Staff)];
    (menu, day, minute, 1_u32..5, nominated, source).prop_map(|(menu, day, minute, party, nominated, source)| Ask {
        menu,
        start: day * 1440 + minute,
        party: if menu == CLASS { party } else { 1 },
        nominated,
        source,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => ask().prop_map(Step::Hold),
        6 => ask().prop_map(Step::Book),
        2 => any::<usize>().prop_map(Step::UseHold),
        1 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Confirm),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => any::<usize>().prop_map(Step::Complete),
        3 => (any::<usize>(), ask()).prop_map(|(which, ask)| Step::Reschedule(which, ask)),
        1 => prop_oneof![5 => 1_i64..12, 1 => 600_i64..2000].prop_map(Step::Wait),
    ]
}

impl Ask {
    fn start(&self) -> DateTime<Utc> {
        crate::fixture::at("2026-06-01 00:00") + TimeDelta::minutes(self.start)
    }

    fn wish(&self) -> Wish {
        Wish { party_size: self.party, nominated: self.nominated, options: Vec::new(), source: self.source }
    }

    /// The resources of the fixture's shop that could serve this: seats there are, and seats that it takes.
    fn could_use(&self) -> Vec<ResourceId> {
        let all = if self.menu == CLASS { vec![HALL] } else { vec![AKI, BEN] };
        all.into_iter().filter(|one| self.nominated.is_none_or(|nominated| nominated == *one)).collect()
    }
}

fn seats_of(resource: ResourceId) -> u32 {
    if resource == HALL { 6 } else { 1 }
}

/// Seats in use by resource and minute.
type Minutes = BTreeMap<(ResourceId, i64), u32>;

fn count(minutes: &mut Minutes, agreement: &Agreement) {
    for held in &agreement.resources {
        // The windows of the fixture's menus: an hour, and a quarter kept after.
        let start = agreement.service.from.0;
        for minute in start..start + 75 {
            *minutes.entry((held.id, minute)).or_default() += held.seats;
        }
    }
}

/// The shop, and what the test knows of what was promised.
struct Life {
    front: Front,
    holds: Vec<Held>,
    bookings: Vec<BookingId>,
}

impl Life {
    /// What is in use now, without one booking.
    async fn in_use(&self, except: Option<BookingId>) -> Minutes {
        let mut minutes = Minutes::new();
        let page = PageRequest { limit: 200, after: None };
        let listed = self.front.desk.bookings(&self.front.scope, &BookingFilter::default(), &page).await;
        let listed = listed.expect("a page").items;
        assert_eq!(listed.len(), self.bookings.len(), "every booking is kept");
        for booking in &listed {
            if !matches!(booking.status, Status::Cancelled { .. }) && Some(booking.id) != except {
                count(&mut minutes, &booking.agreement);
            }
        }
        let now = self.front.clock.now();
        for held in self.holds.iter().filter(|held| held.hold.expires_at > now) {
            count(&mut minutes, &held.hold.terms.agreement);
        }
        minutes
    }

    async fn take(&mut self, step: &Step) {
        let front = &self.front;
        let (desk, scope, caller) = (&front.desk, &front.scope, staff());
        let by = By::Staff { reason: "test".to_owned() };
        let booking = |which: &usize| self.bookings.get(which % self.bookings.len().max(1)).copied();
        match step {
            Step::Wait(minutes) => front.wait(*minutes),
            Step::Hold(ask) => {
                let held = desk.hold(scope, ask.menu, ask.start(), &ask.wish(), &NoReceipt).await;
                self.justify(ask, None, &held).await;
                self.holds.extend(held.ok());
            }
            Step::Book(ask) => {
                let what = What::Fresh { menu: ask.menu, start: ask.start(), wish: ask.wish() };
                let made = front.make(&new_booking(what, named("Ema"))).await;
                self.justify(ask, None, &made).await;
                self.bookings.extend(made.ok().map(|booked| booked.booking.id));
            }
            Step::UseHold(which) => {
                if self.holds.is_empty() {
                    return;
                }
                let held = self.holds.remove(which % self.holds.len());
                let what = What::Held { token: held.token.expose().to_owned() };
                let made = self.front.make(&new_booking(what, named("Fumi"))).await;
                let live = held.hold.expires_at > self.front.clock.now();
                assert_eq!(code(&made), if live { "" } else { "hold_expired" });
                self.bookings.extend(made.ok().map(|booked| booked.booking.id));
            }
            Step::Release(which) => {
                if !self.holds.is_empty() {
                    let held = self.holds.remove(which % self.holds.len());
                    self.front.desk.release(&self.front.scope, held.token.expose()).await.expect("no error");
                }
            }
            Step::Reschedule(which, ask) => {
                let Some(id) = booking(which) else { return };
                let terms = NewTerms {
                    start: Some(ask.start()),
                    menu: Some(ask.menu),
                    party_size: Some(ask.party),
                    options: None,
                    nominated: Some(ask.nominated),
                };
                let moved = desk.reschedule(front.target(&caller, id), &terms, &by, &NoReceipt).await;
                let asked = Ask { source: Source::Staff, ..ask.clone() };
                if moved.is_err() {
                    self.justify(&asked, Some(id), &moved).await;
                }
            }
            Step::Confirm(which) => {
                let Some(id) = booking(which) else { return };
                allowed(&desk.confirm(front.target(&caller, id), None, None, &NoReceipt).await);
            }
            Step::Cancel(which) => {
                let Some(id) = booking(which) else { return };
                allowed(&desk.cancel(front.target(&caller, id), &by, &NoReceipt).await);
            }
            Step::Complete(which) => {
                let Some(id) = booking(which) else { return };
                allowed(&desk.complete(front.target(&caller, id), None, &NoReceipt).await);
            }
        }
    }

    /// A start is called taken exactly when, on every resource that could serve it, some minute lacks the seats; asked
    /// after a refusal, which changed nothing. Seats were free for what was promised, as `check` sees.
    async fn justify<T>(&self, ask: &Ask, except: Option<BookingId>, result: &Result<T, BookingError>) {
        if code(result) == "slot_taken" {
            let in_use = self.in_use(except).await;
            let from = ask.start().timestamp() / 60;
            for resource in ask.could_use() {
                let short = (from..from + 75).any(|minute| {
                    in_use.get(&(resource, minute)).copied().unwrap_or(0) + ask.party > seats_of(resource)
                });
                assert!(short, "{ask:?} was called taken, but {resource} is free");
            }
        }
    }

    async fn check(&self) {
        for ((resource, minute), seats) in self.in_use(None).await {
            assert!(seats <= seats_of(resource), "{seats} seats of {resource} in use at minute {minute}");
        }
    }
}

/// Only the booking's own state may refuse these steps.
fn allowed<T>(result: &Result<T, BookingError>) {
    assert!(["", "invalid_transition", "not_started"].contains(&code(result)), "{}", code(result));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_seat_is_ever_promised_twice(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut life = Life { front: Front::new(), holds: Vec::new(), bookings: Vec::new() };
            for step in &steps {
                life.take(step).await;
                life.check().await;
            }
        });
    }
}
