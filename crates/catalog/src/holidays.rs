//! National holidays, computed per region.
//!
//! The rules of a region are the law in force when they were written: a later amendment, or a day off
//! decreed for a single year, needs a new rule here (or a calendar entry that marks the date).

use std::iter::successors;

use chrono::{Datelike, NaiveDate};

mod japan;

/// The regions whose holidays are known, as the code a store writes in `holiday_region` (exact match).
pub const REGIONS: &[&str] = &["JP"];

/// One national holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holiday {
    /// The day itself.
    pub date: NaiveDate,
    /// The name in Japanese.
    pub name_ja: &'static str,
    /// The name in English.
    pub name_en: &'static str,
}

/// Whether `date` is a national holiday of `region`.
///
/// `false` for a region not in [`REGIONS`] and for a year the region's rules do not cover
/// (`"JP"` covers 1970 to 2100). Does not allocate.
#[must_use]
pub fn is_national_holiday(region: &str, date: NaiveDate) -> bool {
    national_holiday(region, date).is_some()
}

/// The national holiday of `region` on `date`, if there is one.
///
/// `None` for a region not in [`REGIONS`] and for a year the region's rules do not cover
/// (`"JP"` covers 1970 to 2100). Does not allocate.
#[must_use]
pub fn national_holiday(region: &str, date: NaiveDate) -> Option<Holiday> {
    let (name_ja, name_en) = match region {
        "JP" => japan::holiday_name(date)?,
        _ => return None,
    };
    Some(Holiday { date, name_ja, name_en })
}

/// The national holidays of `region` in `year`, in date order.
///
/// Empty for a region not in [`REGIONS`] and for a year the region's rules do not cover
/// (`"JP"` covers 1970 to 2100).
#[must_use]
pub fn national_holidays(region: &str, year: i32) -> Vec<Holiday> {
    successors(NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::succ_opt)
        .take_while(|date| date.year() == year)
        .filter_map(|date| national_holiday(region, date))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn every_listed_region_has_holidays() {
        for region in REGIONS {
            assert!(!national_holidays(region, 2026).is_empty(), "{region}");
        }
    }

    #[test]
    fn an_unknown_region_has_none() {
        for region in ["", "jp", "JP-13", "US"] {
            assert!(!is_national_holiday(region, date(2026, 1, 1)), "{region}");
            assert_eq!(national_holiday(region, date(2026, 1, 1)), None, "{region}");
            assert!(national_holidays(region, 2026).is_empty(), "{region}");
        }
    }

    #[test]
    fn a_holiday_carries_its_date_and_names() {
        let new_year = Holiday { date: date(2026, 1, 1), name_ja: "元日", name_en: "New Year's Day" };
        assert_eq!(national_holiday("JP", date(2026, 1, 1)), Some(new_year));
        assert!(is_national_holiday("JP", date(2026, 1, 1)));
        assert!(!is_national_holiday("JP", date(2026, 1, 2)));
        assert_eq!(national_holidays("JP", 2026).first(), Some(&new_year));
    }

    #[test]
    fn a_year_out_of_range_has_none() {
        for year in [i32::MIN, -1, 0, 1948, 1969, 2101, 9999, i32::MAX] {
            assert!(national_holidays("JP", year).is_empty(), "{year}");
        }
        assert!(!is_national_holiday("JP", NaiveDate::MIN));
        assert!(!is_national_holiday("JP", NaiveDate::MAX));
    }
}
