//! Puts everything together and runs it.

mod demo;
mod failure;
mod log;
mod signal;

use crate::assemble::{Ground, Storage, assemble};
use crate::limits::{InProcess, NoLimit, RateLimiter, Shared};
use crate::pause::Jittered;
use crate::settings::{Settings, Worker};
use crate::state::App;
use crate::{metrics, openapi, serve, worker};
use failure::Failure;
use musubi_crypto::KeyRing;
use musubi_kernel::access::Actor;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::revision::Revisions;
use musubi_redis::Redis;
use musubi_redis::rate::SharedRate;
use musubi_settings::NotStarting;
use musubi_sql::SqlStore;
use musubi_sql::engine::{Db, Engine, PoolSettings};
use musubi_sql::{migrate, sealed};
use signal::Signals;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Connections that only read, on SQLite: each has a page cache of its own.
const SQLITE_READERS: u32 = 4;
/// Connections to a server that only ask for revisions.
const FOR_REVISIONS: u32 = 2;
/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

/// How long connections and the database may take to close once nobody is served any more.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The whole life of the process.
pub fn main() -> ExitCode {
    let settings = match Settings::read(std::env::args_os()) {
        Ok(settings) => settings,
        Err(NotStarting::Asked(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(NotStarting::Wrong(line)) => return Failure::Setting(line).report(),
    };
    let done = log::begin(settings.log_format).and_then(|log| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::runtime)?;
        let done = runtime.block_on(run(&settings));
        runtime.shutdown_timeout(CLOSE_TIME);
        drop(log);
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(settings: &Settings) -> Result<(), Failure> {
    metrics::install();
    let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
    let store = open(settings, &ids).await?;
    let storage = Storage { revisions: revisions(settings, &store).await?, ..Storage::sql(&store, Arc::clone(&ids)) };
    let app = assemble(ground(settings, &ids)?, storage);
    // Before anything is made that is shown only once.
    let listener =
        TcpListener::bind(settings.listen).await.map_err(|error| Failure::listen(settings.listen, &error))?;
    let address = listener.local_addr().map_err(Failure::runtime)?;
    operator_key(&app, settings).await?;
    if settings.demo {
        demo::make(&app, settings, address).await?;
    }
    let signals = Signals::listen().map_err(Failure::runtime)?;
    say(&format!("listening on http://{address}"));
    tracing::info!(%address, engine = store.db.engine().name(), "ready");

    let worker = tokio::spawn(worker::run(app.clone(), settings.worker == Worker::Inline));
    let drained = serve::serve(listener, openapi::router(app), signals.stop(), settings.drain_time()).await;
    worker.abort();
    if !drained {
        tracing::warn!("some requests were cut off: they took longer than --drain-seconds");
    }
    if tokio::time::timeout(CLOSE_TIME, store.db.close()).await.is_err() {
        tracing::warn!("the database was left in the middle of a statement, which it takes back");
    }
    tracing::info!("stopped");
    Ok(())
}

/// The database with its tables, and the key that seals what is in it.
async fn open(settings: &Settings, ids: &Arc<dyn IdGen>) -> Result<SqlStore, Failure> {
    let data = &settings.data;
    if data.database_url.is_none() || data.master_key.is_none() {
        data.make_folder().map_err(|error| Failure::Setting(format!("--data-dir {error}")))?;
    }
    let db = connect(&data.database()).await?;
    migrate::run(&db).await.map_err(|error| Failure::database("the database's tables could not be made", &error))?;
    let unreadable = |error| Failure::database("the database could not be read", &error);
    let bound = sealed::is_bound(&db).await.map_err(unreadable)?;
    let master = if bound { data.key() } else { data.key_or_new(&**ids) };
    let master = master.map_err(|error| {
        let advice = if bound { "; this database is sealed with a master key: put it back" } else { "" };
        Failure::Setting(format!("{error}{advice}"))
    })?;
    let store = SqlStore::new(db, Arc::new(KeyRing::new(&master, Arc::clone(ids))));
    if sealed::bind(&store, SystemClock.now()).await.map_err(unreadable)? {
        Ok(store)
    } else {
        let from = if data.master_key.is_some() {
            "MUSUBI_MASTER_KEY".to_owned()
        } else {
            data.key_file().display().to_string()
        };
        Err(Failure::Setting(format!("{from}: this is not the master key that the database is sealed with")))
    }
}

/// Questions for revisions have connections of their own: bookings that wait for a busy day may hold all others.
async fn revisions(settings: &Settings, store: &SqlStore) -> Result<Arc<dyn Revisions>, Failure> {
    if store.db.engine() == Engine::Sqlite {
        return Ok(Arc::new(store.clone()));
    }
    let pool = PoolSettings { max_connections: FOR_REVISIONS, ..PoolSettings::default() };
    let db = connect_with(&settings.data.database(), pool).await?;
    Ok(Arc::new(SqlStore::new(db, Arc::clone(&store.cipher))))
}

async fn connect(url: &str) -> Result<Db, Failure> {
    let mut pool = PoolSettings::default();
    if Engine::of_url(url) == Ok(Engine::Sqlite) {
        pool.max_connections = SQLITE_READERS;
    }
    connect_with(url, pool).await
}

async fn connect_with(url: &str, pool: PoolSettings) -> Result<Db, Failure> {
    let engine = Engine::of_url(url).map_err(|error| Failure::Setting(error.to_string()))?;
    Db::connect(url, pool).await.map_err(|error| match engine {
        Engine::Sqlite => Failure::Setting(failure::line_of("the SQLite database could not be opened", &error)),
        _ => Failure::database("the database could not be reached", &error),
    })
}

fn ground(settings: &Settings, ids: &Arc<dyn IdGen>) -> Result<Ground, Failure> {
    Ok(Ground {
        clock: Arc::new(SystemClock),
        ids: Arc::clone(ids),
        pause: Arc::new(Jittered::new(Arc::clone(ids))),
        limiter: limiter(settings)?,
        trusted_proxies: settings.trust_proxy,
        request_time: settings.request_time(),
        body_time: BODY_TIME.min(settings.request_time()),
        cache_bytes: u64::from(settings.cache_mb) * 1024 * 1024,
        max_requests: usize::try_from(settings.max_requests.get()).unwrap_or(usize::MAX),
    })
}

fn limiter(settings: &Settings) -> Result<Arc<dyn RateLimiter>, Failure> {
    let Some(rate) = NonZeroU32::new(settings.public_rate) else { return Ok(Arc::new(NoLimit)) };
    let own = InProcess::new(rate, settings.public_burst);
    let Some(url) = &settings.redis_url else { return Ok(Arc::new(own)) };
    let redis = Redis::at(url).map_err(|error| Failure::Setting(format!("--redis-url: {error}")))?;
    Ok(Arc::new(Shared::new(SharedRate::new(redis, rate, settings.public_burst), own)))
}

/// Makes the operator's key the one that the settings name; without one, makes a key at the first start and shows it.
async fn operator_key(app: &App, settings: &Settings) -> Result<(), Failure> {
    let leave = Actor::System.as_operator().map_err(|error| Failure::Runtime(error.to_string()))?;
    let refused = |error: musubi_kernel::error::EntityError| match error {
        musubi_kernel::error::EntityError::Refused { detail, .. } => {
            Failure::Setting(format!("MUSUBI_OPERATOR_KEY: {detail}"))
        }
        other => Failure::Runtime(other.to_string()),
    };
    if let Some(secret) = &settings.operator_key {
        app.keys.ensure_operator_key(&leave, secret).await.map_err(refused)?;
    } else if let Some(made) = app.keys.first_operator_key(&leave).await.map_err(refused)? {
        say(&format!("operator key (shown this once): {}", made.secret.expose()));
    }
    Ok(())
}

/// A line for whoever started the process. That nobody reads it is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
