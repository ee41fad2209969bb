//! The database with its tables, and the keys that seal what is in it.

use crate::failure::{Failure, line_of};
use crate::sole::{self, Sole};
use musubi_kernel::clock::SystemClock;
use musubi_kernel::id::IdGen;
use musubi_settings::{DataSettings, NoKey, NoRing};
use musubi_sql::SqlStore;
use musubi_sql::engine::{Db, Engine, PoolSettings};
use musubi_sql::{migrate, sealed};
use std::sync::Arc;

/// Connections that only read, on SQLite: each has a page cache of its own.
const SQLITE_READERS: u32 = 4;

/// Opens the installation's database; `connections` to a server at most. Tables and keys are made when there are none.
/// A SQLite file is this process's for as long as the [`Sole`] is there.
pub async fn open(data: &DataSettings, connections: u32, ids: &Arc<dyn IdGen>) -> Result<(SqlStore, Sole), Failure> {
    if data.database_url.is_none() || data.master_key.is_none() {
        data.make_folder().map_err(|error| Failure::Setting(format!("--data-dir {error}")))?;
    }
    let sole = sole::claim(&data.database())?;
    let db = connect(&data.database(), connections).await?;
    migrate::run(&db).await.map_err(|error| Failure::database("the database's tables could not be made", &error))?;
    let unreadable = |error| Failure::database("the database could not be read", &error);
    let bound = sealed::is_bound(&db).await.map_err(unreadable)?;
    let keys = if bound { data.keys() } else { data.keys_or_new(&**ids) };
    let keys = keys.map_err(|error| {
        let advice = match (bound, &error) {
            (true, _) => "; this database is sealed with a master key: put it back, or give this process a copy, in MUSUBI_MASTER_KEY or as that file",
            (false, NoKey::Malformed(_)) => "; `musubi keys generate` makes one",
            (false, NoKey::File(_)) => "",
        };
        Failure::Setting(format!("{error}{advice}"))
    })?;
    let ring = data.ring(&keys, &db, Arc::clone(ids), &SystemClock).await.map_err(|none| match none {
        NoRing::Wrong(line) => Failure::Setting(line),
        NoRing::Store(error) => unreadable(error),
    })?;
    Ok((SqlStore::new(db, Arc::new(ring)), sole))
}

/// Connects; to a server with so many connections at most.
pub async fn connect(url: &str, connections: u32) -> Result<Db, Failure> {
    let engine = Engine::of_url(url).map_err(|error| Failure::Setting(error.to_string()))?;
    let max_connections = if engine == Engine::Sqlite { SQLITE_READERS } else { connections };
    let pool = PoolSettings { max_connections, ..PoolSettings::default() };
    Db::connect(url, pool).await.map_err(|error| match engine {
        Engine::Sqlite => Failure::Setting(line_of("the SQLite database could not be opened", &error)),
        _ => Failure::database("the database could not be reached", &error),
    })
}
