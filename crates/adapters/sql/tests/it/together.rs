//! Writes that are sent together are as good as one after the other.

use crate::rows::{customer, id, now, store, tenant};
use chrono::TimeDelta;
use musubi_kernel::error::{Failure as _, StoreError};
use musubi_sql::engine::{Db, Write};
use musubi_sql_testing::{Engine, TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, UpdateStatement};

async fn send(db: &Db, writes: &[Write]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.write_together(writes).await?;
    tx.commit().await
}

async fn rows(db: &Db, table: &'static str) -> usize {
    db.all(&Query::select().expr(Expr::val(1)).from(table).to_owned()).await.unwrap().len()
}

fn renamed(n: u128, name: &str) -> UpdateStatement {
    Query::update().table("tenants").value("name", name).and_where(Expr::col("id").eq(id(n))).to_owned()
}

fn answer(key: &str) -> InsertStatement {
    Query::insert()
        .into_table("idempotency_keys")
        .columns(["caller", "idem_key", "fingerprint", "status", "body", "created_at", "expires_at"])
        .values_panic([
            "c".into(),
            key.into(),
            vec![3_u8; 32].into(),
            200.into(),
            vec![0_u8, b'\'', b'\\', 255].into(),
            now().into(),
            (now() + TimeDelta::hours(1)).into(),
        ])
        .to_owned()
}

fn chain(name: &str) -> InsertStatement {
    Query::insert()
        .into_table("audit_chains")
        .columns(["chain", "seq", "hash"])
        .values_panic([name.into(), 1_i64.into(), vec![0_u8; 32].into()])
        .to_owned()
}

/// Each row refers to the one before it.
async fn all_are_written_at_the_price_of_one(test: TestDb) {
    let before = test.db.round_trips();
    let mut tx = test.db.begin().await.unwrap();
    tx.write_together(&[]).await.unwrap();
    let writes = [Write::one(tenant(1)), Write::one(store(2, 1, "a")), Write::one(customer(3, 1, 2, None))];
    tx.write_together(&writes).await.unwrap();
    tx.write_together(&[Write::one(renamed(1, "'; --")), Write::one(answer("?")), Write::any(renamed(9, "x"))])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(test.db.round_trips() - before, 4);
    let name = Query::select().column("name").from("tenants").to_owned();
    let name: String = test.db.optional(&name).await.unwrap().unwrap().get("name").unwrap();
    assert_eq!(name, "'; --");
    assert_eq!((rows(&test.db, "customers").await, rows(&test.db, "idempotency_keys").await), (1, 1));
}
on_each_engine!(all_are_written_at_the_price_of_one);

async fn one_that_finds_no_row_is_a_lost_race(test: TestDb) {
    send(&test.db, &[Write::one(tenant(1))]).await.unwrap();
    for gone in [0, 1, 2] {
        let mut writes = vec![Write::one(renamed(1, "b")), Write::one(chain("a"))];
        writes.insert(gone, Write::one(renamed(9, "c")));
        let mut tx = test.db.begin().await.unwrap();
        assert_eq!(tx.write_together(&writes).await, Err(StoreError::Conflict), "{gone}");
        assert!(matches!(tx.commit().await, Err(StoreError::Internal(_))), "nothing of it can be committed");
    }
    let everybody = Query::update().table("tenants").value("name", "d").to_owned();
    send(&test.db, &[Write::one(tenant(2))]).await.unwrap();
    let too_many = send(&test.db, &[Write::one(everybody), Write::one(chain("a"))]).await;
    assert!(matches!(too_many, Err(StoreError::Internal(_))), "{too_many:?}");
    assert_eq!(rows(&test.db, "audit_chains").await, 0);
}
on_each_engine!(one_that_finds_no_row_is_a_lost_race);

/// Two of these keys are primary ones, which MariaDB calls by one name.
async fn what_is_in_the_way_is_told_apart(test: TestDb) {
    send(
        &test.db,
        &[Write::one(tenant(1)), Write::one(store(2, 1, "a")), Write::one(chain("a")), Write::one(answer("a"))],
    )
    .await
    .unwrap();
    let failed = async |writes: [Write; 3]| send(&test.db, &writes).await.unwrap_err();
    let (c, k, s) =
        (|name| Write::one(chain(name)), |key| Write::one(answer(key)), |n, slug| Write::one(store(n, 1, slug)));
    assert_eq!(failed([s(3, "b"), c("b"), k("a")]).await, StoreError::AlreadyAnswered);
    assert_eq!(failed([s(3, "b"), c("a"), k("b")]).await, StoreError::Conflict);
    assert_eq!(failed([k("b"), c("b"), s(3, "a")]).await.code(), "slug_taken");
    assert_eq!(failed([k("b"), c("b"), Write::one(store(3, 9, "b"))]).await, StoreError::Conflict, "no such tenant");
    assert_eq!((rows(&test.db, "stores").await, rows(&test.db, "idempotency_keys").await), (1, 1));
}
on_each_engine!(what_is_in_the_way_is_told_apart);

/// In a transaction of their own they are all written, or none is, and cost a server one call.
async fn alone_they_are_all_written_or_none_is(test: TestDb) {
    let before = test.db.round_trips();
    test.db
        .write_alone(&[Write::one(tenant(1)), Write::one(store(2, 1, "a")), Write::any(renamed(9, "x"))])
        .await
        .unwrap();
    test.db.write_alone(&[]).await.unwrap();
    let trips = if test.engine() == Engine::Sqlite { 3 } else { 1 };
    assert_eq!(test.db.round_trips() - before, trips);
    for gone in [0, 1, 2] {
        let mut writes = vec![Write::one(renamed(1, "b")), Write::one(chain("a"))];
        writes.insert(gone, Write::one(renamed(9, "c")));
        assert_eq!(test.db.write_alone(&writes).await, Err(StoreError::Conflict), "{gone}");
        writes.rotate_left(1);
        assert_eq!(test.db.write_alone(&writes).await, Err(StoreError::Conflict), "{gone}");
    }
    assert_eq!(
        test.db.write_alone(&[Write::one(chain("a")), Write::one(store(3, 9, "b"))]).await,
        Err(StoreError::Conflict)
    );
    let again = test.db.write_alone(&[Write::one(answer("a")), Write::one(chain("a")), Write::one(answer("a"))]).await;
    assert_eq!(again, Err(StoreError::AlreadyAnswered));
    let taken = test.db.write_alone(&[Write::one(chain("a")), Write::one(store(3, 1, "a"))]).await;
    assert_eq!(taken.unwrap_err().code(), "slug_taken");
    assert_eq!(rows(&test.db, "audit_chains").await, 0);
    let name = Query::select().column("name").from("tenants").and_where(Expr::col("name").eq("b")).to_owned();
    assert_eq!(test.db.all(&name).await.unwrap().len(), 0);
    // The connection that was refused is as good as before.
    test.db.write_alone(&[Write::one(renamed(1, "b")), Write::one(chain("a"))]).await.unwrap();
    assert_eq!((test.db.all(&name).await.unwrap().len(), rows(&test.db, "audit_chains").await), (1, 1));
}
on_each_engine!(alone_they_are_all_written_or_none_is);
