//! The port that keeps jobs. Its fake is in [`memory`](super::memory).

use super::settlement::Settled;
use super::{Job, Lease, NewJob};
use crate::error::StoreError;
use crate::id::{JobId, LeaseId, StoreId, TenantId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

crate::codes! {
    /// How it stands with a job. One that is done is gone.
    JobStatus {
        /// It is to be done.
        Waiting = "waiting",
        /// A worker holds it.
        Running = "running",
        /// It was tried often enough, or can never be done. It stays until somebody retries it, or for 90 days.
        Failed = "failed",
    }
}

/// Keeps jobs.
///
/// Instants come from the caller: whoever claims and whoever reaps should have clocks that agree to within a few seconds.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Adds jobs, all or none; of those with a key, those alone whose key no unfinished job of the kind has.
    async fn enqueue(&self, jobs: &[NewJob]) -> Result<(), StoreError>;

    /// When the earliest waiting job of each of these kinds can be done, which may be past; kinds without one are left out.
    async fn due(&self, kinds: &[&str]) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError>;

    /// Takes up to `most` jobs of a kind that are due at `now`, those that have been due for longest first, of those that are due at
    /// one instant the earlier id. No two claims
    /// have a job in common for as long as their leases last.
    async fn claim(&self, kind: &str, most: u32, lease: Lease, now: DateTime<Utc>) -> Result<Vec<Job>, StoreError>;

    /// Writes down how it goes on with jobs that the caller held, all or none. Those that are not held by the lease that is
    /// named are left as they are. How many were settled.
    async fn settle(&self, settled: &[Settled], now: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Lengthens leases that still hold. Which of them do.
    async fn extend(
        &self,
        held: &[(JobId, LeaseId)],
        until: DateTime<Utc>,
    ) -> Result<Vec<(JobId, LeaseId)>, StoreError>;

    /// Frees up to `most` jobs whose lease has ended: they wait again, after a back-off with jitter by `random`, or are kept
    /// as failed after their last attempt.
    async fn reap(&self, most: u32, now: DateTime<Utc>, random: u32) -> Result<Reaped, StoreError>;

    /// How many jobs there are, by kind. Counts them: not to be asked every second.
    async fn stats(&self) -> Result<BTreeMap<String, KindStats>, StoreError>;

    /// Up to `limit` jobs: those that wait, those that run, those that have failed; of each by kind, then those first that were
    /// due, end their lease, or failed first.
    async fn list(&self, filter: &JobFilter, limit: u32) -> Result<Vec<JobLine>, StoreError>;

    /// Lets failed jobs be tried again from the first attempt on, due at `now`. One whose key an unfinished job has stays
    /// failed: that one does its work.
    async fn retry(&self, which: &Retry, now: DateTime<Utc>) -> Result<Retried, StoreError>;

    /// Deletes up to `most` jobs that failed before `before`; how many.
    async fn forget_failed(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError>;

    /// Is done when this process has written something to do since the last call, or may have. One at a time waits.
    async fn news(&self);
}

/// What came of reaping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaped {
    /// So many wait again.
    pub waiting: u64,
    /// So many had been tried often enough.
    pub failed: u64,
}

/// How many jobs of a kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindStats {
    /// That wait, for their time or for a worker.
    pub waiting: u64,
    /// That a worker holds.
    pub running: u64,
    /// That are kept as failed.
    pub failed: u64,
    /// When the earliest of those that wait can be done, which may be past.
    pub due_at: Option<DateTime<Utc>>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// With this status; `None`: with any.
    pub status: Option<JobStatus>,
    /// Of this kind; `None`: of any.
    pub kind: Option<String>,
}

/// A job as operators see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobLine {
    /// Id.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// How it stands with it.
    pub status: JobStatus,
    /// What it is once by.
    pub key: Option<String>,
    /// Of which tenant.
    pub tenant: Option<TenantId>,
    /// Of which store.
    pub store: Option<StoreId>,
    /// What the handler must know.
    pub payload: Value,
    /// How often it was begun.
    pub attempts: u32,
    /// How often it may be.
    pub max_attempts: u32,
    /// Since when, or from when on, it can be done.
    pub due_at: DateTime<Utc>,
    /// When it was thought of.
    pub created_at: DateTime<Utc>,
    /// When it failed for good.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why it did not work the last time.
    pub last_error: Option<String>,
}

/// Which failed jobs are to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// These.
    Ids(Vec<JobId>),
    /// All of a kind.
    Kind(String),
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retried {
    /// So many wait again.
    pub again: u64,
    /// Another unfinished job does the work of these.
    pub superseded: u64,
}
