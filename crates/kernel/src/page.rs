//! Lists, a page at a time.

use crate::error::Invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How many items a page has when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items that a page may have.
pub const MAX_LIMIT: u32 = 200;

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items wanted, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Where the page before ended; `None` for the first.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None }
    }
}

impl PageRequest {
    /// The sort key of the last item of the page before.
    pub fn position<K: DeserializeOwned>(&self) -> Result<Option<K>, Invalid> {
        self.after.as_ref().map(Cursor::read).transpose()
    }
}

/// An opaque position in a list: the sort key of its last item, so that inserts do not move it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor as it was given out.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A cursor after the item with this sort key.
    pub fn after<K: Serialize>(key: &K) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).expect("a sort key is plain data")))
    }

    /// The sort key in it. Dates and instants beyond the years 1 to 9999, which no list has, are refused.
    pub fn read<K: DeserializeOwned>(&self) -> Result<K, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).ok();
        bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(within_the_calendar)
            .and_then(|key| serde_json::from_value(key).ok())
            .ok_or_else(|| Invalid::one("?cursor", "bad_cursor", "the cursor is not one that this list gave out"))
    }

    /// As given out.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether every date and instant in a sort key lies in the years 1 to 9999.
fn within_the_calendar(key: &Value) -> bool {
    match key {
        Value::String(text) => {
            let year = text.parse::<DateTime<Utc>>().map(|at| at.year());
            let year = year.or_else(|_| text.parse::<NaiveDate>().map(|date| date.year()));
            year.map_or(true, |year| (1..=9999).contains(&year))
        }
        Value::Array(parts) => parts.iter().all(within_the_calendar),
        Value::Object(parts) => parts.values().all(within_the_calendar),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` items: the extra one tells that there is more.
    pub fn of<K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|last| Cursor::after(&key(last)));
        Self { items, next }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_given_out_only_when_there_is_more() {
        let page = Page::of(vec![1, 2, 3], 2, |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next.map(|cursor| cursor.read::<i32>()), Some(Ok(2)));
        assert_eq!(Page::of(vec![1, 2], 2, |n| *n).next, None);
        assert!(Cursor::from_text("%%%").read::<i32>().is_err());
    }

    #[test]
    fn a_forged_cursor_does_not_leave_the_calendar() {
        let read = |at: &str| {
            let forged = URL_SAFE_NO_PAD.encode(serde_json::json!([at, 1]).to_string());
            Cursor::from_text(forged).read::<(DateTime<Utc>, i32)>().is_ok()
        };
        assert!(read("2026-03-20T10:00:00Z") && read("0001-01-01T00:00:00Z") && read("9999-12-31T23:59:59Z"));
        for beyond in
            ["+262142-01-01T00:00:00Z", "+10000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "-0001-01-01T00:00:00Z"]
        {
            assert!(!read(beyond), "{beyond}");
        }
        for beyond in ["+262142-01-01", "0000-01-01", "-001-01-01"] {
            let forged = URL_SAFE_NO_PAD.encode(serde_json::json!({ "on": beyond }).to_string());
            assert!(Cursor::from_text(forged).read::<std::collections::BTreeMap<String, NaiveDate>>().is_err());
        }
    }
}
