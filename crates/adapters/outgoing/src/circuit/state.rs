//! One circuit: closed, open, or half-open. No clock: every step is told the time.

use crate::circuit::Breaking;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// After how long a circuit at which nothing happened says nothing any more.
const STALE: TimeDelta = TimeDelta::hours(1);

/// Which state a call was let through in: what it finds counts only as long as that state lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn(u64);

impl Turn {
    /// That of a circuit at which nothing ever failed.
    pub(crate) const FIRST: Self = Self(0);
}

/// One circuit.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    state: State,
    turn: u64,
    /// How often it has opened since it was last closed.
    openings: u32,
    /// When it last failed.
    failed_at: DateTime<Utc>,
}

#[derive(Debug)]
enum State {
    /// Calls go through.
    Closed { failures: u32 },
    /// None does until then.
    Open { until: DateTime<Utc> },
    /// One is under way, to see.
    HalfOpen,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Circuit {
    /// Lets a call through, or says how long to wait.
    pub(crate) fn ask(&mut self, breaking: &Breaking, now: DateTime<Utc>) -> Result<Turn, Duration> {
        match self.state {
            State::Closed { .. } => {}
            // A clock that was set back must not keep it open.
            State::Open { until } if now < until && now >= self.failed_at => {
                return Err((until - now).to_std().unwrap_or_default());
            }
            State::Open { .. } => self.turn_to(State::HalfOpen),
            State::HalfOpen => return Err(breaking.rest),
        }
        Ok(Turn(self.turn))
    }

    /// A call failed.
    pub(crate) fn failed(&mut self, turn: Turn, breaking: &Breaking, now: DateTime<Utc>) {
        if turn.0 != self.turn {
            return;
        }
        self.failed_at = now;
        match &mut self.state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures >= breaking.failures {
                    self.open(breaking, now);
                }
            }
            State::HalfOpen => self.open(breaking, now),
            State::Open { .. } => {}
        }
    }

    /// A call succeeded; whether nothing is left to remember.
    pub(crate) fn succeeded(&mut self, turn: Turn) -> bool {
        if turn.0 != self.turn {
            return false;
        }
        match self.state {
            State::Closed { .. } | State::HalfOpen => true,
            State::Open { .. } => false,
        }
    }

    /// Nobody waits for the call any more.
    pub(crate) fn given_up(&mut self, turn: Turn) {
        if turn.0 == self.turn && matches!(self.state, State::HalfOpen) {
            let until = self.failed_at;
            self.turn_to(State::Open { until });
        }
    }

    /// Whether it says nothing any more.
    pub(crate) fn may_be_forgotten(&self, now: DateTime<Utc>) -> bool {
        !matches!(self.state, State::HalfOpen) && now - self.failed_at > STALE
    }

    fn open(&mut self, breaking: &Breaking, now: DateTime<Utc>) {
        let doubled = breaking.rest.saturating_mul(1_u32.checked_shl(self.openings).unwrap_or(u32::MAX));
        let rest = TimeDelta::from_std(doubled.min(breaking.longest)).unwrap_or(STALE);
        self.openings = (self.openings + 1).min(31);
        self.turn_to(State::Open { until: now + rest });
    }

    fn turn_to(&mut self, state: State) {
        self.state = state;
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests;
