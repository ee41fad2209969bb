//! A browser's tokens in cookies that its pages cannot read.
//!
//! | cookie | is | sent |
//! |---|---|---|
//! | [`ACCESS`] | the access token | with every call of a page of the same site, and when somebody follows a link |
//! | [`REFRESH`] | the refresh token | with calls below `/v1/auth` of a page of the same site |
//!
//! Both are `HttpOnly` and `Secure`, which browsers also take from `http://localhost`. Their prefixes (RFC 6265bis, 4.1.3)
//! keep pages without TLS from writing them, and `__Host-` those of neighbouring names.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use musubi_identity::people::Tokens;

/// The cookie with the access token.
pub const ACCESS: &str = "__Host-musubi_access";
/// The cookie with the refresh token.
pub const REFRESH: &str = "__Secure-musubi_refresh";

const ACCESS_SCOPE: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
const REFRESH_SCOPE: &str = "Path=/v1/auth; Secure; HttpOnly; SameSite=Strict";

/// The cookie of this name; `None` too when there are two, as one of them was planted.
pub fn shown<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values =
        pairs(headers).filter(|(given, value)| *given == name && !value.is_empty()).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// Names and values, as they were sent.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
}

/// Whether a browser shows one of them, good or not.
pub fn are_shown(headers: &HeaderMap) -> bool {
    pairs(headers).any(|(name, _)| [ACCESS, REFRESH].contains(&name))
}

/// Puts the tokens into the browser.
pub fn put(headers: &mut HeaderMap, tokens: &Tokens, now: DateTime<Utc>) {
    let seconds = |until: DateTime<Utc>| (until - now).num_seconds().max(0);
    let (access, refresh) = (tokens.access.expose(), tokens.refresh.expose());
    let access = format!("{ACCESS}={access}; Max-Age={}; {ACCESS_SCOPE}", seconds(tokens.access_expires_at));
    let refresh = format!("{REFRESH}={refresh}; Max-Age={}; {REFRESH_SCOPE}", seconds(tokens.refresh_expires_at));
    append(headers, [access, refresh]);
}

/// Takes the tokens out of the browser.
pub fn clear(headers: &mut HeaderMap) {
    append(
        headers,
        [format!("{ACCESS}=; Max-Age=0; {ACCESS_SCOPE}"), format!("{REFRESH}=; Max-Age=0; {REFRESH_SCOPE}")],
    );
}

fn append(headers: &mut HeaderMap, cookies: [String; 2]) {
    // Tokens are made of letters, digits, `-` and `_`.
    for cookie in cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let found = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            shown(&headers, "a").map(str::to_owned)
        };
        for (lines, expected) in [
            (&["a=1"][..], Some("1")),
            (&["b=2; a=1; aa=3"], Some("1")),
            (&["b=2", "a=x=y"], Some("x=y")),
            (&["a=1; a=2"], None),
            (&["a=1", "a=1"], None),
            (&["a="], None),
            (&["A=1; a"], None),
            (&[], None),
        ] {
            assert_eq!(found(lines).as_deref(), expected, "{lines:?}");
        }
    }
}
