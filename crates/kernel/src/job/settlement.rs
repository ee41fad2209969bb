//! What an outcome means for the job.

use super::back_off::BackOff;
use super::{Job, Outcome};
use crate::id::{JobId, LeaseId};
use chrono::{DateTime, Utc};

/// How many characters are kept of a reason.
const LONGEST_REASON: usize = 1000;

/// How it goes on with a job that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is done, and gone.
    Done,
    /// It waits again.
    Waits {
        /// Until then.
        due_at: DateTime<Utc>,
        /// After so many attempts.
        attempts: u32,
        /// Why; `None`: it was given back without having been begun.
        why: Option<String>,
    },
    /// It is kept as failed, after so many attempts.
    Failed {
        /// How many there were.
        attempts: u32,
        /// Why.
        why: String,
    },
}

impl Settlement {
    /// What the outcome of a job's attempt means for it. `random` is for the jitter of the back-off.
    pub fn of(job: &Job, outcome: Outcome, back_off: &BackOff, now: DateTime<Utc>, random: u32) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Failed { why } => Self::Failed { attempts: job.attempt, why: kept(&why) },
            Outcome::Again { why, counts: true, .. } if job.is_last_attempt() => {
                Self::Failed { attempts: job.attempt, why: kept(&why) }
            }
            Outcome::Again { at, why, counts } => Self::Waits {
                due_at: at.unwrap_or_else(|| now + back_off.after(job.attempt, random)),
                attempts: if counts { job.attempt } else { job.attempt.saturating_sub(1) },
                why: Some(kept(&why)),
            },
        }
    }

    /// A job that was held and not begun: as if nobody had held it.
    pub fn given_back(job: &Job) -> Self {
        Self::Waits { due_at: job.due_at, attempts: job.attempt.saturating_sub(1), why: None }
    }
}

/// A reason as it can be kept: no store takes every text, and an answer that is quoted may be long.
fn kept(why: &str) -> String {
    why.chars().filter(|c| *c != '\0').take(LONGEST_REASON).collect()
}

/// A held job, and how it goes on with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The job.
    pub id: JobId,
    /// By which claim it was held. Of a job that somebody else holds by now, nothing is written.
    pub lease: LeaseId,
    /// How it goes on.
    pub how: Settlement,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CountingIds, JobId};
    use crate::job::{Lease, NewJob};
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        "2026-03-20T01:00:00Z".parse().unwrap()
    }

    fn job(attempt: u32) -> Job {
        let NewJob { id, kind, key, payload, tenant, store, due_at, max_attempts, created_at } =
            NewJob::new(&CountingIds::default(), "test", (), now()).attempts(3);
        let lease = Lease { id: LeaseId(JobId::new(&CountingIds::default(), now()).0), until: now() };
        Job {
            id,
            kind: kind.into_owned(),
            key,
            payload,
            tenant,
            store,
            due_at,
            attempt,
            max_attempts,
            created_at,
            lease,
        }
    }

    #[test]
    fn an_outcome_settles_its_job() {
        let why = || "why".to_owned();
        let soon = now() + TimeDelta::seconds(1);
        let later = now() + TimeDelta::hours(9);
        let waits = |due_at, attempts| Settlement::Waits { due_at, attempts, why: Some(why()) };
        let failed = |attempts| Settlement::Failed { attempts, why: why() };
        let again_at = |at| Outcome::Again { at: Some(at), why: why(), counts: true };
        for (attempt, outcome, settlement) in [
            (1, Outcome::Done, Settlement::Done),
            (3, Outcome::Done, Settlement::Done),
            (1, Outcome::failed("why"), failed(1)),
            (1, Outcome::again("why"), waits(soon, 1)),
            (2, Outcome::again("why"), waits(soon + TimeDelta::seconds(1), 2)),
            (2, again_at(later), waits(later, 2)),
            (3, Outcome::again("why"), failed(3)),
            (3, again_at(later), failed(3)),
            (1, Outcome::not_before(later, "why"), waits(later, 0)),
            (3, Outcome::not_before(later, "why"), waits(later, 2)),
            (4, Outcome::again("why"), failed(4)),
        ] {
            let settled = Settlement::of(&job(attempt), outcome.clone(), &BackOff::default(), now(), 0);
            assert_eq!(settled, settlement, "{attempt} {outcome:?}");
        }
    }

    #[test]
    fn what_was_not_begun_is_as_it_was() {
        let expected = Settlement::Waits { due_at: now(), attempts: 1, why: None };
        assert_eq!(Settlement::given_back(&job(2)), expected);
    }
}
