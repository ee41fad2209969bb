//! The engine in motion, on the fakes. Nothing here depends on how fast it is: every wait is for something to happen.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::clock::{Clock, SystemClock};
use musubi_kernel::id::{EventId, IdGen, SystemIds};
use musubi_kernel::job::back_off::BackOff;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobLine, JobQueue, JobStatus};
use musubi_kernel::job::{Job, JobHandler, NewJob, Outcome};
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::outbox::memory::OutboxInMemory;
use musubi_kernel::record::DomainEvent;
use musubi_kernel::schedule::Schedule;
use musubi_kernel::schedule::memory::SchedulesInMemory;
use musubi_kernel::schedule::rhythm::Rhythm;
use musubi_worker::engine::{Engine, Limits, Ports};
use musubi_worker::work::Work;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Ports over fakes, by the computer's clock.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) queue: Arc<JobsInMemory>,
    pub(crate) outbox: Arc<OutboxInMemory>,
    pub(crate) schedules: Arc<SchedulesInMemory>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl House {
    pub(crate) fn by(clock: Arc<dyn Clock>) -> Self {
        let queue = Arc::new(JobsInMemory::default());
        let outbox = Arc::new(OutboxInMemory::new(queue.clone()));
        let schedules = Arc::new(SchedulesInMemory::new(queue.clone()));
        Self { queue, outbox, schedules, clock }
    }

    fn new() -> Self {
        Self::by(Arc::new(SystemClock))
    }

    pub(crate) fn ports(&self) -> Ports {
        Ports {
            queue: self.queue.clone(),
            outbox: self.outbox.clone(),
            schedules: self.schedules.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds),
        }
    }

    async fn add(&self, kind: &'static str, count: usize) -> Vec<NewJob> {
        let jobs: Vec<_> = (0..count).map(|_| NewJob::new(&SystemIds, kind, (), self.clock.now())).collect();
        self.queue.enqueue(&jobs).await.unwrap();
        jobs
    }

    async fn lines(&self) -> Vec<JobLine> {
        self.queue.list(&JobFilter::default(), 10_000).await.unwrap()
    }

    fn begin(&self, work: Work, limits: Limits, drain: Duration) -> Running {
        let (stop, mut told) = watch::channel(false);
        let engine = Engine::new(self.ports(), work, limits);
        let stopped = async move { drop(told.wait_for(|told| *told).await) };
        Running { stop, engine: tokio::spawn(engine.run(stopped, drain)) }
    }
}

struct Running {
    stop: watch::Sender<bool>,
    engine: JoinHandle<bool>,
}

impl Running {
    /// Whether all that ran has finished.
    async fn stop(self) -> bool {
        self.stop.send_replace(true);
        self.engine.await.unwrap()
    }
}

/// Waits until something is so.
async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let patience = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), patience).await.is_ok(), "waited in vain: {what}");
}

const SOON: BackOff = BackOff::new(TimeDelta::milliseconds(1), TimeDelta::milliseconds(1));
const MINUTE: Duration = Duration::from_mins(1);

fn quick() -> Limits {
    Limits { poll: Duration::from_millis(20), ..Limits::default() }
}

type Run = Arc<dyn Fn(Job) -> futures_util::future::BoxFuture<'static, Outcome> + Send + Sync>;

/// A handler made of a closure.
struct Does {
    kind: &'static str,
    at_once: usize,
    limit: Duration,
    run: Run,
}

impl Does {
    fn new<F>(kind: &'static str, run: impl Fn(Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { kind, at_once: usize::MAX, limit: MINUTE, run: Arc::new(move |job| Box::pin(run(job))) }
    }
}

#[async_trait]
impl JobHandler for Does {
    fn kind(&self) -> &str {
        self.kind
    }
    fn at_once(&self) -> usize {
        self.at_once
    }
    fn time_limit(&self) -> Duration {
        self.limit
    }
    fn back_off(&self) -> BackOff {
        SOON
    }
    async fn run(&self, job: &Job) -> Outcome {
        (self.run)(job.clone()).await
    }
}

