//! At which instants a schedule fires.

use crate::wall_time::WallTime;
use crate::zone::{self, Tz};
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};

/// At which times. Local times are read as those of bookings are: one that the clock skips moves forward by what is skipped, of
/// one that comes twice the earlier is meant. So each day has one firing, the days of a clock change too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Every so long, whole seconds, counted from 1970-01-01T00:00:00Z. Knows no clock changes.
    Every(TimeDelta),
    /// Each day.
    Daily(WallTime),
    /// Each week.
    Weekly(Weekday, WallTime),
    /// Each month, on this day, 1 to 31; on the last where a month has none such.
    Monthly(u32, WallTime),
}

/// How many days around an instant hold the next firing of a day, a week, a month; a wall time may lie on the morning after,
/// and a zone may leave out a day.
const AROUND: u64 = 3;

impl Rhythm {
    /// The first instant after `after`.
    pub fn next(&self, zone: Tz, after: DateTime<Utc>) -> DateTime<Utc> {
        match *self {
            Self::Every(length) => {
                let length = length.num_seconds().max(1);
                let next = (after.timestamp().div_euclid(length) + 1) * length;
                DateTime::from_timestamp(next, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
            Self::Daily(time) => first(zone, after, time, days_around(zone, after, 0)),
            Self::Weekly(weekday, time) => {
                let days = days_around(zone, after, 7).filter(|date| date.weekday() == weekday);
                first(zone, after, time, days)
            }
            Self::Monthly(day, time) => {
                let days = days_around(zone, after, 31).filter(|date| date.day() == day.clamp(1, last_day(*date)));
                first(zone, after, time, days)
            }
        }
    }

    /// In words.
    pub fn rule(&self, zone: Tz) -> String {
        match self {
            Self::Every(length) => format!("every {} s", length.num_seconds().max(1)),
            Self::Daily(time) => format!("daily at {time}, {zone}"),
            Self::Weekly(weekday, time) => format!("{weekday} at {time}, {zone}"),
            Self::Monthly(day, time) => format!("monthly on {day} at {time}, {zone}"),
        }
    }
}

/// The local dates of the days around an instant, and of `more` days after it.
fn days_around(zone: Tz, at: DateTime<Utc>, more: u64) -> impl Iterator<Item = NaiveDate> {
    let date = zone::date_of(zone, at);
    let begin = date.checked_sub_days(Days::new(AROUND)).unwrap_or(date);
    (0..=2 * AROUND + more).filter_map(move |n| begin.checked_add_days(Days::new(n)))
}

fn first(zone: Tz, after: DateTime<Utc>, time: WallTime, dates: impl Iterator<Item = NaiveDate>) -> DateTime<Utc> {
    let instants = dates.map(|date| zone::instant(zone, date, time)).filter(|instant| *instant > after);
    instants.min().unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn last_day(date: NaiveDate) -> u32 {
    let next = date.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
    next.and_then(|next| next.pred_opt()).map_or(31, |last| last.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Tz::{
        America__New_York as NEW_YORK, Asia__Tokyo as TOKYO, Australia__Lord_Howe as LORD_HOWE, Pacific__Apia as APIA,
    };
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn time(text: &str) -> WallTime {
        text.parse().unwrap()
    }

    #[test]
    fn clock_changes_and_month_ends() {
        let daily = |text| Rhythm::Daily(time(text));
        let monthly = |day, text| Rhythm::Monthly(day, time(text));
        for (zone, rhythm, after, next) in [
            (TOKYO, daily("03:30"), "2026-03-19T18:30:00Z", "2026-03-20T18:30:00Z"),
            (TOKYO, daily("03:30"), "2026-03-19T18:29:59.999999Z", "2026-03-19T18:30:00Z"),
            (TOKYO, daily("25:30"), "2026-03-19T16:00:00Z", "2026-03-19T16:30:00Z"),
            // 02:30 is skipped on 8 March: half past three.
            (NEW_YORK, daily("02:30"), "2026-03-07T12:00:00Z", "2026-03-08T07:30:00Z"),
            (NEW_YORK, daily("02:30"), "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"),
            // 01:30 comes twice on 1 November: the first.
            (NEW_YORK, daily("01:30"), "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"),
            (NEW_YORK, daily("01:30"), "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"),
            (LORD_HOWE, daily("02:15"), "2026-10-03T12:00:00Z", "2026-10-03T15:45:00Z"),
            // There was no 30 December 2011: it fires on the 31st, once.
            (APIA, daily("10:00"), "2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z"),
            (APIA, daily("10:00"), "2011-12-30T20:00:00Z", "2011-12-31T20:00:00Z"),
            (TOKYO, Rhythm::Weekly(Weekday::Mon, time("09:00")), "2026-03-20T00:00:00Z", "2026-03-23T00:00:00Z"),
            (TOKYO, Rhythm::Weekly(Weekday::Sun, time("26:00")), "2026-03-22T16:59:00Z", "2026-03-22T17:00:00Z"),
            (TOKYO, monthly(31, "09:00"), "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"),
            (TOKYO, monthly(31, "09:00"), "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            (TOKYO, monthly(31, "09:00"), "2026-04-01T00:00:00Z", "2026-04-30T00:00:00Z"),
            (TOKYO, monthly(1, "00:00"), "2026-12-31T14:59:59Z", "2026-12-31T15:00:00Z"),
            (TOKYO, monthly(31, "30:00"), "2026-02-28T20:59:00Z", "2026-02-28T21:00:00Z"),
            (TOKYO, Rhythm::Every(TimeDelta::minutes(5)), "2026-03-20T00:05:00Z", "2026-03-20T00:10:00Z"),
            (TOKYO, Rhythm::Every(TimeDelta::minutes(5)), "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(rhythm.next(zone, at(after)), at(next), "{} after {after}", rhythm.rule(zone));
        }
    }

    fn rhythms() -> impl Strategy<Value = Rhythm> {
        let time = || (0_u16..=1800).prop_map(|minutes| WallTime::from_minutes(minutes).unwrap());
        prop_oneof![
            time().prop_map(Rhythm::Daily),
            (0_u8..7, time()).prop_map(|(day, time)| Rhythm::Weekly(Weekday::try_from(day).unwrap(), time)),
            (1_u32..=31, time()).prop_map(|(day, time)| Rhythm::Monthly(day, time)),
        ]
    }

    /// Every firing of three years, in order.
    fn all(rhythm: Rhythm, zone: Tz) -> Vec<DateTime<Utc>> {
        let begin = NaiveDate::from_ymd_opt(2010, 12, 1).unwrap();
        let (fits, time): (Box<dyn Fn(NaiveDate) -> bool>, _) = match rhythm {
            Rhythm::Daily(time) => (Box::new(|_| true), time),
            Rhythm::Weekly(weekday, time) => (Box::new(move |date| date.weekday() == weekday), time),
            Rhythm::Monthly(day, time) => {
                let ends = |date: NaiveDate| date.succ_opt().unwrap().day() == 1;
                (Box::new(move |date| date.day() == day || (ends(date) && date.day() < day)), time)
            }
            Rhythm::Every(_) => unreachable!("not among the rhythms"),
        };
        let dates = begin.iter_days().take(3 * 365).filter(|date| fits(*date));
        let mut instants: Vec<_> = dates.map(|date| zone::instant(zone, date, time)).collect();
        instants.sort_unstable();
        instants.dedup();
        instants
    }

    proptest! {
        #[test]
        fn the_next_is_the_first_of_all_that_come_after(
            rhythm in rhythms(),
            zone in prop::sample::select(vec![TOKYO, NEW_YORK, LORD_HOWE, APIA]),
            seconds in 0_i64..700 * 86_400,
        ) {
            let after = at("2011-02-01T00:00:00Z") + TimeDelta::seconds(seconds);
            let expected = all(rhythm, zone).into_iter().find(|instant| *instant > after);
            prop_assert_eq!(Some(rhythm.next(zone, after)), expected);
        }
    }
}
