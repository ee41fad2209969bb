//! The business calendar.

use crate::contract::{World, behaves, contract, pages};
use chrono::NaiveDate;
use musubi_catalog::calendar::{Calendar, CalendarDayDetails, CalendarEntry, CalendarFilter, HolidayType};
use musubi_kernel::error::StoreError;
use musubi_kernel::hours::OpenInterval;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::Query;

contract!(live, page, range, put, put_race);
on_each_engine!(damage_is_seen);

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

fn plain(day: u32) -> CalendarEntry {
    CalendarEntry { date: date(day), day: CalendarDayDetails::default() }
}

fn special() -> CalendarDayDetails {
    let hours = [("09:00", "12:00"), ("13:00", "30:00")];
    let hours = hours.map(|(open, close)| OpenInterval { open: open.parse().unwrap(), close: close.parse().unwrap() });
    CalendarDayDetails {
        is_holiday: false,
        is_special_hours: true,
        special_hours: Some(hours.to_vec()),
        holiday_type: Some(HolidayType::SpecialEvent),
        notes: Some("花火 🎆".into()),
    }
}

fn closed() -> CalendarDayDetails {
    CalendarDayDetails { is_holiday: true, holiday_type: Some(HolidayType::StoreHoliday), ..Default::default() }
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    for (first, full) in [(1, special()), (3, closed())] {
        let full = CalendarEntry { date: date(first + 1), day: full };
        behaves(&world, &world.calendar, (&own, &foreign), plain(first), full).await;
    }
}

async fn page(world: World) {
    let scope = world.shop("shop").await;
    pages(&world, &world.calendar, &scope, |index| plain(u32::try_from(index).unwrap() + 1)).await;
}

async fn range(world: World) {
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    for day in [22, 20, 21] {
        world.add(&world.calendar, &ours, plain(day)).await;
        world.add(&world.calendar, &theirs, plain(day)).await;
    }
    for (from, to, expected) in [
        (None, None, vec![20, 21, 22]),
        (Some(21), None, vec![21, 22]),
        (None, Some(21), vec![20, 21]),
        (Some(21), Some(21), vec![21]),
        (Some(23), None, vec![]),
    ] {
        let filter = CalendarFilter { from: from.map(date), to: to.map(date) };
        let listed = world.list(&world.calendar, &ours, &filter).await;
        let dates: Vec<_> = listed.iter().map(|day| day.entry.date).collect();
        assert_eq!(dates, expected.into_iter().map(date).collect::<Vec<_>>(), "{filter:?}");
    }
}

async fn put(world: World) {
    let scope = world.shop("shop").await;
    let calendar = Calendar::new(world.keeper(&world.calendar));
    let caller = &world.caller;
    let first = calendar.put(caller, &scope, date(20), closed(), None).await.unwrap();
    let second = calendar.put(caller, &scope, date(20), special(), Some(1)).await.unwrap();
    assert_eq!((first.created, second.created), (true, false));
    assert_eq!((second.day.id, second.day.version), (first.day.id, 2));
    assert_eq!(calendar.get(&scope, date(20)).await.unwrap(), second.day);
    calendar.remove(caller, &scope, date(20), Some(2)).await.unwrap();
    assert!(calendar.put(caller, &scope, date(20), closed(), None).await.unwrap().created);
}

async fn put_race(world: World) {
    let scope = world.shop("shop").await;
    let calendar = Calendar::new(world.keeper(&world.calendar));
    let put = |day| calendar.put(&world.caller, &scope, date(20), day, None);
    let puts: [_; 4] = tokio::join!(put(closed()), put(special()), put(closed()), put(special())).into();
    let puts = puts.map(|put| put.expect("nobody loses"));
    assert_eq!(puts.iter().filter(|put| put.created).count(), 1);
    let last = calendar.get(&scope, date(20)).await.unwrap();
    assert_eq!(last.version, 4);
}

async fn damage_is_seen(test: TestDb) {
    let world = World::over(&test.store());
    let scope = world.shop("shop").await;
    let day = world.add(&world.calendar, &scope, CalendarEntry { date: date(20), day: special() }).await;
    let damage = Query::update().table("business_calendars").value("is_special_hours", false).to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&damage).await.unwrap();
    tx.commit().await.unwrap();
    let found = world.calendar.find(&scope, day.id).await;
    assert!(matches!(&found, Err(StoreError::Corrupt(what)) if what.contains("special_hours")), "{found:?}");
}
