//! The rules that inputs of every kind share: sizes, ranges, shapes.

use crate::error::Invalid;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Map, Value};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// An object whose members are the caller's own business: kept, given back, never read.
pub type JsonObject = Map<String, Value>;

/// The most characters of a long text: as many as a database `TEXT` of 65,535 bytes surely holds.
pub const LONG_TEXT: usize = 16_383;
/// The most bytes of a [`JsonObject`], as compact JSON.
pub const JSON_BYTES: usize = 16 * 1024;
/// The most characters of a web address.
pub const WEB_ADDRESS: usize = 255;

impl Invalid {
    /// Takes over what another has noted.
    pub fn join(&mut self, other: Self) {
        for violation in other.into_violations() {
            self.add(violation.pointer, violation.code, violation.detail);
        }
    }

    /// A text of one line. With a least size above 0 it must not be blank either.
    pub fn line<'a>(&mut self, pointer: &str, text: impl Into<Option<&'a str>>, sizes: RangeInclusive<usize>) {
        let Some(text) = text.into() else { return };
        self.sized(pointer, text, sizes);
        self.require(
            !text.chars().any(char::is_control),
            pointer,
            "control_character",
            "must be one line of plain text",
        );
    }

    /// A text of several lines, up to [`LONG_TEXT`] characters.
    pub fn prose<'a>(&mut self, pointer: &str, text: impl Into<Option<&'a str>>) {
        let Some(text) = text.into() else { return };
        self.sized(pointer, text, 0..=LONG_TEXT);
        let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        self.require(!text.chars().any(strange), pointer, "control_character", "must be plain text");
    }

    fn sized(&mut self, pointer: &str, text: &str, sizes: RangeInclusive<usize>) {
        let length = text.chars().count();
        if *sizes.start() > 0 && text.trim().is_empty() {
            self.add(pointer, "blank", "must not be blank");
        } else if length > *sizes.end() {
            self.add(pointer, "too_long", format!("must have at most {} characters", sizes.end()));
        } else if length < *sizes.start() {
            self.add(pointer, "too_short", format!("must have at least {} characters", sizes.start()));
        }
    }

    /// A value within a range.
    pub fn range<T: PartialOrd + Display>(
        &mut self,
        pointer: &str,
        value: impl Into<Option<T>>,
        range: RangeInclusive<T>,
    ) {
        if value.into().is_some_and(|value| !range.contains(&value)) {
            let detail = format!("must be between {} and {}", range.start(), range.end());
            self.add(pointer, "out_of_range", detail);
        }
    }

    /// An `http` or `https` address of at most [`WEB_ADDRESS`] characters.
    pub fn web_address<'a>(&mut self, pointer: &str, address: impl Into<Option<&'a str>>) {
        let Some(address) = address.into() else { return };
        self.sized(pointer, address, 0..=WEB_ADDRESS);
        self.require(is_web_address(address), pointer, "bad_url", "must be an http or https address");
    }

    /// An address for e-mail of at most 255 characters.
    pub fn email<'a>(&mut self, pointer: &str, address: impl Into<Option<&'a str>>) {
        let Some(address) = address.into() else { return };
        self.require(is_email(address), pointer, "bad_email", "must be an e-mail address");
    }

    /// An object of at most [`JSON_BYTES`] bytes without NUL characters, which not every database can keep.
    pub fn object<'a>(&mut self, pointer: &str, object: impl Into<Option<&'a JsonObject>>) {
        let Some(object) = object.into() else { return };
        let bytes = serde_json::to_vec(object).map_or(usize::MAX, |json| json.len());
        self.require(bytes <= JSON_BYTES, pointer, "too_large", format!("must have at most {JSON_BYTES} bytes"));
        self.require(
            !object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
            pointer,
            "control_character",
            "must not contain NUL characters",
        );
    }

    /// An instant that every database keeps as it is: from 1970 to 9999, in whole microseconds.
    pub fn instant(&mut self, pointer: &str, at: impl Into<Option<DateTime<Utc>>>) {
        let Some(at) = at.into() else { return };
        self.require((1970..=9999).contains(&at.year()), pointer, "out_of_range", "must be between 1970 and 9999");
        let micros = at.timestamp_subsec_nanos() < 1_000_000_000 && at.timestamp_subsec_nanos().is_multiple_of(1000);
        self.require(micros, pointer, "too_precise", "must be a whole number of microseconds");
    }

    /// A date within these years.
    pub fn date(&mut self, pointer: &str, date: impl Into<Option<NaiveDate>>, years: RangeInclusive<i32>) {
        if date.into().is_some_and(|date| !years.contains(&date.year())) {
            let detail = format!("must be in the years {} to {}", years.start(), years.end());
            self.add(pointer, "out_of_range", detail);
        }
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text has the shape of an `http` or `https` address.
pub fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return false;
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty()
        && host.chars().any(char::is_alphanumeric)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\'))
}

