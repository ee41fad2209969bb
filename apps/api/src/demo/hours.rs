//! Hours, written as people write them.

use super::ZONE;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};
use musubi_kernel::hours::OpenInterval;
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone;

/// A clock time.
pub(super) fn clock(time: &str) -> WallTime {
    time.parse().expect("the demo's clock times are well written")
}

/// From one clock time to another.
pub(super) fn span(open: &str, close: &str) -> OpenInterval {
    OpenInterval { open: clock(open), close: clock(close) }
}

/// The instant of a clock time in the demo's time zone.
pub(super) fn instant(date: NaiveDate, time: &str) -> DateTime<Utc> {
    zone::instant(ZONE, date, clock(time))
}

/// The first date on this weekday that is `days` or more after another.
pub(super) fn next(weekday: Weekday, date: NaiveDate, days: u64) -> NaiveDate {
    let first = date + Days::new(days);
    first + Days::new(u64::from(weekday.days_since(first.weekday())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_weekday_is_that_day_or_later() {
        let friday = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        assert_eq!(next(Weekday::Fri, friday, 0), friday);
        assert_eq!(next(Weekday::Thu, friday, 0), friday + Days::new(6));
        assert_eq!(next(Weekday::Tue, friday, 5), friday + Days::new(11));
    }
}
