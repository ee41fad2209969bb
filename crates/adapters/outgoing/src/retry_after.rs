//! `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.

use chrono::{DateTime, Utc};
use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use std::time::{Duration, SystemTime};

/// Nobody is put off for longer.
const LONGEST: Duration = Duration::from_hours(24);

/// How long a server wants to be left alone from now on.
pub(crate) fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    parse(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), now)
}

fn parse(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        until.duration_since(SystemTime::from(now)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let now = "1994-11-06T08:49:00Z".parse().expect("a time");
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (value, wait) in [
            ("120", seconds(120)),
            ("0", seconds(0)),
            ("99999999999999999999999", Some(LONGEST)),
            ("86401", Some(LONGEST)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(37)),
            ("Sun Nov  6 08:49:37 1994", seconds(37)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", seconds(0)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(LONGEST)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse(value, now), wait, "{value}");
        }
    }
}
