//! Circuit breaking: a host that fails again and again is left alone for a while, then asked once.
//!
//! Of the crates for this, `recloser` and `failsafe` read the computer's clock themselves and let several calls try a
//! host that may be back.

mod state;

use chrono::{DateTime, Utc};
use state::{Circuit, Turn};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How many circuits are kept at most. Only those that have failed lately are kept at all.
const KEPT: usize = 10_000;

/// When a host is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaking {
    /// After how many failures with no success between them; 0: never.
    pub failures: u32,
    /// For how long at first. It doubles each time that the host is still found failing.
    pub rest: Duration,
    /// For how long at most.
    pub longest: Duration,
}

impl Default for Breaking {
    /// After 5 failures, for 10 seconds at first, and for 5 minutes at most.
    fn default() -> Self {
        Self { failures: 5, rest: Duration::from_secs(10), longest: Duration::from_mins(5) }
    }
}

impl Breaking {
    /// No host is left alone.
    pub const NEVER: Self = Self { failures: 0, rest: Duration::ZERO, longest: Duration::ZERO };
}

/// The circuits of all hosts.
#[derive(Debug)]
pub(crate) struct Circuits {
    breaking: Breaking,
    troubled: Mutex<HashMap<String, Circuit>>,
}

impl Circuits {
    pub(crate) fn new(breaking: Breaking) -> Self {
        Self { breaking, troubled: Mutex::default() }
    }

    /// A pass for one call; otherwise how long to leave it alone.
    pub(crate) fn ask(&self, name: Cow<'_, str>, now: DateTime<Utc>) -> Result<Pass<'_>, Duration> {
        let turn = match self.troubled().get_mut(&*name) {
            Some(circuit) => circuit.ask(&self.breaking, now)?,
            None => Turn::FIRST,
        };
        Ok(Pass { circuits: self, name: name.into_owned(), turn, judged: false })
    }

    fn troubled(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.troubled.lock().expect("nobody panics here")
    }

    fn failed(&self, name: &str, turn: Turn, now: DateTime<Utc>) {
        if self.breaking.failures == 0 {
            return;
        }
        let mut troubled = self.troubled();
        if troubled.len() >= KEPT && !troubled.contains_key(name) {
            troubled.retain(|_, circuit| !circuit.may_be_forgotten(now));
            if troubled.len() >= KEPT {
                return;
            }
        }
        troubled.entry(name.to_owned()).or_default().failed(turn, &self.breaking, now);
    }

    fn succeeded(&self, name: &str, turn: Turn) {
        let mut troubled = self.troubled();
        if troubled.get_mut(name).is_some_and(|circuit| circuit.succeeded(turn)) {
            troubled.remove(name);
        }
    }

    fn given_up(&self, name: &str, turn: Turn) {
        if let Some(circuit) = self.troubled().get_mut(name) {
            circuit.given_up(turn);
        }
    }
}

/// A pass for one call. One that is dropped without a word, as the call was given up, says nothing about the host.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    circuits: &'a Circuits,
    name: String,
    turn: Turn,
    judged: bool,
}

impl Pass<'_> {
    pub(crate) fn succeeded(mut self) {
        self.judged = true;
        self.circuits.succeeded(&self.name, self.turn);
    }

    pub(crate) fn failed(mut self, now: DateTime<Utc>) {
        self.judged = true;
        self.circuits.failed(&self.name, self.turn, now);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.judged {
            self.circuits.given_up(&self.name, self.turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
    }

    fn circuits() -> Circuits {
        let breaking = Breaking { failures: 2, rest: Duration::from_secs(10), longest: Duration::from_mins(1) };
        Circuits::new(breaking)
    }

    fn fail(circuits: &Circuits, name: &'static str, now: i64) {
        circuits.ask(name.into(), at(now)).expect("a pass").failed(at(now));
    }

    #[test]
    fn one_host_fails_and_another_does_not() {
        let circuits = circuits();
        for now in 0..2 {
            fail(&circuits, "a", now);
        }
        assert_eq!(circuits.ask("a".into(), at(5)).map(drop), Err(Duration::from_secs(6)));
        assert!(circuits.ask("b".into(), at(5)).is_ok());
    }

    #[test]
    fn a_host_that_is_well_again_is_forgotten() {
        let circuits = circuits();
        for now in 0..2 {
            fail(&circuits, "a", now);
        }
        circuits.ask("a".into(), at(12)).expect("a pass").succeeded();
        assert!(circuits.troubled().is_empty());
        circuits.ask("b".into(), at(12)).expect("a pass").succeeded();
        assert!(circuits.troubled().is_empty(), "nothing is kept of hosts that are well");
    }

    #[test]
    fn a_call_that_is_given_up_lets_the_next_one_try() {
        let circuits = circuits();
        for now in 0..2 {
            fail(&circuits, "a", now);
        }
        let probe = circuits.ask("a".into(), at(12)).expect("a pass");
        assert!(circuits.ask("a".into(), at(12)).is_err(), "one at a time");
        drop(probe);
        assert!(circuits.ask("a".into(), at(12)).is_ok());
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let circuits = circuits();
        let fail = |name: String, now| circuits.ask(name.into(), at(now)).expect("a pass").failed(at(now));
        for host in 0..KEPT + 5 {
            fail(host.to_string(), 0);
        }
        assert_eq!(circuits.troubled().len(), KEPT);
        fail("late".to_owned(), 10_000);
        assert_eq!(circuits.troubled().len(), 1, "those of long ago make room");
    }

    #[test]
    fn none_is_left_alone_where_that_is_not_wanted() {
        let circuits = Circuits::new(Breaking::NEVER);
        for now in 0..100 {
            fail(&circuits, "a", now);
        }
        assert!(circuits.ask("a".into(), at(100)).is_ok());
    }
}
