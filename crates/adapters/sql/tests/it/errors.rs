//! What goes wrong means the same on every engine.

use crate::rows::{customer, id, now, store, tenant};
use musubi_kernel::error::StoreError;
use musubi_sql::engine::{Db, Engine, PoolSettings, Tx, for_update, sqlite_url};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement};
use std::time::{Duration, Instant};

async fn commit(db: &Db, rows: &[InsertStatement]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    for row in rows {
        tx.exactly_one(row).await?;
    }
    tx.commit().await
}

async fn tenants(db: &Db) -> usize {
    db.all(&Query::select().column("id").from("tenants").to_owned()).await.unwrap().len()
}

async fn names_that_are_taken_say_so(test: TestDb) {
    commit(&test.db, &[tenant(1), store(2, 1, "a"), store(3, 1, "b"), customer(4, 1, 2, Some("U1"))]).await.unwrap();
    let code = async |row: InsertStatement| match commit(&test.db, &[row]).await {
        Err(StoreError::Taken { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(store(5, 1, "a")).await, "slug_taken");
    assert_eq!(code(customer(5, 1, 2, Some("U1"))).await, "line_user_taken");
    commit(&test.db, &[customer(5, 1, 3, Some("U1")), customer(6, 1, 2, None), customer(7, 1, 2, None)]).await.unwrap();

    let mut tx = test.db.begin().await.unwrap();
    let rename = Query::update().table("stores").value("slug", "a").and_where(Expr::col("id").eq(id(3))).to_owned();
    let renamed = tx.exactly_one(&rename).await;
    assert!(matches!(renamed, Err(StoreError::Taken { code: "slug_taken", .. })), "{renamed:?}");
}
on_each_engine!(names_that_are_taken_say_so);

async fn a_key_that_two_writers_make_is_a_lost_race(test: TestDb) {
    let chain = Query::insert()
        .into_table("audit_chains")
        .columns(["chain", "seq", "hash"])
        .values_panic(["platform".into(), 1_i64.into(), vec![0_u8; 32].into()])
        .to_owned();
    commit(&test.db, std::slice::from_ref(&chain)).await.unwrap();
    assert_eq!(commit(&test.db, &[chain]).await, Err(StoreError::Conflict));
}
on_each_engine!(a_key_that_two_writers_make_is_a_lost_race);

async fn an_id_that_is_used_twice_is_a_defect(test: TestDb) {
    commit(&test.db, &[tenant(1)]).await.unwrap();
    let again = commit(&test.db, &[tenant(1)]).await;
    assert!(matches!(&again, Err(StoreError::Internal(what)) if what.contains("tenants")), "{again:?}");
}
on_each_engine!(an_id_that_is_used_twice_is_a_defect);

async fn what_others_refer_to_stays(test: TestDb) {
    assert_eq!(commit(&test.db, &[store(2, 1, "a")]).await, Err(StoreError::Conflict), "there is no such tenant");
    commit(&test.db, &[tenant(1), tenant(9), store(2, 1, "a")]).await.unwrap();
    assert_eq!(
        commit(&test.db, &[customer(3, 9, 2, None)]).await,
        Err(StoreError::Conflict),
        "not that tenant's store"
    );

    let row = |table: &'static str, columns: &[&'static str], values: &[u128]| {
        let times = ["version", "created_at", "updated_at"];
        let mut insert = Query::insert();
        let rest: Vec<Expr> = vec![1_i64.into(), now().into(), now().into()];
        let ids = values.iter().map(|n| Expr::from(id(*n)));
        let (times, rest) = if table == "menu_resources" { (&times[..0], vec![]) } else { (&times[..], rest) };
        let named: &[(&'static str, Expr)] = match table {
            "resources" => &[("name", Expr::val("Hanako"))],
            "menus" => {
                &[("name", Expr::val("Cut")), ("base_duration", Expr::val(60)), ("base_price", Expr::val(1_i64))]
            }
            _ => &[],
        };
        insert
            .into_table(table)
            .columns(columns.iter().chain(times).copied().chain(named.iter().map(|(name, _)| *name)))
            .values_panic(ids.chain(rest).chain(named.iter().map(|(_, value)| value.clone())));
        insert
    };
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&row("resources", &["id", "tenant_id", "store_id"], &[5, 1, 2])).await.unwrap();
    tx.exactly_one(&row("menus", &["id", "tenant_id", "store_id"], &[6, 1, 2])).await.unwrap();
    tx.exactly_one(&row("menu_resources", &["menu_id", "resource_id", "store_id"], &[6, 5, 2])).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = test.db.begin().await.unwrap();
    let delete = Query::delete().from_table("resources").and_where(Expr::col("id").eq(id(5))).to_owned();
    let deleted = tx.exactly_one(&delete).await;
    assert!(matches!(deleted, Err(StoreError::Taken { code: "in_use", .. })), "{deleted:?}");
}
on_each_engine!(what_others_refer_to_stays);

async fn a_value_that_a_rule_forbids_is_a_defect(test: TestDb) {
    commit(&test.db, &[tenant(1)]).await.unwrap();
    for (column, value) in [("plan_type", Expr::val("gold")), ("name", Expr::val(Option::<String>::None))] {
        let mut tx = test.db.begin().await.unwrap();
        let refused = tx.exactly_one(&Query::update().table("tenants").value(column, value).to_owned()).await;
        assert!(matches!(refused, Err(StoreError::Internal(_))), "{column}: {refused:?}");
    }
}
on_each_engine!(a_value_that_a_rule_forbids_is_a_defect);

async fn a_transaction_with_a_failure_cannot_be_committed(test: TestDb) {
    commit(&test.db, &[tenant(1)]).await.unwrap();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&tenant(2)).await.unwrap();
    tx.exactly_one(&tenant(1)).await.unwrap_err();
    assert!(matches!(tx.commit().await, Err(StoreError::Internal(_))));
    assert_eq!(tenants(&test.db).await, 1);

    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&tenant(3)).await.unwrap();
    let nobody = Query::delete().from_table("tenants").and_where(Expr::col("id").eq(id(8))).to_owned();
    assert_eq!(tx.exactly_one(&nobody).await, Err(StoreError::Conflict));
    assert!(tx.commit().await.is_err());
    assert_eq!(tenants(&test.db).await, 1);
}
on_each_engine!(a_transaction_with_a_failure_cannot_be_committed);

