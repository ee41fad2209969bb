//! Query parameters, read so that all that is wrong with them is told at once.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use musubi_kernel::error::Invalid;
use musubi_kernel::page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, PageRequest};
use std::str::FromStr;
use utoipa::IntoParams;
use uuid::Uuid;

/// The longest value of a parameter that is a text.
const LONGEST_TEXT: usize = 255;
/// The longest cursor: those that lists give out are far shorter.
const LONGEST_CURSOR: usize = 2048;
/// The most entries of a list.
const LONGEST_LIST: usize = 100;

/// The parameters of every list, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
pub struct PageParams {
    /// The most items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The query of a request. Reading it is `query.read(|query| …)`.
#[derive(Debug)]
pub struct Query {
    given: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        let given = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Invalid::one("?", "bad_format", "the query is not form-encoded"))?;
        // The decoder lets bytes that are not UTF-8 become U+FFFD, which a caller may also send as such: refused alike.
        if text.contains('%') && given.0.iter().any(|(name, value)| (name.clone() + value).contains('\u{fffd}')) {
            return Err(Invalid::one("?", "bad_format", "the query is not UTF-8").into());
        }
        Ok(Self { given: given.0 })
    }
}

impl Query {
    /// What `of` makes of the parameters. Parameters that it did not ask for are refused.
    pub fn read<T>(self, of: impl FnOnce(&mut Reader) -> T) -> Result<T, Problem> {
        let mut reader = Reader { given: self.given, asked: Vec::new(), invalid: Invalid::default() };
        let read = of(&mut reader);
        reader.finish()?;
        Ok(read)
    }
}

/// Hands out parameters and notes what is wrong with them. After a violation the values handed out are stand-ins.
#[derive(Debug)]
pub struct Reader {
    given: Vec<(String, String)>,
    asked: Vec<&'static str>,
    invalid: Invalid,
}

impl Reader {
    /// A text of 1 to 255 characters.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let text = self.raw(name)?;
        if text.is_empty() || text.chars().count() > LONGEST_TEXT {
            self.wrong(name, "bad_length", "must have 1 to 255 characters");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.parsed(name, "wrong_type", "must be true or false")
    }

    /// A whole number from `least` to `most`.
    pub fn number(&mut self, name: &'static str, least: i64, most: i64) -> Option<i64> {
        let number: i64 = self.parsed(name, "wrong_type", "must be a whole number")?;
        if !(least..=most).contains(&number) {
            let code = if number < least { "too_small" } else { "too_large" };
            self.invalid.add(pointer(name), code, format!("must be from {least} to {most}"));
            return None;
        }
        Some(number)
    }

    /// A whole number from `least` to `most` that must be given; a stand-in when it is not.
    pub fn required_number(&mut self, name: &'static str, least: i32, most: i32) -> i32 {
        let given = self.has(name);
        let number = self.number(name, i64::from(least), i64::from(most)).and_then(|number| i32::try_from(number).ok());
        if !given {
            self.missing(name);
        }
        number.unwrap_or(least)
    }

    /// An id.
    pub fn id<I: From<Uuid>>(&mut self, name: &'static str) -> Option<I> {
        let id = self.raw(name).map(|text| uuid_of(&text))?;
        self.or_wrong(id, name, "bad_format", "must be a UUID").map(I::from)
    }

    /// Several ids, separated by commas.
    pub fn ids<I: From<Uuid>>(&mut self, name: &'static str) -> Vec<I> {
        let Some(text) = self.raw(name) else { return Vec::new() };
        let ids: Option<Vec<I>> = text.split(',').map(|id| uuid_of(id).map(I::from)).collect();
        let ids = ids.filter(|ids| ids.len() <= LONGEST_LIST);
        self.or_wrong(ids, name, "bad_format", "must be up to 100 UUIDs separated by commas").unwrap_or_default()
    }

    /// A date `YYYY-MM-DD`.
    pub fn date(&mut self, name: &'static str) -> Option<NaiveDate> {
        let date = self.raw(name).map(|text| date_of(&text))?;
        self.or_wrong(date, name, "bad_format", "must be a date that exists, YYYY-MM-DD")
    }

    /// A date that must be given; a stand-in when it is not.
    pub fn required_date(&mut self, name: &'static str) -> NaiveDate {
        let given = self.has(name);
        let date = self.date(name);
        if !given {
            self.missing(name);
        }
        date.unwrap_or_default()
    }

    /// An instant after RFC 3339.
    pub fn instant(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let at = self.raw(name).map(|text| instant_of(&text))?;
        self.or_wrong(at, name, "bad_format", "must be an instant after RFC 3339, such as 2026-03-20T10:00:00Z")
    }

    /// An id that must be given; a stand-in when it is not.
    pub fn required_id<I: From<Uuid>>(&mut self, name: &'static str) -> I {
        let given = self.has(name);
        let id = self.id(name);
        if !given {
            self.missing(name);
        }
        id.unwrap_or_else(|| I::from(Uuid::nil()))
    }

    /// One of a few words.
    pub fn word<T>(&mut self, name: &'static str, of: impl FnOnce(&str) -> Option<T>, words: &str) -> Option<T> {
        let word = self.raw(name).map(|text| of(&text))?;
        if word.is_none() {
            self.invalid.add(pointer(name), "not_one_of", format!("must be one of {words}"));
        }
        word
    }

