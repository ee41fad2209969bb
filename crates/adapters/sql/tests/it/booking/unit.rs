//! A unit is all or nothing.

use super::agree::{books_agree, rows_of};
use super::ground::{Ground, caller, change, contract, customer_change, now, patron, sent};
use super::house::{june, scope_of, tokyo};
use chrono::TimeDelta;
use musubi_booking::change::ChangeKind;
use musubi_booking::patron::Newcomer;
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::Answered;
use musubi_sql_testing::{Engine, TestDb, on_each_engine};

const WRITTEN: [&str; 13] = [
    "bookings",
    "booking_resources",
    "occupancy",
    "booking_options",
    "booking_changes",
    "holds",
    "hold_resources",
    "customers",
    "store_days",
    "outbox",
    "audit_log",
    "audit_chains",
    "idempotency_keys",
];

async fn rows(ground: &Ground) -> Vec<(&'static str, usize)> {
    let Some(house) = &ground.house else { return Vec::new() };
    let mut counts = Vec::new();
    for table in WRITTEN {
        counts.push((table, rows_of(&house.sql.db, table).await));
    }
    counts
}

fn answer(key: &str) -> Answered {
    Answered {
        caller: "key:1".to_owned(),
        key: key.to_owned(),
        fingerprint: [3; 32],
        status: 201,
        body: "{\"名\":\"花\"}".into(),
        answered_at: now(),
        expires_at: now() + TimeDelta::hours(24),
    }
}

fn token() -> musubi_kernel::secret::Secret {
    musubi_kernel::secret::Secret::new("manage")
}

/// Everything that a unit can write, but the commit.
async fn everything(ground: &Ground) -> Box<dyn musubi_booking::ports::BookingUnit> {
    let mut unit = ground.unit(&ground.ours).await;
    let booking = ground.booking();
    let (entry, record) = change(&booking, ChangeKind::Create);
    let newcomer = Newcomer { name: Some("新".to_owned()), ..Newcomer::default() };
    unit.identify(&newcomer, &caller(), now()).await.unwrap();
    unit.insert_hold(&ground.hold()).await.unwrap();
    unit.insert(&booking, &token()).await.unwrap();
    unit.note(&booking, &entry, &record).await.unwrap();
    let mut known = patron(ground.customer, "花子", None);
    known.record.total_bookings = 1;
    unit.save_patron(&known, &customer_change(ground, ground.customer), now()).await.unwrap();
    unit
}

async fn what_is_dropped_leaves_no_trace(ground: Ground) {
    let before = rows(&ground).await;
    let unit = everything(&ground).await;
    drop(unit);
    assert_eq!(rows(&ground).await, before);
    let known = ground.store.patron(&ground.ours, ground.customer).await.unwrap().unwrap();
    assert_eq!(known.record.total_bookings, 0);
    let occupancy = ground.store.occupancy(&ground.ours, &(june(10)..=june(10)), now()).await.unwrap();
    assert_eq!(occupancy.parties_on(june(10)), 0);

    everything(&ground).await.commit(&[]).await.unwrap();
    let occupancy = ground.store.occupancy(&ground.ours, &(june(10)..=june(10)), now()).await.unwrap();
    assert_eq!(occupancy.parties_on(june(10)), 2);
    if let Some(house) = &ground.house {
        let grown: Vec<_> = rows(&ground).await.into_iter().zip(before).map(|(now, was)| now.1 - was.1).collect();
        assert_eq!(grown, [1, 2, 2, 2, 1, 1, 2, 1, 3, 3, 3, 1, 0], "{WRITTEN:?}");
        books_agree(&house.sql.db).await;
    }
}

async fn a_failed_unit_commits_nothing(ground: Ground) {
    let booking = ground.booking();
    ground.insert(&booking).await;
    let before = rows(&ground).await;
    let mut unit = everything(&ground).await;
    let mut stale = booking.clone();
    stale.version = 9;
    let saved = unit.save(&booking, &stale).await;
    assert_eq!(sent(saved, unit).await, Err(StoreError::Conflict));
    assert_eq!(rows(&ground).await, before);
}

