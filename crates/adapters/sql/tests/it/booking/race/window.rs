//! Windows that overlap.

use super::{Crowd, all_at_once};
use crate::booking::agree::books_agree;
use crate::booking::house::{every_day, fresh, june, wish};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::error::BookingError;
use musubi_booking::minute::{Minute, Span};
use musubi_booking::refusal::Refusal;
use musubi_catalog::resource::ResourceType;
use musubi_catalog::store::{Store, StoresScope};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::MenuId;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::zone::Tz;
use musubi_sql_testing::{TestDb, on_each_engine};

/// A menu, and minutes kept before its start and from it on.
#[derive(Clone, Copy)]
struct Kind {
    menu: MenuId,
    before: i64,
    after: i64,
}

async fn kinds(crowd: &Crowd, scope: &StoreScope) -> [Kind; 4] {
    let lengths = [(0, 30, 0, 0), (10, 45, 5, 0), (0, 60, 10, 20), (5, 95, 0, 15)];
    let mut kinds = Vec::new();
    for (prep, base, cleanup, buffer) in lengths {
        let menu = crowd.house.menu(scope, |menu| {
            (menu.prep_duration, menu.base_duration) = (prep, base);
            (menu.cleanup_duration, menu.buffer_duration) = (cleanup, buffer);
        });
        let menu = menu.await;
        kinds.push(Kind { menu, before: i64::from(prep), after: i64::from(base + cleanup + buffer) });
    }
    kinds.try_into().unwrap_or_else(|_| unreachable!())
}

/// Everybody books on one resource; then whoever was refused could not be added to those who were not.
async fn scramble(crowd: &Crowd, scope: &StoreScope, capacity: u32, starts: Vec<DateTime<Utc>>) -> Vec<Booking> {
    let kinds = kinds(crowd, scope).await;
    let customers = crowd.house.customers(scope, starts.len()).await;
    let wanted: Vec<_> = starts.iter().enumerate().map(|(n, start)| (kinds[n * 7 % 4], *start)).collect();
    let results = all_at_once(wanted.len(), |n| {
        let (desk, house, scope) = (crowd.desk(n), crowd.house.clone(), scope.clone());
        let new = fresh(wanted[n].0.menu, wanted[n].1, wish(), customers[n]);
        Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await.map(|booked| booked.booking) })
    });
    let results = results.await;
    let booked: Vec<Booking> = results.iter().filter_map(|result| result.clone().ok()).collect();
    let in_use = |minute: i64| {
        let keeps = |booking: &&Booking| {
            let Span { from, to } = booking.agreement.occupied;
            (from.0..to.0).contains(&minute)
        };
        booked.iter().filter(keeps).count()
    };
    let capacity = capacity as usize;
    for ((kind, start), result) in wanted.iter().zip(&results) {
        let start = Minute::exactly(*start).unwrap().0;
        let peak = (start - kind.before..start + kind.after).map(in_use).max().unwrap();
        match result {
            Ok(booking) => {
                let window = booking.agreement.occupied;
                assert_eq!((window.from.0, window.to.0), (start - kind.before, start + kind.after));
                assert!(peak <= capacity, "overbooked: {peak}");
            }
            Err(BookingError::Refused(Refusal::SlotTaken)) => assert_eq!(peak, capacity, "refused without reason"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(booked.len() < wanted.len());
    booked
}

async fn overlapping_windows_never_exceed_a_capacity(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    for (slug, capacity) in [("one", 1), ("two", 2)] {
        let scope = crowd.house.store(slug, |_| ()).await;
        crowd
            .house
            .resource(&scope, ResourceType::Staff, |staff| {
                staff.capacity = i32::try_from(capacity).unwrap();
            })
            .await;
        let minutes = (0..50).map(|n| i64::from(n * 37 % 50) * 5);
        let starts =
            minutes.map(|minute| "2026-06-10T01:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute));
        scramble(&crowd, &scope, capacity, starts.collect()).await;
    }
    books_agree(&test.db).await;
}
on_each_engine!(overlapping_windows_never_exceed_a_capacity);

/// Late on one business date and early on the next; at the midnight of the store and at that of UTC.
async fn midnight_parts_nobody(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    for (slug, zone, middle) in [
        ("utc", Tz::UTC, "2026-06-11T00:00:00Z"),
        ("tokyo-midnight", Tz::Asia__Tokyo, "2026-06-10T15:00:00Z"),
        ("tokyo-morning", Tz::Asia__Tokyo, "2026-06-11T00:00:00Z"),
    ] {
        let scope = crowd.house.store(slug, |store| {
            store.time_zone = zone;
            store.business_hours = every_day("00:00", "28:00");
        });
        let scope = scope.await;
        crowd.house.resource(&scope, ResourceType::Staff, |_| ()).await;
        let middle: DateTime<Utc> = middle.parse().unwrap();
        let starts = (0..24).map(|n| middle + TimeDelta::minutes(i64::from(n * 11 % 24) * 10 - 120));
        let booked = scramble(&crowd, &scope, 1, starts.collect()).await;
        let dates: std::collections::BTreeSet<_> =
            booked.iter().map(|booking| booking.agreement.business_date).collect();
        assert!(dates.iter().all(|date| (june(10)..=june(11)).contains(date)), "{dates:?}");
    }
    books_agree(&test.db).await;
}
on_each_engine!(midnight_parts_nobody);

/// The business dates of what is booked at one time then lie up to two days apart.
async fn a_store_may_move_to_another_zone_meanwhile(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let scope = crowd.house.store("ours", |store| store.business_hours = every_day("00:00", "30:00")).await;
    crowd.house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let (house, own) = (crowd.house.clone(), StoresScope::from(scope.clone()));
    let moving = tokio::spawn(async move {
        for zone in [Tz::Pacific__Kiritimati, Tz::Pacific__Pago_Pago, Tz::UTC].into_iter().cycle().take(12) {
            let moved = |store: &Store| {
                let mut details = store.details.clone();
                details.time_zone = zone;
                Ok(details)
            };
            house.keeper::<Store>().update(&house.caller, &own, own.only().unwrap(), None, moved).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    let first: DateTime<Utc> = "2026-06-10T09:00:00Z".parse().unwrap();
    let starts = (0..50).map(|n| first + TimeDelta::minutes(i64::from(n * 37 % 50) * 5));
    scramble(&crowd, &scope, 1, starts.collect()).await;
    moving.await.unwrap();
    books_agree(&test.db).await;
}
on_each_engine!(a_store_may_move_to_another_zone_meanwhile);