    /// Which page is asked for: `limit` and `cursor`.
    pub fn page(&mut self) -> PageRequest {
        let limit = self.number("limit", 1, i64::from(MAX_LIMIT)).and_then(|limit| u32::try_from(limit).ok());
        let after = self.raw("cursor").and_then(|text| {
            let cursor = (!text.is_empty() && text.len() <= LONGEST_CURSOR).then(|| Cursor::from_text(text));
            self.or_wrong(cursor, "cursor", "bad_cursor", "the cursor is not one that this list gave out")
        });
        PageRequest { limit: limit.unwrap_or(DEFAULT_LIMIT), after }
    }

    /// Notes a violation of a parameter.
    pub fn wrong(&mut self, name: &str, code: &'static str, detail: &'static str) {
        self.invalid.add(pointer(name), code, detail);
    }

    fn missing(&mut self, name: &str) {
        self.wrong(name, "missing", "this parameter is required");
    }

    fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// What its type reads from a text.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, code: &'static str, detail: &'static str) -> Option<T> {
        let value = self.raw(name).map(|text| text.parse().ok())?;
        self.or_wrong(value, name, code, detail)
    }

    fn or_wrong<T>(&mut self, value: Option<T>, name: &str, code: &'static str, detail: &'static str) -> Option<T> {
        if value.is_none() {
            self.wrong(name, code, detail);
        }
        value
    }

    fn raw(&mut self, name: &'static str) -> Option<String> {
        self.asked.push(name);
        let mut values = self.given.iter().filter(|(given, _)| given == name).map(|(_, value)| value.clone());
        let (first, second) = (values.next(), values.next());
        if second.is_some() {
            self.wrong(name, "repeated", "must be given once");
            return None;
        }
        if first.as_ref().is_some_and(|value| value.contains('\0')) {
            self.wrong(name, "nul_character", "a text must not contain the NUL character");
            return None;
        }
        first
    }

    fn finish(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self
            .given
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !self.asked.contains(&name.as_str()))
            .map(|name| name.chars().filter(|c| !c.is_control()).take(64).collect())
            .take(crate::json::MOST_VIOLATIONS)
            .collect();
        for name in unknown {
            self.invalid.add(pointer(&name), "unknown_parameter", "there is no such parameter");
        }
        Ok(self.invalid.finish()?)
    }
}

fn pointer(name: &str) -> String {
    format!("?{name}")
}

/// A UUID in its usual form: 36 characters with hyphens.
pub(crate) fn uuid_of(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A date `YYYY-MM-DD` that exists, in the years 1 to 9999.
pub(crate) fn date_of(text: &str) -> Option<NaiveDate> {
    let plain = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let date: NaiveDate = plain.then(|| text.parse().ok()).flatten()?;
    (1..=9999).contains(&date.year()).then_some(date)
}

/// An instant after RFC 3339, in the years 1 to 9999.
fn instant_of(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (1..=9999).contains(&at.year()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn query(text: &str) -> Query {
        let (mut parts, ()) = axum::http::Request::builder().uri(format!("/x?{text}")).body(()).unwrap().into_parts();
        Query::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn all_that_is_wrong_is_told() {
        let problem = query("limit=0&on=2026-02-30&on2=x&id=1&flag=yes&flag=no&nul=%00&a=1&a=2")
            .await
            .read(|query| {
                let _ = query.page();
                let _ = (query.date("on"), query.id::<Uuid>("id"), query.flag("flag"), query.text("nul"));
                let _ = query.required_date("from");
            })
            .unwrap_err();
        let mut found: Vec<_> = problem.errors.iter().map(|found| (found.pointer.as_str(), found.code)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("?a", "unknown_parameter"),
                ("?a", "unknown_parameter"),
                ("?flag", "repeated"),
                ("?from", "missing"),
                ("?id", "bad_format"),
                ("?limit", "too_small"),
                ("?nul", "nul_character"),
                ("?on", "bad_format"),
                ("?on2", "unknown_parameter")
            ]
        );
    }

    #[test]
    fn dates_and_instants_stay_in_the_calendar() {
        for good in ["0001-01-01", "2026-03-20", "9999-12-31"] {
            assert_eq!(date_of(good).map(|date| date.to_string()).as_deref(), Some(good));
        }
        for bad in ["0000-01-01", "-001-01-01", "-0001-1-01", "2026-3-020", "20260-3-20", "2026-02-30", "+999-01-01"] {
            assert_eq!(date_of(bad), None, "{bad}");
        }
        assert!(instant_of("0001-01-01T00:00:00Z").is_some() && instant_of("9999-12-31T23:59:59Z").is_some());
        for bad in ["0001-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00"] {
            assert_eq!(instant_of(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn good_parameters_are_read() {
        let id = "0190a7a0-0000-7000-8000-000000000001";
        let read = query(&format!("ids={id},{id}&limit=200&cursor=abc&name=%E7%B5%90%20x"))
            .await
            .read(|query| (query.ids::<Uuid>("ids").len(), query.page(), query.text("name")))
            .unwrap();
        assert_eq!(read.0, 2);
        assert_eq!(read.1, PageRequest { limit: 200, after: Some(Cursor::from_text("abc")) });
        assert_eq!(read.2.as_deref(), Some("結 x"));
    }
}
