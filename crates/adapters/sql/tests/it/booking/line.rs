//! Many who book one day at a time, in one process: what they share, and what they do not.

use super::agree::{books_agree, rows_of};
use super::house::{House, OnTokio, every_day, fresh, tokyo, wish};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_booking::desk::Booked;
use musubi_booking::error::BookingError;
use musubi_booking::ports::BookingStore as _;
use musubi_catalog::menu::{Menu, MenuDetails};
use musubi_catalog::resource::ResourceType;
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::MenuId;
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::{Answered, Receipt};
use musubi_sql_testing::{Engine, TestDb, on_each_engine};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};

#[derive(Clone)]
struct Key(usize);

impl Receipt<Booked> for Key {
    fn of(&self, booked: &Booked) -> Option<Answered> {
        let at = booked.booking.created_at;
        Some(Answered {
            caller: "till".to_owned(),
            key: self.0.to_string(),
            fingerprint: [3; 32],
            status: 201,
            body: booked.booking.id.to_string().into_bytes(),
            answered_at: at,
            expires_at: at + TimeDelta::days(1),
        })
    }
}

/// Counts who is about to stand in line.
struct Counting {
    clock: Arc<dyn Clock>,
    asked: AtomicUsize,
}

impl Clock for Counting {
    fn now(&self) -> DateTime<Utc> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }
}

/// So many bookings of customers of their own on one day (from 9 in the morning on, as before it is yesterday in UTC), which is let go when all of them wait. Their place decides
/// about hour and key.
async fn at_once(
    house: &Arc<House>,
    count: usize,
    hour: fn(usize) -> String,
    key: fn(usize) -> usize,
) -> (Vec<Result<Booked, BookingError>>, u64) {
    at_once_while(house, count, hour, key, async |_: &StoreScope, _: MenuId, _: &[AbortHandle]| 0).await
}

/// The same, and something else happens while all of them wait, which takes so many round trips of its own.
async fn at_once_while(
    house: &Arc<House>,
    count: usize,
    hour: fn(usize) -> String,
    key: fn(usize) -> usize,
    meanwhile: impl AsyncFnOnce(&StoreScope, MenuId, &[AbortHandle]) -> u64,
) -> (Vec<Result<Booked, BookingError>>, u64) {
    let scope = house.store("ours", |store| store.business_hours = every_day("08:00", "21:00")).await;
    for _ in 0..2 {
        house.resource(&scope, ResourceType::Staff, |_| ()).await;
    }
    let menu = house.menu(&scope, |_| ()).await;
    let customers = house.customers(&scope, count).await;
    let clock = Arc::new(Counting { clock: house.clock.clone(), asked: AtomicUsize::new(0) });
    let desk = House::desk_with(&house.sql, clock.clone()).with_lines(Arc::new(OnTokio));
    let mut first = house.bookings().begin(&scope).await.unwrap();
    first.lock(&BTreeSet::from([tokyo(10, "12:00").date_naive()])).await.unwrap();
    let before = house.sql.db.round_trips();
    let tasks: Vec<_> = customers
        .into_iter()
        .enumerate()
        .map(|(n, customer)| {
            let (house, desk, scope) = (Arc::clone(house), desk.clone(), scope.clone());
            let new = fresh(menu, tokyo(10, &hour(n)), wish(), customer);
            tokio::spawn(async move { desk.book(&house.caller, &scope, &new, &Key(key(n))).await })
        })
        .collect();
    while clock.asked.load(Ordering::SeqCst) < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let handles: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
    let others = meanwhile(&scope, menu, &handles).await;
    drop(first);
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.unwrap_or(Err(BookingError::NotFound("caller"))));
    }
    let trips = house.sql.db.round_trips() - before - others;
    let dates = tokyo(10, "08:00").date_naive()..=tokyo(10, "20:00").date_naive();
    let taken = house.bookings().occupancy(&scope, &dates, house.clock.now()).await.unwrap();
    let booked = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(taken.parties.values().sum::<u32>() as usize, booked);
    for kept in ["bookings", "booking_changes", "idempotency_keys"] {
        assert_eq!(rows_of(&house.sql.db, kept).await, booked, "{kept}");
    }
    (answers, trips)
}

async fn few_round_trips_do_for_many(test: TestDb) {
    let house = Arc::new(House::new(&test).await);
    let (answers, trips) = at_once(&house, 12, |n| format!("{:02}:00", 9 + n), |n| n).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(trips, 2 * 6, "the first, then all others together");
    books_agree(&test.db).await;
}
on_each_engine!(few_round_trips_do_for_many);

async fn seats_are_sold_once(test: TestDb) {
    let house = Arc::new(House::new(&test).await);
    let (answers, _) = at_once(&house, 16, |n| format!("{:02}:00", 9 + n / 4), |n| n).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2 * 4);
    books_agree(&test.db).await;
}
on_each_engine!(seats_are_sold_once);

/// Four of them have one key.
async fn a_key_is_used_once(test: TestDb) {
    let house = Arc::new(House::new(&test).await);
    let (answers, _) = at_once(&house, 12, |n| format!("{:02}:00", 9 + n), |n| n.max(3)).await;
    let repeated = answers[..4].iter().filter_map(|answer| answer.as_ref().err());
    let repeated: Vec<_> = repeated.collect();
    assert_eq!(repeated, [&BookingError::Store(StoreError::AlreadyAnswered); 3]);
    assert!(answers[4..].iter().all(Result::is_ok), "{answers:?}");
    books_agree(&test.db).await;
}
on_each_engine!(a_key_is_used_once);

/// On SQLite nothing is written while somebody else has the one lock.
async fn they_are_judged_by_what_is_written_while_they_wait(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return;
    }
    let house = Arc::new(House::new(&test).await);
    let reprice = async |scope: &StoreScope, menu: MenuId, _: &[AbortHandle]| {
        let (menus, before) = (house.keeper::<Menu>(), house.sql.db.round_trips());
        for price in 0..20 {
            let dearer = |menu: &Menu| Ok(MenuDetails { base_price: Amount(9000 + price), ..menu.details.clone() });
            menus.update(&house.caller, scope, menu, None, dearer).await.unwrap();
        }
        house.sql.db.round_trips() - before
    };
    let (answers, trips) = at_once_while(&house, 12, |n| format!("{:02}:00", 9 + n), |n| n, reprice).await;
    for answer in &answers {
        let booking = &answer.as_ref().expect("booked").booking;
        assert_eq!(booking.agreement.price.base, Amount(9019));
    }
    assert!(trips <= 3 * 6, "{trips}: the first tries twice, all others are booked together");
}
on_each_engine!(they_are_judged_by_what_is_written_while_they_wait);

async fn who_hangs_up_while_the_lock_is_waited_for_is_not_booked(test: TestDb) {
    let house = Arc::new(House::new(&test).await);
    let hang_up = async |_: &StoreScope, _: MenuId, callers: &[AbortHandle]| {
        callers.iter().step_by(2).for_each(AbortHandle::abort);
        tokio::time::sleep(Duration::from_millis(50)).await;
        0
    };
    let (answers, _) = at_once_while(&house, 8, |n| format!("{:02}:00", 9 + n), |n| n, hang_up).await;
    let booked: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(booked, [false, true, false, true, false, true, false, true]);
}
on_each_engine!(who_hangs_up_while_the_lock_is_waited_for_is_not_booked);
