//! A fake of the [port](super::queue), for tests and for embedding without a database.

use super::back_off::BackOff;
use super::queue::{JobFilter, JobLine, JobQueue, JobStatus, KindStats, Reaped, Retried, Retry};
use super::settlement::{Settled, Settlement};
use super::{Job, LEASE_ENDED, Lease, NewJob};
use crate::error::StoreError;
use crate::id::{JobId, LeaseId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

#[derive(Debug, Clone)]
struct Row {
    new: NewJob,
    status: JobStatus,
    attempts: u32,
    lease: Option<Lease>,
    failed_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

impl Row {
    /// When somebody has to look at it: as of a waiting, a running, a failed one.
    fn ready_at(&self) -> DateTime<Utc> {
        let lease_ends = self.lease.map(|lease| lease.until);
        lease_ends.or(self.failed_at).unwrap_or(self.new.due_at)
    }

    fn is_held_by(&self, lease: LeaseId) -> bool {
        self.status == JobStatus::Running && self.lease.is_some_and(|held| held.id == lease)
    }

    fn wait(&mut self, due_at: DateTime<Utc>, attempts: u32, why: Option<String>) {
        self.status = JobStatus::Waiting;
        self.failed_at = None;
        self.new.due_at = due_at;
        self.attempts = attempts;
        self.lease = None;
        if why.is_some() {
            self.last_error = why;
        }
    }

    fn fail(&mut self, attempts: u32, why: String, at: DateTime<Utc>) {
        self.status = JobStatus::Failed;
        self.attempts = attempts;
        self.lease = None;
        self.failed_at = Some(at);
        self.last_error = Some(why);
    }

    fn job(&self, lease: Lease) -> Job {
        let new = self.new.clone();
        Job {
            id: new.id,
            kind: new.kind.into_owned(),
            key: new.key,
            payload: new.payload,
            tenant: new.tenant,
            store: new.store,
            due_at: new.due_at,
            attempt: self.attempts,
            max_attempts: new.max_attempts,
            created_at: new.created_at,
            lease,
        }
    }

    fn line(&self) -> JobLine {
        let new = self.new.clone();
        JobLine {
            id: new.id,
            kind: new.kind.into_owned(),
            status: self.status,
            key: new.key,
            tenant: new.tenant,
            store: new.store,
            payload: new.payload,
            attempts: self.attempts,
            max_attempts: new.max_attempts,
            due_at: new.due_at,
            created_at: new.created_at,
            failed_at: self.failed_at,
            last_error: self.last_error.clone(),
        }
    }
}

#[derive(Debug, Default)]
struct Kept {
    rows: BTreeMap<JobId, Row>,
    news: bool,
    waker: Option<Waker>,
}

impl Kept {
    fn is_taken(&self, kind: &str, key: Option<&str>) -> bool {
        key.is_some()
            && self
                .rows
                .values()
                .any(|row| row.status != JobStatus::Failed && row.new.kind == kind && row.new.key.as_deref() == key)
    }

    fn add(&mut self, job: &NewJob) {
        if !self.is_taken(&job.kind, job.key.as_deref()) {
            let row = Row {
                new: job.clone(),
                status: JobStatus::Waiting,
                attempts: 0,
                lease: None,
                failed_at: None,
                last_error: None,
            };
            self.rows.insert(job.id, row);
        }
    }

    fn tell(&mut self) {
        self.news = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Jobs in memory.
#[derive(Debug, Default)]
pub struct JobsInMemory(Mutex<Kept>);

impl JobsInMemory {
    /// There may be something to do.
    pub fn tell(&self) {
        self.kept().tell();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no holder panics")
    }
}

/// Of those that fit, the `most` that were to be looked at first.
fn earliest(kept: &Kept, most: u32, fits: impl Fn(&Row) -> bool) -> Vec<JobId> {
    let mut found: Vec<_> =
        kept.rows.values().filter(|row| fits(row)).map(|row| (row.ready_at(), row.new.id)).collect();
    found.sort_unstable();
    found.into_iter().take(most as usize).map(|(_, id)| id).collect()
}

#[async_trait]
impl JobQueue for JobsInMemory {
    async fn enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let mut kept = self.kept();
        for job in jobs {
            kept.add(job);
        }
        kept.tell();
        Ok(())
    }

    async fn due(&self, kinds: &[&str]) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
        let stats = self.stats().await?;
        let due = stats.into_iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        Ok(due.filter_map(|(kind, stats)| stats.due_at.map(|due_at| (kind, due_at))).collect())
    }

    async fn claim(&self, kind: &str, most: u32, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Job>, StoreError> {
        let mut kept = self.kept();
        let due = earliest(&kept, most, |row| {
            row.status == JobStatus::Waiting && row.new.kind == kind && row.new.due_at <= now
        });
        let claimed = due.iter().filter_map(|id| {
            let row = kept.rows.get_mut(id)?;
            row.status = JobStatus::Running;
            row.attempts += 1;
            row.lease = Some(lease);
            Some(row.job(lease))
        });
        Ok(claimed.collect())
    }

    async fn settle(&self, settled: &[Settled], now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let mut count = 0;
        for Settled { id, lease, how } in settled {
            let Some(row) = kept.rows.get_mut(id).filter(|row| row.is_held_by(*lease)) else { continue };
            count += 1;
            match how.clone() {
                Settlement::Done => drop(kept.rows.remove(id)),
                Settlement::Waits { due_at, attempts, why } => row.wait(due_at, attempts, why),
                Settlement::Failed { attempts, why } => row.fail(attempts, why, now),
            }
        }
        kept.tell();
        Ok(count)
    }

    async fn extend(
        &self,
        held: &[(JobId, LeaseId)],
        until: DateTime<Utc>,
    ) -> Result<Vec<(JobId, LeaseId)>, StoreError> {
        let mut kept = self.kept();
        let mut still = Vec::new();
        for (id, lease) in held {
            if let Some(row) = kept.rows.get_mut(id).filter(|row| row.is_held_by(*lease)) {
                row.lease = Some(Lease { id: *lease, until });
                still.push((*id, *lease));
            }
        }
        Ok(still)
    }

    async fn reap(&self, most: u32, now: DateTime<Utc>, random: u32) -> Result<Reaped, StoreError> {
        let mut kept = self.kept();
        let ended = |row: &Row| row.status == JobStatus::Running && row.lease.is_none_or(|lease| lease.until <= now);
        let mut reaped = Reaped::default();
        for id in earliest(&kept, most, ended) {
            let Some(row) = kept.rows.get_mut(&id) else { continue };
            if row.attempts >= row.new.max_attempts {
                row.fail(row.attempts, LEASE_ENDED.to_owned(), now);
                reaped.failed += 1;
            } else {
                let due_at = now + BackOff::default().after(row.attempts, random);
                row.wait(due_at, row.attempts, Some(LEASE_ENDED.to_owned()));
                reaped.waiting += 1;
            }
        }
        Ok(reaped)
    }

    async fn stats(&self) -> Result<BTreeMap<String, KindStats>, StoreError> {
        let mut all: BTreeMap<String, KindStats> = BTreeMap::new();
        for row in self.kept().rows.values() {
            let stats = all.entry(row.new.kind.clone().into_owned()).or_default();
            match row.status {
                JobStatus::Waiting => {
                    stats.waiting += 1;
                    stats.due_at = Some(stats.due_at.map_or(row.new.due_at, |due_at| due_at.min(row.new.due_at)));
                }
                JobStatus::Running => stats.running += 1,
                JobStatus::Failed => stats.failed += 1,
            }
        }
        Ok(all)
    }

    async fn list(&self, filter: &JobFilter, limit: u32) -> Result<Vec<JobLine>, StoreError> {
        let kept = self.kept();
        let fits = |row: &&Row| {
            filter.status.is_none_or(|status| row.status == status)
                && filter.kind.as_ref().is_none_or(|kind| row.new.kind == *kind)
        };
        let mut rows: Vec<_> = kept.rows.values().filter(fits).collect();
        rows.sort_by_key(|row| (row.status, row.new.kind.clone(), row.ready_at(), row.new.id));
        Ok(rows.into_iter().take(limit as usize).map(Row::line).collect())
    }

    async fn retry(&self, which: &Retry, now: DateTime<Utc>) -> Result<Retried, StoreError> {
        let mut kept = self.kept();
        let chosen = |row: &Row| {
            row.status == JobStatus::Failed
                && match which {
                    Retry::Ids(ids) => ids.contains(&row.new.id),
                    Retry::Kind(kind) => row.new.kind == *kind,
                }
        };
        let mut retried = Retried::default();
        let failed: Vec<_> = kept.rows.values().filter(|row| chosen(row)).map(|row| row.new.id).collect();
        for id in failed {
            let Some(row) = kept.rows.get(&id).cloned() else { continue };
            if kept.is_taken(&row.new.kind, row.new.key.as_deref()) {
                retried.superseded += 1;
            } else if let Some(row) = kept.rows.get_mut(&id) {
                row.wait(now, 0, None);
                retried.again += 1;
            }
        }
        kept.tell();
        Ok(retried)
    }

    async fn forget_failed(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let old = earliest(&kept, most, |row| row.failed_at.is_some_and(|at| at < before));
        for id in &old {
            kept.rows.remove(id);
        }
        Ok(old.len() as u64)
    }

    async fn news(&self) {
        poll_fn(|context| {
            let mut kept = self.kept();
            if std::mem::take(&mut kept.news) {
                return Poll::Ready(());
            }
            kept.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