#[tokio::test]
async fn every_job_is_done() {
    let house = House::new();
    let done = Arc::new(Mutex::new(Vec::new()));
    let noted = done.clone();
    let work = Work::default().handler(Does::new("a", move |job| {
        noted.lock().unwrap().push(job.id);
        async { Outcome::Done }
    }));
    let mut jobs = house.add("a", 300).await;
    let running = house.begin(work, quick(), MINUTE);
    jobs.extend(house.add("a", 300).await);
    until("all are done", async || house.lines().await.is_empty()).await;
    assert!(running.stop().await);
    let (mut done, mut added) = (done.lock().unwrap().clone(), jobs.iter().map(|job| job.id).collect::<Vec<_>>());
    done.sort_unstable();
    // Ids of one instant are in no order.
    added.sort_unstable();
    assert_eq!(done, added);
}

#[tokio::test]
async fn what_goes_wrong_is_the_failure_of_that_job_alone() {
    let house = House::new();
    let mut slow = Does::new("slow", |_| std::future::pending());
    slow.limit = Duration::from_millis(5);
    let work = Work::default()
        .handler(Does::new("panics", |job| async move { panic!("so it is: {}", job.attempt) }))
        .handler(Does::new("fails", |_| async { Outcome::failed("it can never be") }))
        .handler(Does::new("works", |_| async { Outcome::Done }))
        .handler(slow);
    for kind in ["panics", "fails", "slow", "works"] {
        let job = NewJob::new(&SystemIds, kind, (), house.clock.now()).attempts(2);
        house.queue.enqueue(&[job]).await.unwrap();
    }
    let running = house.begin(work, quick(), MINUTE);
    let failed = JobFilter { status: Some(JobStatus::Failed), kind: None };
    until("three have failed", async || house.queue.list(&failed, 9).await.unwrap().len() == 3).await;
    until("one is done", async || house.lines().await.len() == 3).await;
    assert!(running.stop().await);
    let lines = house.lines().await;
    let told: Vec<_> =
        lines.iter().map(|line| (&*line.kind, line.attempts, line.last_error.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("fails", 1, "it can never be"),
            ("panics", 2, "panicked: so it is: 2"),
            ("slow", 2, "took longer than 0.005 s")
        ]
    );
}

/// How many of a kind run at once, at most.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    async fn pass(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(3)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn no_more_run_at_once_than_may() {
    let house = House::new();
    let (few, all) = (Arc::new(Crowd::default()), Arc::new(Crowd::default()));
    let handler = |kind, at_once| {
        let (few, all) = (few.clone(), all.clone());
        let mut handler = Does::new(kind, move |_| {
            let (few, all) = (few.clone(), all.clone());
            async move {
                if at_once == 2 {
                    tokio::join!(few.pass(), all.pass());
                } else {
                    all.pass().await;
                }
                Outcome::Done
            }
        });
        handler.at_once = at_once;
        handler
    };
    let work = Work::default().handler(handler("few", 2)).handler(handler("many", usize::MAX));
    house.add("few", 40).await;
    house.add("many", 80).await;
    let running = house.begin(work, Limits { jobs_at_once: 7, ..quick() }, MINUTE);
    until("all are done", async || house.lines().await.is_empty()).await;
    assert!(running.stop().await);
    let (few, all) = (few.most.load(Ordering::SeqCst), all.most.load(Ordering::SeqCst));
    assert!(few <= 2 && all <= 7, "{few} of a kind and {all} altogether ran at once");
}

/// A flood of jobs that never end takes a share of the places, and no more.
#[tokio::test]
async fn a_flood_of_one_kind_leaves_room_for_others() {
    let house = House::new();
    let gate = Arc::new(Notify::new());
    let closed = gate.clone();
    let mut stuck = Does::new("stuck", move |_| {
        let closed = closed.clone();
        async move {
            closed.notified().await;
            Outcome::Done
        }
    });
    stuck.at_once = 5;
    let work = Work::default().handler(stuck).handler(Does::new("quick", |_| async { Outcome::Done }));
    house.add("stuck", 50).await;
    let running = house.begin(work, Limits { jobs_at_once: 6, ..quick() }, Duration::from_millis(10));
    house.add("quick", 20).await;
    let quick = JobFilter { status: None, kind: Some("quick".to_owned()) };
    until("the quick are done", async || house.queue.list(&quick, 1).await.unwrap().is_empty()).await;
    assert!(!running.stop().await, "those that are stuck were cut off");
    assert!(house.lines().await.iter().all(|line| (line.status, line.attempts) == (JobStatus::Waiting, 0)));
}

