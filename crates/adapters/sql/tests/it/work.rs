//! Work that is done later: the same rules on each engine and on the fakes.

mod events;
mod jobs;
mod model;
mod race;
mod schedules;

use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::id::{CountingIds, IdGen, LeaseId, TenantId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobLine, JobQueue};
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::job::{Job, Lease, NewJob};
use musubi_kernel::outbox::Outbox;
use musubi_kernel::outbox::memory::OutboxInMemory;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::schedule::book::ScheduleBook;
use musubi_kernel::schedule::memory::SchedulesInMemory;
use musubi_sql::engine::Db;
use musubi_sql::records;
use musubi_sql_testing::TestDb;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Makes tests of an `async fn(Works)`: one for the fakes and one for each engine.
macro_rules! works {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::work::Works;
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            #[tokio::test]
            async fn memory() {
                super::$name(Works::in_memory()).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, on_database);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, on_database);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, on_database);
            }
            async fn on_database(test: TestDb) {
                super::$name(Works::over(&test).await).await;
            }
        }
    )+};
}
use works;

/// The ports of work, as two processes have them.
#[derive(Clone)]
pub(crate) struct Works {
    queues: [Arc<dyn JobQueue>; 2],
    outboxes: [Arc<dyn Outbox>; 2],
    books: [Arc<dyn ScheduleBook>; 2],
    happens: Happens,
    ids: Arc<dyn IdGen>,
}

/// Where events come from.
#[derive(Clone)]
enum Happens {
    InMemory(Arc<OutboxInMemory>),
    In(Db),
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    "2026-03-20T01:02:03.123456Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

impl Works {
    fn in_memory() -> Self {
        let jobs = Arc::new(JobsInMemory::default());
        let outbox = Arc::new(OutboxInMemory::new(jobs.clone()));
        let book = Arc::new(SchedulesInMemory::new(jobs.clone()));
        Self {
            queues: [jobs.clone(), jobs],
            outboxes: [outbox.clone(), outbox.clone()],
            books: [book.clone(), book],
            happens: Happens::InMemory(outbox),
            ids: Arc::new(CountingIds::default()),
        }
    }

    async fn over(test: &TestDb) -> Self {
        let (one, two) = (Arc::new(test.db.clone()), Arc::new(test.reconnect().await));
        Self {
            queues: [one.clone(), two.clone()],
            outboxes: [one.clone(), two.clone()],
            books: [one, two],
            happens: Happens::In(test.db.clone()),
            ids: Arc::new(CountingIds::default()),
        }
    }

    fn queue(&self) -> &dyn JobQueue {
        &*self.queues[0]
    }

    /// A job of a kind that is due so many seconds after the beginning, thought of before.
    fn job(&self, kind: &'static str, due: i64) -> NewJob {
        NewJob::new(&*self.ids, kind, json!({ "due": due }), at(-60)).due(at(due))
    }

    fn lease(&self, until: i64) -> Lease {
        Lease { id: LeaseId::new(&*self.ids, at(0)), until: at(until) }
    }

    /// Up to `most` jobs of a kind, for the time of a minute.
    async fn claim(&self, kind: &str, most: u32, now: i64) -> Vec<Job> {
        self.queue().claim(kind, most, self.lease(now + 60), at(now)).await.unwrap()
    }

    async fn settle(&self, job: &Job, how: Settlement, now: i64) -> u64 {
        self.queue().settle(&[settled(job, how)], at(now)).await.unwrap()
    }

    async fn all(&self) -> Vec<JobLine> {
        self.queue().list(&JobFilter::default(), 1000).await.unwrap()
    }

    /// Something happens; the event's id is the audit entry's neighbour.
    async fn happens(&self, kind: &'static str, when: i64) -> Record {
        self.happens_to(None, kind, when).await
    }

    /// Something happens to a tenant.
    async fn happens_to(&self, tenant: Option<TenantId>, kind: &'static str, when: i64) -> Record {
        let change = Change {
            kind: kind.into(),
            subject_kind: "thing",
            subject: Uuid::from_u128(7),
            tenant,
            store: None,
            caller: &Caller::system(),
            at: at(when),
        };
        let record = Record::of(&*self.ids, &change, None::<&Value>, Some(&json!({ "what": "ある事\0\n" })));
        match &self.happens {
            Happens::InMemory(outbox) => outbox.add([record.event.clone()]),
            Happens::In(db) => {
                let mut tx = db.begin().await.unwrap();
                records::write(&mut tx, "platform", &record).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        record
    }
}

fn settled(job: &Job, how: Settlement) -> Settled {
    Settled { id: job.id, lease: job.lease.id, how }
}

fn again(due: i64, attempts: u32) -> Settlement {
    Settlement::Waits { due_at: at(due), attempts, why: Some("not yet".to_owned()) }
}

fn dues(jobs: &[Job]) -> Vec<i64> {
    jobs.iter().map(|job| job.payload["due"].as_i64().unwrap()).collect()
}
