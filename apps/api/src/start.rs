//! Puts everything together and runs it.

mod demo;

use crate::assemble::{Ground, Storage, assemble};
use crate::limits::{InProcess, NoLimit, RateLimiter, Shared};
use crate::settings::{Settings, Worker};
use crate::state::App;
use crate::{metrics, openapi, serve, worker};
use musubi_crypto::PasswordPool;
use musubi_identity::issuer::Issuers;
use musubi_identity::issuer::none::NoIssuers;
use musubi_identity::people;
use musubi_kernel::access::Actor;
use musubi_kernel::clock::{Clock, SystemClock};
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::revision::Revisions;
use musubi_mail::post::Post;
use musubi_mail::settings::Way;
use musubi_oidc::OidcIssuers;
use musubi_oidc::http::Limits;
use musubi_process::failure::Failure;
use musubi_process::pause::Jittered;
use musubi_process::signal::Signals;
use musubi_process::{log, say, store};
use musubi_redis::Redis;
use musubi_redis::ephemeral::SharedEphemeral;
use musubi_redis::rate::SharedRate;
use musubi_settings::NotStarting;
use musubi_sql::SqlStore;
use musubi_sql::engine::Engine;
use musubi_webauthn::WebauthnPasskeys;
use musubi_worker::engine;
use musubi_worker::webhooks::Addresses;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The program's name.
const PROGRAM: &str = "musubi-api";
/// Connections to a server for requests.
const CONNECTIONS: u32 = 16;
/// Connections to a server that only ask for revisions.
const FOR_REVISIONS: u32 = 2;
/// Connections to a server for the worker in this process.
const FOR_WORKER: u32 = 8;
/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);