async fn a_transaction_that_is_dropped_leaves_no_trace(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&tenant(1)).await.unwrap();
    assert!(tx.optional(&Query::select().column("id").from("tenants").to_owned()).await.unwrap().is_some());
    assert_eq!(tenants(&test.db).await, 0, "others do not see it");
    drop(tx);
    commit(&test.db, &[tenant(2)]).await.unwrap();
    assert_eq!(tenants(&test.db).await, 1);
}
on_each_engine!(a_transaction_that_is_dropped_leaves_no_trace);

fn locked(n: u128) -> SelectStatement {
    for_update(Query::select().column("version").from("tenants").and_where(Expr::col("id").eq(id(n))).to_owned())
}

fn at_version(n: u128, version: i64) -> UpdateStatement {
    Query::update().table("tenants").value("version", version).and_where(Expr::col("id").eq(id(n))).to_owned()
}

/// Reads under the lock and writes what it read plus one.
async fn count_up(mut tx: Tx) -> Result<(), StoreError> {
    let version: i64 = tx.optional(&locked(1)).await?.unwrap().get("version")?;
    tokio::time::sleep(Duration::from_millis(2)).await;
    tx.exactly_one(&at_version(1, version + 1)).await?;
    tx.commit().await
}

async fn writers_queue_on_a_locked_row(test: TestDb) {
    commit(&test.db, &[tenant(1)]).await.unwrap();
    let writers: Vec<_> = (0..20)
        .map(|_| {
            let db = test.db.clone();
            tokio::spawn(async move { count_up(db.begin().await.unwrap()).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let query = Query::select().column("version").from("tenants").to_owned();
    assert_eq!(test.db.optional(&query).await.unwrap().unwrap().get::<i64>("version").unwrap(), 21);
}
on_each_engine!(writers_queue_on_a_locked_row);

async fn of_two_that_lock_crosswise_one_loses_the_race(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return; // Its writers are alone from the start.
    }
    commit(&test.db, &[tenant(1), tenant(2)]).await.unwrap();
    let (mut a, mut b) = (test.db.begin().await.unwrap(), test.db.begin().await.unwrap());
    a.exactly_one(&at_version(1, 10)).await.unwrap();
    b.exactly_one(&at_version(2, 20)).await.unwrap();
    let a = tokio::spawn(async move {
        a.exactly_one(&at_version(2, 11)).await?;
        a.commit().await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let b = async move {
        b.exactly_one(&at_version(1, 21)).await?;
        b.commit().await
    };
    let both = [b.await, a.await.unwrap()];
    assert!(both.contains(&Ok(())) && both.contains(&Err(StoreError::Conflict)), "{both:?}");
}
on_each_engine!(of_two_that_lock_crosswise_one_loses_the_race);

/// A connection, or a lock, is waited for, but not for ever.
async fn waiting_has_an_end(test: TestDb) {
    commit(&test.db, &[tenant(1)]).await.unwrap();
    let hasty = PoolSettings { max_connections: 1, patience: Duration::from_secs(1) };
    let db = Db::connect(test.url(), hasty).await.unwrap();
    let mut holder = test.db.begin().await.unwrap();
    holder.exactly_one(&at_version(1, 2)).await.unwrap();
    let begun = Instant::now();
    let waited = match db.begin().await {
        Ok(mut tx) => tx.exactly_one(&at_version(1, 3)).await,
        Err(error) => Err(error),
    };
    match test.engine() {
        Engine::Sqlite => assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}"),
        _ => assert_eq!(waited, Err(StoreError::Conflict)),
    }
    drop(holder);

    let taken = db.begin().await.unwrap();
    let none_left = db.begin().await;
    assert!(matches!(none_left, Err(StoreError::Unavailable(_))), "{none_left:?}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop(taken);
    db.close().await;
    assert!(matches!(db.ping().await, Err(StoreError::Unavailable(_))));
}
on_each_engine!(waiting_has_an_end);

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so() {
    let connect = async |url: &str| {
        let settings = PoolSettings { patience: Duration::from_millis(300), ..PoolSettings::default() };
        Db::connect(url, settings).await.expect_err(url)
    };
    for url in ["", "hanako", "oracle://x", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:x?mode=memory"] {
        assert!(
            matches!(connect(url).await, StoreError::Internal(what) if what.contains("a database URL begins with")),
            "{url}"
        );
    }
    for url in ["sqlite:/no/such/folder/x.db", "postgres://u@127.0.0.1:1/x", "mysql://u@127.0.0.1:1/x"] {
        assert!(matches!(connect(url).await, StoreError::Unavailable(_)), "{url}");
    }
}

#[tokio::test]
async fn a_file_may_have_any_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain.db", "a b.db", "50%.db", "50%25.db", "a?mode=memory", "a#b", "予約🌸.db"] {
        let file = folder.path().join(name);
        let db = Db::connect(&sqlite_url(&file), PoolSettings::default()).await.expect(name);
        db.close().await;
        assert!(file.exists(), "{name}");
    }
}

async fn mariadb_has_two_names(test: TestDb) {
    let url = test.url().replacen("mysql:", "mariadb:", 1);
    let db = Db::connect(&url, PoolSettings::default()).await.unwrap();
    db.ping().await.unwrap();
    db.close().await;
}
on_each_engine!(mariadb_has_two_names);
