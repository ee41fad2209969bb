//! Opening and working hours by weekday.

use crate::error::Invalid;
use crate::wall_time::WallTime;
use chrono::Weekday;
use serde::{Deserialize, Serialize};

/// One stretch of clock time `[open, close)` of a business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenInterval {
    /// First minute.
    pub open: WallTime,
    /// First minute after; may pass midnight, up to `30:00`.
    pub close: WallTime,
}

/// The hours of one day: sorted, not overlapping. Empty: closed.
pub type DayHours = Vec<OpenInterval>;

/// Hours for each weekday, and for national holidays when these differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "a weekday needs no explanation")]
pub struct WeeklyHours {
    #[serde(default)]
    pub mon: Vec<OpenInterval>,
    #[serde(default)]
    pub tue: Vec<OpenInterval>,
    #[serde(default)]
    pub wed: Vec<OpenInterval>,
    #[serde(default)]
    pub thu: Vec<OpenInterval>,
    #[serde(default)]
    pub fri: Vec<OpenInterval>,
    #[serde(default)]
    pub sat: Vec<OpenInterval>,
    #[serde(default)]
    pub sun: Vec<OpenInterval>,
    /// Hours of national holidays; absent: those of the weekday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub holiday: Option<Vec<OpenInterval>>,
}

impl WeeklyHours {
    /// The hours of a weekday.
    pub fn on(&self, weekday: Weekday) -> &DayHours {
        match weekday {
            Weekday::Mon => &self.mon,
            Weekday::Tue => &self.tue,
            Weekday::Wed => &self.wed,
            Weekday::Thu => &self.thu,
            Weekday::Fri => &self.fri,
            Weekday::Sat => &self.sat,
            Weekday::Sun => &self.sun,
        }
    }

    /// The hours of a date: those of holidays when it is one and they are given, else the weekday's.
    pub fn of(&self, weekday: Weekday, national_holiday: bool) -> &DayHours {
        match &self.holiday {
            Some(hours) if national_holiday => hours,
            _ => self.on(weekday),
        }
    }

    /// Reports every interval that breaks a rule, below `pointer`.
    pub fn check(&self, pointer: &str, invalid: &mut Invalid) {
        let days = [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ];
        for (name, hours) in days.into_iter().chain(self.holiday.as_ref().map(|hours| ("holiday", hours))) {
            check_day(hours, &format!("{pointer}/{name}"), invalid);
        }
    }
}

/// Reports every interval of one day that breaks a rule: `open < close`, sorted, no overlap.
pub fn check_day(hours: &[OpenInterval], pointer: &str, invalid: &mut Invalid) {
    for (index, interval) in hours.iter().enumerate() {
        if interval.open >= interval.close {
            invalid.add(format!("{pointer}/{index}"), "open_not_before_close", "open must be before close");
        }
        if index > 0 && hours[index - 1].close > interval.open {
            invalid.add(
                format!("{pointer}/{index}"),
                "intervals_overlap",
                "intervals must be sorted and must not overlap",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(json: &str) -> Vec<(String, &'static str)> {
        let weekly: WeeklyHours = serde_json::from_str(json).expect("hours");
        let mut invalid = Invalid::default();
        weekly.check("/business_hours", &mut invalid);
        invalid.violations().iter().map(|violation| (violation.pointer.clone(), violation.code)).collect()
    }

    #[test]
    fn hours_are_sorted_and_apart() {
        assert_eq!(
            hours(r#"{"mon":[{"open":"10:00","close":"13:00"},{"open":"13:00","close":"26:00"}],"holiday":[]}"#),
            []
        );
        assert_eq!(
            hours(
                r#"{"tue":[{"open":"10:00","close":"10:00"}],"wed":[{"open":"12:00","close":"14:00"},{"open":"13:00","close":"15:00"}]}"#
            ),
            [
                ("/business_hours/tue/0".to_owned(), "open_not_before_close"),
                ("/business_hours/wed/1".to_owned(), "intervals_overlap")
            ]
        );
    }
}
