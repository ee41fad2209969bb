//! What a card says, in Japanese and English.

use crate::card::{Language, Occasion};
use chrono::{Datelike as _, NaiveDateTime};
use musubi_kernel::money::Amount;

/// The words that stand on every card.
pub(crate) struct Words {
    pub(crate) menu: &'static str,
    pub(crate) time: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) price: &'static str,
    pub(crate) number: &'static str,
    pub(crate) details: &'static str,
    pub(crate) calendar: &'static str,
    pub(crate) cancel: &'static str,
}

const JAPANESE: Words = Words {
    menu: "メニュー",
    time: "日時",
    resource: "担当・場所",
    price: "料金",
    number: "予約番号",
    details: "予約の詳細",
    calendar: "カレンダーに追加",
    cancel: "キャンセルする",
};

const ENGLISH: Words = Words {
    menu: "Menu",
    time: "Time",
    resource: "Staff / place",
    price: "Price",
    number: "Booking no.",
    details: "Details",
    calendar: "Add to calendar",
    cancel: "Cancel booking",
};

pub(crate) const fn of(language: Language) -> &'static Words {
    match language {
        Language::Japanese => &JAPANESE,
        Language::English => &ENGLISH,
    }
}

pub(crate) const fn heading(language: Language, occasion: Occasion) -> &'static str {
    use Language::{English, Japanese};
    match (occasion, language) {
        (Occasion::Received, Japanese) => "ご予約を受け付けました",
        (Occasion::Received, English) => "We have received your booking",
        (Occasion::Confirmed, Japanese) => "ご予約が確定しました",
        (Occasion::Confirmed, English) => "Your booking is confirmed",
        (Occasion::Cancelled, Japanese) => "ご予約はキャンセルされました",
        (Occasion::Cancelled, English) => "Your booking has been cancelled",
        (Occasion::Reminder, Japanese) => "ご予約の日時が近づいています",
        (Occasion::Reminder, English) => "Your booking is coming up",
        (Occasion::ChangeRequest, Japanese) => "ご予約の変更について",
        (Occasion::ChangeRequest, English) => "About a change to your booking",
    }
}

/// From when to when, on the store's clock.
pub(crate) fn time(language: Language, start: NaiveDateTime, end: NaiveDateTime) -> String {
    let (from, to) = (date(language, start, true), start.format("%H:%M"));
    let same_day = start.date() == end.date();
    let until = if same_day { String::new() } else { format!("{} ", date(language, end, start.year() != end.year())) };
    match language {
        Language::Japanese => format!("{from} {to}〜{until}{}", end.format("%H:%M")),
        Language::English if same_day => format!("{from}, {to}–{}", end.format("%H:%M")),
        Language::English => format!("{from}, {to} – {}, {}", until.trim_end(), end.format("%H:%M")),
    }
}

fn date(language: Language, at: NaiveDateTime, with_year: bool) -> String {
    const WEEKDAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
    match language {
        Language::Japanese => {
            let year = if with_year { format!("{}年", at.year()) } else { String::new() };
            let weekday = WEEKDAYS[at.weekday().num_days_from_monday() as usize];
            format!("{year}{}月{}日({weekday})", at.month(), at.day())
        }
        Language::English if with_year => at.format("%a, %-d %b %Y").to_string(),
        Language::English => at.format("%a, %-d %b").to_string(),
    }
}

/// An amount of yen with its thousands apart.
pub(crate) fn yen(language: Language, Amount(amount): Amount) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0 { "-" } else { "" };
    match language {
        Language::Japanese => format!("{sign}{grouped}円"),
        Language::English => format!("{sign}¥{grouped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_with_their_weekday() {
        let at = |text: &str| text.parse().expect("a time");
        for (start, end, japanese, english) in [
            (
                "2026-03-20T10:00:00",
                "2026-03-20T11:30:00",
                "2026年3月20日(金) 10:00〜11:30",
                "Fri, 20 Mar 2026, 10:00–11:30",
            ),
            (
                "2026-03-01T09:05:00",
                "2026-03-01T09:35:00",
                "2026年3月1日(日) 09:05〜09:35",
                "Sun, 1 Mar 2026, 09:05–09:35",
            ),
            (
                "2026-03-20T23:00:00",
                "2026-03-21T01:00:00",
                "2026年3月20日(金) 23:00〜3月21日(土) 01:00",
                "Fri, 20 Mar 2026, 23:00 – Sat, 21 Mar, 01:00",
            ),
            (
                "2026-12-31T23:00:00",
                "2027-01-01T01:00:00",
                "2026年12月31日(木) 23:00〜2027年1月1日(金) 01:00",
                "Thu, 31 Dec 2026, 23:00 – Fri, 1 Jan 2027, 01:00",
            ),
        ] {
            assert_eq!(time(Language::Japanese, at(start), at(end)), japanese);
            assert_eq!(time(Language::English, at(start), at(end)), english);
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (amount, japanese, english) in [
            (0, "0円", "¥0"),
            (980, "980円", "¥980"),
            (5_500, "5,500円", "¥5,500"),
            (123_456, "123,456円", "¥123,456"),
            (1_234_567, "1,234,567円", "¥1,234,567"),
            (-1_500, "-1,500円", "-¥1,500"),
            (i64::MIN, "-9,223,372,036,854,775,808円", "-¥9,223,372,036,854,775,808"),
        ] {
            assert_eq!(yen(Language::Japanese, Amount(amount)), japanese);
            assert_eq!(yen(Language::English, Amount(amount)), english);
        }
    }
}
