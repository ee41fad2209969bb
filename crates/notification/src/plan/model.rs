//! Random lives of a booking against a model: of whatever comes, late, twice or out of order, one reminder is left, at the
//! right time, or none.

use super::plan;
use crate::event::BookingEventKind;
use crate::facts::{Author, BookingFacts, BookingStatus};
use crate::kind::NotificationKind;
use crate::notification::status::Status;
use crate::notification::{About, Notification};
use crate::testing::{Life, USER, house, written};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Somebody moves it to another hour.
    Move(i64),
    Annotate,
    Confirm,
    Cancel,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..120_i64).prop_map(Act::Move),
        2 => Just(Act::Annotate),
        2 => Just(Act::Confirm),
        1 => Just(Act::Cancel),
    ]
}

/// Noon in Tokyo, so that hours of day and night are met.
fn noon() -> DateTime<Utc> {
    "2026-03-02T03:00:00Z".parse().unwrap()
}

/// The reminder that a booking should have, from the rules as they are written: agreed since when, and due when.
fn expected(life: &Life) -> Option<DateTime<Utc>> {
    let now = &life.facts.now;
    if now.status != BookingStatus::Confirmed {
        return None;
    }
    let mut agreed_at = None;
    for step in &life.facts.history {
        let holds = step.after.status == BookingStatus::Confirmed && step.after.terms.start == now.terms.start;
        agreed_at = if holds { agreed_at.or(Some(step.at)) } else { None };
    }
    let agreed_at = agreed_at.unwrap();
    let due = now.terms.start - TimeDelta::hours(24);
    let hour = |at: DateTime<Utc>| (at + TimeDelta::hours(9)).format("%H").to_string().parse::<u32>().unwrap();
    let is_quiet = |at| hour(at) >= 21 || hour(at) < 8;
    let mut at = due;
    while is_quiet(at) {
        at += TimeDelta::minutes(1);
    }
    if at + TimeDelta::minutes(30) > now.terms.start {
        at = due;
        while is_quiet(at - TimeDelta::minutes(1)) {
            at -= TimeDelta::minutes(1);
        }
        at -= TimeDelta::hours(1);
    }
    (agreed_at < due && agreed_at < at).then_some(at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn one_reminder_waits_at_the_right_time(
        pending in any::<bool>(),
        first in 0..120_i64,
        acts in proptest::collection::vec((act(), 1..40_i64, any::<bool>()), 0..12),
        order in any::<u64>(),
        with_account in any::<bool>(),
    ) {
        let start = |hours: i64| noon() + TimeDelta::days(4) + TimeDelta::hours(hours);
        let status = if pending { BookingStatus::Pending } else { BookingStatus::Confirmed };
        let mut life = Life::made(Author::Customer, status, start(first), noon());
        life.facts.addressee.addresses.user = with_account.then_some(USER);
        let (shop, mut planned, mut backlog) = (house(&json!({})), Vec::<Notification>::new(), vec![0_usize]);
        let mut clock = noon();
        let mut luck = order;
        let handle = |life: &Life, index: usize, now: DateTime<Utc>, planned: &mut Vec<Notification>| {
            let facts: &BookingFacts = &life.facts;
            let plan = plan(&life.events[index], &shop, facts, planned, now);
            for (id, why) in plan.call_off {
                let waiting = planned.iter_mut().find(|one| one.id == id).unwrap();
                *waiting = waiting.clone().cancelled(why, now).unwrap();
            }
            for draft in plan.tell {
                assert!(planned.iter().all(|one| one.key != draft.key), "{} twice", draft.key);
                planned.push(written(draft, planned.len() as u128, now));
            }
        };
        for (act, hours, is_late) in acts {
            clock += TimeDelta::hours(hours);
            let open = life.facts.now.status.is_open();
            match act {
                Act::Move(hours) if open => life.moves(Author::Customer, start(hours), clock),
                Act::Annotate => life.becomes(BookingEventKind::Updated, Author::Staff, clock),
                Act::Confirm if life.facts.now.status == BookingStatus::Pending => {
                    life.becomes(BookingEventKind::Confirmed, Author::Staff, clock);
                }
                Act::Cancel if open => life.becomes(BookingEventKind::Cancelled, Author::Customer, clock),
                _ => continue,
            }
            backlog.push(life.events.len() - 1);
            // Some events wait; of those that wait, any comes next, some of them again.
            while !is_late && !backlog.is_empty() {
                luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (luck >> 33) as usize % backlog.len();
                handle(&life, backlog[place], clock, &mut planned);
                if luck >> 60 > 3 {
                    backlog.remove(place);
                }
            }
        }
        for index in backlog.iter().rev() {
            handle(&life, *index, clock, &mut planned);
        }

        let expected = expected(&life);
        let has_begun = clock >= life.facts.now.terms.start;
        for outward in [true, false] {
            let of_way = |one: &&Notification| one.channel().is_outward() == outward;
            let reminders = planned.iter().filter(of_way).filter(|one| one.kind == NotificationKind::Reminder);
            let live: Vec<_> = reminders.filter(|one| one.status.is_pending()).collect();
            if outward && !has_begun {
                let at: Vec<_> = live.iter().map(|one| one.scheduled_at).collect();
                prop_assert_eq!(at, Vec::from_iter(expected));
            } else {
                prop_assert!(live.len() <= usize::from(outward || with_account));
            }
            for one in live {
                let same_start = matches!(one.about, About::Booking { start, .. } if start == life.facts.now.terms.start);
                let waits = one.status == Status::Pending { until: one.scheduled_at };
                prop_assert!(same_start && waits && one.scheduled_at < one.expires_at);
            }
        }
    }
}
