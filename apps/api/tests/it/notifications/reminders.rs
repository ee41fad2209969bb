//! Reminders where clocks are set and months end, and those that have gathered while the worker was away.

use super::Salon;
use crate::app::instant;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::zone::Tz;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_each_engine!(
    reminders_come_when_the_table_says,
    a_worker_that_was_away_for_a_day_catches_up_in_order_and_at_the_rate,
);

/// Zone; hours before; start, and when the reminder comes with quiet hours from 21:00 to 08:00, both by the store's clock.
const CASES: [(&str, u32, &str, &str); 21] = [
    // Ends of months and years.
    ("Asia/Tokyo", 24, "2027-03-01 10:00 +0900", "2027-02-28 10:00 +0900"),
    ("Asia/Tokyo", 24, "2028-03-01 10:00 +0900", "2028-02-29 10:00 +0900"),
    ("Asia/Tokyo", 24, "2026-05-01 18:30 +0900", "2026-04-30 18:30 +0900"),
    ("Asia/Tokyo", 24, "2027-01-01 01:30 +0900", "2026-12-31 08:00 +0900"),
    ("Asia/Tokyo", 720, "2026-05-31 12:00 +0900", "2026-05-01 12:00 +0900"),
    // Quiet hours keep it until the morning, or it comes the evening before: here in another month.
    ("Asia/Tokyo", 2, "2026-09-01 09:30 +0900", "2026-09-01 08:00 +0900"),
    ("Asia/Tokyo", 2, "2026-09-01 08:29 +0900", "2026-08-31 20:00 +0900"),
    // New York sets its clocks back on 1 November 2026 and forward on 14 March 2027, at 02:00.
    ("America/New_York", 24, "2026-11-01 14:00 -0500", "2026-10-31 15:00 -0400"),
    ("America/New_York", 9, "2026-11-01 10:00 -0500", "2026-11-01 08:00 -0500"),
    ("America/New_York", 1, "2026-11-01 08:15 -0500", "2026-10-31 20:00 -0400"),
    ("America/New_York", 24, "2027-03-14 14:00 -0400", "2027-03-13 13:00 -0500"),
    ("America/New_York", 24, "2027-03-15 14:00 -0400", "2027-03-14 14:00 -0400"),
    ("America/New_York", 8, "2027-03-14 10:00 -0400", "2027-03-14 08:00 -0400"),
    // London and Berlin, at the end of a month.
    ("Europe/London", 24, "2026-10-25 12:00 +0000", "2026-10-24 13:00 +0100"),
    ("Europe/Berlin", 24, "2027-03-28 12:00 +0200", "2027-03-27 11:00 +0100"),
    // Lord Howe sets its clocks by half an hour, on 4 October 2026 and 4 April 2027.
    ("Australia/Lord_Howe", 24, "2026-10-04 12:00 +1100", "2026-10-03 11:30 +1030"),
    ("Australia/Lord_Howe", 24, "2027-04-04 11:30 +1030", "2027-04-03 12:00 +1100"),
    // Santiago skips midnight on 6 September 2026 (twelve hours before is 21:00 of the day before) and has it twice on
    // 4 April 2027; Chatham is 12:45 ahead.
    ("America/Santiago", 12, "2026-09-06 10:00 -0300", "2026-09-06 08:00 -0300"),
    ("America/Santiago", 24, "2027-04-04 12:00 -0400", "2027-04-03 13:00 -0300"),
    ("Pacific/Chatham", 24, "2026-09-27 12:00 +1345", "2026-09-26 11:00 +1245"),
    ("Asia/Kathmandu", 24, "2027-01-01 09:15 +0545", "2026-12-31 09:15 +0545"),
];

fn by_the_clock(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M %z").unwrap().to_utc()
}

/// A salon that is open at all hours and reminds only, with a service that needs nobody.
async fn always_open(test: &TestDb, settings: Value) -> Salon {
    let mut salon = Salon::open(test).await;
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let hours: BTreeMap<_, _> = week.iter().map(|day| (day, json!([{ "open": "00:00", "close": "30:00" }]))).collect();
    let open = json!({ "business_hours": hours, "advance_booking_days": 365, "holiday_region": null });
    salon.app.patch(salon.shop.at(""), &open).key(&salon.shop.key).send().await.is(200);
    let menu = json!({ "name": "Talk", "base_duration": 30, "base_price": 0, "advance_booking_hours": 0 });
    salon.shop.menu = salon.app.post(salon.shop.at("/menus"), &menu).key(&salon.shop.key).send().await.is(201).id();
    salon.decide(settings).await;
    salon
}

