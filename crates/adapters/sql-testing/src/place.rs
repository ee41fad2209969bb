//! Where a test's database is, how it is made and dropped.

use crate::{Made, spare};
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_sql::engine::{Db, Engine, PoolSettings, sqlite_url};
use musubi_sql::migrate;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection};
use tempfile::TempDir;

/// Where a test's database is.
pub(crate) struct Place {
    pub(crate) url: String,
    kept: Kept,
}

enum Kept {
    Folder(TempDir),
    Postgres(String),
    MariaDb(String),
}

impl Place {
    pub(crate) async fn make(engine: Engine, made: Made) -> Self {
        let name = format!("musubi_test_{}", random());
        match engine {
            Engine::Sqlite => {
                let folder = TempDir::new().expect("a temporary folder");
                let url = sqlite_url(&folder.path().join("musubi.db"));
                Self { url, kept: Kept::Folder(folder) }
            }
            Engine::Postgres => {
                let mut admin = postgres().await;
                let template = match made {
                    Made::Empty => "template0".to_owned(),
                    Made::Migrated => template(&mut admin).await,
                };
                on_postgres(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self { url: sibling(&address(Engine::Postgres), &name), kept: Kept::Postgres(name) }
            }
            Engine::MariaDb => {
                let spare = if made == Made::Migrated { spare::take().await } else { None };
                let is_new = spare.is_none();
                let name = spare.unwrap_or(name);
                if is_new {
                    on_mariadb(format!("CREATE DATABASE {name}")).await;
                }
                Self { url: sibling(&address(Engine::MariaDb), &name), kept: Kept::MariaDb(name) }
            }
        }
    }

    /// `can_be_spare`: it has every table, and the test is done with it.
    pub(crate) async fn remove(self, can_be_spare: bool) {
        match self.kept {
            Kept::Folder(folder) => folder.close().expect("the temporary folder can be removed"),
            Kept::Postgres(name) => {
                on_postgres(&mut postgres().await, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
            Kept::MariaDb(name) if can_be_spare => spare::give_back(&name).await,
            Kept::MariaDb(name) => on_mariadb(format!("DROP DATABASE {name}")).await,
        }
    }
}

/// A database with every table, made by whichever test is first and copied by all: much faster than forty statements.
async fn template(admin: &mut PgConnection) -> String {
    let name = format!("musubi_template_{:016x}", digest_of(Engine::Postgres));
    let lock = "SELECT pg_advisory_lock(778899)";
    admin.execute(lock).await.expect("the template's lock");
    let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(&name).fetch_optional(&mut *admin);
    if found.await.expect("the list of databases").is_none() {
        let unfinished = format!("musubi_test_{}", random());
        on_postgres(admin, format!("CREATE DATABASE {unfinished} TEMPLATE template0")).await;
        let db = Db::connect(&sibling(&address(Engine::Postgres), &unfinished), PoolSettings::default()).await;
        let db = db.expect("the template that was just made");
        migrate::run(&db).await.expect("the tables can be made");
        db.close().await;
        on_postgres(admin, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    admin.execute("SELECT pg_advisory_unlock(778899)").await.expect("the template's lock");
    name
}

/// What the migrations come to.
pub(crate) fn digest_of(engine: Engine) -> u64 {
    migrate::steps(engine, migrate::SOURCES)
        .iter()
        .flat_map(|step| step.checksum.iter())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

async fn postgres() -> PgConnection {
    PgConnection::connect(&address(Engine::Postgres)).await.expect("MUSUBI_TEST_POSTGRES_URL leads to a server")
}

async fn on_postgres(admin: &mut PgConnection, sql: String) {
    admin.execute(AssertSqlSafe(sql)).await.expect("the server makes and drops databases");
}

pub(crate) async fn mariadb() -> MySqlConnection {
    let admin = MySqlConnection::connect(&address(Engine::MariaDb)).await;
    let mut admin = admin.expect("MUSUBI_TEST_MARIADB_URL leads to a server");
    let level = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    admin.execute(level).await.expect("a session of its own");
    admin
}

pub(crate) async fn on_mariadb(sql: String) {
    let mut admin = mariadb().await;
    admin.execute(AssertSqlSafe(sql)).await.expect("the server makes and drops databases");
    admin.close().await.expect("the connection closes");
}

pub(crate) fn address(engine: Engine) -> String {
    let variable = match engine {
        Engine::Postgres => "MUSUBI_TEST_POSTGRES_URL",
        _ => "MUSUBI_TEST_MARIADB_URL",
    };
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set. Run the tests with `tests/run`, which starts the servers, or leave {} out of \
             MUSUBI_TEST_ENGINES.",
            engine.name()
        )
    })
}

/// The address of another database on the same server.
pub(crate) fn sibling(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    format!("{server}/{name}{parameters}")
}

fn random() -> String {
    let bits = SystemIds.secret()[..8].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    format!("{bits:016x}")
}
