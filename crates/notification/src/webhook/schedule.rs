//! When a delivery is tried again, and when an endpoint is switched off.
//!
//! A delivery is tried ten times over three days, as Standard Webhooks recommends:
//!
//! | try | waits before it | since the first |
//! |---|---|---|
//! | 1 | | |
//! | 2 | 5 s | 5 s |
//! | 3 | 5 min | 5 min |
//! | 4 | 30 min | 35 min |
//! | 5 | 2 h | 2 h 35 min |
//! | 6 | 5 h | 7 h 35 min |
//! | 7 | 10 h | 17 h 35 min |
//! | 8 | 14 h | 1 d 7 h 35 min |
//! | 9 | 20 h | 2 d 3 h 35 min |
//! | 10 | 24 h | 3 d 3 h 35 min |
//!
//! Each wait is up to a tenth longer, the same for the same delivery, so that what failed together does not come back together. An
//! answer that names a longer wait (`Retry-After`) gets it, up to a day.
//!
//! While an endpoint is left alone it is not called, and what is to be told there [waits](rest) without that being a try. An endpoint at which nothing has worked for
//! [`PATIENCE`] is switched off, and one that answers 410 Gone at once.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// The waits before the second and every further try, in seconds.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The shortest, and the longest wait of what is looked at again only to see whether its endpoint is still left alone.
const SHORTEST_LOOK: TimeDelta = TimeDelta::seconds(1);
const LONGEST_LOOK: TimeDelta = TimeDelta::hours(1);
/// The longest wait that an answer can ask for.
const LONGEST_ASKED: TimeDelta = TimeDelta::days(1);

/// For how long nothing may work at an endpoint until it is switched off.
pub const PATIENCE: TimeDelta = TimeDelta::days(5);

/// When a delivery is tried again that failed for the `tries`-th time (1, 2, …) at `now`; `None`: not any more.
pub fn next_try(tries: u32, id: Uuid, asked: Option<TimeDelta>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let place = usize::try_from(tries.checked_sub(1)?).ok()?;
    let seconds = WAITS.get(place)?;
    let luck = i64::from(id.as_bytes()[15 - place % 8]);
    let wait = TimeDelta::milliseconds(seconds * (1_000 + luck * 100 / 255));
    let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
    Some(now + wait.max(asked))
}

/// When it is looked again at a delivery made at `made` whose endpoint is left alone for `rest`; `luck` sets apart what has
/// gathered there. The longer something waits, the less often it is looked at: an endpoint that is away for days has much
/// waiting for it, of which one at a time is told as soon as it may be called.
pub fn rest(rest: TimeDelta, made: DateTime<Utc>, luck: u8, now: DateTime<Utc>) -> DateTime<Utc> {
    let look = ((now - made) / 8).clamp(SHORTEST_LOOK, LONGEST_LOOK);
    let wait = rest.max(look).num_milliseconds();
    now + TimeDelta::milliseconds(wait + wait * i64::from(luck) / 1_020)
}

/// Whether an endpoint is switched off at which nothing has worked since then.
pub fn is_hopeless(failing_since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    failing_since.is_some_and(|since| now - since >= PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_over_three_days() {
        const TABLE: i64 = 75 * 3_600 + 35 * 60 + 5;
        for (byte, total) in [(0, TABLE), (255, TABLE * 11 / 10)] {
            let id = Uuid::from_bytes([byte; 16]);
            let (mut now, mut tries) = (DateTime::UNIX_EPOCH, 1);
            while let Some(next) = next_try(tries, id, None, now) {
                assert!(next > now);
                (now, tries) = (next, tries + 1);
            }
            assert_eq!((tries, now.timestamp()), (10, total));
        }
    }

    #[test]
    fn an_answer_can_ask_for_more() {
        let (id, now) = (Uuid::nil(), DateTime::UNIX_EPOCH);
        let wait =
            |tries, asked: i64| next_try(tries, id, Some(TimeDelta::seconds(asked)), now).map(|at| at.timestamp());
        assert_eq!(wait(1, 1), Some(5));
        assert_eq!(wait(1, 60), Some(60));
        assert_eq!(wait(1, 900_000), Some(86_400));
        assert_eq!(wait(10, 60), None);
        assert_eq!(next_try(0, id, None, now), None);
    }

    #[test]
    fn what_waits_long_is_looked_at_seldom() {
        let made = DateTime::UNIX_EPOCH;
        let wait = |seconds, age, luck| {
            let now = made + TimeDelta::seconds(age);
            (rest(TimeDelta::seconds(seconds), made, luck, now) - now).num_seconds()
        };
        assert_eq!((wait(10, 0, 0), wait(10, -100, 0), wait(10, 80, 0), wait(10, 800, 0)), (10, 10, 10, 100));
        assert_eq!((wait(300, 86_400, 0), wait(300, 8_640_000, 0), wait(7_200, 86_400, 0)), (3_600, 3_600, 7_200));
        assert_eq!((wait(1_000, 0, 255), wait(1_000, 0, 51), wait(0, 0, 255)), (1_250, 1_050, 1));
    }

    #[test]
    fn patience_ends() {
        let now = DateTime::UNIX_EPOCH;
        assert!(!is_hopeless(None, now));
        assert!(!is_hopeless(Some(now - PATIENCE + TimeDelta::microseconds(1)), now));
        assert!(is_hopeless(Some(now - PATIENCE), now));
    }
}
