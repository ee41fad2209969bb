//! MariaDB's databases that earlier tests are done with. To make forty tables takes it seconds, to empty them a moment.
//!
//! A reference has every table as the migrations leave them, and a list of the spare ones. Tests change rows, never tables.

use crate::place::{address, digest_of, mariadb, on_mariadb, sibling};
use musubi_sql::engine::{Db, Engine, PoolSettings};
use musubi_sql::migrate;
use sqlx::{AssertSqlSafe, Executor as _, MySqlConnection};
use std::time::Duration;

/// The list of spare ones, in the reference.
const LIST: &str = "spare_databases";

/// The name of one that is nobody's any more and has no rows but those of the migrations; `None`: one has to be made.
pub(crate) async fn take() -> Option<String> {
    let mut admin = mariadb().await;
    let reference = reference(&mut admin).await;
    let taking = format!("DELETE FROM {reference}.{LIST} LIMIT 1 RETURNING name");
    sqlx::query_scalar(AssertSqlSafe(taking)).fetch_optional(&mut admin).await.expect("the list of spare databases")
}

/// Empties one for the next test.
pub(crate) async fn give_back(name: &str) {
    let mut admin = mariadb().await;
    let reference = reference(&mut admin).await;
    end_connections(&mut admin, name).await;
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name <> ?";
    let tables: Vec<String> =
        sqlx::query_scalar(tables).bind(&reference).bind(LIST).fetch_all(&mut admin).await.expect("the tables");
    let as_at_first =
        |table| format!("DELETE FROM {name}.{table}; INSERT INTO {name}.{table} SELECT * FROM {reference}.{table};");
    let emptying: Vec<String> = tables.into_iter().map(as_at_first).collect();
    let emptying =
        format!("SET foreign_key_checks = 0; {} INSERT INTO {reference}.{LIST} VALUES ('{name}')", emptying.join(" "));
    admin.execute(AssertSqlSafe(emptying)).await.expect("the tables can be emptied");
}

/// Makes the reference, if nobody has. The list comes last: where it is, the rest is.
async fn reference(admin: &mut MySqlConnection) -> String {
    let name = format!("musubi_reference_{:016x}", digest_of(Engine::MariaDb));
    let is_there = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
    let count = async |admin: &mut MySqlConnection| -> i64 {
        sqlx::query_scalar(is_there).bind(&name).bind(LIST).fetch_one(admin).await.expect("the list of tables")
    };
    if count(admin).await == 1 {
        return name;
    }
    admin.execute("DO GET_LOCK('musubi_reference', 120)").await.expect("the reference's lock");
    if count(admin).await == 0 {
        on_mariadb(format!("CREATE DATABASE IF NOT EXISTS {name}")).await;
        let db = Db::connect(&sibling(&address(Engine::MariaDb), &name), PoolSettings::default()).await;
        let db = db.expect("the reference that was just made");
        migrate::run(&db).await.expect("the tables can be made");
        db.close().await;
        on_mariadb(format!("CREATE TABLE {name}.{LIST} (name VARCHAR(64) NOT NULL PRIMARY KEY)")).await;
    }
    admin.execute("DO RELEASE_LOCK('musubi_reference')").await.expect("the reference's lock");
    name
}

/// Of pools that the test left open, and of processes that it killed: what they were about to write must not come later.
async fn end_connections(admin: &mut MySqlConnection, name: &str) {
    loop {
        let left = "SELECT id FROM information_schema.processlist WHERE db = ?";
        let left: Vec<i64> = sqlx::query_scalar(left).bind(name).fetch_all(&mut *admin).await.expect("the connections");
        if left.is_empty() {
            return;
        }
        for id in left {
            // It may have gone by itself.
            let _ = admin.execute(AssertSqlSafe(format!("KILL {id}"))).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
