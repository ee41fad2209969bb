//! What is kept no longer goes, and nobody waits for it.

use chrono::{DateTime, Months, TimeDelta, Utc};
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_sql::engine::{Db, Engine};
use musubi_sql::retention::{self, RETENTIONS, Retention};
use musubi_sql::system_log::{self, SystemLog};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::json;
use std::time::Duration;

on_each_engine!(
    what_is_kept_no_longer_goes,
    many_rows_go_lot_by_lot,
    only_what_is_settled_goes,
    who_writes_meanwhile_does_not_wait,
    entries_are_read_youngest_first,
);

fn now() -> DateTime<Utc> {
    "2026-03-20T18:30:00Z".parse().unwrap()
}

fn of(table: &str) -> &'static Retention {
    RETENTIONS.iter().find(|one| one.table == table).unwrap()
}

fn entry(at: DateTime<Utc>) -> SystemLog {
    SystemLog::new(&SystemIds, "tested", "テスト", json!({ "n": 1 }), at)
}

async fn left(db: &Db, table: &'static str) -> usize {
    db.all(&Query::select().expr(Expr::val(1)).from(table).to_owned()).await.unwrap().len()
}

/// As the table of seed 003 has it.
#[test]
fn rows_are_kept_as_long_as_the_design_says() {
    assert_eq!((of("system_logs").months, of("system_logs").statuses.len()), (12, 0));
    assert_eq!((of("notifications").months, of("notifications").statuses), (6, &["sent", "delivered"][..]));
    assert_eq!((of("booking_changes").months, of("booking_changes").statuses.len()), (24, 0));
}

async fn what_is_kept_no_longer_goes(test: TestDb) {
    let logs = of("system_logs");
    let ends = now().checked_sub_months(Months::new(12)).unwrap();
    assert_eq!(logs.ends(now()), ends);
    for at in [ends - TimeDelta::days(400), ends - TimeDelta::milliseconds(1), ends, now()] {
        system_log::write(&test.db, &entry(at)).await.unwrap();
    }
    assert_eq!(logs.count(&test.db, now()).await, Ok(2), "counting deletes nothing");
    assert_eq!(logs.count(&test.db, now()).await, Ok(2));
    assert_eq!(logs.apply(&test.db, now()).await, Ok(2));
    assert_eq!((left(&test.db, "system_logs").await, logs.apply(&test.db, now()).await), (2, Ok(0)));
    for one in RETENTIONS {
        assert_eq!(one.count(&test.db, now()).await.unwrap(), 0, "{}: its columns are there", one.table);
    }
}

async fn many_rows_go_lot_by_lot(test: TestDb) {
    const ROWS: usize = 2_100;
    let mut tx = test.db.begin().await.unwrap();
    for lot in 0..ROWS / 100 {
        let mut insert = Query::insert();
        insert.into_table("system_logs").columns(["id", "action", "created_at"]);
        for n in 0..100 {
            let at = now() - TimeDelta::days(500) + TimeDelta::seconds(i64::try_from(lot * 100 + n).unwrap());
            insert.values_panic([SystemIds.uuid(at).into(), "tested".into(), at.into()]);
        }
        tx.execute(&insert).await.unwrap();
    }
    tx.commit().await.unwrap();
    system_log::write(&test.db, &entry(now())).await.unwrap();
    let logs = of("system_logs");
    assert_eq!(logs.count(&test.db, now()).await, Ok(ROWS as u64));
    assert_eq!(logs.apply(&test.db, now()).await, Ok(ROWS as u64));
    assert_eq!(left(&test.db, "system_logs").await, 1);
}

async fn only_what_is_settled_goes(test: TestDb) {
    let world = crate::contract::World::over(&test.store());
    let tenant = world.tenant().await.tenant();
    let endpoint = SystemIds.uuid(now());
    let mut tx = test.db.begin().await.unwrap();
    let insert = Query::insert()
        .into_table("webhook_endpoints")
        .columns(["id", "tenant_id", "url", "events", "secrets", "version", "created_at", "updated_at"])
        .values_panic([
            endpoint.into(),
            tenant.0.into(),
            vec![0_u8].into(),
            "[]".into(),
            vec![0_u8].into(),
            1_i64.into(),
            now().into(),
            now().into(),
        ])
        .to_owned();
    tx.exactly_one(&insert).await.unwrap();
    let old = now() - TimeDelta::days(100);
    for (status, at) in [("pending", old), ("delivered", old), ("failed", old), ("failed", now())] {
        let insert = Query::insert()
            .into_table("webhook_deliveries")
            .columns([
                "id",
                "tenant_id",
                "endpoint_id",
                "event_id",
                "kind",
                "occurred_at",
                "body",
                "status",
                "status_at",
                "tries",
                "replays",
                "version",
                "created_at",
                "updated_at",
            ])
            .values_panic([
                SystemIds.uuid(at).into(),
                tenant.0.into(),
                endpoint.into(),
                SystemIds.uuid(at).into(),
                "booking.created".into(),
                at.into(),
                vec![0_u8].into(),
                status.into(),
                at.into(),
                1.into(),
                0.into(),
                1_i64.into(),
                at.into(),
                at.into(),
            ])
            .to_owned();
        tx.exactly_one(&insert).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(of("webhook_deliveries").apply(&test.db, now()).await, Ok(2));
    let query =
        Query::select().column("id").from("webhook_deliveries").and_where(Expr::col("status").eq("pending")).to_owned();
    assert_eq!((test.db.all(&query).await.unwrap().len(), left(&test.db, "webhook_deliveries").await), (1, 2));
}

/// SQLite has one writer at a time, and each lot is a transaction of its own there.
async fn who_writes_meanwhile_does_not_wait(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return;
    }
    for days in 400..500 {
        system_log::write(&test.db, &entry(now() - TimeDelta::days(days))).await.unwrap();
    }
    let other = test.reconnect().await;
    let mut writes = other.begin().await.unwrap();
    let insert = Query::insert()
        .into_table("system_logs")
        .columns(["id", "action", "created_at"])
        .values_panic([SystemIds.uuid(now()).into(), "tested".into(), now().into()])
        .to_owned();
    writes.exactly_one(&insert).await.unwrap();
    let gone = tokio::time::timeout(Duration::from_secs(4), of("system_logs").apply(&test.db, now())).await;
    assert_eq!(gone.unwrap(), Ok(100), "it does not wait for who writes, nor they for it");
    writes.commit().await.unwrap();
    assert_eq!(left(&test.db, "system_logs").await, 1);
}

async fn entries_are_read_youngest_first(test: TestDb) {
    let first = entry(now() - TimeDelta::days(1));
    system_log::write(&test.db, &first).await.unwrap();
    assert_eq!(retention::entry(&SystemIds, &[("system_logs", 0)], now()), None);
    let second = retention::entry(&SystemIds, &[("system_logs", 7), ("booking_changes", 0)], now()).unwrap();
    assert_eq!((second.action.as_str(), &second.metadata), ("retention.applied", &json!({ "system_logs": 7 })));
    system_log::write(&test.db, &second).await.unwrap();
    assert_eq!(system_log::latest(&test.db, None, 9).await, Ok(vec![second.clone(), first.clone()]));
    assert_eq!(system_log::latest(&test.db, Some("tested"), 9).await, Ok(vec![first]));
    assert_eq!(system_log::latest(&test.db, None, 1).await, Ok(vec![second]));
}
