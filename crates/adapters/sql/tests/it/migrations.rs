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

/// As a crash leaves it on MariaDB, where DDL commits at once: a step is done, and noted as begun or not at all.
async fn a_run_goes_on_where_another_died(test: TestDb) {
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
