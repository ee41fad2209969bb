//! A fresh database on each engine, for tests.
//!
//! ```no_run
//! use musubi_sql_testing::{TestDb, on_each_engine};
//!
//! async fn answers(test: TestDb) {
//!     test.db.ping().await.unwrap();
//! }
//!
//! // Makes the tests `answers::sqlite`, `answers::postgres` and `answers::mariadb`.
//! on_each_engine!(answers);
//! ```
//!
//! `MUSUBI_TEST_ENGINES` (default `sqlite,postgres,mariadb`) says which engines are tested. PostgreSQL and MariaDB are
//! found by `MUSUBI_TEST_POSTGRES_URL` and `MUSUBI_TEST_MARIADB_URL`, whose user may create databases; a test of a named
//! engine without an address fails. Every test has a database of its own, which is dropped when the test ends, however
//! it ends. A PostgreSQL template named after the migrations' digest stays, to be copied by the next test; and MariaDB's
//! databases stay, emptied, to be taken by the next.

mod place;
mod run;
mod spare;

#[doc(no_inline)]
pub use musubi_sql::engine::Engine;
pub use run::run;

use musubi_crypto::{KeyRing, MasterKey};
use musubi_kernel::id::SystemIds;
use musubi_sql::SqlStore;
use musubi_sql::engine::{Db, PoolSettings};
use std::sync::Arc;

/// A database of one test.
#[derive(Debug, Clone)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    url: String,
}

impl TestDb {
    /// Its address, for another process.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    /// Stores over it, with the key of every test.
    pub fn store(&self) -> SqlStore {
        SqlStore::new(self.db.clone(), Arc::new(key_ring()))
    }

    /// The same database with connections of its own, as another process would have them.
    pub async fn reconnect(&self) -> Db {
        Db::connect(&self.url, PoolSettings::default()).await.expect("the test's database can be reached")
    }
}

/// Seals with a key that every test shares.
pub fn key_ring() -> KeyRing {
    let master = MasterKey::parse(&"2a".repeat(32)).expect("64 hexadecimal digits are a key");
    KeyRing::new(&master, Arc::new(SystemIds))
}

/// The engines that `MUSUBI_TEST_ENGINES` names.
///
/// # Panics
/// When it names another one.
pub fn engines() -> Vec<Engine> {
    let named = std::env::var("MUSUBI_TEST_ENGINES").unwrap_or_else(|_| "sqlite,postgres,mariadb".to_owned());
    let all = [Engine::Sqlite, Engine::Postgres, Engine::MariaDb];
    let known = |name: &str| all.into_iter().find(|engine| engine.name() == name);
    named.split(',').map(|name| known(name).unwrap_or_else(|| panic!("MUSUBI_TEST_ENGINES names `{name}`"))).collect()
}

/// Makes tests of an `async fn(TestDb)`, one for each engine, on a database with all tables.
#[macro_export]
macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::run($crate::Engine::Sqlite, $crate::Made::Migrated, super::$name);
            }
            #[test]
            fn postgres() {
                $crate::run($crate::Engine::Postgres, $crate::Made::Migrated, super::$name);
            }
            #[test]
            fn mariadb() {
                $crate::run($crate::Engine::MariaDb, $crate::Made::Migrated, super::$name);
            }
        }
    )+};
}

/// As [`on_each_engine!`], on a database without tables.
#[macro_export]
macro_rules! on_each_empty_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::run($crate::Engine::Sqlite, $crate::Made::Empty, super::$name);
            }
            #[test]
            fn postgres() {
                $crate::run($crate::Engine::Postgres, $crate::Made::Empty, super::$name);
            }
            #[test]
            fn mariadb() {
                $crate::run($crate::Engine::MariaDb, $crate::Made::Empty, super::$name);
            }
        }
    )+};
}

/// What a test's database holds at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Nothing.
    Empty,
    /// Every table.
    Migrated,
}