/// Of a flood of jobs that do not end there is a place left for others.
#[tokio::test]
async fn a_flood_of_slow_jobs_lets_others_pass() {
    let house = House::new();
    let slow = Does::new("slow", |_| std::future::pending());
    let work = Work::default().handler(slow).handler(Does::new("quick", |_| async { Outcome::Done }));
    house.add("slow", 50).await;
    let running = house.begin(work, Limits { jobs_at_once: 6, ..quick() }, Duration::from_millis(10));
    let at_work = JobFilter { status: Some(JobStatus::Running), kind: None };
    until("they have all places but one", async || house.queue.list(&at_work, 9).await.unwrap().len() == 5).await;
    house.add("quick", 20).await;
    let quick = JobFilter { status: None, kind: Some("quick".to_owned()) };
    until("the quick are done", async || house.queue.list(&quick, 1).await.unwrap().is_empty()).await;
    assert!(!running.stop().await, "the slow were cut off");
}

#[tokio::test]
async fn what_runs_is_finished_before_the_end() {
    let house = House::new();
    let (begun, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, closed) = (begun.clone(), gate.clone());
    let work = Work::default().handler(Does::new("a", move |_| {
        let (begins, closed) = (begins.clone(), closed.clone());
        async move {
            begins.notify_one();
            closed.notified().await;
            Outcome::Done
        }
    }));
    house.add("a", 1).await;
    let running = house.begin(work, quick(), MINUTE);
    begun.notified().await;
    running.stop.send_replace(true);
    // What comes now is not begun any more.
    let late = house.add("a", 1).await;
    gate.notify_one();
    assert!(running.stop().await);
    let lines = house.lines().await;
    assert_eq!(lines.iter().map(|line| (line.id, line.attempts)).collect::<Vec<_>>(), [(late[0].id, 0)]);
}

#[tokio::test]
async fn what_takes_too_long_goes_back_into_the_queue() {
    let house = House::new();
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let work = Work::default().handler(Does::new("a", move |_| {
        begins.notify_one();
        std::future::pending()
    }));
    house.add("a", 1).await;
    let running = house.begin(work, quick(), Duration::from_millis(1));
    begun.notified().await;
    assert!(!running.stop().await);
    let line = house.lines().await.pop().unwrap();
    assert_eq!((line.status, line.attempts), (JobStatus::Waiting, 0));
    assert!(line.last_error.unwrap().starts_with("it was cut off"));
}

/// One that outlasts its lease many times over keeps it, and one whose lease was lost is given up.
#[tokio::test]
async fn leases_are_kept_for_as_long_as_a_job_runs() {
    let house = House::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let gate = Arc::new(Notify::new());
    let closed = gate.clone();
    let work = || {
        let (counted, closed) = (counted.clone(), closed.clone());
        Work::default().handler(Does::new("long", move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let closed = closed.clone();
            async move {
                closed.notified().await;
                Outcome::Done
            }
        }))
    };
    let limits = Limits { lease: Duration::from_millis(300), ..quick() };
    house.add("long", 1).await;
    let (one, two) = (house.begin(work(), limits, MINUTE), house.begin(work(), limits, MINUTE));
    // Four leases long both workers look for what the dead have left.
    tokio::time::sleep(limits.lease * 4).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    gate.notify_one();
    until("it is done", async || house.lines().await.is_empty()).await;
    assert!(one.stop().await && two.stop().await);
}

/// A handler whose rules are broken.
struct Lawless;

#[async_trait]
impl JobHandler for Lawless {
    fn kind(&self) -> &'static str {
        "lawless"
    }
    fn time_limit(&self) -> Duration {
        panic!("no limit is known")
    }
    async fn run(&self, _: &Job) -> Outcome {
        Outcome::Done
    }
}

