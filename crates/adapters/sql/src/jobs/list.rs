//! Jobs as operators see them.

use super::TABLE;
use crate::engine::{Db, Row};
use musubi_kernel::error::StoreError;
use musubi_kernel::job::queue::{JobFilter, JobLine, JobStatus, KindStats};
use sea_query::{Expr, ExprTrait as _, Func, Order, Query, SelectStatement};
use std::collections::BTreeMap;

const COLUMNS: [&str; 13] = [
    "id",
    "kind",
    "status",
    "job_key",
    "tenant_id",
    "store_id",
    "payload",
    "attempts",
    "max_attempts",
    "due_at",
    "ready_at",
    "created_at",
    "last_error",
];

pub(super) async fn list(db: &Db, filter: &JobFilter, limit: u32) -> Result<Vec<JobLine>, StoreError> {
    let statuses = filter.status.map_or_else(|| JobStatus::ALL.to_vec(), |status| vec![status]);
    let mut lines = Vec::new();
    for status in statuses {
        let room = u64::from(limit).saturating_sub(lines.len() as u64);
        for row in db.all(&listed(status, filter.kind.as_deref(), room)).await? {
            lines.push(read(&row, status)?);
        }
    }
    Ok(lines)
}

/// In the order of the index, whichever kind is asked for.
fn listed(status: JobStatus, kind: Option<&str>, limit: u64) -> SelectStatement {
    let mut query = Query::select();
    query.columns(COLUMNS).from(TABLE).and_where(Expr::col("status").eq(status.code())).limit(limit);
    if let Some(kind) = kind {
        query.and_where(Expr::col("kind").eq(kind));
    }
    for column in ["kind", "ready_at", "id"] {
        query.order_by(column, Order::Asc);
    }
    query
}

fn read(row: &Row, status: JobStatus) -> Result<JobLine, StoreError> {
    let failed_at = (status == JobStatus::Failed).then(|| row.get("ready_at")).transpose()?;
    Ok(JobLine {
        id: row.id("id")?,
        kind: row.get("kind")?,
        status,
        key: row.get("job_key")?,
        tenant: row.id_or_null("tenant_id")?,
        store: row.id_or_null("store_id")?,
        payload: row.json("payload")?,
        attempts: row.int("attempts")?,
        max_attempts: row.int("max_attempts")?,
        due_at: row.get("due_at")?,
        created_at: row.get("created_at")?,
        failed_at,
        last_error: row.get("last_error")?,
    })
}

pub(super) async fn stats(db: &Db) -> Result<BTreeMap<String, KindStats>, StoreError> {
    let query = Query::select()
        .columns(["status", "kind"])
        .expr_as(Func::count(Expr::cust("*")), "n")
        .expr_as(Func::min(Expr::col("ready_at")), "earliest")
        .from(TABLE)
        .group_by_columns(["status", "kind"])
        .to_owned();
    let mut all: BTreeMap<String, KindStats> = BTreeMap::new();
    for row in db.all(&query).await? {
        let stats = all.entry(row.get("kind")?).or_default();
        let count = row.int("n")?;
        match row.code("status", JobStatus::from_code)? {
            JobStatus::Waiting => {
                stats.waiting = count;
                stats.due_at = row.get("earliest")?;
            }
            JobStatus::Running => stats.running = count,
            JobStatus::Failed => stats.failed = count,
        }
    }
    Ok(all)
}
