//! A store, as far as booking needs to know it.

use crate::code::BookingMode;
use crate::minute::{Minute, Span};
use chrono::{Datelike, NaiveDate};
use musubi_kernel::hours::{DayHours, OpenInterval, WeeklyHours};
use musubi_kernel::id::StoreId;
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone::{self, Tz};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A store and its rules for bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// The store.
    pub id: StoreId,
    /// Its name, as customers read it.
    pub name: String,
    /// Where it is, as customers read it.
    pub address: Option<String>,
    /// Its time zone.
    pub zone: Tz,
    /// Opening hours.
    pub hours: WeeklyHours,
    /// Minutes between two starts on the grid, 1 or more.
    pub slot_interval: u16,
    /// How many days ahead customers may book.
    pub advance_booking_days: u32,
    /// Whether customers may book for today.
    pub accept_same_day: bool,
    /// Bookings and live holds that a business date may have before customers are refused.
    pub daily_limit: u32,
    /// How long a hold lasts, in minutes.
    pub hold_minutes: u32,
    /// Whether bookings wait for the store's word.
    pub mode: BookingMode,
    /// Whether customers must leave name and telephone number.
    pub require_customer_info: bool,
    /// Whether it is in business.
    pub active: bool,
    /// Whether customers may book by themselves.
    pub public: bool,
    /// What follows when a customer stays away.
    pub no_show_policy: NoShowPolicy,
}

/// When a customer who stays away is restricted, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShowPolicy {
    /// From this count on; 0: never.
    pub threshold: u32,
    /// For so many days.
    pub restrict_days: u32,
}

impl Default for NoShowPolicy {
    fn default() -> Self {
        Self { threshold: 3, restrict_days: 90 }
    }
}

/// What the calendar says of a date beyond its weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarDay {
    /// The store is closed.
    pub closed: bool,
    /// Hours of this date alone.
    pub special_hours: Option<DayHours>,
    /// It is a national holiday.
    pub national_holiday: bool,
}

/// The dates of which the calendar says anything.
pub type Calendar = BTreeMap<NaiveDate, CalendarDay>;

impl Shop {
    /// The store's hours on a date, by the calendar first, then by holiday, then by weekday.
    pub fn hours_on<'a>(&'a self, date: NaiveDate, calendar: &'a Calendar) -> &'a [OpenInterval] {
        match calendar.get(&date) {
            Some(CalendarDay { closed: true, .. }) => &[],
            Some(CalendarDay { special_hours: Some(hours), .. }) => hours,
            day => self.hours.of(date.weekday(), day.is_some_and(|day| day.national_holiday)),
        }
    }
}

/// The opening or working intervals of one date.
pub type Spans = SmallVec<[Span; 2]>;

/// Turns the clock times of one business date into minutes. The zone is asked once per date: only on a date near which
/// its clock changes is it asked for every time.
#[derive(Debug, Clone, Copy)]
pub struct DayClock {
    zone: Tz,
    date: NaiveDate,
    midnight: Minute,
    uniform: bool,
}

impl DayClock {
    /// The clock of `date` in `zone`.
    pub fn of(zone: Tz, date: NaiveDate) -> Self {
        let offsets = [date.pred_opt(), Some(date), date.succ_opt(), date.succ_opt().and_then(|next| next.succ_opt())];
        Self::with(zone, date, offsets.map(|date| date.and_then(|date| zone::offset_minutes(zone, date))))
    }

    /// The clocks of the dates from `first` on, as far as there are dates.
    pub fn from_date(zone: Tz, first: NaiveDate) -> impl Iterator<Item = Self> {
        let offset = move |date: Option<NaiveDate>| date.and_then(|date| zone::offset_minutes(zone, date));
        let second = first.succ_opt();
        let mut offsets = [None, offset(first.pred_opt()), offset(Some(first)), offset(second)];
        let mut ahead = second;
        first.iter_days().map(move |date| {
            ahead = ahead.and_then(|ahead| ahead.succ_opt());
            offsets = [offsets[1], offsets[2], offsets[3], offset(ahead)];
            Self::with(zone, date, offsets)
        })
    }

    /// The clock of a date, given the offsets at the UTC midnights from the date before to two dates after. A day lasts
    /// until `30:00` and offsets are below 24 hours, so these lie around all of it: where they agree, it has one offset.
    fn with(zone: Tz, date: NaiveDate, offsets: [Option<i64>; 4]) -> Self {
        match offsets {
            [Some(a), Some(b), Some(c), Some(d)] if a == b && b == c && c == d => {
                Self { zone, date, midnight: Minute::of_utc_midnight(date) - a, uniform: true }
            }
            _ => Self { zone, date, midnight: Minute::containing(zone::midnight(zone, date)), uniform: false },
        }
    }

    /// The date.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The date's midnight.
    pub fn midnight(&self) -> Minute {
        self.midnight
    }

    /// Whether the day's clock runs evenly: every clock time of it is so many minutes after its midnight.
    pub fn is_uniform(&self) -> bool {
        self.uniform
    }

    /// The minute at which the day shows `time`.
    pub fn minute(&self, time: WallTime) -> Minute {
        if self.uniform {
            self.midnight + i64::from(time.minutes())
        } else {
            Minute::containing(zone::instant(self.zone, self.date, time))
        }
    }

    /// What the clock shows at a minute, counted from the day's midnight.
    pub fn shown_at(&self, at: Minute) -> i64 {
        let elapsed = at - self.midnight;
        if self.uniform && (0..=i64::from(WallTime::LATEST.minutes())).contains(&elapsed) {
            elapsed
        } else {
            zone::clock_on(self.zone, self.date, at.instant())
        }
    }

    /// The stretches of these hours, without those that the zone leaves empty.
    pub fn spans(&self, hours: &[OpenInterval]) -> impl Iterator<Item = Span> {
        hours.iter().filter_map(|hours| Span::new(self.minute(hours.open), self.minute(hours.close)))
    }
}
