//! The holidays of Japan, 1970 to 2100.
//!
//! Source: the Act on National Holidays (国民の祝日に関する法律, Act No. 178 of 1948) with its amendments,
//! and the acts that made a day of an imperial ceremony a holiday. The Cabinet Office publishes the
//! resulting dates as the list 「国民の祝日」について. That list calls a substitute or a citizen's holiday
//! just 休日; here each has its customary name.
//!
//! A future equinox day becomes official in February of the year before, when the ephemeris gazette
//! (暦要項) is published; until then the computed day is the expected one.

use std::{iter::successors, ops::RangeInclusive};

use chrono::{Datelike, NaiveDate, Weekday};

/// A holiday's name in Japanese and in English.
type Name = (&'static str, &'static str);

/// The years the rules are written for.
const YEARS: RangeInclusive<i32> = 1970..=2100;

const SUBSTITUTE: Name = ("振替休日", "Substitute Holiday");
const CITIZENS: Name = ("国民の休日", "Citizen's Holiday");

/// The name of the holiday on `date`; `None` on any other day and outside the years 1970 to 2100.
pub(super) fn holiday_name(date: NaiveDate) -> Option<Name> {
    if !YEARS.contains(&date.year()) {
        return None;
    }
    named_holiday(date)
        .or_else(|| is_substitute(date).then_some(SUBSTITUTE))
        .or_else(|| is_citizens(date).then_some(CITIZENS))
}

/// Article 2 of the act, and the holidays of one year only.
fn named_holiday(date: NaiveDate) -> Option<Name> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let is_monday = |nth: u32| date.weekday() == Weekday::Mon && day.div_ceil(7) == nth;

    Some(match (year, month, day) {
        (_, 1, 1) => ("元日", "New Year's Day"),
        (..=1999, 1, 15) => ("成人の日", "Coming of Age Day"),
        (2000.., 1, _) if is_monday(2) => ("成人の日", "Coming of Age Day"),
        (_, 2, 11) => ("建国記念の日", "National Foundation Day"),
        (_, 3, _) if day == vernal_equinox(year) => ("春分の日", "Vernal Equinox Day"),
        (1989..=2006, 4, 29) | (2007.., 5, 4) => ("みどりの日", "Greenery Day"),
        (2007.., 4, 29) => ("昭和の日", "Showa Day"),
        (_, 5, 3) => ("憲法記念日", "Constitution Memorial Day"),
        (_, 5, 5) => ("こどもの日", "Children's Day"),
        // The Olympic year was put off, so the special measures act moved three days twice.
        (1996..=2002, 7, 20) | (2020, 7, 23) | (2021, 7, 22) => ("海の日", "Marine Day"),
        (2003..=2019 | 2022.., 7, _) if is_monday(3) => ("海の日", "Marine Day"),
        (2020, 7, 24) | (2021, 7, 23) => ("スポーツの日", "Sports Day"),
        (2016..=2019 | 2022.., 8, 11) | (2020, 8, 10) | (2021, 8, 8) => ("山の日", "Mountain Day"),
        (..=2002, 9, 15) => ("敬老の日", "Respect for the Aged Day"),
        (2003.., 9, _) if is_monday(3) => ("敬老の日", "Respect for the Aged Day"),
        (_, 9, _) if day == autumnal_equinox(year) => ("秋分の日", "Autumnal Equinox Day"),
        (..=1999, 10, 10) => ("体育の日", "Health and Sports Day"),
        (2000..=2019, 10, _) if is_monday(2) => ("体育の日", "Health and Sports Day"),
        (2022.., 10, _) if is_monday(2) => ("スポーツの日", "Sports Day"),
        (_, 11, 3) => ("文化の日", "Culture Day"),
        (_, 11, 23) => ("勤労感謝の日", "Labor Thanksgiving Day"),
        (..=1988, 4, 29) | (1989..=2018, 12, 23) | (2020.., 2, 23) => ("天皇誕生日", "Emperor's Birthday"),

        // Ceremonies, each by its own act.
        (1989, 2, 24) => ("昭和天皇の大喪の礼", "State Funeral of Emperor Showa"),
        (1990, 11, 12) => ("即位礼正殿の儀", "Enthronement Ceremony"),
        (1993, 6, 9) => ("皇太子徳仁親王の結婚の儀", "Wedding of Crown Prince Naruhito"),
        (2019, 5, 1) => ("天皇の即位の日", "Accession Day of the Emperor"),
        (2019, 10, 22) => ("即位礼正殿の儀の行われる日", "Enthronement Ceremony"),
        _ => return None,
    })
}

