//! Lengths of time in words.

use chrono::TimeDelta;
use musubi_identity::locale::Locale;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// A length of time in the largest unit that it is a multiple of; one day is 24 hours. Seconds do not count.
pub(super) fn in_words(length: TimeDelta, locale: Locale) -> String {
    let minutes = length.num_minutes();
    let (amount, japanese, english) = match minutes {
        _ if minutes > DAY && minutes % DAY == 0 => (minutes / DAY, "日間", "day"),
        _ if minutes >= HOUR && minutes % HOUR == 0 => (minutes / HOUR, "時間", "hour"),
        _ => (minutes, "分間", "minute"),
    };
    match locale {
        Locale::Ja => format!("{amount}{japanese}"),
        Locale::En if amount == 1 => format!("{amount} {english}"),
        Locale::En => format!("{amount} {english}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_their_largest_unit() {
        for (length, japanese, english) in [
            (TimeDelta::seconds(119), "1分間", "1 minute"),
            (TimeDelta::minutes(10), "10分間", "10 minutes"),
            (TimeDelta::minutes(60), "1時間", "1 hour"),
            (TimeDelta::minutes(90), "90分間", "90 minutes"),
            (TimeDelta::hours(24), "24時間", "24 hours"),
            (TimeDelta::hours(36), "36時間", "36 hours"),
            (TimeDelta::days(7), "7日間", "7 days"),
        ] {
            assert_eq!((in_words(length, Locale::Ja), in_words(length, Locale::En)), (japanese.into(), english.into()));
        }
    }
}
