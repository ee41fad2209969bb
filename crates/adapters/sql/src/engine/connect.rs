//! From an address to connections with the right session settings.

use super::alive::{Keeper, OptionsOf, Session};
use super::pen::Pen;
use super::{Engine, Pools, when_connecting};
use musubi_kernel::error::StoreError;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Database, Executor as _, MySql, Pool, Postgres};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many connections there are, and how long one waits for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most connections to a server; on SQLite, the most readers.
    pub max_connections: u32,
    /// How long a caller waits for a connection, or for a lock that another transaction holds. After that the database
    /// counts as unavailable, or the race as lost.
    pub patience: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { max_connections: 16, patience: Duration::from_secs(5) }
    }
}

impl PoolSettings {
    /// How long an idle connection may take to show that its server is there. Several can then be tried within the
    /// patience of one caller.
    fn sign_of_life(self) -> Duration {
        self.patience / 5
    }
}

/// An address that names none of the three engines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a database URL begins with `sqlite:` and a file name, `postgres:`, `mysql:` or `mariadb:`")]
pub struct NotADatabaseUrl;

impl Engine {
    /// The engine that an address names.
    pub fn of_url(url: &str) -> Result<Self, NotADatabaseUrl> {
        match url.split_once(':') {
            Some(("sqlite", file)) if !file.trim_start_matches('/').is_empty() && !in_memory(file) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            Some(("mysql" | "mariadb", _)) => Ok(Self::MariaDb),
            _ => Err(NotADatabaseUrl),
        }
    }
}

/// The address of a SQLite database in a file, whatever characters its path has.
pub fn sqlite_url(file: &Path) -> String {
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite:{path}")
}

/// The file of a SQLite database's address; `None` for the address of a server.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options =
        matches!(Engine::of_url(url), Ok(Engine::Sqlite)).then(|| SqliteConnectOptions::from_str(url).ok())?;
    options.map(|options| options.get_filename().to_owned())
}

/// SQLite's memory databases have no write-ahead log: readers would wait for writers, or see nothing of them.
fn in_memory(file: &str) -> bool {
    let (path, parameters) = file.split_once('?').unwrap_or((file, ""));
    path.ends_with(":memory:") || parameters.contains("mode=memory")
}

pub(super) async fn connect(url: &str, settings: PoolSettings) -> Result<Pools, StoreError> {
    match Engine::of_url(url).map_err(|error| StoreError::Internal(error.to_string()))? {
        Engine::Sqlite => sqlite(url, settings).await,
        Engine::Postgres => postgres(url, settings).await,
        Engine::MariaDb => mariadb(url, settings).await,
    }
    .map_err(|error| when_connecting(&error))
}

/// Connects once without the pool, which would try until its patience ends and then not say why it failed.
async fn reach<O>(server: &O, settings: PoolSettings) -> Result<(), sqlx::Error>
where
    O: ConnectOptions,
    O::Connection: Connection + Sized,
{
    let connection = tokio::time::timeout(settings.patience, server.connect()).await;
    connection.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await
}

fn pool<DB: Database>(settings: PoolSettings) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(settings.max_connections).acquire_timeout(settings.patience)
}

/// Connections to a server, which can die.
async fn pool_of_server<DB: Database>(
    server: OptionsOf<DB>,
    settings: PoolSettings,
    session: Session<DB>,
) -> Result<Pool<DB>, sqlx::Error> {
    reach(&server, settings).await?;
    let limit = settings.sign_of_life();
    let keeper = Arc::new(Keeper::<DB> { server: server.clone(), session, limit, death: Mutex::default() });
    let (connected, taken, returned) = (Arc::clone(&keeper), Arc::clone(&keeper), keeper);
    let options: PoolOptions<DB> = pool(settings)
        .test_before_acquire(false)
        // The pool would close the old and the idle politely, and wait for a silent server's farewell without a limit.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection: &mut DB::Connection, _| {
            let keeper = Arc::clone(&connected);
            Box::pin(async move { (keeper.session)(connection).await })
        })
        .before_acquire(move |connection: &mut DB::Connection, meta| {
            let keeper = Arc::clone(&taken);
            Box::pin(async move { keeper.taken(connection, meta).await })
        })
        .after_release(move |connection: &mut DB::Connection, _| {
            let keeper = Arc::clone(&returned);
            Box::pin(async move { keeper.returned(connection).await })
        });
    options.connect_with(server).await
}

