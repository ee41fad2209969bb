//! The audit log is whole, or it says where not.

use crate::rows::{at, id, now};
use chrono::TimeDelta;
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CountingIds, StoreId, SystemIds, TenantId};
use musubi_kernel::record::{Change, Record};
use musubi_sql::audit::{Flaw, Verified, append, chain_of, chain_of_contact_reads, chain_of_day, chains, verify};
use musubi_sql::engine::Db;
use musubi_sql::records;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use serde_json::json;

const CHAIN: &str = "platform";

fn record(n: i64) -> Record {
    let caller = Caller {
        actor: Actor::Operator { key: id(77).into() },
        ip: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("curl/8 🌸".to_owned()),
        request_id: format!("r{n}"),
    };
    let change = Change {
        kind: "menu.updated".into(),
        subject_kind: "menu",
        subject: id(5),
        tenant: Some(TenantId(id(1))),
        store: None,
        caller: &caller,
        at: now() + TimeDelta::microseconds(n),
    };
    Record::of(&SystemIds, &change, Some(&json!({"name": "カット"})), Some(&json!({"name": "Cut", "z": 1, "a": [n]})))
}

async fn write(db: &Db, chain: &str, records: impl IntoIterator<Item = Record>) -> Result<(), StoreError> {
    for record in records {
        let mut tx = db.begin().await?;
        records::write(&mut tx, chain, &record).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn entry(column: &'static str, seq: i64) -> SelectStatement {
    Query::select().column(column).from("audit_log").and_where(Expr::col("seq").eq(seq)).to_owned()
}

async fn entries_without_a_change_stand_in_their_chain(test: TestDb) {
    let store = StoreId(id(3));
    let chain = chain_of_contact_reads(store, now().date_naive());
    assert_eq!(chain, format!("contacts:{store}:{}", now().date_naive()));
    let entries: Vec<_> = (0..3).map(|n| record(n).audit).collect();
    append(&test.db, &chain, &entries[..2]).await.unwrap();
    append(&test.db, &chain, &entries[2..]).await.unwrap();
    append(&test.db, &chain, &[]).await.unwrap();
    assert_eq!(verify(&test.db, &chain).await.unwrap(), Verified { sound: 3, flaw: None });
    let told = Query::select().column("kind").from("outbox").to_owned();
    assert!(test.db.all(&told).await.unwrap().is_empty());
}
on_each_engine!(entries_without_a_change_stand_in_their_chain);

async fn what_was_written_is_whole(test: TestDb) {
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: 0, flaw: None });
    write(&test.db, CHAIN, (1..=3).map(record)).await.unwrap();
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: 3, flaw: None });
    let after: String = test.db.optional(&entry("after_data", 2)).await.unwrap().unwrap().get("after_data").unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&after).unwrap(), json!({"name": "Cut", "z": 1, "a": [2]}));

    let event =
        Query::select().columns(["kind", "status", "attempts", "payload", "available_at"]).from("outbox").to_owned();
    let events = test.db.all(&event).await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].get::<String>("kind").unwrap(), "menu.updated");
    assert_eq!(events[0].get::<String>("status").unwrap(), "pending");
    assert_eq!(events[0].int::<u32>("attempts").unwrap(), 0);
}
on_each_engine!(what_was_written_is_whole);

async fn what_was_rolled_back_was_never_written(test: TestDb) {
    write(&test.db, CHAIN, [record(1)]).await.unwrap();
    let mut tx = test.db.begin().await.unwrap();
    records::write(&mut tx, CHAIN, &record(2)).await.unwrap();
    drop(tx);
    write(&test.db, CHAIN, [record(3)]).await.unwrap();
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: 2, flaw: None });
}
on_each_engine!(what_was_rolled_back_was_never_written);

async fn chains_are_apart_and_listed(test: TestDb) {
    let (tenant, store) = (TenantId(id(1)), StoreId(id(2)));
    let names = [
        chain_of(None, None),
        chain_of(Some(tenant), None),
        chain_of(Some(tenant), Some(store)),
        chain_of_day(store, now().date_naive()),
    ];
    assert_eq!(names[3], "day:00000000-0000-0000-0000-000000000002:2026-03-20");
    for name in &names {
        write(&test.db, name, [record(1), record(2)]).await.unwrap();
        assert_eq!(verify(&test.db, name).await.unwrap(), Verified { sound: 2, flaw: None });
    }
    let mut sorted = names.to_vec();
    sorted.sort();
    assert_eq!(chains(&test.db, "", 3).await.unwrap(), sorted[..3]);
    assert_eq!(chains(&test.db, &sorted[2], 3).await.unwrap(), sorted[3..]);
}
on_each_engine!(chains_are_apart_and_listed);

async fn writers_of_one_chain_take_turns(test: TestDb) {
    write(&test.db, CHAIN, [record(0)]).await.unwrap();
    let writers: Vec<_> = (1..=16)
        .map(|n| {
            let db = test.db.clone();
            tokio::spawn(async move { write(&db, CHAIN, [record(n)]).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: 17, flaw: None });
}
on_each_engine!(writers_of_one_chain_take_turns);

async fn of_two_that_begin_a_chain_one_loses_the_race(test: TestDb) {
    let begin = |n| {
        let db = test.db.clone();
        tokio::spawn(async move { write(&db, CHAIN, [record(n)]).await })
    };
    let both = [begin(1), begin(2)];
    let mut written = 0;
    for one in both {
        match one.await.unwrap() {
            Ok(()) => written += 1,
            Err(error) => assert_eq!(error, StoreError::Conflict),
        }
    }
    assert!(written >= 1);
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: written, flaw: None });
}
on_each_engine!(of_two_that_begin_a_chain_one_loses_the_race);

