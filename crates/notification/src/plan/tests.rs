//! Who is told what: a table of lives.

use super::*;
use crate::event::BookingEventKind::{Cancelled, Completed, Confirmed, NoShow, Updated};
use crate::facts::Author::{Customer, Staff, System};
use crate::preferences::Preferences;
use crate::settings::{Columns, StoreSettings};
use crate::testing::{Life, USER, at, house, written};
use chrono::TimeDelta;
use serde_json::json;

/// A Friday, at two in the afternoon in Tokyo.
const START: &str = "2026-03-20T05:00:00Z";
/// Days before, at noon.
const MADE: &str = "2026-03-16T03:00:00Z";

fn life(status: BookingStatus) -> Life {
    Life::made(Customer, status, at(START), at(MADE))
}

/// What a plan tells, by kind, channel and time.
fn told(plan: &Plan) -> Vec<(&'static str, &'static str, DateTime<Utc>)> {
    plan.tell.iter().map(|one| (one.kind.code(), one.recipient.channel().code(), one.scheduled_at)).collect()
}

fn silent(plan: &Plan) -> Vec<(&'static str, &'static str)> {
    plan.silent.iter().map(|(kind, why)| (kind.code(), why.code())).collect()
}

/// What the last event of a life leads to, all those before having been planned as they happened.
fn of(life: &Life, house: &House) -> Plan {
    let mut planned: Vec<Notification> = vec![];
    let mut last = Plan::default();
    for (index, event) in life.events.iter().enumerate() {
        let history = life.facts.history[..=index].to_vec();
        let facts = BookingFacts { now: event.after.clone(), history, ..life.facts.clone() };
        last = plan(event, house, &facts, &planned, event.at);
        for (id, why) in &last.call_off {
            let waiting = planned.iter_mut().find(|one| one.id == *id).unwrap();
            *waiting = waiting.clone().cancelled(*why, event.at).unwrap();
        }
        for draft in last.tell.clone() {
            planned.push(written(draft, planned.len() as u128, event.at));
        }
    }
    last
}

#[test]
fn what_a_booking_leads_to() {
    let (made, day_before) = (at(MADE), at("2026-03-19T05:00:00Z"));
    let shop = house(&json!({}));
    let received = of(&life(BookingStatus::Pending), &shop);
    assert_eq!(told(&received), [("booking_received", "line", made)]);
    let confirmed = of(&life(BookingStatus::Confirmed), &shop);
    let both = [("booking_confirmed", "line", made), ("reminder", "line", day_before)];
    assert_eq!(told(&confirmed), both);

    let mut agreed = life(BookingStatus::Pending);
    let later = made + TimeDelta::hours(2);
    agreed.becomes(Confirmed, Staff, later);
    let plan = of(&agreed, &shop);
    assert_eq!(told(&plan), [("booking_confirmed", "line", later), ("reminder", "line", day_before)]);
    let gone: Vec<_> = plan.call_off.iter().map(|(_, why)| why.code()).collect();
    assert_eq!(gone, ["booking_changed"], "what waits to say that it was received");
}

#[test]
fn a_move_is_told_and_moves_the_reminder() {
    let shop = house(&json!({}));
    let (moved, start) = (at(MADE) + TimeDelta::hours(1), at("2026-03-27T05:00:00Z"));
    let mut life = life(BookingStatus::Confirmed);
    life.moves(Customer, start, moved);
    let plan = of(&life, &shop);
    assert_eq!(told(&plan), [("change_request", "line", moved), ("reminder", "line", start - TimeDelta::hours(24))]);
    let About::Booking { old_start, .. } = &plan.tell[0].about else { panic!("of a booking") };
    assert_eq!(*old_start, Some(at(START)));
    assert_eq!(plan.call_off.len(), 1, "the reminder of the old start: {plan:?}");

    // Notes are none of the customer's business, and what waits goes on waiting.
    life.becomes(Updated, Staff, moved + TimeDelta::hours(1));
    let plan = of(&life, &shop);
    assert_eq!((told(&plan), plan.call_off), (vec![], vec![]));
}

#[test]
fn after_an_end_nothing_waits() {
    let shop = house(&json!({}));
    for (end, told_kinds) in [(Cancelled, vec!["booking_cancelled"]), (Completed, vec![]), (NoShow, vec![])] {
        let mut life = life(BookingStatus::Confirmed);
        life.becomes(end, Staff, at(MADE) + TimeDelta::hours(1));
        let plan = of(&life, &shop);
        assert_eq!(plan.tell.iter().map(|one| one.kind.code()).collect::<Vec<_>>(), told_kinds, "{end:?}");
        assert_eq!(plan.call_off.len(), 2, "{end:?}: confirmation and reminder");
    }
}

