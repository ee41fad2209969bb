//! Quiet hours: when nobody's telephone should ring.
//!
//! They are wall clock times in the store's zone, `from` to `to`, and may pass midnight. A minute is quiet when the clock
//! shows a time between the two, whichever day it is: so where clocks are set back a quiet hour is twice as long, and where
//! they are set forward over `to` it ends with the jump.

use chrono::{DateTime, Offset as _, TimeDelta, Timelike as _, Utc};
use musubi_kernel::error::Invalid;
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone::Tz;

const DAY: i64 = 24 * 60;
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// The longest quiet hours: there is time to tell somebody something every day.
const LONGEST: i64 = 16 * 60;

/// Quiet hours of a day: not empty, and at most 16 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: WallTime,
    to: WallTime,
}

impl QuietHours {
    /// From nine in the evening to eight in the morning, as Japanese law has it for sales calls.
    pub fn customary() -> Self {
        let at = |hour: u16| WallTime::from_minutes(hour * 60).unwrap_or(WallTime::MIDNIGHT);
        Self { from: at(21), to: at(8) }
    }

    /// Quiet hours between two clock times before 24:00, if they obey the rules; what is broken is named below `pointer`.
    pub fn between(from: WallTime, to: WallTime, pointer: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        for (name, time) in [("from", from), ("to", to)] {
            let within = i64::from(time.minutes()) < DAY;
            invalid.require(within, &format!("{pointer}/{name}"), "out_of_range", "must be before 24:00");
        }
        let quiet = Self { from, to };
        invalid.require(from != to, pointer, "empty", "must not begin and end at the same time");
        invalid.require(quiet.length() <= LONGEST, pointer, "too_long", "must be at most 16 hours");
        invalid.finish().map(|()| quiet)
    }

    /// When they begin.
    pub const fn from(self) -> WallTime {
        self.from
    }

    /// When they are over.
    pub const fn to(self) -> WallTime {
        self.to
    }

    fn length(self) -> i64 {
        (i64::from(self.to.minutes()) - i64::from(self.from.minutes())).rem_euclid(DAY)
    }

    /// Minutes since they last began by the clock of `zone`.
    fn since_from(self, zone: Tz, at: DateTime<Utc>) -> i64 {
        let clock = at.with_timezone(&zone).time();
        let minutes = i64::from(clock.hour()) * 60 + i64::from(clock.minute());
        (minutes - i64::from(self.from.minutes())).rem_euclid(DAY)
    }

    /// Whether it is quiet then.
    pub fn hold(self, zone: Tz, at: DateTime<Utc>) -> bool {
        self.since_from(zone, at) < self.length()
    }

    /// The first moment from `at` on that is not quiet: `at` itself, or a whole minute.
    pub fn end(self, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
        if !self.hold(zone, at) {
            return at;
        }
        let now = whole_minute(at);
        let straight = now + TimeDelta::minutes(self.length() - self.since_from(zone, at));
        if same_offset(zone, now, straight) {
            return straight;
        }
        // Somebody sets the clock in between: it is read minute by minute, which happens on two nights a year.
        let minutes = std::iter::successors(Some(now), |then| Some(*then + MINUTE));
        minutes.into_iter().find(|then| !self.hold(zone, *then)).unwrap_or(straight)
    }

    /// The whole minute at which those began that hold at `at`; `at` itself when none do.
    pub fn begin(self, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
        if !self.hold(zone, at) {
            return at;
        }
        let now = whole_minute(at);
        let straight = now - TimeDelta::minutes(self.since_from(zone, at));
        if same_offset(zone, straight - MINUTE, now) {
            return straight;
        }
        let minutes = std::iter::successors(Some(now), |then| Some(*then - MINUTE));
        minutes.into_iter().find(|then| !self.hold(zone, *then - MINUTE)).unwrap_or(straight)
    }
}

/// Whether the clock of a zone is as far from UTC at both ends: between two moments less than a day apart nobody sets it
/// twice.
fn same_offset(zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
    offset(from) == offset(to)
}

fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at - TimeDelta::seconds(i64::from(at.second())) - TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use musubi_kernel::zone::instant;
    use proptest::prelude::*;

    fn quiet(from: &str, to: &str) -> QuietHours {
        QuietHours::between(from.parse().unwrap(), to.parse().unwrap(), "/quiet_hours").unwrap()
    }

    #[test]
    fn they_are_some_of_a_day_and_not_most_of_it() {
        let broken = |from: &str, to: &str| {
            let result = QuietHours::between(from.parse().unwrap(), to.parse().unwrap(), "/q");
            let found = result.err().map(Invalid::into_violations).unwrap_or_default();
            found.into_iter().map(|found| (found.pointer, found.code)).collect::<Vec<_>>()
        };
        let one = |pointer: &str, code| vec![(pointer.to_owned(), code)];
        for (from, to, expected) in [
            ("21:00", "08:00", vec![]),
            ("00:00", "16:00", vec![]),
            ("12:00", "13:00", vec![]),
            ("16:00", "08:00", vec![]),
            ("15:59", "08:00", one("/q", "too_long")),
            ("08:00", "08:00", one("/q", "empty")),
            ("21:00", "24:00", one("/q/to", "out_of_range")),
            ("25:00", "08:00", one("/q/from", "out_of_range")),
        ] {
            assert_eq!(broken(from, to), expected, "{from}-{to}");
        }
        assert_eq!(QuietHours::customary(), quiet("21:00", "08:00"));
    }

    #[test]
    fn a_night_ends_in_the_morning() {
        let night = quiet("21:00", "08:00");
        for (at, begin, end) in [
            // Tokyo is nine hours ahead.
            ("2026-03-20T11:59:59Z", None, None),
            ("2026-03-20T12:00:00Z", Some("2026-03-20T12:00:00Z"), Some("2026-03-20T23:00:00Z")),
            ("2026-03-20T16:30:30Z", Some("2026-03-20T12:00:00Z"), Some("2026-03-20T23:00:00Z")),
            ("2026-03-20T22:59:59Z", Some("2026-03-20T12:00:00Z"), Some("2026-03-20T23:00:00Z")),
            ("2026-03-20T23:00:00Z", None, None),
        ] {
            let at: DateTime<Utc> = at.parse().unwrap();
            let time = |text: Option<&str>| text.map_or(at, |text| text.parse().unwrap());
            let zone = Tz::Asia__Tokyo;
            assert_eq!(night.hold(zone, at), begin.is_some(), "{at}");
            assert_eq!((night.begin(zone, at), night.end(zone, at)), (time(begin), time(end)), "{at}");
        }
    }

    /// Places where clocks are set, and the days around which they are.
    const CHANGES: [(Tz, (i32, u32, u32)); 7] = [
        (Tz::Asia__Tokyo, (2026, 3, 31)),
        (Tz::America__New_York, (2026, 3, 8)),
        (Tz::America__New_York, (2026, 11, 1)),
        (Tz::Australia__Lord_Howe, (2026, 4, 5)),
        (Tz::Australia__Lord_Howe, (2026, 10, 4)),
        (Tz::America__Santiago, (2026, 4, 5)),
        (Tz::Pacific__Apia, (2011, 12, 30)),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn they_are_what_the_clock_shows_minute_by_minute(
            place in 0..CHANGES.len(),
            from in 0..1440_u16,
            length in 1..=960_u16,
            minutes in -2_000..2_000_i64,
            seconds in 0..60_i64,
        ) {
            let (zone, (year, month, day)) = CHANGES[place];
            let time = |minutes: u16| WallTime::from_minutes(minutes % 1440).unwrap();
            let (from, to) = (time(from), time(from + length));
            let quiet = QuietHours::between(from, to, "").unwrap();
            let around = instant(zone, NaiveDate::from_ymd_opt(year, month, day).unwrap(), WallTime::MIDNIGHT);
            let minute = around + MINUTE * i32::try_from(minutes).unwrap();
            let at = minute + TimeDelta::seconds(seconds);

            let shown = |at: DateTime<Utc>| {
                let text = at.with_timezone(&zone).format("%H:%M").to_string();
                text.parse::<WallTime>().unwrap()
            };
            let is_quiet = |at: DateTime<Utc>| {
                let shown = shown(at);
                if from < to { from <= shown && shown < to } else { from <= shown || shown < to }
            };
            prop_assert_eq!(quiet.hold(zone, at), is_quiet(at));
            let (mut begin, mut end) = (minute, minute);
            while is_quiet(begin - MINUTE) {
                begin -= MINUTE;
            }
            while is_quiet(end) {
                end += MINUTE;
            }
            let expected = if is_quiet(at) { (begin, end) } else { (at, at) };
            prop_assert_eq!((quiet.begin(zone, at), quiet.end(zone, at)), expected, "{} in {}", at, zone);
        }
    }
}
