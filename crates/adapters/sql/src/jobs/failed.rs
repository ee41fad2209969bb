//! Jobs that were tried often enough.

use super::TABLE;
use crate::engine::{Db, Row, Tx, Write, for_update};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::job::queue::{JobStatus, Retried, Retry};
use musubi_kernel::retry::{NoPause, retrying};
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many are let go on in one transaction.
const AT_ONCE: u64 = 500;

/// What a job is once by.
type Key = (String, Option<String>);

pub(super) async fn retry(db: &Db, which: &Retry, now: DateTime<Utc>) -> Result<Retried, StoreError> {
    let mut retried = Retried::default();
    let mut after = Uuid::nil();
    loop {
        let step = retrying(&NoPause, || step(db, which, after, now)).await?;
        retried.again += step.retried.again;
        retried.superseded += step.retried.superseded;
        match step.last {
            Some(last) => after = last,
            None => return Ok(retried),
        }
    }
}

struct Step {
    retried: Retried,
    last: Option<Uuid>,
}

async fn step(db: &Db, which: &Retry, after: Uuid, now: DateTime<Utc>) -> Result<Step, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx.all(&for_update(chosen(which, after))).await?;
    let last = rows.last().map(|row| row.get("id")).transpose()?;
    let mut taken = taken(&mut tx, &rows).await?;
    let mut free = Vec::new();
    for row in &rows {
        let key = key(row)?;
        if key.1.is_none() || taken.insert(key) {
            free.push(row.get::<Uuid>("id")?);
        }
    }
    let retried = Retried { again: free.len() as u64, superseded: (rows.len() - free.len()) as u64 };
    if !free.is_empty() {
        tx.write_together(&[again(&free, now)]).await?;
    }
    tx.commit().await?;
    Ok(Step { retried, last })
}

fn failed() -> SelectStatement {
    Query::select().from(TABLE).and_where(Expr::col("status").eq(JobStatus::Failed.code())).to_owned()
}

fn chosen(which: &Retry, after: Uuid) -> SelectStatement {
    let these = match which {
        Retry::Ids(ids) => Expr::col("id").is_in(ids.iter().map(|id| id.0)),
        Retry::Kind(kind) => Expr::col("kind").eq(kind.as_str()),
    };
    failed()
        .columns(["id", "kind", "job_key"])
        .and_where(these)
        .and_where(Expr::col("id").gt(after))
        .order_by("id", Order::Asc)
        .limit(AT_ONCE)
        .to_owned()
}

fn key(row: &Row) -> Result<Key, StoreError> {
    Ok((row.get("kind")?, row.get("job_key")?))
}

/// The keys of these jobs that unfinished jobs have.
async fn taken(tx: &mut Tx, rows: &[Row]) -> Result<BTreeSet<Key>, StoreError> {
    let mut keys = Condition::any();
    for row in rows {
        if let (kind, Some(key)) = key(row)? {
            keys = keys.add(Expr::col("kind").eq(kind).and(Expr::col("job_key").eq(key)));
        }
    }
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = Query::select()
        .columns(["kind", "job_key"])
        .from(TABLE)
        .and_where(Expr::col("live").eq(1))
        .cond_where(keys)
        .to_owned();
    tx.all(&query).await?.iter().map(key).collect()
}

fn again(ids: &[Uuid], now: DateTime<Utc>) -> Write {
    let update = Query::update()
        .table(TABLE)
        .value("status", JobStatus::Waiting.code())
        .value("live", 1)
        .value("attempts", 0)
        .value("due_at", now)
        .value("ready_at", now)
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .and_where(Expr::col("status").eq(JobStatus::Failed.code()))
        .to_owned();
    Write::rows(update, ids.len()).leaving_work()
}

/// The ids of those that failed before `before`.
pub(super) fn before(before: DateTime<Utc>, most: u32) -> SelectStatement {
    failed().column("id").and_where(Expr::col("ready_at").lt(before)).limit(u64::from(most)).to_owned()
}
