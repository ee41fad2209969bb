//! The work that every installation has: tidying away what is over. Nothing of it is needed for correctness.
//!
//! | job | when | what |
//! |---|---|---|
//! | `upkeep.holds` | each minute | holds that have ended |
//! | `upkeep.answers` | each minute | answers of idempotent requests that are not given any more, and what lasts for minutes |
//! | `upkeep.sign_ins` | each hour | sessions and one-time tokens that have been over for 30 days |
//! | `upkeep.work` | each night at 3:30 in Japan | events passed on that are 30 days old, failed jobs after 90 days, what was noted of handled events after 100 |
//! | `upkeep.retention` | each night at 3:30 in Japan | what is kept for [months](musubi_sql::retention): histories, logs |
//!
//! Each deletes in small transactions, with pauses between them, so that no writer waits for it for long.

use crate::work::Work;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use musubi_booking::ports::BookingStore as _;
use musubi_identity::ephemeral::Ephemeral as _;
use musubi_identity::people::ports::PeopleStore as _;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::job::{Job, JobHandler, Outcome};
use musubi_kernel::outbox::Outbox as _;
use musubi_kernel::schedule::Schedule;
use musubi_kernel::schedule::rhythm::Rhythm;
use musubi_kernel::wall_time::WallTime;
use musubi_sql::booking::SqlBookings;
use musubi_sql::retention::RETENTIONS;
use musubi_sql::{SqlStore, idempotency, retention, system_log};
use std::sync::Arc;
use std::time::Duration;

/// How long sessions and one-time tokens are kept after they are over.
const SIGN_INS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long events are kept.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long failed jobs are kept.
const FAILED_KEPT: TimeDelta = TimeDelta::days(90);
/// How long it is known that an event was handled: longer than a failed job can be tried again.
const HANDLED_KEPT: TimeDelta = TimeDelta::days(100);

/// The most rows that are deleted in one transaction.
const AT_ONCE: u32 = 1000;
/// The pause between two.
const PAUSE: Duration = Duration::from_millis(20);

const EACH_MINUTE: Rhythm = Rhythm::Every(TimeDelta::minutes(1));
const EACH_HOUR: Rhythm = Rhythm::Every(TimeDelta::hours(1));

/// Tidying of this database.
pub fn work(store: &SqlStore, ids: &Arc<dyn IdGen>, clock: &Arc<dyn Clock>) -> Work {
    let bookings = Arc::new(SqlBookings::new(store.clone(), Arc::clone(ids)));
    let at_night = WallTime::from_minutes(3 * 60 + 30).map_or(EACH_HOUR, Rhythm::Daily);
    let tidying =
        |name, rhythm, tidy: Tidy| (Schedule::new(name, rhythm), Tidying { name, tidy, clock: Arc::clone(clock) });
    let all = [
        tidying("upkeep.holds", EACH_MINUTE, Box::new(move |now| Box::pin(holds(Arc::clone(&bookings), now)))),
        tidying("upkeep.answers", EACH_MINUTE, over(store, answers)),
        tidying("upkeep.sign_ins", EACH_HOUR, over(store, sign_ins)),
        tidying("upkeep.work", at_night, over(store, work_that_is_over)),
        tidying("upkeep.retention", at_night, kept_no_longer(store, ids)),
    ];
    all.into_iter().fold(Work::default(), |work, (schedule, handler)| work.scheduled(schedule, handler))
}

/// Deletes what is over at an instant; how many rows.
type Tidy = Box<dyn Fn(DateTime<Utc>) -> BoxFuture<'static, Result<u64, StoreError>> + Send + Sync>;

fn over<F>(store: &SqlStore, tidy: fn(SqlStore, DateTime<Utc>) -> F) -> Tidy
where
    F: Future<Output = Result<u64, StoreError>> + Send + 'static,
{
    let store = store.clone();
    Box::new(move |now| Box::pin(tidy(store.clone(), now)))
}

/// Deletes what is kept no longer, table by table, and writes down how much that was. After a failure, what went before it is not
/// told of; what is left goes the next time.
fn kept_no_longer(store: &SqlStore, ids: &Arc<dyn IdGen>) -> Tidy {
    let (db, ids) = (store.db.clone(), Arc::clone(ids));
    Box::new(move |now| {
        let (db, ids) = (db.clone(), Arc::clone(&ids));
        Box::pin(async move {
            let mut gone = Vec::with_capacity(RETENTIONS.len());
            for one in RETENTIONS {
                gone.push((one.table, one.apply(&db, now).await?));
            }
            if let Some(entry) = retention::entry(&*ids, &gone, now) {
                system_log::write(&db, &entry).await?;
            }
            Ok(gone.iter().map(|(_, rows)| rows).sum())
        })
    })
}

struct Tidying {
    name: &'static str,
    tidy: Tidy,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl JobHandler for Tidying {
    fn kind(&self) -> &str {
        self.name
    }

    fn time_limit(&self) -> Duration {
        Duration::from_mins(10)
    }

    async fn run(&self, _: &Job) -> Outcome {
        match (self.tidy)(self.clock.now()).await {
            Ok(rows) => {
                if rows > 0 {
                    tracing::debug!(rows, what = self.name, "deleted what was over");
                }
                Outcome::Done
            }
            Err(error) => error.into(),
        }
    }
}

async fn holds(bookings: Arc<SqlBookings>, now: DateTime<Utc>) -> Result<u64, StoreError> {
    in_batches(|| bookings.tidy_holds(now, AT_ONCE)).await
}

async fn answers(store: SqlStore, now: DateTime<Utc>) -> Result<u64, StoreError> {
    Ok(idempotency::tidy(&store.db, now).await? + store.clear(now).await?)
}

async fn sign_ins(store: SqlStore, now: DateTime<Utc>) -> Result<u64, StoreError> {
    store.forget(now - SIGN_INS_KEPT).await
}

async fn work_that_is_over(SqlStore { db, .. }: SqlStore, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let events = in_batches(|| db.forget_events(now - EVENTS_KEPT, AT_ONCE)).await?;
    let failed = in_batches(|| db.forget_failed(now - FAILED_KEPT, AT_ONCE)).await?;
    Ok(events + failed + in_batches(|| db.forget_handled(now - HANDLED_KEPT, AT_ONCE)).await?)
}

/// Deletes until a transaction finds less than it may delete.
async fn in_batches<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut all = 0;
    loop {
        let rows = step().await?;
        all += rows;
        if rows < u64::from(AT_ONCE) {
            return Ok(all);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
