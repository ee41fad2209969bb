//! Tidying on each engine: what is over goes, what is not stays.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::ephemeral::Ephemeral as _;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::{Clock, ManualClock};
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_kernel::record::{Change, Record};
use musubi_sql::records;
use musubi_sql::system_log::{self, SystemLog};
use musubi_sql_testing::{TestDb, on_each_engine};
use musubi_worker::engine::{Engine, Limits, Ports};
use musubi_worker::upkeep;
use sea_query::{Expr, Query};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

fn begin() -> DateTime<Utc> {
    "2026-03-20T00:00:30Z".parse().unwrap()
}

async fn something_happens(test: &TestDb, clock: &ManualClock) {
    let change = Change {
        kind: "menu.updated".into(),
        subject_kind: "menu",
        subject: Uuid::from_u128(5),
        tenant: None,
        store: None,
        caller: &Caller::system(),
        at: clock.now(),
    };
    let record = Record::of(&SystemIds, &change, None::<&Value>, Some(&json!({})));
    let mut tx = test.db.begin().await.unwrap();
    records::write(&mut tx, "platform", &record).await.unwrap();
    tx.commit().await.unwrap();
}

async fn rows(test: &TestDb, table: &'static str) -> usize {
    test.db.all(&Query::select().expr(Expr::val(1)).from(table).to_owned()).await.unwrap().len()
}

async fn what_is_over_goes(test: TestDb) {
    let store = test.store();
    let clock = Arc::new(ManualClock::at(begin()));
    let (shared, ids): (Arc<dyn Clock>, Arc<dyn IdGen>) = (clock.clone(), Arc::new(SystemIds));
    let db = Arc::new(test.db.clone());
    let ports = Ports { queue: db.clone(), outbox: db.clone(), schedules: db, clock: shared.clone(), ids: ids.clone() };
    let engine = Engine::new(ports, upkeep::work(&store, &ids, &shared), Limits::default());
    engine.work_off().await.unwrap();

    let unknown = NewJob::new(&SystemIds, "nobody's", (), begin());
    test.db.enqueue(&[unknown]).await.unwrap();
    store.put("short", "x", begin() + TimeDelta::seconds(20), begin()).await.unwrap();
    store.put("long", "x", begin() + TimeDelta::days(200), begin()).await.unwrap();
    for _ in 0..3 {
        something_happens(&test, &clock).await;
    }
    assert_eq!(engine.work_off().await.unwrap().events, 3);
    assert_eq!((rows(&test, "ephemeral").await, rows(&test, "outbox").await), (2, 3));

    clock.advance(TimeDelta::minutes(1));
    let done = engine.work_off().await.unwrap();
    assert_eq!((done.firings, done.done, done.again, done.failed), (2, 2, vec![], vec![]));
    assert_eq!((rows(&test, "ephemeral").await, rows(&test, "outbox").await), (1, 3));

    // Nobody is there for a month: each schedule fires once.
    clock.advance(TimeDelta::days(31));
    something_happens(&test, &clock).await;
    let done = engine.work_off().await.unwrap();
    assert_eq!((done.firings, done.done, done.events), (5, 5, 1));
    assert_eq!((rows(&test, "ephemeral").await, rows(&test, "outbox").await), (1, 1));
    // A year later what the system has done is forgotten too; that this was done is written down.
    system_log::write(&test.db, &SystemLog::new(&SystemIds, "tested", "", json!({}), clock.now())).await.unwrap();
    clock.advance(TimeDelta::days(367));
    let done = engine.work_off().await.unwrap();
    assert_eq!((done.firings, done.again, done.failed), (5, vec![], vec![]));
    let entries = system_log::latest(&test.db, None, 9).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), &entry.metadata)).collect();
    assert_eq!(actions, [("retention.applied", &json!({ "system_logs": 1 }))]);
    // What no worker here can do is left to others.
    let left = test.db.list(&JobFilter::default(), 9).await.unwrap();
    assert_eq!(left.iter().map(|line| &*line.kind).collect::<Vec<_>>(), ["nobody's"]);
}
on_each_engine!(what_is_over_goes);