impl Salon {
    /// What the store decides about its notifications.
    async fn decide(&self, settings: Value) {
        let path = self.shop.at("/notification-settings");
        self.app.put(path, &settings).key(&self.shop.key).send().await.is(200);
    }
}

async fn reminders_come_when_the_table_says(test: TestDb) {
    let salon = always_open(&test, json!({})).await;
    // What the store has told in the future would count for its rate.
    let mut cases = CASES;
    cases.sort_by_key(|(.., comes)| by_the_clock(comes));
    for (zone, hours, start, comes) in cases {
        let (start, comes) = (by_the_clock(start), by_the_clock(comes));
        let told = salon.ways.line.told().len();
        salon.app.clock.set(start - TimeDelta::days(31));
        let zoned = json!({ "time_zone": zone });
        salon.app.patch(salon.shop.at(""), &zoned).key(&salon.shop.key).send().await.is(200);
        salon.decide(json!({ "send_booking_notifications": false, "reminder_hours_before": hours })).await;
        let booking = salon.book(&start.to_rfc3339()).await;
        salon.work_off().await;
        let path = salon.shop.at(&format!("/notifications?booking_id={booking}"));
        let listed = salon.app.get(&path).key(&salon.shop.key).send().await.is(200);
        let said = |name: &str| listed.body["items"][0][name].as_str().unwrap_or_default().to_owned();
        let case = format!("{zone}, {hours} hours before {start}");
        assert_eq!((said("notification_type"), said("status")), ("reminder".into(), "pending".into()), "{case}");
        let shown = instant(&said("scheduled_at")).with_timezone(&zone.parse::<Tz>().unwrap());
        assert_eq!(shown, comes, "{case}: {shown}");
        for (at, count) in [(comes - TimeDelta::seconds(1), told), (comes, told + 1), (start, told + 1)] {
            salon.app.clock.set(at);
            salon.work_off().await;
            assert_eq!(salon.ways.line.told().len(), count, "{case}, at {at}");
        }
    }
}

/// Half of it was planned before the worker went away, half was booked meanwhile.
async fn a_worker_that_was_away_for_a_day_catches_up_in_order_and_at_the_rate(test: TestDb) {
    const RATE: u32 = 6;
    let quiet = json!({ "quiet_hours": false, "rate_per_minute": RATE });
    let settings = |hours: u32| {
        let mut told = json!({ "send_booking_notifications": false, "reminder_hours_before": hours });
        told["notification_settings"] = quiet.clone();
        told
    };
    let salon = always_open(&test, settings(24)).await;
    let left = salon.app.clock_now();
    // Due over the day, booked in another order.
    let mut starts: Vec<_> =
        (1..=24).map(|place| left + TimeDelta::hours(24) + TimeDelta::minutes(58 * place)).collect();
    starts.sort_by_key(|start| start.timestamp() % 7_919);
    let (before, meanwhile) = starts.split_at(12);
    for start in before {
        salon.book(&start.to_rfc3339()).await;
    }
    salon.work_off().await;
    salon.decide(settings(1)).await;
    let over = salon.book(&(left + TimeDelta::hours(3)).to_rfc3339()).await;
    salon.work_off().await;
    salon.decide(settings(24)).await;
    for start in meanwhile {
        salon.book(&start.to_rfc3339()).await;
    }
    salon.app.clock.set(left + TimeDelta::hours(24));
    let (mut went, mut asked) = (Vec::new(), 0);
    for _ in 0..120 {
        asked += salon.engine.work_off().await.unwrap().again.len();
        went.resize(salon.ways.line.told().len(), salon.app.clock_now());
        salon.app.clock.advance(TimeDelta::seconds(5));
    }
    let planned = salon.planned().await;
    let due: BTreeMap<_, _> = planned.iter().map(|one| (one.retry_key.to_string(), one.scheduled_at)).collect();
    let told: Vec<_> = salon.ways.line.told().iter().map(|one| due[&one.key]).collect();
    assert_eq!(told.len(), 24, "{:?}", salon.standing().await);
    assert!(told.is_sorted(), "in the order in which they were due: {told:?}");
    for first in &went {
        let within = went.iter().filter(|one| *one >= first && **one < *first + TimeDelta::minutes(1)).count();
        assert!(within <= RATE as usize, "{within} in the minute from {first}");
    }
    let took = *went.last().unwrap() - went[0];
    assert!(took <= TimeDelta::minutes(5), "no slower than it may: {took}");
    assert!(asked <= 24, "each waits once for its place: {asked}");
    let late = planned.iter().find(|one| one.booking().is_some_and(|id| id.to_string() == over)).unwrap();
    assert_eq!(late.status.name().code(), "cancelled", "what began meanwhile is not reminded of");
}
