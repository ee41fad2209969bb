//! Bringing a database up to date.

use musubi_kernel::error::StoreError;
use musubi_sql::engine::Engine;
use musubi_sql::migrate::{self, SOURCES};
use musubi_sql_testing::{TestDb, on_each_empty_engine, on_each_engine};
use sea_query::{Expr, Query};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, SqliteConnection};

/// Runs a statement that no repository would.
pub(crate) async fn tamper(test: &TestDb, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match test.engine() {
        Engine::Sqlite => drop(SqliteConnection::connect(test.url()).await.unwrap().execute(sql).await.unwrap()),
        Engine::Postgres => drop(PgConnection::connect(test.url()).await.unwrap().execute(sql).await.unwrap()),
        Engine::MariaDb => drop(MySqlConnection::connect(test.url()).await.unwrap().execute(sql).await.unwrap()),
    }
}

async fn applied(test: &TestDb) -> i64 {
    let count = Query::select().expr_as(Expr::cust("COUNT(*)"), "steps").from("_sqlx_migrations").to_owned();
    test.db.optional(&count).await.unwrap().unwrap().get("steps").unwrap()
}

async fn a_second_run_changes_nothing(test: TestDb) {
    migrate::run(&test.db).await.unwrap();
    let steps = applied(&test).await;
    assert_eq!(usize::try_from(steps).unwrap(), migrate::steps(test.engine(), SOURCES).len());
    migrate::run(&test.db).await.unwrap();
    assert_eq!(applied(&test).await, steps);
}
on_each_empty_engine!(a_second_run_changes_nothing);

async fn processes_that_start_at_once_share_the_work(test: TestDb) {
    let mut runs = Vec::new();
    for _ in 0..4 {
        let db = test.reconnect().await;
        runs.push(tokio::spawn(async move {
            let done = migrate::run(&db).await;
            db.close().await;
            done
        }));
    }
    for run in runs {
        run.await.unwrap().unwrap();
    }
    assert_eq!(usize::try_from(applied(&test).await).unwrap(), migrate::steps(test.engine(), SOURCES).len());
}
on_each_empty_engine!(processes_that_start_at_once_share_the_work);

/// As a crash leaves it on MariaDB, where DDL commits at once: a step is done, and noted as begun or not at all. On SQLite
/// there is no half of a run.
async fn a_run_goes_on_where_another_died(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return;
    }
    let steps = applied(&test).await;
    tamper(&test, "DELETE FROM _sqlx_migrations WHERE version > 10001").await;
    if test.engine() == Engine::MariaDb {
        tamper(&test, "DROP TABLE idempotency_keys").await;
        tamper(&test, "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 10001").await;
    }
    migrate::run(&test.db).await.unwrap();
    assert_eq!(applied(&test).await, steps);
}
on_each_engine!(a_run_goes_on_where_another_died);

/// As they were before how to reach a customer took a permission of its own.
async fn keys_go_on_reading_how_customers_are_reached(test: TestDb) {
    let id = |number: u8| match test.engine() {
        Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{number:02x}'"),
        _ => format!("X'000000000000000000000000000000{number:02x}'"),
    };
    let hash = |number: u8| match test.engine() {
        Engine::Postgres => format!("'\\x{number:064x}'"),
        _ => format!("X'{number:064x}'"),
    };
    let contact = r#""customer.contact""#;
    let cases = [
        (r#"["customer.read"]"#, format!(r#"["customer.read",{contact}]"#)),
        (r#"["catalog.read","booking.read"]"#, format!(r#"["catalog.read","booking.read",{contact}]"#)),
        (r#"["customer.write","booking.write"]"#, r#"["customer.write","booking.write"]"#.to_owned()),
        ("[]", "[]".to_owned()),
        (r#"["customer.contact","customer.read"]"#, r#"["customer.contact","customer.read"]"#.to_owned()),
    ];
    for (number, (before, _)) in (1..).zip(&cases) {
        let row = format!(
            "INSERT INTO api_keys (id, name, token_hash, hint, permissions, version, created_at, updated_at) VALUES \
             ({}, 'k', {}, 'msb_{number}', '{before}', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            id(number),
            hash(number)
        );
        tamper(&test, &row).await;
    }
    for _ in 0..2 {
        tamper(&test, "DELETE FROM _sqlx_migrations WHERE version = 26001").await;
        migrate::run(&test.db).await.unwrap();
    }
    let query =
        Query::select().column("permissions").from("api_keys").order_by("hint", sea_query::Order::Asc).to_owned();
    let rows = test.db.all(&query).await.unwrap();
    let after: Vec<String> = rows.iter().map(|row| row.get("permissions").unwrap()).collect();
    assert_eq!(after, cases.map(|(_, after)| after));
}
on_each_engine!(keys_go_on_reading_how_customers_are_reached);

async fn a_newer_database_is_left_alone(test: TestDb) {
    tamper(
        &test,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999001, 'x', TRUE, '', 0)",
    )
    .await;
    let error = migrate::run(&test.db).await.unwrap_err();
    assert!(matches!(&error, StoreError::Internal(what) if what.contains("newer version")), "{error:?}");
}
on_each_engine!(a_newer_database_is_left_alone);

async fn an_edited_step_is_refused(test: TestDb) {
    tamper(&test, "UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1001").await;
    let error = migrate::run(&test.db).await.unwrap_err();
    assert!(matches!(&error, StoreError::Internal(what) if what.contains("1001")), "{error:?}");
}
on_each_engine!(an_edited_step_is_refused);
