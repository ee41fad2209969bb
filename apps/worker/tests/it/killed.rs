//! Workers that are killed: no job is lost, each is done at least once, and what one was at is done by another.
//!
//! The workers are processes of their own: this very program, told to run the one test that is a worker when it is asked to be.

use async_trait::async_trait;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_kernel::job::{Job, JobHandler, NewJob, Outcome};
use musubi_sql::engine::{Db, PoolSettings};
use musubi_sql_testing::{TestDb, on_each_engine};
use musubi_worker::engine::{Engine, Limits};
use musubi_worker::start;
use musubi_worker::work::Work;
use sea_query::Query;
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The address of the database at which this process is a worker.
const BE_A_WORKER: &str = "MUSUBI_TEST_BE_A_WORKER";
const JOBS: usize = 400;
const KILLS: usize = 8;
const LEASE: Duration = Duration::from_millis(1500);

/// Notes in the database that a job was done: a row for each time, in a table that takes rows of any kind.
struct Note(Db);

#[async_trait]
impl JobHandler for Note {
    fn kind(&self) -> &'static str {
        "note"
    }
    async fn run(&self, job: &Job) -> Outcome {
        let now = SystemClock.now();
        let note = Query::insert()
            .into_table("handled_events")
            .columns(["event_id", "subscriber", "handled_at"])
            .values_panic([job.id.0.into(), SystemIds.uuid(now).to_string().into(), now.into()])
            .to_owned();
        let noted = async {
            let mut tx = self.0.begin().await?;
            tx.exactly_one(&note).await?;
            tx.commit().await
        };
        let noted = noted.await;
        // Time in which it is done and not settled: here most are killed.
        tokio::time::sleep(Duration::from_millis(15)).await;
        noted.into()
    }
}

/// No test, but a worker, when the environment says so.
#[test]
fn a_worker_when_asked() {
    let Ok(url) = std::env::var(BE_A_WORKER) else { return };
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let db = Db::connect(&url, PoolSettings { max_connections: 6, ..PoolSettings::default() }).await.unwrap();
        let ids: Arc<dyn IdGen> = Arc::new(SystemIds);
        let limits = Limits { jobs_at_once: 8, lease: LEASE, poll: Duration::from_millis(100), ..Limits::default() };
        let engine = Engine::new(start::ports(&db, &ids), Work::default().handler(Note(db.clone())), limits);
        engine.run(std::future::pending(), Duration::ZERO).await;
    });
}

/// A worker in a process of its own; killed when it is dropped.
struct Worker(Child);

impl Worker {
    fn begin(test: &TestDb) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "killed::a_worker_when_asked"]).env(BE_A_WORKER, test.url());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn left(test: &TestDb) -> usize {
    test.db.list(&JobFilter::default(), 10_000).await.unwrap().len()
}

async fn times_done(test: &TestDb) -> BTreeMap<Uuid, usize> {
    let query = Query::select().column("event_id").from("handled_events").to_owned();
    let mut times = BTreeMap::new();
    for row in test.db.all(&query).await.unwrap() {
        *times.entry(row.get("event_id").unwrap()).or_default() += 1;
    }
    times
}

/// Waits until not more than so many jobs are left.
async fn until_left(test: &TestDb, most: usize) {
    let patience = async {
        while left(test).await > most {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(2), patience).await.is_ok(), "{} jobs are left", left(test).await);
}

async fn no_job_is_lost_when_workers_are_killed(test: TestDb) {
    let jobs: Vec<_> = (0..JOBS).map(|_| NewJob::new(&SystemIds, "note", (), SystemClock.now())).collect();
    for some in jobs.chunks(100) {
        test.db.enqueue(some).await.unwrap();
    }
    let mut workers: Vec<_> = (0..3).map(|_| Worker::begin(&test)).collect();
    for kill in 1..=KILLS {
        until_left(&test, JOBS - kill * JOBS / (KILLS + 2)).await;
        let victim = kill % workers.len();
        drop(workers.remove(victim));
        workers.push(Worker::begin(&test));
    }
    until_left(&test, 0).await;
    drop(workers);
    let times = times_done(&test).await;
    let undone: Vec<_> = jobs.iter().filter(|job| !times.contains_key(&job.id.0)).collect();
    assert!(undone.is_empty(), "{} jobs were lost", undone.len());
    let again: usize = times.values().map(|times| times - 1).sum();
    // Only what a killed worker was at is done again: eight jobs at most.
    assert!(again <= KILLS * 8, "{again} of {JOBS} jobs were done again");
}
on_each_engine!(no_job_is_lost_when_workers_are_killed);
