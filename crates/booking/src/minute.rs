//! Whole minutes and stretches of them: all the arithmetic of booking.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A whole minute since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minute(pub i64);

impl Minute {
    /// The minute that begins at this instant; `None` when none does.
    pub fn exactly(at: DateTime<Utc>) -> Option<Self> {
        let minute = Self::containing(at);
        (minute.instant() == at).then_some(minute)
    }

    /// The minute in which this instant lies.
    pub fn containing(at: DateTime<Utc>) -> Self {
        Self(at.timestamp().div_euclid(60))
    }

    /// The first minute that does not begin before this instant.
    pub fn not_before(at: DateTime<Utc>) -> Self {
        let minute = Self::containing(at);
        if minute.instant() == at { minute } else { minute + 1 }
    }

    /// The minute at which a date begins in UTC.
    pub fn of_utc_midnight(date: NaiveDate) -> Self {
        Self(i64::from(date.to_epoch_days()) * 1440)
    }

    /// The instant at which it begins.
    pub fn instant(self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(self.0)
    }
}

impl std::ops::Add<i64> for Minute {
    type Output = Self;
    fn add(self, minutes: i64) -> Self {
        Self(self.0 + minutes)
    }
}

impl std::ops::Sub<i64> for Minute {
    type Output = Self;
    fn sub(self, minutes: i64) -> Self {
        Self(self.0 - minutes)
    }
}

impl std::ops::Sub for Minute {
    type Output = i64;
    fn sub(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

/// The minutes from `from` up to and without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First minute.
    pub from: Minute,
    /// First minute after.
    pub to: Minute,
}

impl Span {
    /// The minutes from `from` up to `to`; `None` when there is none.
    pub fn new(from: Minute, to: Minute) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// How many minutes.
    pub fn minutes(self) -> i64 {
        self.to - self.from
    }

    /// Whether all of `inner` lies in it.
    pub fn contains(self, inner: Self) -> bool {
        self.from <= inner.from && inner.to <= self.to
    }

    /// Whether a minute lies in both.
    pub fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_between_two_minutes_is_no_minute() {
        let at = DateTime::from_timestamp(90, 0).expect("in range");
        assert_eq!(Minute::exactly(at), None);
        assert_eq!((Minute::containing(at), Minute::not_before(at)), (Minute(1), Minute(2)));
    }
}
