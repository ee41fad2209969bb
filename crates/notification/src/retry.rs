//! What is done when a message was not taken.
//!
//! | outcome | another channel is left | none is left |
//! |---|---|---|
//! | refused | the other, at once | given up |
//! | later, or unknown | again after the back-off; the other after [`PATIENCE`] tries, or when the provider wants to be left alone for longer than [`LONGEST_WAIT`] | again after the back-off, [`STUBBORNNESS`] times at most |
//! | the next try would come too late | the other, at once | given up |
//!
//! The waits are 15 seconds, 1, 4 and 16 minutes, and then an hour each; every one is up to a fifth shorter or longer, the
//! same for the same message, so that what failed together is not tried together. A provider that names a longer wait gets
//! it. A message has one retry key for all of its tries, so that a provider which knows such keys takes it once: LINE for a
//! day. The waits of a channel add up to less; what waits for quiet hours, for a provider that names a longer wait, or for a
//! worker that was away may be tried after it.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::delivery::Outcome;
use uuid::Uuid;

/// How often a channel is tried while another is left.
pub const PATIENCE: u32 = 5;
/// How often the last channel is tried.
pub const STUBBORNNESS: u32 = 20;
/// How long a provider is waited for while another channel is left.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);

const FIRST_WAIT: i64 = 15;
const HOUR: i64 = 3_600;

/// A message that was not taken.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// How often it was tried by this channel, 1 or more.
    pub tries: u32,
    /// Whether another channel is left.
    pub other_left: bool,
    /// Its retry key.
    pub key: Uuid,
    /// When it is worth nothing any more.
    pub expires_at: DateTime<Utc>,
    /// When it was not taken.
    pub at: DateTime<Utc>,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same again, then.
    Again(DateTime<Utc>),
    /// By another channel, at once.
    Elsewhere,
    /// Nothing.
    GiveUp,
}

/// What is done after an outcome that is not [`Outcome::Sent`].
pub fn after(outcome: &Outcome, attempt: Attempt) -> Next {
    let Attempt { tries, other_left, expires_at, at, .. } = attempt;
    let otherwise = if other_left { Next::Elsewhere } else { Next::GiveUp };
    let asked = match outcome {
        Outcome::Refused { .. } => return otherwise,
        Outcome::Later { after: Some(after), .. } => TimeDelta::from_std(*after).unwrap_or(TimeDelta::days(1)),
        Outcome::Later { after: None, .. } | Outcome::Unknown { .. } | Outcome::Sent { .. } => TimeDelta::zero(),
    };
    let most = if other_left { PATIENCE } else { STUBBORNNESS };
    let then = at + asked.max(wait(tries, attempt.key));
    if tries >= most || then >= expires_at || (other_left && asked > LONGEST_WAIT) {
        return otherwise;
    }
    Next::Again(then)
}

/// How long a message waits after so many tries.
pub fn wait(tries: u32, key: Uuid) -> TimeDelta {
    let doublings = (2 * tries.saturating_sub(1)).min(16);
    let seconds = (FIRST_WAIT << doublings).min(HOUR);
    let bytes = key.as_bytes();
    let luck = i64::from(bytes[15 - (tries as usize % 8)]) - 128;
    TimeDelta::milliseconds(seconds * (1_000 + luck * 200 / 128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const KEY: Uuid = Uuid::from_bytes([128; 16]);

    fn attempt(tries: u32, other_left: bool, left: TimeDelta) -> Attempt {
        let at = DateTime::UNIX_EPOCH;
        Attempt { tries, other_left, key: KEY, expires_at: at + left, at }
    }

    fn again(seconds: i64) -> Next {
        Next::Again(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds))
    }

    #[test]
    fn what_is_done_next() {
        let refused = || Outcome::refused("no such address");
        let later = || Outcome::later("busy");
        let wants = |seconds| Outcome::Later { why: "busy".into(), after: Some(Duration::from_secs(seconds)) };
        let unknown = || Outcome::unknown("no answer");
        let day = TimeDelta::days(1);
        for (outcome, tries, other_left, left, next) in [
            (refused(), 1, true, day, Next::Elsewhere),
            (refused(), 1, false, day, Next::GiveUp),
            (later(), 1, true, day, again(15)),
            (unknown(), 1, false, day, again(15)),
            (later(), 2, true, day, again(60)),
            (later(), 3, true, day, again(240)),
            (later(), 4, true, day, again(960)),
            (later(), 5, true, day, Next::Elsewhere),
            (unknown(), 5, true, day, Next::Elsewhere),
            (later(), 5, false, day, again(3_600)),
            (later(), 19, false, day, again(3_600)),
            (later(), 20, false, day, Next::GiveUp),
            (wants(7), 1, true, day, again(15)),
            (wants(100), 1, true, day, again(100)),
            (wants(1_800), 1, true, day, again(1_800)),
            (wants(1_801), 1, true, day, Next::Elsewhere),
            (wants(1_801), 1, false, day, again(1_801)),
            (wants(u64::MAX), 1, false, day, Next::GiveUp),
            (later(), 1, true, TimeDelta::seconds(15), Next::Elsewhere),
            (later(), 1, false, TimeDelta::seconds(15), Next::GiveUp),
            (later(), 1, false, TimeDelta::seconds(16), again(15)),
        ] {
            let said = format!("{outcome:?} after {tries} with {other_left}");
            assert_eq!(after(&outcome, attempt(tries, other_left, left)), next, "{said}");
        }
    }

    #[test]
    fn waits_differ_from_message_to_message_by_a_fifth_at_most() {
        for byte in 0..=u8::MAX {
            for tries in 0..100 {
                let usual = wait(tries, KEY).num_milliseconds();
                let wait = wait(tries, Uuid::from_bytes([byte; 16])).num_milliseconds();
                assert!((usual * 8 / 10..=usual * 12 / 10).contains(&wait), "{wait} for {usual}");
            }
        }
    }

    #[test]
    fn all_tries_of_a_channel_are_within_a_day() {
        let longest = Uuid::from_bytes([255; 16]);
        let total: TimeDelta = (1..STUBBORNNESS).map(|tries| wait(tries, longest)).sum();
        assert!(total < TimeDelta::hours(20), "{total}");
    }
}