/// Whether a text has the shape of an e-mail address: `local@domain` as RFC 5321 limits them, no quoted local parts.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.chars().count() <= 255
        && (1..=64).contains(&local.chars().count())
        && local.chars().all(atom)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses_have_a_local_part_and_a_domain() {
        for good in
            ["a@example.jp", "first.last+tag@mail.example.co.jp", "o'neil@ex-ample.com", "docomo..dot.@docomo.ne.jp"]
        {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.jp",
            "a@",
            "a@example",
            "a b@example.jp",
            "a@exa mple.jp",
            "a@-x.jp",
            "a@x..jp",
            "<a@x.jp>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn web_addresses_have_a_scheme_and_a_host() {
        for good in ["https://example.jp", "http://localhost:8080/a?b#c", "https://例え.jp/あ"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "",
            "example.jp",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://a b",
            "ftp://x",
            "https://x/\"onload",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn every_rule_names_its_code() {
        let codes = |note: fn(&mut Invalid)| {
            let mut invalid = Invalid::default();
            note(&mut invalid);
            invalid.violations().iter().map(|violation| violation.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(|i| i.line("/a", "ok", 1..=2)), [] as [&str; 0]);
        assert_eq!(codes(|i| i.line("/a", "　 ", 1..=9)), ["blank"]);
        assert_eq!(codes(|i| i.line("/a", "a", 2..=9)), ["too_short"]);
        assert_eq!(codes(|i| i.line("/a", "美容室", 1..=2)), ["too_long"]);
        assert_eq!(codes(|i| i.line("/a", "a\nb", 1..=9)), ["control_character"]);
        assert_eq!(codes(|i| i.prose("/a", "a\nb")), [] as [&str; 0]);
        assert_eq!(codes(|i| i.prose("/a", "a\0b")), ["control_character"]);
        assert_eq!(codes(|i| i.range("/a", 7, 1..=6)), ["out_of_range"]);
        assert_eq!(codes(|i| i.range("/a", None, 1..=6)), [] as [&str; 0]);
        assert_eq!(codes(|i| i.instant("/a", DateTime::from_timestamp(0, 1))), ["too_precise"]);
        assert_eq!(codes(|i| i.instant("/a", DateTime::<Utc>::MAX_UTC)), ["out_of_range", "too_precise"]);
        assert_eq!(codes(|i| i.date("/a", NaiveDate::from_ymd_opt(1899, 12, 31), 1900..=2100)), ["out_of_range"]);
    }

    #[test]
    fn objects_are_bounded_and_free_of_nul() {
        let mut invalid = Invalid::default();
        let object = |value: Value| JsonObject::from_iter([("a".to_owned(), value)]);
        invalid.object("/ok", &object(serde_json::json!([{"b": "c"}])));
        invalid.object("/nul", &object(serde_json::json!([{"b": "\0"}])));
        invalid.object("/large", &object("x".repeat(JSON_BYTES).into()));
        let noted: Vec<_> = invalid.violations().iter().map(|v| (v.pointer.as_str(), v.code)).collect();
        assert_eq!(noted, [("/nul", "control_character"), ("/large", "too_large")]);
    }
}
