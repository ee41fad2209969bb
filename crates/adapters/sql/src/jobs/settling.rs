//! How it goes on with jobs that are held. Every statement names the claim: of a job that was lost, nothing is written.

use super::{TABLE, ids, in_lots};
use crate::engine::{Db, Write};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{JobId, LeaseId};
use musubi_kernel::job::queue::JobStatus;
use musubi_kernel::job::settlement::{Settled, Settlement};
use musubi_kernel::retry::{NoPause, retrying};
use sea_query::{Condition, Expr, ExprTrait as _, Query, UpdateStatement};
use std::collections::BTreeMap;

pub(super) async fn settle(db: &Db, settled: &[Settled], now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut done: BTreeMap<LeaseId, Vec<JobId>> = BTreeMap::new();
    let mut writes = Vec::new();
    for Settled { id, lease, how } in settled {
        match how {
            Settlement::Done => done.entry(*lease).or_default().push(*id),
            other => writes.push(write(*id, *lease, other, now)),
        }
    }
    writes.extend(done.iter().map(|(lease, ids)| removing(ids, *lease)));
    retrying(&NoPause, || async {
        let mut tx = db.begin().await?;
        let touched = tx.count_together(&writes).await?;
        tx.commit().await?;
        Ok(touched.iter().sum())
    })
    .await
}

pub(super) async fn extend(
    db: &Db,
    held: &[(JobId, LeaseId)],
    until: DateTime<Utc>,
) -> Result<Vec<(JobId, LeaseId)>, StoreError> {
    let mut by_lease: BTreeMap<LeaseId, Vec<JobId>> = BTreeMap::new();
    for (id, lease) in held {
        by_lease.entry(*lease).or_default().push(*id);
    }
    let writes: Vec<_> = by_lease.iter().map(|(lease, ids)| Write::any(lengthening(ids, *lease, until))).collect();
    retrying(&NoPause, || async {
        let mut tx = db.begin().await?;
        let touched = tx.count_together(&writes).await?;
        let mut still = Vec::new();
        for ((lease, asked), touched) in by_lease.iter().zip(touched) {
            let kept = if touched == asked.len() as u64 {
                asked.clone()
            } else {
                let query = Query::select().column("id").from(TABLE).cond_where(held_by(asked, *lease)).to_owned();
                ids(&tx.all(&query).await?)?
            };
            still.extend(kept.into_iter().map(|id| (id, *lease)));
        }
        tx.commit().await?;
        Ok(still)
    })
    .await
}

/// What writes how it goes on with one job.
pub(super) fn write(id: JobId, lease: LeaseId, how: &Settlement, now: DateTime<Utc>) -> Write {
    match how {
        Settlement::Done => removing(&[id], lease),
        Settlement::Waits { due_at, attempts, why } => {
            let mut update = going_on(id, lease, JobStatus::Waiting, *attempts);
            update.value("due_at", *due_at).value("ready_at", *due_at);
            if let Some(why) = why {
                update.value("last_error", why.as_str());
            }
            Write::any(update).leaving_work()
        }
        Settlement::Failed { attempts, why } => {
            let mut update = going_on(id, lease, JobStatus::Failed, *attempts);
            update.value("live", None::<i32>).value("ready_at", now).value("last_error", why.as_str());
            Write::any(update)
        }
    }
}

fn held_by(ids: &[JobId], lease: LeaseId) -> Condition {
    Condition::all()
        .add(Expr::col("id").is_in(in_lots(ids)))
        .add(Expr::col("lease_id").eq(lease.0))
        .add(Expr::col("status").eq(JobStatus::Running.code()))
}

fn removing(ids: &[JobId], lease: LeaseId) -> Write {
    Write::any(Query::delete().from_table(TABLE).cond_where(held_by(ids, lease)).to_owned())
}

fn lengthening(ids: &[JobId], lease: LeaseId, until: DateTime<Utc>) -> UpdateStatement {
    Query::update().table(TABLE).value("ready_at", until).cond_where(held_by(ids, lease)).to_owned()
}

fn going_on(id: JobId, lease: LeaseId, status: JobStatus, attempts: u32) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("status", status.code())
        .value("attempts", i32::try_from(attempts).unwrap_or(i32::MAX))
        .value("lease_id", None::<uuid::Uuid>)
        .cond_where(held_by(&[id], lease))
        .to_owned()
}
