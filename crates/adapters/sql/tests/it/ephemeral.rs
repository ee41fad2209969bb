//! What lasts for minutes, in the database and in memory.

#[path = "../../../../identity/tests/contract/ephemeral.rs"]
mod contract;

use contract::{Shelf, for_each_rule};
use musubi_identity::ephemeral::memory::EphemeralInMemory;
use musubi_sql::SqlStore;
use musubi_sql_testing::{TestDb, key_ring};
use std::sync::Arc;

/// Makes tests of an `async fn(Shelf)`: one for the fake and one for each engine.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            #[tokio::test]
            async fn memory() {
                super::contract::$name(super::in_memory()).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, on_database);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, on_database);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, on_database);
            }
            async fn on_database(test: TestDb) {
                super::contract::$name(super::over(&test).await).await;
            }
        }
    )+};
}
for_each_rule!(tests);

fn in_memory() -> Shelf {
    let store = Arc::new(EphemeralInMemory::default());
    Shelf { servers: [store.clone(), store], prefix: "test".to_owned() }
}

async fn over(test: &TestDb) -> Shelf {
    let other = SqlStore::new(test.reconnect().await, Arc::new(key_ring()));
    Shelf { servers: [Arc::new(test.store()), Arc::new(other)], prefix: "test".to_owned() }
}
