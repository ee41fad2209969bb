//! How many small jobs a second two workers do, on every engine of `MUSUBI_TEST_ENGINES`.
//!
//! ```text
//! eval "$(tests/servers start --durable DIR)"
//! cargo run --release -p musubi-worker --example jobs [SECONDS [WORKERS]]
//! ```
//!
//! | line | what is measured |
//! |---|---|
//! | `inserts` | as a measure of this machine: one row and one commit after the other, on as many connections as there are workers |
//! | `bare` | the very statements by which jobs are taken and settled, 64 at a time, on as many connections, without a worker |
//! | `jobs` | jobs that do nothing, by workers in processes of their own |
//! | `beside` | the same while a client adds a job with each commit, one after the other |
//! | `here`, `there` | how long after the commit of an event its subscriber is called, in the same process, and in another |

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use async_trait::async_trait;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::{IdGen, LeaseId, SystemIds};
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Job, JobHandler, Lease, NewJob, Outcome};
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::record::{Change, DomainEvent, Record};
use musubi_sql::engine::{Db, PoolSettings};
use musubi_sql::records;
use musubi_sql_testing::{Made, TestDb, engines, run};
use musubi_worker::engine::{Engine, Limits};
use musubi_worker::start;
use musubi_worker::work::Work;
use sea_query::Query;
use serde_json::{Value, json};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uuid::Uuid;

const KIND: &str = "bench.small";
const BATCH: u32 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, url] = &*arguments
        && word == "work"
    {
        return work(url);
    }
    let mut numbers = arguments.iter().map(|text| text.parse::<u64>().unwrap());
    let length = Duration::from_secs(numbers.next().unwrap_or(10));
    let workers = usize::try_from(numbers.next().unwrap_or(2)).unwrap();
    for engine in engines() {
        run(engine, Made::Migrated, move |test| async move { measure(&test, length, workers).await });
    }
}

async fn measure(test: &TestDb, length: Duration, workers: usize) {
    let name = test.engine().name();
    let say = |what: &str, rate: f64| println!("{name:9} {what:8} {rate:8.0} /s");
    say("inserts", inserts(test, length, workers).await);
    let plenty = 40_000 * length.as_secs();
    fill(test, plenty).await;
    say("bare", bare(test, length, workers).await);
    fill(test, plenty).await;
    say("jobs", by_workers(test, length, workers, false).await);
    fill(test, plenty).await;
    say("beside", by_workers(test, length, workers, true).await);
    empty(test).await;
    for (what, here) in [("here", true), ("there", false)] {
        let mut took = pick_ups(test, here).await;
        took.sort_unstable();
        let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
        let [median, slowest] = [median, slowest].map(|took| took.as_secs_f64() * 1_000.0);
        println!("{name:9} {what:8} p50 {median:.1} ms, of {} the slowest {slowest:.1} ms", took.len());
    }
}

fn rate(count: u64, began: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64()
}

/// Runs the same on several connections for so long; how often it was done in a second.
async fn at_once<F: Future<Output = u64> + Send + 'static>(
    test: &TestDb,
    length: Duration,
    workers: usize,
    step: impl Fn(Db) -> F + Clone + Send + 'static,
) -> f64 {
    let began = Instant::now();
    let mut running = Vec::new();
    for _ in 0..workers {
        let (db, step) = (test.reconnect().await, step.clone());
        running.push(tokio::spawn(async move {
            let mut count = 0;
            while began.elapsed() < length {
                count += step(db.clone()).await;
            }
            db.close().await;
            count
        }));
    }
    let mut count = 0;
    for one in running {
        count += one.await.unwrap();
    }
    rate(count, began)
}

async fn inserts(test: &TestDb, length: Duration, workers: usize) -> f64 {
    at_once(test, length, workers, |db| async move {
        let now = SystemClock.now();
        let insert = Query::insert()
            .into_table("handled_events")
            .columns(["event_id", "subscriber", "handled_at"])
            .values_panic([SystemIds.uuid(now).into(), "bench".into(), now.into()])
            .to_owned();
        let mut tx = db.begin().await.unwrap();
        tx.exactly_one(&insert).await.unwrap();
        tx.commit().await.unwrap();
        1
    })
    .await
}

async fn fill(test: &TestDb, jobs: u64) {
    let now = SystemClock.now();
    for _ in 0..jobs / 500 {
        let some: Vec<_> = (0..500).map(|n| NewJob::new(&SystemIds, KIND, json!({ "n": n }), now)).collect();
        test.db.enqueue(&some).await.unwrap();
    }
}

