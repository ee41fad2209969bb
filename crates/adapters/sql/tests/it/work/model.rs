//! Random lives of a queue, held against the fake: workers take, settle, forget and die, while time goes on.

use super::{Works, at};
use musubi_kernel::id::JobId;
use musubi_kernel::job::back_off::BackOff;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobLine, JobQueue as _, JobStatus};
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Job, Lease, NewJob, Outcome};
use musubi_sql_testing::{Engine, TestDb, on_each_engine};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    /// A job is added that is due in so many seconds, perhaps with a key.
    Add { due: i64, key: Option<u8>, attempts: u32 },
    /// A worker takes some for a minute.
    Claim { worker: usize, most: u32 },
    /// A worker settles the oldest that it holds, or believes to hold.
    Settle { worker: usize, how: How },
    /// A worker lengthens what it holds.
    Extend { worker: usize },
    /// A worker is killed: it forgets what it held.
    Crash { worker: usize },
    /// Time goes on.
    Wait { seconds: i64 },
    /// The reaper comes.
    Reap { most: u32 },
}

#[derive(Debug, Clone, Copy)]
enum How {
    Done,
    Again,
    GivenBack,
    Failed,
}

const WORKERS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let how =
        prop_oneof![3 => Just(How::Done), 2 => Just(How::Again), 1 => Just(How::GivenBack), 1 => Just(How::Failed)];
    prop_oneof![
        4 => (-30_i64..60, prop::option::of(0_u8..4), 1_u32..4)
            .prop_map(|(due, key, attempts)| Step::Add { due, key, attempts }),
        4 => (0..WORKERS, 0_u32..4).prop_map(|(worker, most)| Step::Claim { worker, most }),
        5 => (0..WORKERS, how).prop_map(|(worker, how)| Step::Settle { worker, how }),
        1 => (0..WORKERS).prop_map(|worker| Step::Extend { worker }),
        1 => (0..WORKERS).prop_map(|worker| Step::Crash { worker }),
        3 => (1_i64..50).prop_map(|seconds| Step::Wait { seconds }),
        2 => (1_u32..5).prop_map(|most| Step::Reap { most }),
    ]
}

/// A queue and its model, at one moment of their life.
struct Life<'a> {
    works: &'a Works,
    model: JobsInMemory,
    /// Kinds keep the lives apart that share a database.
    kind: String,
    now: i64,
    serial: i64,
    held: [Vec<Job>; WORKERS],
    added: BTreeSet<JobId>,
    done: BTreeSet<JobId>,
}

