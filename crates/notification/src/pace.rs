//! How fast a store's messages go out: never more in any minute than it allows, in the order in which they ask, and without
//! asking again and again.
//!
//! A token bucket, kept as two instants for each store. `ready` is when the next message may go; it lags up to
//! [`LENIENCE`] behind the clock, which lets through a few at once when the worker comes late. Each message that goes moves
//! it on by a step of (60 s + lenience) / rate: so in any 60 seconds at most `rate` go. Whoever has to wait is promised
//! a place, a step behind the `last` that was promised, and comes back then; whoever is new is behind them, and goes at
//! once only when it is past that place, too: a token for each of those before is then left in the bucket. What comes back
//! later than [`LENIENCE`], after an outage, may find the bucket empty, and is promised a new place at the end.

use chrono::{DateTime, TimeDelta, Utc};

/// How late a message may come without losing its place.
pub const LENIENCE: TimeDelta = TimeDelta::seconds(10);

/// How far a store's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// When the next one may go.
    pub ready: DateTime<Utc>,
    /// The last place that was promised.
    pub last: DateTime<Utc>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { ready: DateTime::UNIX_EPOCH, last: DateTime::UNIX_EPOCH }
    }
}

/// How a message asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// In line, with the place that it was promised before, if it was.
    InLine(Option<DateTime<Utc>>),
    /// In passing: it goes when nobody in line needs what it takes, and is promised nothing. So offers hold up no news of a booking.
    InPassing,
}

/// Whether a message may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// Not before then: its place, or when it may ask in passing again.
    At(DateTime<Utc>),
}

impl Pace {
    /// Asks for a message to go at `now`, at a rate of so many a minute.
    #[must_use]
    pub fn ask(self, ask: Ask, per_minute: u32, now: DateTime<Utc>) -> (Self, Turn) {
        match ask {
            Ask::InLine(place) => self.in_line(place, per_minute, now),
            Ask::InPassing => match self.in_line(None, per_minute, now) {
                (_, Turn::At(later)) => (self, Turn::At(later)),
                goes => goes,
            },
        }
    }

    fn in_line(self, place: Option<DateTime<Utc>>, per_minute: u32, now: DateTime<Utc>) -> (Self, Turn) {
        let step = step(per_minute);
        let ready = self.ready.max(now - LENIENCE);
        match place {
            Some(place) if place > now => return (self, Turn::At(place)),
            Some(_) if ready <= now => return (Self { ready: ready + step, ..self }, Turn::Now),
            Some(_) | None => (),
        }
        let place = ready.max(self.last + step);
        let (ready, turn) = if place <= now { (ready + step, Turn::Now) } else { (self.ready, Turn::At(place)) };
        (Self { ready, last: place }, turn)
    }
}