/// How long the last messages may take to go out once nobody is served any more.
const MAIL_TIME: Duration = Duration::from_secs(5);
/// How long connections and the database may take to close once nobody is served any more.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The whole life of the process.
pub fn main() -> ExitCode {
    let settings = match Settings::read(std::env::args_os()) {
        Ok(settings) => settings,
        Err(NotStarting::Asked(text)) => {
            say(&text);
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

async fn run(settings: &Settings) -> Result<(), Failure> {
    metrics::install();
    let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
    let (store, _sole) = store::open(&settings.data, CONNECTIONS, &ids).await?;
    let mut storage =
        Storage { revisions: revisions(settings, &store).await?, ..Storage::sql(&store, Arc::clone(&ids)) };
    if let Some(redis) = redis(settings)? {
        storage.ephemeral = Arc::new(SharedEphemeral::new(redis));
    }
    // Before anything is made that is shown only once.
    let listener =
        TcpListener::bind(settings.listen).await.map_err(|error| Failure::listen(settings.listen, &error))?;
    let address = listener.local_addr().map_err(Failure::runtime)?;
    let sign_ins = people::Settings {
        lifetimes: settings.sign_in_rules.lifetimes(),
        password_rules: settings.sign_in_rules.password_rules(),
        limits_clients: settings.public_rate > 0,
        ..people::Settings::default()
    };
    let mail = settings.mail(address);
    let way = mail.way.clone();
    let post = Post::begin(mail, sign_ins.lifetimes, Arc::new(SystemClock), Arc::clone(&ids))
        .map_err(|error| Failure::Setting(error.to_string()))?;
    let post = Arc::new(post);
    let passkeys = settings.passkeys(address).map_err(|error| Failure::Setting(error.to_string()))?;
    let passkeys = Arc::new(WebauthnPasskeys::new(passkeys));
    let app = assemble(ground(settings, &ids, Arc::clone(&post), passkeys, sign_ins)?, storage);
    operator_key(&app, settings).await?;
    if settings.demo {
        demo::make(&app, settings, address).await?;
    }
    let engine = inline_worker(settings, &store, &ids).await?;
    let signals = Signals::listen().map_err(Failure::runtime)?;
    say(&format!("listening on http://{address}"));
    tracing::info!(%address, engine = store.db.engine().name(), "ready");
    if let Way::Folder(folder) = way {
        tracing::info!(folder = %folder.display(), "no mail server is set: messages to people are written to files");
    }

    let memory = tokio::spawn(worker::tidy_memory(app.clone()));
    let (over, is_over) = watch::channel(false);
    tokio::spawn(async move {
        signals.stop("running requests are finished first").await;
        over.send_replace(true);
    });
    let told = |mut is_over: watch::Receiver<bool>| async move { drop(is_over.wait_for(|over| *over).await) };
    let drain = settings.drain_time();
    let engine = engine.map(|engine| tokio::spawn(engine.run(told(is_over.clone()), drain)));
    let router = openapi::router(app);
    musubi_allocator::give_back();
    let drained = serve::serve(listener, router, told(is_over), drain).await;
    memory.abort();
    if let Some(engine) = engine {
        // It has its own bounds, and says itself what it left.
        let _ = engine.await;
    }
    let unsent = post.drain(MAIL_TIME).await;
    if unsent > 0 {
        tracing::warn!(unsent, "some messages to people were not sent: they have to ask again");
    }
    if !drained {
        tracing::warn!("some requests were cut off: they took longer than --drain-seconds");
    }
    if tokio::time::timeout(CLOSE_TIME, store.db.close()).await.is_err() {
        tracing::warn!("the database was left in the middle of a statement, which it takes back");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Questions for revisions have connections of their own: bookings that wait for a busy day may hold all others.
async fn revisions(settings: &Settings, store: &SqlStore) -> Result<Arc<dyn Revisions>, Failure> {
    if store.db.engine() == Engine::Sqlite {
        return Ok(Arc::new(store.clone()));
    }
    let db = store::connect(&settings.data.database(), FOR_REVISIONS).await?;
    Ok(Arc::new(SqlStore::new(db, Arc::clone(&store.cipher))))
}

/// The worker, if it runs in this process: with connections of its own, as neither is to wait for those of the other.
async fn inline_worker(
    settings: &Settings,
    store: &SqlStore,
    ids: &Arc<dyn IdGen>,
) -> Result<Option<engine::Engine>, Failure> {
    if settings.worker == Worker::Off {
        return Ok(None);
    }
    let mut own = store.clone();
    if store.db.engine() != Engine::Sqlite {
        own.db = store::connect(&settings.data.database(), FOR_WORKER).await?.beside(&store.db);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (way, from) = settings.way();
    let means = settings.ways.means(own.clone(), &clock, way, from).map_err(Failure::Setting)?;
    Ok(Some(worker::engine(&own, ids, settings.work.jobs_at_once(), means, &settings.webhooks)))
}

fn ground(
    settings: &Settings,
    ids: &Arc<dyn IdGen>,
    courier: Arc<Post>,
    passkeys: Arc<WebauthnPasskeys>,
    sign_ins: people::Settings,
) -> Result<Ground, Failure> {
    Ok(Ground {
        clock: Arc::new(SystemClock),
        ids: Arc::clone(ids),
        pause: Arc::new(Jittered::new(Arc::clone(ids))),
        limiter: limiter(settings)?,
        passwords: Arc::new(
            PasswordPool::new(&settings.sign_in_rules.hashing(), Arc::clone(ids))
                .map_err(|error| Failure::Setting(error.to_string()))?,
        ),
        courier,
        passkeys,
        sign_ins,
        issuers: issuers(settings, ids)?,
        sms_reports: settings.ways.sms_reports(),
        webhook_guard: Arc::new(Addresses::new(&settings.webhooks)),
        redirects: settings.sign_in.redirects.clone(),
        trusted_proxies: settings.trust_proxy,
        allowed_origins: settings.allowed_origins.clone(),
        request_time: settings.request_time(),
        body_time: BODY_TIME.min(settings.request_time()),
        cache_bytes: u64::from(settings.cache_mb) * 1024 * 1024,
        max_requests: usize::try_from(settings.max_requests.get()).unwrap_or(usize::MAX),
    })
}

/// Nothing of it is needed, certificates of authorities neither, where nobody signs in through others.
fn issuers(settings: &Settings, ids: &Arc<dyn IdGen>) -> Result<Arc<dyn Issuers>, Failure> {
    let issuers = settings.sign_in.issuers.clone();
    if issuers.is_empty() {
        return Ok(Arc::new(NoIssuers));
    }
    let issuers = OidcIssuers::new(issuers, Limits::default(), Arc::new(SystemClock), Arc::clone(ids));
    Ok(Arc::new(issuers.map_err(|error| Failure::Setting(format!("MUSUBI_OIDC_…: {error}")))?))
}

fn limiter(settings: &Settings) -> Result<Arc<dyn RateLimiter>, Failure> {
    let Some(rate) = NonZeroU32::new(settings.public_rate) else { return Ok(Arc::new(NoLimit)) };
    let own = InProcess::new(rate, settings.public_burst);
    let Some(redis) = redis(settings)? else { return Ok(Arc::new(own)) };
    Ok(Arc::new(Shared::new(SharedRate::new(redis, rate, settings.public_burst), own)))
}

fn redis(settings: &Settings) -> Result<Option<Redis>, Failure> {
    let wrong = |error| Failure::Setting(format!("--redis-url: {error}"));
    settings.redis_url.as_deref().map(Redis::at).transpose().map_err(wrong)
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
