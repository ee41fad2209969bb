//! Dates, times and amounts in the words of a language.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use musubi_kernel::locale::Locale;
use musubi_kernel::money::{Amount, Currency};
use musubi_kernel::zone::Tz;

/// The weekdays of a Japanese date, from Monday.
const YOBI: [char; 7] = ['月', '火', '水', '木', '金', '土', '日'];

/// A language, and the place whose clock is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) language: Locale,
    pub(crate) zone: Tz,
}

impl Words {
    fn local(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// `2026年3月20日(金)`, `Friday, 20 March 2026`.
    pub(crate) fn date(self, at: DateTime<Utc>) -> String {
        let date = self.local(at);
        match self.language {
            Locale::Ja => format!("{}年{}月{}日({})", date.year(), date.month(), date.day(), yobi(date)),
            Locale::En => date.format("%A, %-d %B %Y").to_string(),
        }
    }

    /// `3/20(金)`, `Fri 20 Mar`.
    pub(crate) fn short_date(self, at: DateTime<Utc>) -> String {
        let date = self.local(at);
        match self.language {
            Locale::Ja => format!("{}/{}({})", date.month(), date.day(), yobi(date)),
            Locale::En => date.format("%a %-d %b").to_string(),
        }
    }

    /// `14:00`.
    pub(crate) fn time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%H:%M").to_string()
    }

    /// The time at which something ends, with its date when that is another than its start's.
    pub(crate) fn end_time(self, start: DateTime<Utc>, end: DateTime<Utc>) -> String {
        let time = self.time(end);
        if self.local(start) == self.local(end) { time } else { format!("{} {time}", self.short_date(end)) }
    }

    /// `本日`, `明日`, `3月20日(金)`; `today`, `tomorrow`, `on Friday, 20 March`: as seen at `now`.
    pub(crate) fn day(self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let (date, today) = (self.local(at), self.local(now));
        let word = |ja: &str, en: &str| match self.language {
            Locale::Ja => ja.to_owned(),
            Locale::En => en.to_owned(),
        };
        if date == today {
            return word("本日", "today");
        }
        if today.checked_add_days(Days::new(1)) == Some(date) {
            return word("明日", "tomorrow");
        }
        match self.language {
            Locale::Ja => format!("{}月{}日({})", date.month(), date.day(), yobi(date)),
            Locale::En => date.format("on %A, %-d %B").to_string(),
        }
    }

    /// A moment, to the minute: `2026年3月19日(木) 14:00`.
    pub(crate) fn moment(self, at: DateTime<Utc>) -> String {
        match self.language {
            Locale::Ja => format!("{} {}", self.date(at), self.time(at)),
            Locale::En => format!("{} on {}", self.time(at), self.date(at)),
        }
    }

    /// `12,100円`, `¥12,100`. Nothing of what costs nothing.
    pub(crate) fn price(self, currency: Currency, amount: Amount) -> String {
        if amount.0 == 0 {
            return String::new();
        }
        let digits = grouped(amount.0);
        match (currency, self.language) {
            (Currency::Jpy, Locale::Ja) => format!("{digits}円"),
            (Currency::Jpy, Locale::En) => format!("¥{digits}"),
        }
    }

    /// `佐藤、個室A`.
    pub(crate) fn list<'a>(self, names: impl Iterator<Item = &'a str>) -> String {
        let between = match self.language {
            Locale::Ja => "、",
            Locale::En => ", ",
        };
        names.collect::<Vec<_>>().join(between)
    }
}

fn yobi(date: NaiveDate) -> char {
    YOBI[date.weekday().num_days_from_monday() as usize]
}

/// With a comma before every third digit from the right.
fn grouped(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::from(if amount < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn dates_in_words() {
        let tokyo = |language| Words { language, zone: Tz::Asia__Tokyo };
        let (start, end) = (at("2026-03-20T05:00:00Z"), at("2026-03-20T16:30:00Z"));
        for (language, date, short, day, end_time, moment) in [
            (
                Locale::Ja,
                "2026年3月20日(金)",
                "3/20(金)",
                ["本日", "明日", "3月20日(金)"],
                "3/21(土) 01:30",
                "2026年3月20日(金) 14:00",
            ),
            (
                Locale::En,
                "Friday, 20 March 2026",
                "Fri 20 Mar",
                ["today", "tomorrow", "on Friday, 20 March"],
                "Sat 21 Mar 01:30",
                "14:00 on Friday, 20 March 2026",
            ),
        ] {
            let words = tokyo(language);
            assert_eq!((words.date(start), words.short_date(start)), (date.to_owned(), short.to_owned()));
            // Seen just after and just before midnight in Tokyo.
            let seen = ["2026-03-19T15:00:00Z", "2026-03-19T14:59:59Z", "2026-03-18T14:59:59Z"];
            assert_eq!(seen.map(|now| words.day(start, at(now))), day);
            assert_eq!((words.end_time(start, end), words.moment(start)), (end_time.to_owned(), moment.to_owned()));
            assert_eq!(words.end_time(start, start), "14:00");
        }
        let new_york = Words { language: Locale::En, zone: Tz::America__New_York };
        assert_eq!(new_york.moment(at("2026-03-01T02:00:00Z")), "21:00 on Saturday, 28 February 2026");
    }

    #[test]
    fn amounts_in_words() {
        let words = |language| Words { language, zone: Tz::Asia__Tokyo };
        for (amount, ja, en) in [
            (0, "", ""),
            (5, "5円", "¥5"),
            (999, "999円", "¥999"),
            (12_100, "12,100円", "¥12,100"),
            (-1_234_567, "-1,234,567円", "¥-1,234,567"),
        ] {
            let of = |language| words(language).price(Currency::Jpy, Amount(amount));
            assert_eq!((of(Locale::Ja), of(Locale::En)), (ja.to_owned(), en.to_owned()));
        }
    }
}