/// Makes the file for its owner alone, unless it is there; SQLite gives the files beside it the same mode.
fn make_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn sqlite(url: &str, settings: PoolSettings) -> Result<Pools, sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would lose the last commits in a power failure; what was acknowledged must stay.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.patience);
    make_private(options.get_filename())?;
    // One connection for the whole life of the process: opening the file anew would gain nothing.
    let writer: SqlitePoolOptions =
        pool(settings).max_connections(1).idle_timeout(None).max_lifetime(None).after_release(
            |connection: &mut SqliteConnection, _| {
                // On some failures, such as a full disk, SQLite has rolled back by itself; the driver, whose rollback then
                // fails, would take the connection to be in a transaction for ever.
                Box::pin(async move { Ok(connection.ping().await.is_ok() && !connection.is_in_transaction()) })
            },
        );
    let writer = Pen::of(writer.connect_with(options.clone()).await?);
    let readers: SqlitePoolOptions = pool(settings);
    let readers = readers.connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers })
}

async fn postgres(url: &str, settings: PoolSettings) -> Result<Pools, sqlx::Error> {
    let patience = settings.patience.as_millis();
    let session = format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET TIME ZONE 'UTC'; SET lock_timeout = {patience}; SET idle_in_transaction_session_timeout = '1min'"
    );
    let session: Arc<str> = session.into();
    let server = PgConnectOptions::from_str(url)?.application_name("musubi");
    let session: Session<Postgres> = Box::new(move |connection| {
        let session = super::safe(Arc::clone(&session));
        Box::pin(async move { connection.execute(sqlx::raw_sql(session)).await.map(drop) })
    });
    Ok(Pools::Postgres(pool_of_server(server, settings, session).await?))
}

async fn mariadb(url: &str, settings: PoolSettings) -> Result<Pools, sqlx::Error> {
    let patience = settings.patience.as_secs().max(1);
    let session = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE', \
         innodb_lock_wait_timeout = {patience}, lock_wait_timeout = 60, idle_transaction_timeout = 60"
    );
    let session: Arc<str> = session.into();
    let server = MySqlConnectOptions::from_str(url)?
        .charset("utf8mb4")
        .collation("utf8mb4_nopad_bin")
        .timezone(Some("+00:00".to_owned()))
        .pipes_as_concat(false)
        .no_engine_substitution(false);
    let session: Session<MySql> = Box::new(move |connection| {
        let session = super::safe(Arc::clone(&session));
        Box::pin(async move {
            connection.execute(sqlx::raw_sql(session)).await?;
            read_what_others_wrote(connection).await
        })
    });
    Ok(Pools::MariaDb(pool_of_server(server, settings, session).await?))
}

/// On a cluster, what one node has acknowledged reaches the others a moment later. Here a transaction, or a query outside
/// one, first waits for all that was acknowledged anywhere before it: a booking is found at once through every node, and
/// fewer transactions begin with what is stale, only to lose at commit.
async fn read_what_others_wrote(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    // A server that was built without clusters does not know the setting.
    let on_a_cluster =
        connection.fetch_optional("SHOW VARIABLES WHERE variable_name = 'wsrep_on' AND value = 'ON'").await?;
    if on_a_cluster.is_some() {
        connection.execute("SET SESSION wsrep_sync_wait = 1").await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Db;
    use musubi_kernel::error::StoreError;
    use sea_query::Query;

    #[tokio::test]
    async fn a_full_disk_is_over_when_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("full.db");
        let db = Db::connect(&sqlite_url(&file), PoolSettings::default()).await.unwrap();
        let Pools::Sqlite { writer, .. } = &db.0 else { unreachable!("it is SQLite") };
        sqlx::raw_sql("CREATE TABLE t (x BLOB) STRICT; PRAGMA max_page_count = 8").execute(&writer.pool).await.unwrap();
        let insert = |size: usize| {
            Query::insert().into_table("t").columns(["x"]).values_panic([vec![7_u8; size].into()]).to_owned()
        };
        let write = async |size| {
            let mut tx = db.begin().await?;
            tx.execute(&insert(size)).await?;
            tx.commit().await
        };
        assert!(matches!(write(200_000).await, Err(StoreError::Unavailable(_))));
        // The limit is the connection's own: with the next one there is room.
        assert_eq!(write(200_000).await, Ok(()));
        assert_eq!(write(10).await, Ok(()));
    }
}
