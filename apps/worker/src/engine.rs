//! Runs the work: events, jobs and schedules.
//!
//! | module | what it does |
//! |---|---|
//! | `events` | passes events on to subscribers that are known |
//! | `claims` | takes jobs that are due, as many as there is room for, and begins them |
//! | `attempt` | one run of one handler: its time limit, its panic |
//! | `settling` | writes down what came of them, many at a time |
//! | `keeping` | lengthens the leases of what runs, gives up what was lost |
//! | `reaping` | frees what the dead held |
//! | `planning` | fires schedules, if this worker is the one who plans |
//! | `held`, `room` | what runs now, and how much more may |
//! | `waiting`, `pace` | when to look again |
//! | `work_off` | does everything that is due and returns, for tests |
//!
//! Nothing is kept that is not in the database: a worker that is killed loses time, the rest of a lease, and nothing else.

mod attempt;
mod claims;
mod events;
mod held;
mod keeping;
mod pace;
mod planning;
mod reaping;
mod room;
mod settling;
mod waiting;
mod work_off;

pub use work_off::WorkedOff;

use crate::work::Work;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use held::Held;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{IdGen, LeaseId};
use musubi_kernel::job::Lease;
use musubi_kernel::job::queue::JobQueue;
use musubi_kernel::outbox::Outbox;
use musubi_kernel::schedule::book::ScheduleBook;
use room::Room;
use settling::Finished;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use waiting::Stopping;

/// What the engine stands on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is the port of what its name says")]
pub struct Ports {
    pub queue: Arc<dyn JobQueue>,
    pub outbox: Arc<dyn Outbox>,
    pub schedules: Arc<dyn ScheduleBook>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdGen>,
}

/// How much at once, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many jobs run at once.
    pub jobs_at_once: usize,
    /// How many events are passed on in one transaction.
    pub events_at_once: u32,
    /// For how long a claim holds; it is lengthened while its jobs run. What a killed worker held is free again after that.
    pub lease: Duration,
    /// How often to look for what other processes have left to do. Each pause is between a half and the whole of it.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { jobs_at_once: 64, events_at_once: 500, lease: Duration::from_secs(30), poll: Duration::from_millis(900) }
    }
}

/// The pause after a loop has panicked, which is a defect.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// How long what is under way in the database may take once the worker is to stop, and once more what is left to be written
/// down when it has drained. A database that does not answer keeps no program from ending; leases end by themselves.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// Runs the work of a process.
pub struct Engine {
    shared: Arc<Shared>,
}

/// What its loops have in common.
struct Shared {
    ports: Ports,
    work: Work,
    limits: Limits,
    held: Held,
    room: Arc<Room>,
    /// There may be events.
    events: Notify,
    /// There may be jobs.
    jobs: Notify,
    ended: mpsc::UnboundedSender<Finished>,
    finished: Mutex<mpsc::UnboundedReceiver<Finished>>,
    /// Who it is when it plans.
    me: LeaseId,
}

impl Engine {
    /// An engine that does this work.
    pub fn new(ports: Ports, work: Work, limits: Limits) -> Self {
        let (ended, finished) = mpsc::unbounded_channel();
        let shared = Shared {
            me: LeaseId::new(&*ports.ids, ports.clock.now()),
            room: Arc::new(Room::of(limits.jobs_at_once)),
            held: Held::default(),
            events: Notify::new(),
            jobs: Notify::new(),
            ended,
            finished: Mutex::new(finished),
            ports,
            work,
            limits,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Works until `stop` is done. Then nothing new is begun; what runs has `drain` to finish, and goes back into the queue
    /// when it does not. Whether all finished.
    pub async fn run(self, stop: impl Future<Output = ()>, drain: Duration) -> bool {
        let Self { shared } = self;
        shared.ports.outbox.tell_of(shared.work.wanted());
        let (told, stopping) = Stopping::new();
        let (mut loops, mut beside) = (JoinSet::new(), JoinSet::new());
        beside.spawn(again_and_again("settling", settling::begin, &shared, &stopping));
        let mut stop = pin!(stop);
        // Nobody passes events on before its own subscribers are known: they would miss them.
        let registered = tokio::select! {
            () = &mut stop => false,
            () = shared.register_at_last() => true,
        };
        let mut keeper = None;
        if registered {
            // It keeps the leases of what still runs, too, while that drains.
            keeper = Some(beside.spawn(again_and_again("leases", keeping::begin, &shared, &stopping)));
            for (name, begin) in LOOPS {
                loops.spawn(again_and_again(name, begin, &shared, &stopping));
            }
            stop.await;
        }
        told.stop();
        let drained_by = Instant::now() + drain;
        let ended = async { while loops.join_next().await.is_some() {} };
        if timeout(LAST_MOMENTS, ended).await.is_err() {
            loops.abort_all();
        }
        let drained = timeout_at(drained_by, shared.held.empty()).await.is_ok();
        let over_by = Instant::now() + LAST_MOMENTS;
        if !drained {
            let _ = timeout_at(over_by, keeping::give_back_all(&shared)).await;
        }
        if let Some(keeper) = keeper {
            keeper.abort();
        }
        // The receiver is there for as long as this is.
        let _ = shared.ended.send(Finished::End);
        let settled = async { while beside.join_next().await.is_some() {} };
        if timeout_at(over_by, settled).await.is_err() {
            tracing::warn!("what came of the last jobs could not be written down: they will be run again");
        }
        match timeout_at(over_by, shared.ports.schedules.resign(shared.me)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("nobody plans until this worker's term ends: {}", told_of(&error)),
            Err(_) => tracing::debug!("nobody plans until this worker's term ends: no answer in time"),
        }
        drained
    }
}

/// A loop of the engine.
type Loop = fn(Arc<Shared>, Stopping) -> BoxFuture<'static, ()>;

/// Those that end when the worker is to stop.
const LOOPS: [(&str, Loop); 5] = [
    ("events", events::begin),
    ("jobs", claims::begin),
    ("schedules", planning::begin),
    ("news", waiting::begin),
    ("the dead", reaping::begin),
];

/// A loop, which begins anew when it panics.
fn again_and_again(
    name: &'static str,
    begin: Loop,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> impl Future<Output = ()> + use<> {
    let (shared, stopping) = (Arc::clone(shared), stopping.clone());
    async move {
        while AssertUnwindSafe(begin(Arc::clone(&shared), stopping.clone())).catch_unwind().await.is_err() {
            tracing::error!("the worker's loop of {name} has panicked, and begins anew");
            tokio::time::sleep(AFTER_PANIC).await;
        }
    }
}

impl Shared {
    /// A lease of a claim that is made now.
    fn lease(&self) -> Lease {
        let now = self.ports.clock.now();
        let length = chrono::TimeDelta::from_std(self.limits.lease).unwrap_or_default();
        Lease { id: LeaseId::new(&*self.ports.ids, now), until: now + length }
    }

    fn random(&self) -> u32 {
        let [a, b, c, d, ..] = self.ports.ids.secret();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// What the operator should read of an error of the database.
fn told_of(error: &StoreError) -> String {
    error.internal_context().map_or_else(|| error.to_string(), |context| format!("{error}: {context}"))
}
