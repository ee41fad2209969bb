//! How fast the events of a store are acted on, so that one of whom much is told leaves room for the others.
//!
//! Whatever of a store is heard after a silence is acted on at once, [`AT_ONCE`] events of it; of more, one each [`APART`]. The
//! generic cell rate algorithm, with one instant for each store: when all that was heard is paid for. So no event is lost and none is
//! refused; what a flood of one store waits for is its own.

use chrono::{DateTime, TimeDelta, Utc};

/// How many events of a store are acted on at once.
pub const AT_ONCE: i32 = 60;
/// How far apart those after them are acted on.
pub const APART: TimeDelta = TimeDelta::milliseconds(100);

/// When events that are heard at `now` are acted on, in their order, and when they are paid for; `paid`: when those before are.
pub fn turns(paid: DateTime<Utc>, count: usize, now: DateTime<Utc>) -> (Vec<DateTime<Utc>>, DateTime<Utc>) {
    let ahead = APART * (AT_ONCE - 1);
    let mut paid = paid.max(now);
    let turns = (0..count).map(|_| {
        let turn = now.max(paid - ahead);
        paid += APART;
        turn
    });
    (turns.collect(), paid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn what_comes_after_a_silence_is_acted_on_at_once_and_the_rest_follows() {
        let (turns_of_many, paid) = turns(DateTime::UNIX_EPOCH, 62, at(0));
        assert_eq!(turns_of_many[..60], [at(0); 60]);
        assert_eq!((&turns_of_many[60..], paid), (&[at(100), at(200)][..], at(6_200)));
        assert_eq!(turns(paid, 1, at(150)), (vec![at(300)], at(6_300)));
        assert_eq!(turns(paid, 2, at(9_000)).0, [at(9_000); 2]);
        assert!(turns(paid, 0, at(9_000)).0.is_empty());
    }

    proptest! {
        /// However calls cut up what is told, in no stretch of time is more acted on than the bucket and its refill allow.
        #[test]
        fn no_stretch_has_more_than_its_share(
            calls in proptest::collection::vec((0..3_000_i64, 0..150_usize), 1..20),
        ) {
            let (mut now, mut paid, mut all) = (at(0), DateTime::UNIX_EPOCH, Vec::new());
            for (after, count) in calls {
                now += TimeDelta::milliseconds(after);
                let (turns, next) = turns(paid, count, now);
                prop_assert!(turns.iter().all(|turn| *turn >= now));
                paid = next;
                all.extend(turns);
            }
            prop_assert!(all.is_sorted(), "nobody overtakes");
            for (place, first) in all.iter().enumerate() {
                for (more, last) in all[place..].iter().enumerate() {
                    let refilled = (*last - *first).num_milliseconds() / 100;
                    prop_assert!(i64::try_from(more).unwrap() < 60 + refilled, "{} from {first} to {last}", more + 1);
                }
            }
        }
    }
}
