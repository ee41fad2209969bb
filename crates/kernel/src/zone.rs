//! Local times of an IANA time zone, as instants.

use crate::wall_time::WallTime;
use chrono::{
    DateTime, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
pub use chrono_tz::Tz;

/// The instant of a clock time of `date` in `zone`.
///
/// A time in a gap moves forward by the gap; of a time that occurs twice the earlier instant is meant
/// (as RFC 5545, 3.3.5 reads them).
pub fn instant(zone: Tz, date: NaiveDate, time: WallTime) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    instant_of(zone, midnight + TimeDelta::minutes(i64::from(time.minutes())))
}

/// The instant at which `date` begins in `zone`.
pub fn midnight(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    instant(zone, date, WallTime::MIDNIGHT)
}

fn instant_of(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.with_timezone(&Utc),
        MappedLocalTime::None => {
            // No zone's clock has ever jumped by more than a day, so the day before has the offset from before the gap.
            let before = zone.offset_from_utc_datetime(&(local - Days::new(1)));
            local.and_utc() - TimeDelta::seconds(i64::from(chrono::Offset::fix(&before).local_minus_utc()))
        }
    }
}

/// Minutes by which the clock of `zone` is ahead of UTC when `date` begins in UTC; `None`: not a whole number.
pub fn offset_minutes(zone: Tz, date: NaiveDate) -> Option<i64> {
    let seconds = chrono::Offset::fix(&zone.offset_from_utc_datetime(&date.and_time(NaiveTime::MIN))).local_minus_utc();
    (seconds % 60 == 0).then(|| i64::from(seconds / 60))
}

/// The local date of an instant in `zone`.
pub fn date_of(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The clock of an instant as minutes after the midnight of `date`: above 1440 when the local date lies after it,
/// below 0 when it lies before.
pub fn clock_on(zone: Tz, date: NaiveDate, at: DateTime<Utc>) -> i64 {
    let local = at.with_timezone(&zone).naive_local();
    let days = local.date().signed_duration_since(date).num_days();
    days * 1440 + i64::from(local.hour()) * 60 + i64::from(local.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: Tz, date: (i32, u32, u32), time: &str) -> String {
        let date = NaiveDate::from_ymd_opt(date.0, date.1, date.2).expect("a date");
        instant(zone, date, time.parse().expect("a time")).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn gaps_move_forward_and_overlaps_take_the_earlier() {
        for (zone, date, time, instant) in [
            (Tz::Asia__Tokyo, (2026, 3, 20), "25:30", "2026-03-20T16:30:00Z"),
            (Tz::America__New_York, (2026, 3, 8), "02:30", "2026-03-08T07:30:00Z"),
            (Tz::America__New_York, (2026, 3, 7), "26:30", "2026-03-08T07:30:00Z"),
            (Tz::America__New_York, (2026, 11, 1), "01:30", "2026-11-01T05:30:00Z"),
            (Tz::Australia__Lord_Howe, (2026, 10, 4), "02:15", "2026-10-03T15:45:00Z"),
            (Tz::Australia__Lord_Howe, (2026, 4, 5), "01:45", "2026-04-04T14:45:00Z"),
            (Tz::Pacific__Apia, (2011, 12, 30), "10:00", "2011-12-30T20:00:00Z"),
        ] {
            assert_eq!(at(zone, date, time), instant, "{zone} {date:?} {time}");
        }
    }

    #[test]
    fn a_clock_counts_from_the_midnight_of_its_business_date() {
        let friday = NaiveDate::from_ymd_opt(2026, 3, 20).expect("a date");
        let saturday_half_past_one = instant(Tz::Asia__Tokyo, friday, "25:30".parse().expect("a time"));
        assert_eq!(clock_on(Tz::Asia__Tokyo, friday, saturday_half_past_one), 25 * 60 + 30);
    }
}