/// Article 3, paragraph 2: a holiday that falls on a Sunday is made up for on the next day that is
/// not itself a holiday.
///
/// In force since 1973-04-12. Until 2006 the text said "the next day"; no holiday of those years that
/// fell on a Sunday was followed by another, so one rule serves both.
fn is_substitute(date: NaiveDate) -> bool {
    in_force_since(date, (1973, 4, 12))
        && named_holiday(date).is_none()
        && successors(date.pred_opt(), NaiveDate::pred_opt)
            .take_while(|&before| named_holiday(before).is_some())
            .any(|before| before.weekday() == Weekday::Sun)
}

/// Article 3, paragraph 3: a day between two holidays.
///
/// In force since 1985-12-27. Until 2006 it left out a Sunday and a substitute holiday. The text since
/// then does not, but to 2100 no such day lies between two holidays, so one rule serves both.
fn is_citizens(date: NaiveDate) -> bool {
    let is_holiday = |day: Option<NaiveDate>| day.and_then(named_holiday).is_some();
    in_force_since(date, (1985, 12, 27))
        && date.weekday() != Weekday::Sun
        && named_holiday(date).is_none()
        && is_holiday(date.pred_opt())
        && is_holiday(date.succ_opt())
}

fn in_force_since(date: NaiveDate, since: (i32, u32, u32)) -> bool {
    (date.year(), date.month(), date.day()) >= since
}

/// The day in March on which the sun reaches the vernal equinox, by Japan's clocks.
fn vernal_equinox(year: i32) -> u32 {
    equinox(20_843_100, year)
}

/// The day in September on which the sun reaches the autumnal equinox, by Japan's clocks.
fn autumnal_equinox(year: i32) -> u32 {
    equinox(23_248_800, year)
}