/// Every column but the hashes, changed in one entry of three.
async fn any_change_is_found(test: TestDb) {
    write(&test.db, CHAIN, (1..=3).map(record)).await.unwrap();
    let second: uuid::Uuid = test.db.optional(&entry("id", 2)).await.unwrap().unwrap().get("id").unwrap();
    let columns: [(&'static str, Expr); 12] = [
        ("tenant_id", Expr::val(id(9))),
        ("store_id", Expr::val(id(9))),
        ("action", Expr::val("menu.removed")),
        ("subject_kind", Expr::val("store")),
        ("subject_id", Expr::val(id(9))),
        ("actor_kind", Expr::val("customer")),
        ("actor_id", Expr::val(Option::<uuid::Uuid>::None)),
        ("request_id", Expr::val("r9")),
        ("ip_address", Expr::val("::")),
        ("user_agent", Expr::val("")),
        ("before_data", Expr::val(r#"{"name":"カット "}"#)),
        ("at", Expr::val(at("2026-03-20T01:02:03Z"))),
    ];
    for (column, value) in columns {
        let mut tx = test.db.begin().await.unwrap();
        let original = tx.optional(&entry(column, 2)).await.unwrap().unwrap();
        let change = |value: Expr| {
            Query::update().table("audit_log").value(column, value).and_where(Expr::col("seq").eq(2_i64)).to_owned()
        };
        tx.exactly_one(&change(value)).await.unwrap();
        tx.commit().await.unwrap();
        let found = verify(&test.db, CHAIN).await.unwrap();
        assert_eq!(found, Verified { sound: 1, flaw: Some(Flaw::Altered { seq: 2, id: second }) }, "{column}");

        let original = match column {
            "tenant_id" | "store_id" | "subject_id" | "actor_id" => {
                Expr::val(original.get::<Option<uuid::Uuid>>(column).unwrap())
            }
            "at" => Expr::val(original.get::<chrono::DateTime<chrono::Utc>>(column).unwrap()),
            _ => Expr::val(original.get::<Option<String>>(column).unwrap()),
        };
        let mut tx = test.db.begin().await.unwrap();
        tx.exactly_one(&change(original)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(verify(&test.db, CHAIN).await.unwrap().flaw, None, "{column}");
    }
}
on_each_engine!(any_change_is_found);

async fn what_is_taken_out_is_missed(test: TestDb) {
    write(&test.db, CHAIN, (1..=3).map(record)).await.unwrap();
    let remove = async |seq: i64| {
        let mut tx = test.db.begin().await.unwrap();
        let delete = Query::delete().from_table("audit_log").and_where(Expr::col("seq").eq(seq)).to_owned();
        tx.exactly_one(&delete).await.unwrap();
        tx.commit().await.unwrap();
        verify(&test.db, CHAIN).await.unwrap()
    };
    let end = Flaw::WrongEnd { known: Some(3), last: 2 };
    assert_eq!(remove(3).await, Verified { sound: 2, flaw: Some(end) }, "from the end");
    assert_eq!(remove(1).await, Verified { sound: 0, flaw: Some(Flaw::Missing { seq: 1 }) }, "from the beginning");
}
on_each_engine!(what_is_taken_out_is_missed);

/// An entry that was replaced by another, with a hash of its own that fits it.
async fn what_is_slipped_in_does_not_fit(test: TestDb) {
    write(&test.db, CHAIN, (1..=3).map(record)).await.unwrap();
    let mut forged = record(9);
    forged.audit.id.0 = id(66);
    write(&test.db, "forgery", [record(1), forged]).await.unwrap();
    let mut tx = test.db.begin().await.unwrap();
    let of = |chain: &'static str| Expr::col("chain").eq(chain).and(Expr::col("seq").eq(2_i64));
    tx.exactly_one(&Query::delete().from_table("audit_log").and_where(of(CHAIN)).to_owned()).await.unwrap();
    let moved = Query::update().table("audit_log").value("chain", CHAIN).and_where(of("forgery")).to_owned();
    tx.exactly_one(&moved).await.unwrap();
    tx.commit().await.unwrap();
    let found = verify(&test.db, CHAIN).await.unwrap();
    assert_eq!(found, Verified { sound: 1, flaw: Some(Flaw::Altered { seq: 2, id: id(66) }) });
}
on_each_engine!(what_is_slipped_in_does_not_fit);

/// Longer than one step of the walk.
async fn a_long_chain_is_walked_to_its_end(test: TestDb) {
    let ids = CountingIds::default();
    let mut tx = test.db.begin().await.unwrap();
    for n in 1..=501 {
        let mut record = record(n);
        record.event.id = musubi_kernel::id::EventId::new(&ids, now());
        records::write(&mut tx, CHAIN, &record).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(verify(&test.db, CHAIN).await.unwrap(), Verified { sound: 501, flaw: None });
}
on_each_engine!(a_long_chain_is_walked_to_its_end);
