//! From which web pages browsers may call, and whether a call comes from one of them.
//!
//! A browser sends cookies with calls that any page makes, so what changes something by a cookie is believed only from
//! pages that are ours or that the settings name: `Sec-Fetch-Site`, or else `Origin`, tells, which no page can write.

use crate::caller::forwarded_scheme;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, header};
use std::sync::Arc;

/// The longest text that is one origin.
const LONGEST: usize = 255;

/// Web pages of others that may call with a person's cookies, by their exact origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Arc<[HeaderValue]>);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no origin such as https://shop.example.jp, in lower case and without a path")]
pub struct NotAnOrigin(pub String);

impl Origins {
    /// Reads a list with commas.
    pub fn read(list: &str) -> Result<Self, NotAnOrigin> {
        let named = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        named
            .map(|origin| origin_of(origin).ok_or_else(|| NotAnOrigin(origin.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &HeaderValue> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request was made by a page of this very server, or by one of these. Requests that do not say so are not.
    pub fn made(&self, request: &Parts, trusted_proxies: usize) -> bool {
        let origin = request.headers.get(header::ORIGIN);
        if origin.is_some_and(|origin| self.0.contains(origin)) {
            return true;
        }
        if let Some(site) = request.headers.get("sec-fetch-site") {
            return site == "same-origin";
        }
        let host = request.uri.authority().map(Authority::as_str);
        let host = host.or_else(|| request.headers.get(header::HOST).and_then(|host| host.to_str().ok()));
        let (Some(host), Some(origin)) = (host, origin.and_then(|origin| origin.to_str().ok())) else { return false };
        let is_https = forwarded_scheme(&request.headers, trusted_proxies) == Some("https");
        match origin.split_once("://") {
            Some(("https", named)) => named.eq_ignore_ascii_case(host),
            Some(("http", named)) => !is_https && named.eq_ignore_ascii_case(host),
            _ => false,
        }
    }
}

/// The origin in `text`: scheme, host and perhaps port, as browsers write it.
fn origin_of(text: &str) -> Option<HeaderValue> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let authority: Authority = host.parse().ok()?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    let port = host
        .rsplit_once(']')
        .map_or(host, |(_, rest)| rest)
        .split_once(':')
        .map(|(_, port)| port.parse::<u16>().is_ok());
    let good = port.unwrap_or(true) && text.len() <= LONGEST && !authority.host().is_empty() && host.bytes().all(plain);
    let default_port =
        matches!((text.starts_with("https:"), authority.port_u16()), (true, Some(443)) | (false, Some(80)));
    (good && !default_port).then(|| HeaderValue::from_str(text).ok()).flatten()
}

/// Whether a page that may do so has made a request.
#[derive(Debug, Clone, Copy)]
pub struct FromTrustedPage(pub bool);

impl FromTrustedPage {
    /// Insists that it has.
    pub fn insist(self) -> Result<(), Problem> {
        let detail = "a call with cookies must come from a page of this server, or of one of its allowed origins";
        if self.0 { Ok(()) } else { Err(Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail)) }
    }
}

impl<S: Sync> FromRequestParts<S> for FromTrustedPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().copied();
        found.ok_or_else(|| Problem::internal("the route is not behind the caller layer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn origins_are_exact() {
        let read = |text: &str| Origins::read(text).map(|origins| origins.0.len()).map_err(|wrong| wrong.0);
        assert_eq!(read(""), Ok(0));
        assert_eq!(read("https://shop.example.jp, http://localhost:5173,https://[::1]:8443"), Ok(3));
        for wrong in [
            "*",
            "null",
            "shop.example.jp",
            "https://",
            "https://shop.example.jp/",
            "https://Shop.example.jp",
            "https://*.example.jp",
            "https://a@b.jp",
            "ftp://b.jp",
            "https://b.jp:443",
            "http://b.jp:80",
            "https://b jp",
            "https://b.jp?x",
            "https://b.jp:99999",
        ] {
            assert_eq!(read(wrong), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn who_has_made_a_request_is_told_by_the_browser_alone() {
        let origins = Origins::read("https://shop.example.jp").unwrap();
        let made = |headers: &[(&str, &str)]| {
            let request =
                headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
            let (parts, ()) = request.header("host", "api.example.jp").body(()).unwrap().into_parts();
            [0, 1].map(|proxies| origins.made(&parts, proxies))
        };
        let (site, origin, https) = ("sec-fetch-site", "origin", ("x-forwarded-proto", "https"));
        for (headers, expected) in [
            (&[][..], [false; 2]),
            (&[(site, "same-origin")], [true; 2]),
            (&[(site, "same-site")], [false; 2]),
            (&[(site, "cross-site")], [false; 2]),
            (&[(site, "none")], [false; 2]),
            (&[(origin, "https://api.example.jp")], [true; 2]),
            (&[(origin, "https://API.example.jp")], [true; 2]),
            (&[(origin, "http://api.example.jp")], [true; 2]),
            (&[(origin, "http://api.example.jp"), https], [true, false]),
            (&[(origin, "https://api.example.jp"), https], [true; 2]),
            (&[(origin, "https://api.example.jp"), (site, "cross-site")], [false; 2]),
            (&[(origin, "https://api.example.jp.evil.jp")], [false; 2]),
            (&[(origin, "https://api.example.jp:8443")], [false; 2]),
            (&[(origin, "null")], [false; 2]),
            (&[(origin, "null"), (site, "same-origin")], [true; 2]),
            (&[(origin, "https://shop.example.jp"), (site, "same-site")], [true; 2]),
            (&[(origin, "https://shop.example.jp"), (site, "cross-site")], [true; 2]),
            (&[(origin, "http://shop.example.jp"), (site, "same-site")], [false; 2]),
            (&[(origin, "https://evil.jp"), (site, "cross-site")], [false; 2]),
        ] {
            assert_eq!(made(headers), expected, "{headers:?}");
        }
    }
}
