//! Jobs: work that is done later.
//!
//! A use case puts [`adding`] into its own transaction. `ready_at` is when somebody must look at a row, whatever it is: so one
//! index, by status, kind, that instant and id, serves who claims, who reaps and who lists. A job that is done is deleted.
//!
//! Whoever claims passes over rows that another has locked. On a multi-primary cluster, where such locks stay on their node,
//! two may take the same rows; then one of them fails at commit, as both have written them.

mod adding;
mod claiming;
mod failed;
mod list;
mod settling;

pub use adding::adding;

use crate::engine::{Db, Engine, Row};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{JobId, LeaseId};
use musubi_kernel::job::queue::{JobFilter, JobLine, JobQueue, KindStats, Reaped, Retried, Retry};
use musubi_kernel::job::settlement::Settled;
use musubi_kernel::job::{Job, Lease, NewJob};
use musubi_kernel::retry::{NoPause, retrying};
use sea_query::{DeleteStatement, Expr, ExprTrait as _, Order, Query, SelectStatement};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

const TABLE: &str = "jobs";

#[async_trait]
impl JobQueue for Db {
    async fn enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let writes = adding(jobs);
        // Whoever adds a key at the same time is first: the next time it is known.
        retrying(&NoPause, || async {
            let mut tx = self.begin().await?;
            tx.write_together(&writes).await?;
            tx.commit().await
        })
        .await
    }

    async fn due(&self, kinds: &[&str]) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
        claiming::due(self, kinds).await
    }

    async fn claim(&self, kind: &str, most: u32, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Job>, StoreError> {
        claiming::claim(self, kind, most, lease, now).await
    }

    async fn settle(&self, settled: &[Settled], now: DateTime<Utc>) -> Result<u64, StoreError> {
        settling::settle(self, settled, now).await
    }

    async fn extend(
        &self,
        held: &[(JobId, LeaseId)],
        until: DateTime<Utc>,
    ) -> Result<Vec<(JobId, LeaseId)>, StoreError> {
        settling::extend(self, held, until).await
    }

    async fn reap(&self, most: u32, now: DateTime<Utc>, random: u32) -> Result<Reaped, StoreError> {
        claiming::reap(self, most, now, random).await
    }

    async fn stats(&self) -> Result<BTreeMap<String, KindStats>, StoreError> {
        list::stats(self).await
    }

    async fn list(&self, filter: &JobFilter, limit: u32) -> Result<Vec<JobLine>, StoreError> {
        list::list(self, filter, limit).await
    }

    async fn retry(&self, which: &Retry, now: DateTime<Utc>) -> Result<Retried, StoreError> {
        failed::retry(self, which, now).await
    }

    async fn forget_failed(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        self.forget(TABLE, &failed::before(before, most)).await
    }

    async fn news(&self) {
        Self::news(self).await;
    }
}

/// The most rows that are forgotten in one transaction, and the pause before the next.
pub(crate) const LOT: u64 = 1000;
pub(crate) const BETWEEN_LOTS: Duration = Duration::from_millis(20);

impl Db {
    /// Deletes the rows of a table whose ids a query finds, lot by lot; how many.
    pub(crate) async fn forget_in_lots(&self, table: &'static str, old: &SelectStatement) -> Result<u64, StoreError> {
        let lot = old.clone().limit(LOT).to_owned();
        let mut gone = 0;
        loop {
            let some = self.forget(table, &lot).await?;
            gone += some;
            if some < LOT {
                return Ok(gone);
            }
            tokio::time::sleep(BETWEEN_LOTS).await;
        }
    }

    /// Deletes the rows of a table whose ids a query finds; how many.
    pub(crate) async fn forget(&self, table: &'static str, old: &SelectStatement) -> Result<u64, StoreError> {
        let ids = self.all(old).await?.iter().map(|row| row.get("id")).collect::<Result<Vec<Uuid>, _>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let gone = tx.execute(&removing_rows(self.engine(), table, &ids)).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// What removes these rows. MariaDB would rather look through the whole of a small table, and wait for rows of it that others have
/// locked; told an order and a number, it goes by the ids.
pub(crate) fn removing_rows(engine: Engine, table: &'static str, ids: &[Uuid]) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(table).and_where(Expr::col("id").is_in(ids.iter().copied()));
    if engine == Engine::MariaDb {
        delete.order_by("id", Order::Asc).limit(ids.len() as u64);
    }
    delete
}

/// The ids, the last one again and again up to a power of two: so lots of every size share a handful of statements, which stay
/// prepared.
fn in_lots(ids: &[JobId]) -> impl Iterator<Item = Uuid> {
    let last = ids.last().map(|last| last.0);
    let more = ids.len().next_power_of_two() - ids.len();
    ids.iter().map(|id| id.0).chain(last.into_iter().flat_map(move |last| std::iter::repeat_n(last, more)))
}

fn ids(rows: &[Row]) -> Result<Vec<JobId>, StoreError> {
    rows.iter().map(|row| row.id("id")).collect()
}