async fn what_is_committed_is_seen_by_who_was_waiting(ground: Ground) {
    // In memory each works on a copy; on SQLite the second could not even begin.
    if ground.house.as_ref().is_none_or(|house| house.sql.db.engine() == Engine::Sqlite) {
        return;
    }
    // The days are there already.
    ground.unit(&ground.ours).await.commit(&[]).await.unwrap();
    let mut first = ground.unit(&ground.ours).await;
    let mut second = ground.store.begin(&ground.ours).await.unwrap();
    let booking = ground.booking();
    first.insert(&booking, &token()).await.unwrap();
    let days = [june(10)].into();
    let second_in = async {
        second.lock(&days).await?;
        let seen = second.occupancy(&(june(10)..=june(10)), now(), None).await?;
        second.commit(&[]).await.map(|()| seen.parties_on(june(10)))
    };
    let first_out = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        first.commit(&[]).await
    };
    let (waited, wrote) = tokio::join!(second_in, first_out);
    assert_eq!(wrote, Ok(()));
    assert_eq!(waited, Ok(1));
}

async fn units_of_two_stores_do_not_meet(ground: Ground) {
    let Some(house) = &ground.house else { return };
    if house.sql.db.engine() == Engine::Sqlite {
        return;
    }
    let (mut ours, theirs) = (ground.unit(&ground.ours).await, ground.unit(&ground.theirs).await);
    ours.insert(&ground.booking(), &token()).await.unwrap();
    theirs.commit(&[]).await.unwrap();
    ours.commit(&[]).await.unwrap();
}

contract!(
    what_is_dropped_leaves_no_trace,
    a_failed_unit_commits_nothing,
    what_is_committed_is_seen_by_who_was_waiting,
    units_of_two_stores_do_not_meet,
);

async fn a_unit_keeps_the_answer_or_nothing(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let store = test.store();
    everything(&ground).await.commit(&[answer("a")]).await.unwrap();
    assert_eq!(store.answered("key:1", "a", now()).await.unwrap(), Some(answer("a")));
    let before = rows(&ground).await;
    let again = everything(&ground).await.commit(&[answer("a")]).await;
    assert_eq!(again, Err(StoreError::AlreadyAnswered));
    assert_eq!(rows(&ground).await, before);
    everything(&ground).await.commit(&[answer("b")]).await.unwrap();
    books_agree(&test.db).await;
}
on_each_engine!(a_unit_keeps_the_answer_or_nothing);

/// The key is free again from the answer's end on: the use case is run once more, and nothing is in its way.
async fn an_answer_that_has_expired_gives_way(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    everything(&ground).await.commit(&[answer("a")]).await.unwrap();
    let before = rows(&ground).await;
    let end = answer("a").expires_at;
    let next = Answered { answered_at: end, expires_at: end + TimeDelta::hours(24), ..answer("a") };
    assert_eq!(everything(&ground).await.commit(std::slice::from_ref(&next)).await, Err(StoreError::Conflict));
    let emptied = |(table, n)| (table, if table == "idempotency_keys" { 0 } else { n });
    assert_eq!(rows(&ground).await, before.into_iter().map(emptied).collect::<Vec<_>>());
    everything(&ground).await.commit(std::slice::from_ref(&next)).await.unwrap();
    assert_eq!(test.store().answered("key:1", "a", end).await.unwrap(), Some(next));
}
on_each_engine!(an_answer_that_has_expired_gives_way);

/// A unit writes into its own store alone.
async fn a_unit_refuses_what_is_another_stores(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let before = rows(&ground).await;
    let booking = ground.booking_at(tokyo(10, "10:00"));
    let (entry, record) = change(&booking, ChangeKind::Create);
    let mut unit = ground.unit(&ground.theirs).await;
    assert!(matches!(unit.insert(&booking, &token()).await, Err(StoreError::Internal(_))));
    drop(unit);
    let mut unit = ground.unit(&scope_of(ground.theirs.tenant(), ground.theirs.store())).await;
    assert!(matches!(unit.note(&booking, &entry, &record).await, Err(StoreError::Internal(_))));
    drop(unit);
    assert_eq!(rows(&ground).await, before);
}
on_each_engine!(a_unit_refuses_what_is_another_stores);
