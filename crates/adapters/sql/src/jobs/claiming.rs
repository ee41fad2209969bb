//! Taking jobs that are due, and those whose holder is gone.

use super::{TABLE, ids, in_lots, settling};
use crate::engine::{Db, Row, for_update_unless_locked};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::JobId;
use musubi_kernel::job::back_off::BackOff;
use musubi_kernel::job::queue::{JobStatus, Reaped};
use musubi_kernel::job::settlement::Settlement;
use musubi_kernel::job::{Job, LEASE_ENDED, Lease};
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement, SubQueryStatement, UpdateStatement};
use std::collections::BTreeMap;

const COLUMNS: [&str; 10] =
    ["id", "kind", "job_key", "payload", "tenant_id", "store_id", "attempts", "max_attempts", "due_at", "created_at"];

/// One row with a column for each kind: each is a look-up in the index, however many jobs there are.
pub(super) async fn due(db: &Db, kinds: &[&str]) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
    if kinds.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut query = Query::select();
    for (n, kind) in kinds.iter().enumerate() {
        // Not the minimum: of a backlog that its statistics do not know yet, PostgreSQL would look at every row.
        let earliest = with_status(JobStatus::Waiting)
            .column("ready_at")
            .and_where(Expr::col("kind").eq(*kind))
            .order_by("ready_at", Order::Asc)
            .order_by("id", Order::Asc)
            .limit(1)
            .to_owned();
        query.expr_as(Expr::from(SubQueryStatement::from(earliest)), format!("k{n}"));
    }
    let Some(row) = db.optional(&query).await? else { return Ok(BTreeMap::new()) };
    let mut due = BTreeMap::new();
    for (n, kind) in kinds.iter().enumerate() {
        if let Some(at) = row.get(&format!("k{n}"))? {
            due.insert((*kind).to_owned(), at);
        }
    }
    Ok(due)
}

pub(super) async fn claim(
    db: &Db,
    kind: &str,
    most: u32,
    lease: Lease,
    now: DateTime<Utc>,
) -> Result<Vec<Job>, StoreError> {
    let mut tx = db.begin().await?;
    let due = with_status(JobStatus::Waiting)
        .columns(COLUMNS)
        .and_where(Expr::col("kind").eq(kind))
        .and_where(Expr::col("ready_at").lte(now))
        .order_by("ready_at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(most))
        .to_owned();
    let rows = tx.all(&for_update_unless_locked(due)).await?;
    if rows.is_empty() {
        // What was looked at stays locked until the transaction's end: whoever claims next would pass over it.
        tx.commit().await?;
        return Ok(Vec::new());
    }
    let jobs = rows.iter().map(|row| read(row, lease)).collect::<Result<Vec<_>, _>>()?;
    let touched = tx.execute(&taking(&ids(&rows)?, lease)).await?;
    if touched != jobs.len() as u64 {
        return Err(StoreError::Conflict);
    }
    tx.commit().await?;
    Ok(jobs)
}

fn with_status(status: JobStatus) -> SelectStatement {
    Query::select().from(TABLE).and_where(Expr::col("status").eq(status.code())).to_owned()
}

fn taking(ids: &[JobId], lease: Lease) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("status", JobStatus::Running.code())
        .value("attempts", Expr::col("attempts").add(1))
        .value("ready_at", lease.until)
        .value("lease_id", lease.id.0)
        .and_where(Expr::col("id").is_in(in_lots(ids)))
        .to_owned()
}

fn read(row: &Row, lease: Lease) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.id("id")?,
        kind: row.get("kind")?,
        key: row.get("job_key")?,
        payload: row.json("payload")?,
        tenant: row.id_or_null("tenant_id")?,
        store: row.id_or_null("store_id")?,
        due_at: row.get("due_at")?,
        attempt: row.int::<u32>("attempts")?.saturating_add(1),
        max_attempts: row.int("max_attempts")?,
        created_at: row.get("created_at")?,
        lease,
    })
}

/// Whoever holds a job that is reaped may settle it just now: then its row is locked, and passed over.
pub(super) async fn reap(db: &Db, most: u32, now: DateTime<Utc>, random: u32) -> Result<Reaped, StoreError> {
    let ended = with_status(JobStatus::Running)
        .columns(["id", "lease_id", "attempts", "max_attempts"])
        .and_where(Expr::col("ready_at").lte(now))
        .order_by("ready_at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(most))
        .to_owned();
    if db.optional(&ended).await?.is_none() {
        return Ok(Reaped::default());
    }
    let mut tx = db.begin().await?;
    let mut reaped = Reaped::default();
    let mut writes = Vec::new();
    for row in tx.all(&for_update_unless_locked(ended)).await? {
        let (attempts, most): (u32, u32) = (row.int("attempts")?, row.int("max_attempts")?);
        let why = LEASE_ENDED.to_owned();
        let how = if attempts >= most {
            reaped.failed += 1;
            Settlement::Failed { attempts, why }
        } else {
            reaped.waiting += 1;
            Settlement::Waits { due_at: now + BackOff::default().after(attempts, random), attempts, why: Some(why) }
        };
        writes.push(settling::write(row.id("id")?, row.id("lease_id")?, &how, now));
    }
    tx.write_together(&writes).await?;
    tx.commit().await?;
    Ok(reaped)
}