#[test]
fn who_has_an_account_finds_it_in_their_list_too() {
    let mut life = life(BookingStatus::Confirmed);
    life.facts.addressee.addresses.user = Some(USER);
    let ways: Vec<_> = of(&life, &house(&json!({}))).tell.into_iter().map(|one| one.key).collect();
    let id = life.events[0].id;
    let expected = ["booking_confirmed.out", "booking_confirmed.in_app", "reminder.out", "reminder.in_app"];
    assert_eq!(ways, expected.map(|key| format!("{id}.{key}")));
}

#[test]
fn nobody_is_told_twice() {
    let (life, shop) = (life(BookingStatus::Confirmed), house(&json!({})));
    let first = plan(life.last(), &shop, &life.facts, &[], at(MADE));
    let planned: Vec<_> = (0..).zip(first.tell).map(|(id, draft)| written(draft, id, at(MADE))).collect();
    let again = plan(life.last(), &shop, &life.facts, &planned, at(MADE));
    assert_eq!((told(&again), again.call_off.len()), (vec![], 0));
    assert_eq!(silent(&again), [("booking_confirmed", "known"), ("reminder", "known")]);
}

#[test]
fn why_somebody_is_not_told() {
    type Case = (fn(&mut Life, &mut House), &'static [(&'static str, &'static str)]);
    let cases: &[Case] = &[
        (|_, _| (), &[]),
        (
            |life, _| life.facts.addressee.addresses = crate::channel::Addresses::default(),
            &[("booking_confirmed", "no_address"), ("reminder", "no_address")],
        ),
        (
            |life, _| life.facts.addressee.preferences.declined_channels = Channel::OUTWARD.into(),
            &[("booking_confirmed", "no_address"), ("reminder", "no_address")],
        ),
        (
            |life, _| {
                life.facts.addressee.preferences = Preferences { declines_reminders: true, ..Preferences::default() };
            },
            &[("reminder", "declined")],
        ),
        (
            |_, house| {
                let columns = Columns { send_booking_notifications: false, ..Columns::default() };
                house.settings = StoreSettings::of(None, columns);
            },
            &[("booking_confirmed", "switched_off")],
        ),
        (
            |_, house| {
                let off = json!({ "kinds": { "reminder": { "enabled": false } } });
                house.settings = StoreSettings::of(off.as_object(), Columns::default());
            },
            &[("reminder", "switched_off")],
        ),
        (
            |_, house| {
                house.settings = StoreSettings::of(None, Columns { reminder_hours_before: 200, ..Columns::default() });
            },
            &[("reminder", "no_time_to_remind")],
        ),
        (
            |life, _| *life = Life::made(Staff, BookingStatus::Confirmed, at(START), at(START)),
            &[("booking_confirmed", "begun"), ("reminder", "no_time_to_remind")],
        ),
        (|life, _| life.facts.now.status = BookingStatus::Pending, &[("booking_confirmed", "overtaken")]),
    ];
    for (index, (change, expected)) in cases.iter().enumerate() {
        let (mut life, mut shop) = (life(BookingStatus::Confirmed), house(&json!({})));
        change(&mut life, &mut shop);
        let event = life.last().clone();
        let plan = plan(&event, &shop, &life.facts, &[], event.at);
        assert_eq!(silent(&plan), *expected, "case {index}");
    }
}

#[test]
fn what_the_store_does_at_night_waits_until_the_morning() {
    let shop = house(&json!({}));
    let (night, morning) = (at("2026-03-18T14:00:00Z"), at("2026-03-18T23:00:00Z"));
    for (by, told_at) in [(Customer, night), (Staff, morning), (System, morning)] {
        let mut life = life(BookingStatus::Confirmed);
        life.becomes(Cancelled, by, night);
        assert_eq!(told(&of(&life, &shop)), [("booking_cancelled", "line", told_at)], "{by:?}");
    }
}

#[test]
fn a_worker_that_was_away_tells_what_is_still_worth_telling() {
    let (life, shop) = (life(BookingStatus::Confirmed), house(&json!({})));
    for (now, kinds) in [
        ("2026-03-17T03:00:00Z", vec!["booking_confirmed", "reminder"]),
        ("2026-03-18T02:59:59Z", vec!["booking_confirmed", "reminder"]),
        ("2026-03-18T03:00:00Z", vec!["reminder"]),
        // It was due at 05:00 the day before.
        ("2026-03-20T04:59:59Z", vec!["reminder"]),
        (START, vec![]),
    ] {
        let plan = plan(life.last(), &shop, &life.facts, &[], at(now));
        assert_eq!(plan.tell.iter().map(|one| one.kind.code()).collect::<Vec<_>>(), kinds, "{now}");
        let due = plan.tell.iter().find(|one| one.kind == NotificationKind::Reminder).map(|one| one.scheduled_at);
        assert!(due.is_none_or(|due| due == at("2026-03-19T05:00:00Z")));
    }
}
