//! Schedules, and who plans.

use super::{Works, at, works};
use crate::crowd::all_at_once;
use crate::rows;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{LeaseId, StoreId, TenantId};
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::schedule::book::{EntryChange, ScheduleBook, changes};
use musubi_kernel::schedule::rhythm::Rhythm;
use musubi_kernel::schedule::{Entry, Schedule, StoreClock};
use musubi_kernel::zone::Tz;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use uuid::Uuid;

works!(
    entries_become_as_they_are_wanted,
    a_firing_happens_once,
    of_all_who_fire_one_does,
    missed_firings_are_one_or_each,
    one_plans_at_a_time,
);

impl Works {
    fn book(&self) -> &dyn ScheduleBook {
        &*self.books[0]
    }

    async fn make(&self, wanted: Vec<Entry>, names: &[&str]) -> Result<usize, StoreError> {
        let changes = changes(self.book().entries(names).await?, wanted);
        self.book().change(&changes).await?;
        Ok(changes.len())
    }
}

fn hourly() -> Schedule {
    Schedule::new("hourly", Rhythm::Every(chrono::TimeDelta::hours(1)))
}

fn daily(time: &str) -> Schedule {
    Schedule::new("daily", Rhythm::Daily(time.parse().unwrap())).for_each_store()
}

fn clock(store: u128, zone: Tz) -> StoreClock {
    StoreClock { tenant: TenantId(Uuid::from_u128(1)), store: StoreId(Uuid::from_u128(store)), zone }
}

const NAMES: [&str; 2] = ["hourly", "daily"];

async fn entries_become_as_they_are_wanted(works: Works) {
    let (tokyo, paris) = (clock(2, Tz::Asia__Tokyo), clock(3, Tz::Europe__Paris));
    let wanted = |stores: &[StoreClock], time, now| {
        let mut all = hourly().entries(stores, at(now));
        all.extend(daily(time).entries(stores, at(now)));
        all
    };
    assert_eq!(works.book().next(&NAMES).await, Ok(None));
    assert_eq!(works.make(wanted(&[tokyo, paris], "09:00", 0), &NAMES).await, Ok(3));
    let mut entries = works.book().entries(&NAMES).await.unwrap();
    entries.sort_by_key(|entry| entry.next_at);
    assert_eq!(
        entries.iter().map(Entry::scope).collect::<Vec<_>>(),
        ["all", &paris.store.to_string(), &tokyo.store.to_string()]
    );
    assert_eq!(works.book().next(&NAMES).await, Ok(Some("2026-03-20T02:00:00Z".parse().unwrap())));
    assert_eq!(works.book().next(&["daily"]).await, Ok(Some("2026-03-20T08:00:00Z".parse().unwrap())));
    // A day later nothing has changed, and what is due stays due.
    assert_eq!(works.make(wanted(&[tokyo, paris], "09:00", 86_400), &NAMES).await, Ok(0));
    // A store has moved, one is closed, one is new.
    let moved = clock(2, Tz::America__New_York);
    assert_eq!(works.make(wanted(&[moved, clock(4, Tz::Asia__Tokyo)], "09:00", 0), &NAMES).await, Ok(3));
    let entries = works.book().entries(&["daily"]).await.unwrap();
    let found = entries.iter().find(|entry| entry.scope() == moved.store.to_string()).unwrap();
    assert_eq!((found.zone, found.next_at), (moved.zone, "2026-03-20T13:00:00Z".parse().unwrap()));
    assert_eq!(found.store, Some((moved.tenant, moved.store)));
    // Another rhythm; and who knows less leaves alone what is not theirs.
    assert_eq!(works.make(wanted(&[moved], "10:00", 0), &NAMES).await, Ok(2));
    assert_eq!(works.make(hourly().entries(&[], at(0)), &["hourly"]).await, Ok(0));
    assert_eq!(works.book().entries(&NAMES).await.unwrap().len(), 2);
    let stale = EntryChange::Replace(Entry { rule: "x".to_owned(), ..entries[0].clone() }, entries[0].clone());
    assert_eq!(works.book().change(&[stale]).await, Err(StoreError::Conflict));
}