impl Life<'_> {
    async fn go(&mut self, step: &Step) {
        self.serial += 1;
        match *step {
            Step::Add { due, key, attempts } => self.add(due, key, attempts).await,
            Step::Claim { worker, most } => self.claim(worker, most).await,
            Step::Settle { worker, how } => self.settle(worker, how).await,
            Step::Extend { worker } => self.extend(worker).await,
            Step::Crash { worker } => self.held[worker].clear(),
            Step::Wait { seconds } => self.now += seconds,
            Step::Reap { most } => {
                let now = at(self.now);
                // Others' jobs of the same database are not due: their time has not gone on.
                let reaped = self.works.queue().reap(most, now, 0).await.unwrap();
                assert_eq!(self.model.reap(most, now, 0).await.unwrap(), reaped);
            }
        }
        let lines = self.lines().await;
        assert_eq!(self.model.list(&self.filter(), 1000).await.unwrap(), lines, "after {step:?}");
        let there: BTreeSet<_> = lines.iter().map(|line| line.id).collect();
        assert!(self.added.difference(&self.done).all(|id| there.contains(id)), "a job is lost");
        assert!(lines.iter().all(|line| line.attempts <= line.max_attempts));
        let mut keys = BTreeSet::new();
        let unfinished = lines.iter().filter(|line| line.status != JobStatus::Failed);
        assert!(unfinished.filter_map(|line| line.key.as_ref()).all(|key| keys.insert(key)), "a key is there twice");
    }

    fn filter(&self) -> JobFilter {
        JobFilter { status: None, kind: Some(self.kind.clone()) }
    }

    async fn lines(&self) -> Vec<JobLine> {
        self.works.queue().list(&self.filter(), 1000).await.unwrap()
    }

    async fn add(&mut self, due: i64, key: Option<u8>, attempts: u32) {
        // Microseconds of its own: the order of jobs that are due at one instant is anybody's.
        let due = at(self.now + due) + chrono::TimeDelta::microseconds(self.serial);
        let mut job = NewJob::new(&*self.works.ids, self.kind.clone(), (), at(self.now)).due(due).attempts(attempts);
        job.key = key.map(|key| key.to_string());
        self.works.queue().enqueue(std::slice::from_ref(&job)).await.unwrap();
        self.model.enqueue(std::slice::from_ref(&job)).await.unwrap();
        if self.lines().await.iter().any(|line| line.id == job.id) {
            self.added.insert(job.id);
        }
    }

    async fn claim(&mut self, worker: usize, most: u32) {
        let lease = Lease { until: at(self.now + 60), ..self.works.lease(0) };
        let jobs = self.works.queue().claim(&self.kind, most, lease, at(self.now)).await.unwrap();
        assert_eq!(self.model.claim(&self.kind, most, lease, at(self.now)).await.unwrap(), jobs);
        self.held[worker].extend(jobs);
    }

    async fn settle(&mut self, worker: usize, how: How) {
        if self.held[worker].is_empty() {
            return;
        }
        let job = self.held[worker].remove(0);
        let due_at = at(self.now + 5) + chrono::TimeDelta::microseconds(self.serial);
        let settlement = |outcome| Settlement::of(&job, outcome, &BackOff::default(), at(self.now), 0);
        let how = match how {
            How::Done => Settlement::Done,
            How::Again => settlement(Outcome::Again { at: Some(due_at), why: "again".to_owned(), counts: true }),
            How::GivenBack => Settlement::given_back(&job),
            How::Failed => settlement(Outcome::failed("failed")),
        };
        let is_done = how == Settlement::Done;
        let settled = [Settled { id: job.id, lease: job.lease.id, how }];
        let count = self.works.queue().settle(&settled, at(self.now)).await.unwrap();
        assert_eq!(self.model.settle(&settled, at(self.now)).await.unwrap(), count);
        if is_done && count == 1 {
            self.done.insert(job.id);
        }
    }

    async fn extend(&mut self, worker: usize) {
        let holds: Vec<_> = self.held[worker].iter().map(|job| (job.id, job.lease.id)).collect();
        let mut still = self.works.queue().extend(&holds, at(self.now + 60)).await.unwrap();
        let mut expected = self.model.extend(&holds, at(self.now + 60)).await.unwrap();
        still.sort_unstable();
        expected.sort_unstable();
        assert_eq!(still, expected);
    }
}

async fn a_queue_lives_as_its_model(test: TestDb) {
    let works = Works::over(&test).await;
    // A file and a server beside other tests: a step takes some milliseconds.
    let lives = if test.engine() == Engine::Sqlite { 20 } else { 10 };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for n in 0..lives {
        let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).unwrap().current();
        let mut life = Life {
            works: &works,
            model: JobsInMemory::default(),
            kind: format!("life {n}"),
            now: 0,
            serial: 0,
            held: Default::default(),
            added: BTreeSet::new(),
            done: BTreeSet::new(),
        };
        for (at, taken) in steps.iter().enumerate() {
            let step = std::panic::AssertUnwindSafe(life.go(taken));
            if let Err(panic) = futures_util::FutureExt::catch_unwind(step).await {
                eprintln!("life {n}, step {at} of {steps:#?}");
                std::panic::resume_unwind(panic);
            }
        }
        // Nothing of this life is left to the reaper of the next.
        let waiting = JobFilter { status: Some(JobStatus::Running), kind: Some(life.kind.clone()) };
        while !works.queue().list(&waiting, 1).await.unwrap().is_empty() {
            works.queue().reap(100, at(life.now + 1000), 0).await.unwrap();
        }
    }
}
on_each_engine!(a_queue_lives_as_its_model);
