//! Puts everything together and runs it.

use crate::engine::{Engine, Limits, Ports};
use crate::metrics::Depths;
use crate::settings::Settings;
use crate::{http, metrics, notifications, upkeep, webhooks};
use musubi_kernel::clock::SystemClock;
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_mail::settings::Way;
use musubi_process::failure::Failure;
use musubi_process::signal::Signals;
use musubi_process::{log, store};
use musubi_settings::NotStarting;
use musubi_sql::engine::{self as database, Db};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The program's name.
const PROGRAM: &str = "musubi-worker";
/// Connections to a server.
const CONNECTIONS: u32 = 16;
/// How often what was recorded is folded, so that memory stays bounded when nobody reads it.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long the database may take to close.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The whole life of the process.
pub fn main() -> ExitCode {
    let settings = match Settings::read(std::env::args_os()) {
        Ok(settings) => settings,
        Err(NotStarting::Asked(text)) => {
            musubi_process::say(&text);
            return ExitCode::SUCCESS;
        }
        Err(NotStarting::Wrong(line)) => return Failure::Setting(line).report(PROGRAM),
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
        Err(failure) => failure.report(PROGRAM),
    }
}

/// The ports of an engine on a database.
pub fn ports(db: &Db, ids: &Arc<dyn IdGen>) -> Ports {
    let db = Arc::new(db.clone());
    Ports { queue: db.clone(), outbox: db.clone(), schedules: db, clock: Arc::new(SystemClock), ids: Arc::clone(ids) }
}

async fn run(settings: &Settings) -> Result<(), Failure> {
    musubi_process::metrics::install();
    metrics::describe();
    let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
    if database::Engine::of_url(&settings.data.database()) == Ok(database::Engine::Sqlite) {
        return Err(Failure::Setting(
            "--database-url: a SQLite database belongs to one process, musubi-api, which does this work itself; a worker of its own \
             needs PostgreSQL or MariaDB"
                .to_owned(),
        ));
    }
    let (store, _sole) = store::open(&settings.data, CONNECTIONS, &ids).await?;
    let ports = ports(&store.db, &ids);
    let (way, from) = settings.mail();
    if let Way::Folder(folder) = &way {
        tracing::info!(folder = %folder.display(), "no mail server is set: messages to people are written to files");
    }
    let means = settings.ways.means(store.clone(), &ports.clock, way, from).map_err(Failure::Setting)?;
    let work = upkeep::work(&store, &ids, &ports.clock)
        .and(notifications::work(&store, &ids, &ports.clock, means))
        .and(webhooks::work(&store, &ids, &ports.clock, &settings.webhooks));
    let limits = Limits { jobs_at_once: settings.work.jobs_at_once(), ..Limits::default() };
    let signals = Signals::listen().map_err(Failure::runtime)?;
    let (over, is_over) = watch::channel(false);
    let mut beside = tokio::task::JoinSet::new();
    if let Some(address) = settings.listen {
        let listener = TcpListener::bind(address).await.map_err(|error| Failure::listen(address, &error))?;
        let address = listener.local_addr().map_err(Failure::runtime)?;
        musubi_process::say(&format!("listening on http://{address}"));
        let depths = Depths::new(Arc::clone(&ports.queue), Arc::clone(&ports.outbox), Arc::clone(&ports.clock));
        let mut is_over = is_over.clone();
        let stop = async move { drop(is_over.wait_for(|over| *over).await) };
        beside.spawn(http::serve(listener, store.clone(), depths, stop));
    }
    beside.spawn(async {
        let mut beat = tokio::time::interval(UPKEEP);
        loop {
            beat.tick().await;
            musubi_process::metrics::upkeep();
        }
    });
    tracing::info!(engine = store.db.engine().name(), kinds = work.kinds().len(), "ready");
    let engine = Engine::new(ports, work, limits);
    musubi_allocator::give_back();
    engine.run(signals.stop("running jobs are finished first"), settings.drain_time()).await;
    over.send_replace(true);
    if tokio::time::timeout(CLOSE_TIME, store.db.close()).await.is_err() {
        tracing::warn!("the database was left in the middle of a statement, which it takes back");
    }
    tracing::info!("stopped");
    Ok(())
}
