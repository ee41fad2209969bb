//! `musubi verify audit`.

use crate::program::{Ended, musubi};
use musubi_kernel::access::Caller;
use musubi_kernel::id::SystemIds;
use musubi_kernel::record::{Change, Record};
use musubi_sql::records;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::{Value, json};
use uuid::Uuid;

const ROWS: i64 = 4;

async fn write(test: &TestDb, chain: &str) {
    for n in 1..=ROWS {
        let mut tx = test.db.begin().await.unwrap();
        records::write(&mut tx, chain, &record(n)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn record(n: i64) -> Record {
    let change = Change {
        kind: "menu.updated".into(),
        subject_kind: "menu",
        subject: Uuid::from_u128(5),
        tenant: None,
        store: None,
        caller: &Caller::system(),
        at: "2026-03-20T00:00:00Z".parse().unwrap(),
    };
    Record::of(&SystemIds, &change, None::<&Value>, Some(&json!({ "n": n })))
}

fn verify(test: &TestDb) -> Ended {
    musubi(&["verify", "audit", "--database-url", test.url()])
}

fn flaws(test: &TestDb) -> Value {
    musubi(&["verify", "audit", "--json", "--database-url", test.url()]).is(1).json()["flaws"].take()
}

async fn what_was_written_is_sound(test: TestDb) {
    assert_eq!(verify(&test).is(0).out, "the audit log is sound: 0 entries in 0 chains\n");
    write(&test, "platform").await;
    write(&test, "tenant:1").await;
    let ended = verify(&test).is(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("the audit log is sound: 8 entries in 2 chains\n", ""));
    let json = musubi(&["--json", "verify", "audit", "--database-url", test.url()]).is(0).json();
    assert_eq!(json, json!({ "sound": true, "chains": 2, "entries": 8, "flaws": [] }));
}
on_each_engine!(what_was_written_is_sound);

async fn the_first_broken_entry_of_a_chain_is_named(test: TestDb) {
    write(&test, "platform").await;
    write(&test, "tenant:1").await;
    let third = Expr::col("chain").eq("platform").and(Expr::col("seq").eq(3_i64));
    let query = Query::select().column("id").from("audit_log").and_where(third.clone()).to_owned();
    let id: Uuid = test.db.optional(&query).await.unwrap().unwrap().get("id").unwrap();
    let mut tx = test.db.begin().await.unwrap();
    let update = Query::update().table("audit_log").value("after_data", r#"{"n":9}"#).and_where(third).to_owned();
    tx.exactly_one(&update).await.unwrap();
    tx.commit().await.unwrap();

    let said = format!("platform: entry 3 ({id}) was altered\nthe audit log is broken: 1 of 2 chains\n");
    assert_eq!(verify(&test).is(1).out, said);
    assert_eq!(flaws(&test), json!([{ "chain": "platform", "kind": "altered", "seq": 3, "id": id.to_string() }]));
}
on_each_engine!(the_first_broken_entry_of_a_chain_is_named);

async fn what_is_cut_off_is_missed(test: TestDb) {
    write(&test, "platform").await;
    let mut tx = test.db.begin().await.unwrap();
    let cut = Query::delete().from_table("audit_log").and_where(Expr::col("seq").gt(2_i64)).to_owned();
    assert_eq!(tx.execute(&cut).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert!(verify(&test).is(1).out.starts_with("platform: entries 3 to 4 are missing at its end\n"));
    assert_eq!(flaws(&test), json!([{ "chain": "platform", "kind": "wrong_end", "known": 4, "last": 2 }]));

    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&Query::delete().from_table("audit_chains").to_owned()).await.unwrap();
    tx.commit().await.unwrap();
    let said = "platform: it has 2 entries, but the list of chains does not know it\n";
    assert!(verify(&test).is(1).out.starts_with(said));
}
on_each_engine!(what_is_cut_off_is_missed);

async fn every_chain_that_is_off_the_list_is_named(test: TestDb) {
    const CHAINS: usize = 501;
    let mut tx = test.db.begin().await.unwrap();
    for n in 0..CHAINS {
        records::write(&mut tx, &format!("tenant:{n}"), &record(1)).await.unwrap();
    }
    tx.execute(&Query::delete().from_table("audit_chains").to_owned()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(flaws(&test).as_array().unwrap().len(), CHAINS);
}
on_each_engine!(every_chain_that_is_off_the_list_is_named);

#[test]
fn a_database_that_is_not_there_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    let line = musubi(&["verify", "audit", "--data-dir", folder.path().to_str().unwrap()]).complains(1);
    assert!(line.starts_with("there is no database at ") && line.ends_with("`musubi migrate` makes it"), "{line}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking made nothing");
}

#[test]
fn a_database_without_tables_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("musubi.db"), "").unwrap();
    let line = musubi(&["verify", "audit", "--data-dir", folder.path().to_str().unwrap()]).complains(1);
    assert!(
        line.contains("no such table") && line.ends_with("`musubi migrate` brings the tables up to date"),
        "{line}"
    );
}