#[tokio::test]
async fn a_handler_without_rules_fails_its_own_jobs_alone() {
    let house = House::new();
    let job = NewJob::new(&SystemIds, "lawless", (), house.clock.now()).attempts(1);
    house.queue.enqueue(&[job]).await.unwrap();
    house.add("works", 9).await;
    let running = house.begin(
        Work::default().handler(Lawless).handler(Does::new("works", |_| async { Outcome::Done })),
        quick(),
        MINUTE,
    );
    let failed = JobFilter { status: Some(JobStatus::Failed), kind: None };
    until("it has failed, and the others are done", async || {
        house.queue.list(&failed, 9).await.unwrap().len() == 1 && house.lines().await.len() == 1
    })
    .await;
    assert!(running.stop().await);
    assert_eq!(house.lines().await[0].last_error.as_deref(), Some("panicked: no limit is known"));
}

/// Randomness that breaks a few times when it is told to.
#[derive(Default)]
struct Shaky {
    armed: AtomicBool,
    panics: AtomicUsize,
}

impl IdGen for Shaky {
    fn uuid(&self, at: DateTime<Utc>) -> Uuid {
        SystemIds.uuid(at)
    }
    fn secret(&self) -> [u8; 32] {
        if self.armed.swap(false, Ordering::SeqCst) {
            let count = self.panics.fetch_add(1, Ordering::SeqCst) + 1;
            panic!("defect {count}");
        }
        SystemIds.secret()
    }
}

/// What a loop had in its hands is done again when its lease has ended, by the loop that has begun anew.
#[tokio::test]
async fn a_loop_that_panics_loses_nothing() {
    let house = House::new();
    let ids = Arc::new(Shaky::default());
    let shakes = ids.clone();
    let work = Work::default().handler(Does::new("a", move |_| {
        // Whoever asks next is mostly the one who writes down what came of it.
        let armed = shakes.panics.load(Ordering::SeqCst) < 2;
        shakes.armed.store(armed, Ordering::SeqCst);
        async { Outcome::Done }
    }));
    let limits = Limits { lease: Duration::from_millis(300), ..quick() };
    house.add("a", 20).await;
    let (stop, mut told) = watch::channel(false);
    let engine = Engine::new(Ports { ids: ids.clone(), ..house.ports() }, work, limits);
    let running = Running {
        stop,
        engine: tokio::spawn(engine.run(async move { drop(told.wait_for(|told| *told).await) }, MINUTE)),
    };
    until("all are done", async || house.lines().await.is_empty()).await;
    assert!(ids.panics.load(Ordering::SeqCst) > 0);
    assert!(running.stop().await, "nothing is held any more");
}

struct Listens {
    heard: Arc<Mutex<Vec<EventId>>>,
}

#[async_trait]
impl Subscriber for Listens {
    fn name(&self) -> &'static str {
        "listener"
    }
    fn wants(&self, kind: &str) -> bool {
        kind == "booking.created"
    }
    async fn handle(&self, event: &DomainEvent) -> Outcome {
        let mut heard = self.heard.lock().unwrap();
        let first = !heard.contains(&event.id);
        heard.push(event.id);
        if first { Outcome::again("once more") } else { Outcome::Done }
    }
}

pub(crate) fn event(kind: &'static str, clock: &dyn Clock) -> DomainEvent {
    DomainEvent {
        id: EventId::new(&SystemIds, clock.now()),
        kind: kind.into(),
        tenant: None,
        store: None,
        subject: Uuid::from_u128(1),
        payload: serde_json::json!({ "n": 1 }),
        occurred_at: clock.now(),
    }
}

#[tokio::test]
async fn events_come_to_their_subscribers_and_schedules_to_their_handlers() {
    let house = House::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let fired = Arc::new(AtomicUsize::new(0));
    let counted = fired.clone();
    let each_second = Schedule::new("ticks", Rhythm::Every(TimeDelta::seconds(1)));
    let work = Work::default().subscriber(Listens { heard: heard.clone() }).scheduled(
        each_second,
        Does::new("ticks", move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Outcome::Done }
        }),
    );
    let running = house.begin(work, quick(), MINUTE);
    until("it ticks", async || fired.load(Ordering::SeqCst) > 0).await;
    let (booked, other) = (event("booking.created", &*house.clock), event("menu.updated", &*house.clock));
    house.outbox.add([booked.clone(), other]);
    let twice = vec![booked.id; 2];
    // The second attempt comes after the back-off of events.
    until("it is heard twice", async || *heard.lock().unwrap() == twice).await;
    assert!(running.stop().await);
}
