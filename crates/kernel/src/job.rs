//! Work that is done later, at least once, by whichever worker is free.
//!
//! A use case writes [`NewJob`]s in the transaction of its own change. A worker takes a job for the time of a lease, gives it
//! to the [`JobHandler`] of its kind and settles it by the handler's [`Outcome`]: it is gone when it is done, waits when it
//! is to be tried again, and is kept as failed, for somebody to look at, when that has been often enough.
//!
//! | module | what it is |
//! |---|---|
//! | [`back_off`] | how long a job waits before it is tried again |
//! | [`queue`] | the port that keeps jobs |
//! | [`settlement`] | what an outcome means for the job |
//! | [`memory`] | a fake of the port |
//!
//! A handler may be run twice for one job: its worker may die, or lose its lease, after the work was done and before that was
//! written down. So the work itself must bear repetition, by a retry key of whom it calls, or by a row that its own
//! transaction changes only once.

pub mod back_off;
pub mod memory;
pub mod queue;
pub mod settlement;

use crate::error::{Failure as _, StoreError};
use crate::id::{IdGen, JobId, LeaseId, StoreId, TenantId};
use async_trait::async_trait;
use back_off::BackOff;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// How often a job is tried that says nothing of it: about four hours, with the [back-off](BackOff::default) of most.
pub const ATTEMPTS: u32 = 15;

/// Why a job is tried again that nobody settled.
pub const LEASE_ENDED: &str = "its worker has died, or was too slow to keep its lease";

/// Work that is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Id.
    pub id: JobId,
    /// What kind of work it is: names the handler, such as `notification.send`. At most 100 characters.
    pub kind: Cow<'static, str>,
    /// Whoever adds a job while another of its kind and key waits or runs adds nothing: that one does the work of both. At
    /// most 200 characters.
    ///
    /// One that runs may have read what it works on already. Where that matters, the key names the state too, such as a
    /// version.
    pub key: Option<String>,
    /// What the handler must know. No contact data, no secrets: it is shown to operators.
    pub payload: Value,
    /// Of which tenant, if of one.
    pub tenant: Option<TenantId>,
    /// Of which store, if of one.
    pub store: Option<StoreId>,
    /// Not before then.
    pub due_at: DateTime<Utc>,
    /// How often it is tried before it is kept as failed, 1 or more.
    pub max_attempts: u32,
    /// When it was thought of.
    pub created_at: DateTime<Utc>,
}

impl NewJob {
    /// Work that is due at once and is tried [so often](ATTEMPTS).
    ///
    /// # Panics
    /// When the payload is not plain data.
    pub fn new(
        ids: &dyn IdGen,
        kind: impl Into<Cow<'static, str>>,
        payload: impl Serialize,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: JobId::new(ids, now),
            kind: kind.into(),
            key: None,
            payload: serde_json::to_value(payload).expect("a payload is plain data"),
            tenant: None,
            store: None,
            due_at: now,
            max_attempts: ATTEMPTS,
            created_at: now,
        }
    }

    /// Once among the unfinished jobs of its kind.
    #[must_use]
    pub fn keyed(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Not before `due_at`.
    #[must_use]
    pub fn due(self, due_at: DateTime<Utc>) -> Self {
        Self { due_at, ..self }
    }

    /// Tried so often.
    #[must_use]
    pub fn attempts(self, max_attempts: u32) -> Self {
        Self { max_attempts: max_attempts.max(1), ..self }
    }

    /// In a tenant, or in one of its stores.
    #[must_use]
    pub fn of(self, tenant: Option<TenantId>, store: Option<StoreId>) -> Self {
        Self { tenant, store, ..self }
    }
}

/// For how long, and by which claim, a job is somebody's. Each claim has a lease of its own, so that whoever has lost one
/// cannot settle what another works on, even when both are the same worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Its id.
    pub id: LeaseId,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A job that somebody holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Id.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// What it is once by.
    pub key: Option<String>,
    /// What the handler must know.
    pub payload: Value,
    /// Of which tenant, if of one.
    pub tenant: Option<TenantId>,
    /// Of which store, if of one.
    pub store: Option<StoreId>,
    /// Since when it could be done.
    pub due_at: DateTime<Utc>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// After which one it is kept as failed.
    pub max_attempts: u32,
    /// When it was thought of.
    pub created_at: DateTime<Utc>,
    /// By which claim it is held.
    pub lease: Lease,
}

impl Job {
    /// The payload as the handler's own type. One that is not can never be worked on: the outcome says so.
    pub fn payload_as<T: DeserializeOwned>(&self) -> Result<T, Outcome> {
        T::deserialize(&self.payload)
            .map_err(|error| Outcome::failed(format!("the payload is not of this kind: {error}")))
    }

    /// Whether another failure would be the last.
    pub fn is_last_attempt(&self) -> bool {
        self.attempt >= self.max_attempts
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done, or has become needless.
    Done,
    /// It is to be tried again.
    Again {
        /// Not before then; `None`: after the [back-off](JobHandler::back_off).
        at: Option<DateTime<Utc>>,
        /// Why, for operators. No contact data, no secrets.
        why: String,
        /// Whether this was an attempt. What was not even tried, such as a message for which a store's rate leaves no room yet,
        /// does not count.
        counts: bool,
    },
    /// It can never be done as it is.
    Failed {
        /// Why, for operators. No contact data, no secrets.
        why: String,
    },
}

impl Outcome {
    /// It did not work this time.
    pub fn again(why: impl Into<String>) -> Self {
        Self::Again { at: None, why: why.into(), counts: true }
    }

    /// It was not tried, and may be at `at`.
    pub fn not_before(at: DateTime<Utc>, why: impl Into<String>) -> Self {
        Self::Again { at: Some(at), why: why.into(), counts: false }
    }

    /// It can never be done as it is.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into() }
    }
}

/// Whatever the store of data says, it may say something else the next time: its rows may have been mended by then.
impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        let context = error.internal_context().map(|context| format!(": {context}")).unwrap_or_default();
        Self::again(format!("{}: {error}{context}", error.code()))
    }
}

/// So that a handler may use `?` and end with `into()`.
impl<E: Into<Self>> From<Result<(), E>> for Outcome {
    fn from(done: Result<(), E>) -> Self {
        done.map_or_else(Into::into, |()| Self::Done)
    }
}

/// Does the work of one kind of job.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// The kind.
    fn kind(&self) -> &str;

    /// How long an attempt may take. What takes longer is given up, and counts as an attempt.
    fn time_limit(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// How many of this kind one worker runs at once, so that work that waits for a slow outside leaves room for other work.
    fn at_once(&self) -> usize {
        usize::MAX
    }

    /// How long a job waits before it is tried again.
    fn back_off(&self) -> BackOff {
        BackOff::default()
    }

    /// Does the work, once more perhaps. It may be dropped at any await: when it takes too long, when its lease was lost, or
    /// when the worker has to stop. A panic is a failure of this attempt alone.
    async fn run(&self, job: &Job) -> Outcome;
}