async fn empty(test: &TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    tx.execute(&Query::delete().from_table("jobs").to_owned()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn bare(test: &TestDb, length: Duration, workers: usize) -> f64 {
    at_once(test, length, workers, |db| async move {
        let now = SystemClock.now();
        let lease = Lease { id: LeaseId::new(&SystemIds, now), until: now + chrono::TimeDelta::minutes(1) };
        let jobs = db.claim(KIND, BATCH, lease, now).await.unwrap();
        assert!(!jobs.is_empty(), "there are too few jobs for so long");
        let done = |job: &Job| Settled { id: job.id, lease: lease.id, how: Settlement::Done };
        db.settle(&jobs.iter().map(done).collect::<Vec<_>>(), now).await.unwrap()
    })
    .await
}

/// Workers in processes of their own.
struct Workers(Vec<Child>);

impl Workers {
    fn begin(test: &TestDb, count: usize) -> Self {
        let begin = |_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["work", test.url()]).stdin(Stdio::piped()).stdout(Stdio::piped());
            command.spawn().unwrap()
        };
        Self((0..count).map(begin).collect())
    }

    /// Ends them; how many jobs they have done.
    fn end(self) -> u64 {
        let ended = self.0.into_iter().map(|mut child| {
            drop(child.stdin.take());
            let mut count = String::new();
            child.stdout.take().unwrap().read_to_string(&mut count).unwrap();
            child.wait().unwrap();
            count.trim().parse::<u64>().unwrap()
        });
        ended.sum()
    }
}

async fn by_workers(test: &TestDb, length: Duration, count: usize, adding: bool) -> f64 {
    let workers = Workers::begin(test, count);
    let began = Instant::now();
    while began.elapsed() < length {
        if adding {
            let job = NewJob::new(&SystemIds, KIND, json!({ "n": 1 }), SystemClock.now());
            test.db.enqueue(&[job]).await.unwrap();
        } else {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let took = began.elapsed();
    let left = !test.db.due(&[KIND]).await.unwrap().is_empty();
    assert!(left, "there are too few jobs for so long");
    f64::from(u32::try_from(workers.end()).unwrap()) / took.as_secs_f64()
}

struct Counts(Arc<AtomicU64>);

#[async_trait]
impl JobHandler for Counts {
    fn kind(&self) -> &str {
        KIND
    }
    async fn run(&self, _: &Job) -> Outcome {
        self.0.fetch_add(1, Ordering::Relaxed);
        Outcome::Done
    }
}

/// Works until standard input is closed, and prints how many jobs it has done.
fn work(url: &str) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let db = Db::connect(url, PoolSettings::default()).await.unwrap();
        let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
        let count = Arc::new(AtomicU64::new(0));
        let work = Work::default().handler(Counts(count.clone()));
        let engine = Engine::new(start::ports(&db, &ids), work, Limits::default());
        let closed = async {
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_string(&mut String::new()).unwrap()).await.unwrap();
        };
        engine.run(closed, Duration::from_secs(5)).await;
        println!("{}", count.load(Ordering::Relaxed));
    });
}

struct Hears(UnboundedSender<Duration>);

#[async_trait]
impl Subscriber for Hears {
    fn name(&self) -> &'static str {
        "bench"
    }
    fn wants(&self, _: &str) -> bool {
        true
    }
    async fn handle(&self, event: &DomainEvent) -> Outcome {
        let since = SystemClock.now() - event.occurred_at;
        self.0.send(since.to_std().unwrap_or_default()).unwrap();
        Outcome::Done
    }
}

/// How long events took to reach a subscriber whose worker has the connections of whoever commits, or others.
async fn pick_ups(test: &TestDb, here: bool) -> Vec<Duration> {
    let (sender, mut heard) = unbounded_channel();
    let own = test.reconnect().await;
    let db = if here { own.beside(&test.db) } else { own };
    let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
    let engine = Engine::new(start::ports(&db, &ids), Work::default().subscriber(Hears(sender)), Limits::default());
    let worker = tokio::spawn(engine.run(std::future::pending(), Duration::ZERO));
    // The first is heard when the subscriber is known.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut took = Vec::new();
    for _ in 0..if here { 200 } else { 30 } {
        took.push(commit_and_hear(test, &mut heard).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.abort();
    took
}

async fn commit_and_hear(test: &TestDb, heard: &mut UnboundedReceiver<Duration>) -> Duration {
    let change = Change {
        kind: "bench.happened".into(),
        subject_kind: "bench",
        subject: Uuid::from_u128(1),
        tenant: None,
        store: None,
        caller: &Caller::system(),
        at: SystemClock.now(),
    };
    let record = Record::of(&SystemIds, &change, None::<&Value>, Some(&json!({ "n": 1 })));
    let mut tx = test.db.begin().await.unwrap();
    records::write(&mut tx, "platform", &record).await.unwrap();
    tx.commit().await.unwrap();
    heard.recv().await.unwrap()
}