/// The time from one message to the next.
pub fn step(per_minute: u32) -> TimeDelta {
    let rate = i64::from(per_minute.max(1));
    let micros = (TimeDelta::minutes(1) + LENIENCE).num_microseconds().unwrap_or(i64::MAX);
    TimeDelta::microseconds((micros + rate - 1) / rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn at(seconds: f64) -> DateTime<Utc> {
        #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
        let micros = (seconds * 1e6) as i64;
        DateTime::from_timestamp_micros(1_800_000_000_000_000 + micros).unwrap()
    }

    #[test]
    fn a_few_go_at_once_and_the_others_wait_in_line() {
        // Seven a minute: a step of ten seconds.
        let mut bucket = Pace::default();
        let mut ask = |place: Option<f64>, now: f64| {
            let (next, turn) = bucket.ask(Ask::InLine(place.map(at)), 7, at(now));
            bucket = next;
            turn
        };
        assert_eq!(ask(None, 0.0), Turn::Now);
        assert_eq!(ask(None, 0.0), Turn::Now);
        assert_eq!(ask(None, 0.0), Turn::At(at(10.0)));
        assert_eq!(ask(None, 0.0), Turn::At(at(20.0)));
        assert_eq!(ask(Some(10.0), 5.0), Turn::At(at(10.0)));
        assert_eq!(ask(None, 9.0), Turn::At(at(30.0)), "behind the others");
        assert_eq!(ask(Some(10.0), 10.0), Turn::Now);
        assert_eq!(ask(Some(20.0), 29.0), Turn::Now, "nine seconds late");
        assert_eq!(ask(Some(30.0), 30.0), Turn::Now);
        assert_eq!(ask(None, 30.0), Turn::At(at(40.0)));
        assert_eq!(ask(Some(40.0), 3_600.0), Turn::Now);
    }

    #[test]
    fn who_is_new_takes_nobodys_place() {
        // Seven a minute: a step of ten seconds.
        let mut bucket = Pace::default();
        let mut ask = |place: Option<f64>, now: f64| {
            let (next, turn) = bucket.ask(Ask::InLine(place.map(at)), 7, at(now));
            bucket = next;
            turn
        };
        assert_eq!([ask(None, 0.0), ask(None, 0.0), ask(None, 0.0)], [Turn::Now, Turn::Now, Turn::At(at(10.0))]);
        assert_eq!(ask(None, 10.0), Turn::At(at(20.0)), "whose place it is has not come yet");
        assert_eq!(ask(Some(10.0), 10.1), Turn::Now);
        // Of those who never come back the places pass.
        assert_eq!(ask(None, 29.0), Turn::At(at(30.0)));
        assert_eq!([ask(None, 40.0), ask(None, 40.0)], [Turn::Now, Turn::At(at(50.0))]);
    }

    #[test]
    fn who_asks_in_passing_is_promised_nothing_and_holds_up_nobody() {
        // Seven a minute: a step of ten seconds.
        let mut bucket = Pace::default();
        let mut ask = |how: Ask, now: f64| {
            let (next, turn) = bucket.ask(how, 7, at(now));
            bucket = next;
            turn
        };
        assert_eq!([ask(Ask::InPassing, 0.0), ask(Ask::InPassing, 0.0)], [Turn::Now, Turn::Now]);
        for _ in 0..100 {
            assert_eq!(ask(Ask::InPassing, 0.0), Turn::At(at(10.0)));
        }
        assert_eq!(ask(Ask::InLine(None), 0.0), Turn::At(at(10.0)), "before all of them");
        assert_eq!(ask(Ask::InPassing, 10.0), Turn::At(at(20.0)), "whose place it is comes first");
        assert_eq!(ask(Ask::InLine(Some(at(10.0))), 10.5), Turn::Now);
        assert_eq!(ask(Ask::InPassing, 20.5), Turn::Now);
    }

    /// When each message asks next, with the order of arrival, its promised place and how late it comes.
    type Line = BTreeMap<(DateTime<Utc>, usize), (Option<DateTime<Utc>>, u8)>;

    /// Asks of random messages, some of them late, and how the world looks at them.
    fn run(rate: u32, arrivals: &[(i64, u8)]) -> (Vec<DateTime<Utc>>, usize) {
        let mut bucket = Pace::default();
        let mut line = Line::new();
        let mut arrived = at(0.0);
        for (number, (after, late)) in arrivals.iter().enumerate() {
            arrived += TimeDelta::milliseconds(*after);
            line.insert((arrived, number), (None, *late));
        }
        let (mut gone, mut asked) = (Vec::new(), 0);
        while let Some(((now, number), (place, late))) = line.pop_first() {
            asked += 1;
            let (next, turn) = bucket.ask(Ask::InLine(place), rate, now);
            bucket = next;
            match turn {
                Turn::Now => gone.push(now),
                Turn::At(place) => {
                    assert!(place > now || place >= bucket.ready);
                    // A worker that is late now and then, and once in a while away.
                    let late_by = match late % 16 {
                        0 => TimeDelta::seconds(300),
                        1..=4 => TimeDelta::seconds(3),
                        _ => TimeDelta::milliseconds(20),
                    };
                    line.insert((place + late_by, number), (Some(place), late.wrapping_add(1)));
                }
            }
        }
        (gone, asked)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn no_minute_ever_has_more_than_the_rate(
            rate in 1..200_u32,
            arrivals in proptest::collection::vec((0..2_000_i64, any::<u8>()), 1..300),
        ) {
            let (gone, asked) = run(rate, &arrivals);
            prop_assert_eq!(gone.len(), arrivals.len(), "everybody goes in the end");
            for first in &gone {
                let within = gone.iter().filter(|one| *one >= first && **one < *first + TimeDelta::minutes(1)).count();
                prop_assert!(within <= rate as usize, "{within} in the minute from {first} at {rate}");
            }
            prop_assert!(asked <= 40 * arrivals.len(), "{asked} for {}", arrivals.len());
        }

        #[test]
        fn a_place_holds_for_ten_seconds(
            rate in 1..200_u32,
            arrivals in proptest::collection::vec((0..2_000_i64, 0..=10_000_i64), 1..200),
        ) {
            let mut bucket = Pace::default();
            let mut line = BTreeMap::new();
            let mut arrived = at(0.0);
            for (number, (after, late)) in arrivals.iter().enumerate() {
                arrived += TimeDelta::milliseconds(*after);
                line.insert((arrived, number), (None, TimeDelta::milliseconds(*late)));
            }
            while let Some(((now, number), (place, late))) = line.pop_first() {
                let (next, turn) = bucket.ask(Ask::InLine(place), rate, now);
                bucket = next;
                if let Turn::At(promised) = turn {
                    prop_assert_eq!(place, None, "number {} comes at {} and is promised {}", number, now, promised);
                    line.insert((promised + late, number), (Some(promised), late));
                }
            }
        }

        #[test]
        fn a_worker_in_time_keeps_the_order(
            rate in 1..200_u32,
            arrivals in proptest::collection::vec(0..2_000_i64, 1..200),
        ) {
            let mut bucket = Pace::default();
            let mut line = BTreeMap::new();
            let mut arrived = at(0.0);
            for (number, after) in arrivals.iter().enumerate() {
                arrived += TimeDelta::milliseconds(*after);
                line.insert((arrived, number), None);
            }
            let mut gone = Vec::new();
            while let Some(((now, number), place)) = line.pop_first() {
                let (next, turn) = bucket.ask(Ask::InLine(place), rate, now);
                bucket = next;
                match turn {
                    Turn::Now => gone.push(number),
                    Turn::At(place) => drop(line.insert((place, number), Some(place))),
                }
            }
            prop_assert!(gone.is_sorted(), "{gone:?}");
        }
    }
}