/// The day of the month of an equinox, from its mean moment in 1980 in millionths of a day.
///
/// The usual approximation: each year moves it 0.242194 days later and each leap day one day earlier.
/// The constants are those given for 1980 to 2099; for 1970 to 1979 they yield the same days as the
/// ones given for 1900 to 1979. The year 2100 has no leap day. All days to 2100 agree with the moments
/// computed from an ephemeris; the closest to midnight is 2074-09-23, at about 00:03.
fn equinox(in_1980: i32, year: i32) -> u32 {
    let years = year - 1980;
    let leap_days = years.div_euclid(4) - i32::from(year >= 2100);
    let moment = in_1980 + 242_194 * years - 1_000_000 * leap_days;
    (moment / 1_000_000).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn name_ja(year: i32, month: u32, day: u32) -> Option<&'static str> {
        holiday_name(date(year, month, day)).map(|(ja, _)| ja)
    }

    fn days(year: i32) -> impl Iterator<Item = NaiveDate> {
        date(year, 1, 1).iter_days().take_while(move |day| day.year() == year)
    }

    /// The holidays of a year as "month/day name", separated by ", ".
    fn list(year: i32) -> String {
        let entries: Vec<String> = days(year)
            .filter_map(|day| Some((day, holiday_name(day)?.0)))
            .map(|(day, name)| format!("{}/{} {name}", day.month(), day.day()))
            .collect();
        entries.join(", ")
    }

    fn assert_each(days: &[(i32, u32, u32)], name: Option<&str>) {
        for &(year, month, day) in days {
            assert_eq!(name_ja(year, month, day), name, "{year}-{month:02}-{day:02}");
        }
    }

    const WHOLE_YEARS: &[(i32, &str)] = &[
        // The first substitute holiday is 4/30: 2/11 was a Sunday too early for one.
        (
            1973,
            "1/1 元日, 1/15 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 天皇誕生日, 4/30 振替休日, \
             5/3 憲法記念日, 5/5 こどもの日, 9/15 敬老の日, 9/23 秋分の日, 9/24 振替休日, \
             10/10 体育の日, 11/3 文化の日, 11/23 勤労感謝の日",
        ),
        // 5/4, a Saturday, is not yet a citizen's holiday.
        (
            1985,
            "1/1 元日, 1/15 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 天皇誕生日, 5/3 憲法記念日, \
             5/5 こどもの日, 5/6 振替休日, 9/15 敬老の日, 9/16 振替休日, 9/23 秋分の日, 10/10 体育の日, \
             11/3 文化の日, 11/4 振替休日, 11/23 勤労感謝の日",
        ),
        // 5/4 is a Sunday, and in 1987 a substitute: the first citizen's holiday comes in 1988.
        (
            1986,
            "1/1 元日, 1/15 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 天皇誕生日, 5/3 憲法記念日, \
             5/5 こどもの日, 9/15 敬老の日, 9/23 秋分の日, 10/10 体育の日, 11/3 文化の日, \
             11/23 勤労感謝の日, 11/24 振替休日",
        ),
        (
            1988,
            "1/1 元日, 1/15 成人の日, 2/11 建国記念の日, 3/20 春分の日, 3/21 振替休日, 4/29 天皇誕生日, \
             5/3 憲法記念日, 5/4 国民の休日, 5/5 こどもの日, 9/15 敬老の日, 9/23 秋分の日, \
             10/10 体育の日, 11/3 文化の日, 11/23 勤労感謝の日",
        ),
        (
            1989,
            "1/1 元日, 1/2 振替休日, 1/15 成人の日, 1/16 振替休日, 2/11 建国記念の日, \
             2/24 昭和天皇の大喪の礼, 3/21 春分の日, 4/29 みどりの日, 5/3 憲法記念日, 5/4 国民の休日, \
             5/5 こどもの日, 9/15 敬老の日, 9/23 秋分の日, 10/10 体育の日, 11/3 文化の日, \
             11/23 勤労感謝の日, 12/23 天皇誕生日",
        ),
        (
            2000,
            "1/1 元日, 1/10 成人の日, 2/11 建国記念の日, 3/20 春分の日, 4/29 みどりの日, 5/3 憲法記念日, \
             5/4 国民の休日, 5/5 こどもの日, 7/20 海の日, 9/15 敬老の日, 9/23 秋分の日, 10/9 体育の日, \
             11/3 文化の日, 11/23 勤労感謝の日, 12/23 天皇誕生日",
        ),
        // The last change of a fixed day to a Monday; 9/15 is a Monday either way.
        (
            2003,
            "1/1 元日, 1/13 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 みどりの日, 5/3 憲法記念日, \
             5/5 こどもの日, 7/21 海の日, 9/15 敬老の日, 9/23 秋分の日, 10/13 体育の日, 11/3 文化の日, \
             11/23 勤労感謝の日, 11/24 振替休日, 12/23 天皇誕生日",
        ),
        (
            2007,
            "1/1 元日, 1/8 成人の日, 2/11 建国記念の日, 2/12 振替休日, 3/21 春分の日, 4/29 昭和の日, \
             4/30 振替休日, 5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 7/16 海の日, 9/17 敬老の日, \
             9/23 秋分の日, 9/24 振替休日, 10/8 体育の日, 11/3 文化の日, 11/23 勤労感謝の日, \
             12/23 天皇誕生日, 12/24 振替休日",
        ),
        // A holiday on a Sunday is made up for after 5/5, and 9/22 lies between two.
        (
            2009,
            "1/1 元日, 1/12 成人の日, 2/11 建国記念の日, 3/20 春分の日, 4/29 昭和の日, 5/3 憲法記念日, \
             5/4 みどりの日, 5/5 こどもの日, 5/6 振替休日, 7/20 海の日, 9/21 敬老の日, 9/22 国民の休日, \
             9/23 秋分の日, 10/12 体育の日, 11/3 文化の日, 11/23 勤労感謝の日, 12/23 天皇誕生日",
        ),
        (
            2015,
            "1/1 元日, 1/12 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 昭和の日, 5/3 憲法記念日, \
             5/4 みどりの日, 5/5 こどもの日, 5/6 振替休日, 7/20 海の日, 9/21 敬老の日, 9/22 国民の休日, \
             9/23 秋分の日, 10/12 体育の日, 11/3 文化の日, 11/23 勤労感謝の日, 12/23 天皇誕生日",
        ),
        // No Emperor's Birthday; the accession makes ten days in a row.
        (
            2019,
            "1/1 元日, 1/14 成人の日, 2/11 建国記念の日, 3/21 春分の日, 4/29 昭和の日, 4/30 国民の休日, \
             5/1 天皇の即位の日, 5/2 国民の休日, 5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, \
             5/6 振替休日, 7/15 海の日, 8/11 山の日, 8/12 振替休日, 9/16 敬老の日, 9/23 秋分の日, \
             10/14 体育の日, 10/22 即位礼正殿の儀の行われる日, 11/3 文化の日, 11/4 振替休日, \
             11/23 勤労感謝の日",
        ),
        // Three days moved for the Olympic Games.
        (
            2020,
            "1/1 元日, 1/13 成人の日, 2/11 建国記念の日, 2/23 天皇誕生日, 2/24 振替休日, 3/20 春分の日, \
             4/29 昭和の日, 5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 5/6 振替休日, 7/23 海の日, \
             7/24 スポーツの日, 8/10 山の日, 9/21 敬老の日, 9/22 秋分の日, 11/3 文化の日, \
             11/23 勤労感謝の日",
        ),
        // The same days moved again; the moved 山の日 has a substitute.
        (
            2021,
            "1/1 元日, 1/11 成人の日, 2/11 建国記念の日, 2/23 天皇誕生日, 3/20 春分の日, 4/29 昭和の日, \
             5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 7/22 海の日, 7/23 スポーツの日, 8/8 山の日, \
             8/9 振替休日, 9/20 敬老の日, 9/23 秋分の日, 11/3 文化の日, 11/23 勤労感謝の日",
        ),
        (
            2024,
            "1/1 元日, 1/8 成人の日, 2/11 建国記念の日, 2/12 振替休日, 2/23 天皇誕生日, 3/20 春分の日, \
             4/29 昭和の日, 5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 5/6 振替休日, 7/15 海の日, \
             8/11 山の日, 8/12 振替休日, 9/16 敬老の日, 9/22 秋分の日, 9/23 振替休日, \
             10/14 スポーツの日, 11/3 文化の日, 11/4 振替休日, 11/23 勤労感謝の日",
        ),
        (
            2026,
            "1/1 元日, 1/12 成人の日, 2/11 建国記念の日, 2/23 天皇誕生日, 3/20 春分の日, 4/29 昭和の日, \
             5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 5/6 振替休日, 7/20 海の日, 8/11 山の日, \
             9/21 敬老の日, 9/22 国民の休日, 9/23 秋分の日, 10/12 スポーツの日, 11/3 文化の日, \
             11/23 勤労感謝の日",
        ),
        (
            2032,
            "1/1 元日, 1/12 成人の日, 2/11 建国記念の日, 2/23 天皇誕生日, 3/20 春分の日, 4/29 昭和の日, \
             5/3 憲法記念日, 5/4 みどりの日, 5/5 こどもの日, 7/19 海の日, 8/11 山の日, 9/20 敬老の日, \
             9/21 国民の休日, 9/22 秋分の日, 10/11 スポーツの日, 11/3 文化の日, 11/23 勤労感謝の日",
        ),
    ];

    #[test]
    fn whole_years() {
        for &(year, expected) in WHOLE_YEARS {
            assert_eq!(list(year), expected, "{year}");
        }
    }

    /// Ten years a row, from 1970.
    #[rustfmt::skip]
    const COUNTS: [usize; 131] = [
        12, 12, 12, 14, 15, 13, 13, 12, 14, 14,
        13, 13, 14, 12, 16, 15, 13, 13, 14, 17,
        19, 17, 14, 16, 14, 16, 19, 16, 15, 17,
        15, 19, 18, 15, 15, 16, 16, 19, 17, 17,
        16, 15, 18, 17, 17, 17, 17, 17, 20, 22,
        18, 17, 16, 17, 21, 19, 18, 17, 16, 19,
        19, 19, 17, 17, 17, 19, 18, 18, 16, 16,
        18, 19, 19, 18, 17, 17, 19, 19, 18, 17,
        17, 17, 21, 19, 18, 17, 16, 18, 19, 19,
        17, 17, 17, 19, 18, 17, 16, 17, 18, 20,
        19, 18, 17, 17, 19, 19, 18, 17, 17, 17,
        21, 19, 17, 16, 16, 18, 20, 19, 17, 17,
        17, 19, 18, 17, 17, 17, 18, 20, 19, 18,
        16,
    ];

    #[test]
    fn number_of_holidays_in_each_year() {
        for (year, expected) in YEARS.zip(COUNTS) {
            let count = days(year).filter(|&day| holiday_name(day).is_some()).count();
            assert_eq!(count, expected, "{year}");
        }
        assert_eq!(YEARS.count(), COUNTS.len());
    }

    #[test]
    fn no_holiday_outside_the_years() {
        assert_each(&[(1970, 1, 1), (2100, 1, 1)], Some("元日"));
        assert_each(&[(1969, 1, 1), (1969, 11, 23), (2101, 1, 1)], None);
    }

    #[test]
    fn monday_holidays() {
        assert_each(&[(1999, 1, 15), (2000, 1, 10), (2001, 1, 8), (2007, 1, 8)], Some("成人の日"));
        assert_each(&[(2000, 1, 15), (1999, 1, 11)], None);
        assert_each(&[(1996, 7, 20), (2002, 7, 20), (2003, 7, 21), (2019, 7, 15)], Some("海の日"));
        assert_each(&[(1995, 7, 20), (2003, 7, 20), (2020, 7, 20), (2021, 7, 19)], None);
        assert_each(&[(2002, 9, 15), (2003, 9, 15), (2004, 9, 20)], Some("敬老の日"));
        assert_each(&[(2004, 9, 15)], None);
        assert_each(&[(1970, 10, 10), (1999, 10, 10), (2000, 10, 9), (2019, 10, 14)], Some("体育の日"));
        assert_each(&[(2000, 10, 10), (2020, 10, 12), (2021, 10, 11)], None);
    }

    #[test]
    fn olympic_years() {
        assert_each(&[(2020, 7, 23), (2021, 7, 22), (2022, 7, 18)], Some("海の日"));
        assert_each(&[(2020, 7, 24), (2021, 7, 23), (2022, 10, 10)], Some("スポーツの日"));
        assert_each(&[(2016, 8, 11), (2020, 8, 10), (2021, 8, 8), (2022, 8, 11)], Some("山の日"));
        assert_each(&[(2015, 8, 11), (2020, 8, 11), (2021, 8, 11)], None);
    }

    #[test]
    fn emperors_birthday_and_the_days_it_left() {
        let birthdays = [(1970, 4, 29), (1988, 4, 29), (1989, 12, 23), (2018, 12, 23), (2020, 2, 23)];
        assert_each(&birthdays, Some("天皇誕生日"));
        assert_each(&[(1988, 12, 23), (2019, 2, 23), (2019, 12, 23), (2020, 12, 23)], None);
        assert_each(&[(1989, 4, 29), (2006, 4, 29), (2007, 5, 4)], Some("みどりの日"));
        assert_each(&[(2007, 4, 29), (2100, 4, 29)], Some("昭和の日"));
    }

    #[test]
    fn ceremonies() {
        assert_each(&[(1989, 2, 24)], Some("昭和天皇の大喪の礼"));
        assert_each(&[(1990, 11, 12)], Some("即位礼正殿の儀"));
        assert_each(&[(1993, 6, 9)], Some("皇太子徳仁親王の結婚の儀"));
        assert_each(&[(2019, 5, 1)], Some("天皇の即位の日"));
        assert_each(&[(2019, 10, 22)], Some("即位礼正殿の儀の行われる日"));
        assert_each(&[(1990, 2, 24), (1991, 11, 12), (1994, 6, 9), (2020, 5, 1), (2020, 10, 22)], None);
    }

    #[test]
    fn substitute_holidays() {
        let next_day = [(1973, 4, 30), (1973, 9, 24), (1987, 5, 4), (2006, 1, 2), (2024, 9, 23)];
        assert_each(&next_day, Some("振替休日"));
        // 憲法記念日 on a Sunday, みどりの日 on a Sunday, こどもの日 on a Sunday.
        assert_each(&[(2009, 5, 6), (2008, 5, 6), (2013, 5, 6)], Some("振替休日"));
        // Before the law; the same Sundays before the second version; a Saturday.
        assert_each(&[(1973, 2, 12), (1998, 5, 6), (2003, 5, 6), (2022, 1, 2)], None);
    }

    #[test]
    fn citizens_holidays() {
        assert_each(&[(1988, 5, 4), (2006, 5, 4)], Some("国民の休日"));
        assert_each(&[(2019, 4, 30), (2019, 5, 2)], Some("国民の休日"));
        assert_each(&[(2009, 9, 22), (2015, 9, 22), (2026, 9, 22), (2032, 9, 21)], Some("国民の休日"));
        // Before the law; on a Sunday.
        assert_each(&[(1983, 5, 4), (1985, 5, 4), (1986, 5, 4), (1997, 5, 4), (2003, 5, 4)], None);
    }

    /// The days whose equinox is within half an hour of midnight, and the ends of the range.
    #[test]
    fn equinox_days() {
        let vernal = [
            (1970, 21),
            (1989, 21),
            (1993, 20),
            (2026, 20),
            (2055, 21),
            (2059, 20),
            (2088, 20),
            (2092, 19),
            (2100, 20),
        ];
        for (year, day) in vernal {
            assert_eq!(name_ja(year, 3, day), Some("春分の日"), "{year}");
        }
        let autumnal = [(1970, 23), (1979, 24), (1983, 23), (2012, 22), (2041, 23), (2045, 22), (2074, 23), (2100, 23)];
        for (year, day) in autumnal {
            assert_eq!(name_ja(year, 9, day), Some("秋分の日"), "{year}");
        }
    }

    #[test]
    fn names_in_english() {
        let english: Vec<&str> = days(2026).filter_map(|day| Some(holiday_name(day)?.1)).collect();
        let expected = [
            "New Year's Day",
            "Coming of Age Day",
            "National Foundation Day",
            "Emperor's Birthday",
            "Vernal Equinox Day",
            "Showa Day",
            "Constitution Memorial Day",
            "Greenery Day",
            "Children's Day",
            "Substitute Holiday",
            "Marine Day",
            "Mountain Day",
            "Respect for the Aged Day",
            "Citizen's Holiday",
            "Autumnal Equinox Day",
            "Sports Day",
            "Culture Day",
            "Labor Thanksgiving Day",
        ];
        assert_eq!(english, expected);
    }
}