async fn a_firing_happens_once(works: Works) {
    works.make(hourly().entries(&[], at(0)), &NAMES).await.unwrap();
    assert_eq!(works.book().due(&NAMES, 9, at(3476)).await, Ok(vec![]));
    let due = works.book().due(&NAMES, 9, at(3477)).await.unwrap();
    let firing = hourly().fire(due[0].clone(), &*works.ids, at(3477));
    works.book().fire(std::slice::from_ref(&firing)).await.unwrap();
    assert_eq!(works.book().fire(&[firing]).await, Err(StoreError::Conflict));
    assert_eq!(works.book().due(&NAMES, 9, at(3477)).await, Ok(vec![]));
    let lines = works.all().await;
    assert_eq!((lines.len(), &*lines[0].kind, lines[0].key.as_deref()), (1, "hourly", Some("all")));
    assert_eq!(lines[0].due_at, "2026-03-20T02:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

async fn of_all_who_fire_one_does(works: Works) {
    let stores: Vec<_> = (2..12).map(|n| clock(n, Tz::Asia__Tokyo)).collect();
    let daily = daily("09:00").missing_none();
    works.make(daily.entries(&stores, at(-86_400)), &NAMES).await.unwrap();
    let fired = all_at_once(6, |n| {
        let (works, daily) = (works.clone(), daily.clone());
        Box::pin(async move {
            let mut fired = 0;
            loop {
                let due = works.books[n % 2].due(&NAMES, 3, at(0)).await.unwrap();
                if due.is_empty() {
                    return fired;
                }
                let firings: Vec<_> = due.into_iter().map(|entry| daily.fire(entry, &*works.ids, at(0))).collect();
                match works.books[n % 2].fire(&firings).await {
                    Ok(()) => fired += firings.len(),
                    Err(StoreError::Conflict) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    });
    assert_eq!(fired.await.iter().sum::<usize>(), 10);
    assert_eq!(works.all().await.len(), 10);
}

async fn missed_firings_are_one_or_each(works: Works) {
    let each = Schedule { name: "each", ..hourly().missing_none() };
    let names = ["hourly", "each"];
    let wanted = [hourly().entries(&[], at(0)), each.entries(&[], at(0))].concat();
    works.make(wanted, &names).await.unwrap();
    // Nobody was there for five hours.
    let now = at(5 * 3600);
    while works.book().next(&names).await.unwrap().unwrap() <= now {
        for entry in works.book().due(&names, 9, now).await.unwrap() {
            let schedule = if entry.name == "each" { &each } else { &hourly() };
            works.book().fire(&[schedule.fire(entry, &*works.ids, now)]).await.unwrap();
        }
    }
    let lines = works.all().await;
    let keys = |kind: &str| {
        lines.iter().filter(|line| line.kind == kind).map(|line| line.key.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(keys("hourly"), ["all"]);
    let hours: Vec<_> = (2..=6).map(|hour| format!("all@2026-03-20T0{hour}:00:00Z")).collect();
    assert_eq!(keys("each"), hours);
    // The job of the next is the one that is not done yet.
    for entry in works.book().due(&["hourly"], 9, at(6 * 3600)).await.unwrap() {
        works.book().fire(&[hourly().fire(entry, &*works.ids, at(6 * 3600))]).await.unwrap();
    }
    assert_eq!(works.all().await.len(), 6);
}

async fn one_plans_at_a_time(works: Works) {
    let who = |n| LeaseId(Uuid::from_u128(n));
    let lead = async |n: u128, until, now| {
        works.books[usize::from(n.is_multiple_of(2))].lead(who(n), at(until), at(now)).await
    };
    let first = all_at_once(6, |n| {
        let works = works.clone();
        Box::pin(async move { works.books[n % 2].lead(who(n as u128), at(10), at(0)).await.unwrap() })
    });
    let first = first.await;
    assert_eq!(first.iter().filter(|leads| **leads).count(), 1);
    let leader = first.iter().position(|leads| *leads).unwrap() as u128;
    assert_eq!(lead(leader + 1, 20, 9).await, Ok(false));
    assert_eq!(lead(leader, 15, 9).await, Ok(true));
    assert_eq!(lead(leader + 1, 25, 14).await, Ok(false));
    assert_eq!(lead(leader + 1, 25, 15).await, Ok(true));
    works.book().resign(who(leader)).await.unwrap();
    assert_eq!(lead(leader, 30, 16).await, Ok(false));
    works.book().resign(who(leader + 1)).await.unwrap();
    assert_eq!(lead(leader, 30, 16).await, Ok(true));
}

async fn stores_that_are_open_have_clocks(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    for insert in [rows::tenant(1), rows::tenant(2)] {
        tx.exactly_one(&insert).await.unwrap();
    }
    for (n, tenant, slug) in [(3, 1, "a"), (4, 1, "b"), (5, 2, "c")] {
        tx.exactly_one(&rows::store(n, tenant, slug)).await.unwrap();
    }
    let set = |table: &'static str, column: &'static str, value: sea_query::Expr, n| {
        Query::update().table(table).value(column, value).and_where(Expr::col("id").eq(rows::id(n))).to_owned()
    };
    tx.exactly_one(&set("stores", "time_zone", "Europe/Paris".into(), 3)).await.unwrap();
    tx.exactly_one(&set("stores", "is_active", false.into(), 4)).await.unwrap();
    tx.exactly_one(&set("tenants", "is_active", false.into(), 2)).await.unwrap();
    tx.commit().await.unwrap();
    let expected = StoreClock { tenant: TenantId(rows::id(1)), store: StoreId(rows::id(3)), zone: Tz::Europe__Paris };
    assert_eq!(test.db.store_clocks().await, Ok(vec![expected]));
    assert_eq!(test.db.stats().await, Ok([].into()));
}
on_each_engine!(stores_that_are_open_have_clocks);
