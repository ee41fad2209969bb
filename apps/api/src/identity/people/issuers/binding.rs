//! What binds a way through an issuer to a device, as a cookie: for browsers, whose pages are loaded anew on the way.

use crate::cookies;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use chrono::TimeDelta;
use musubi_kernel::secret::Secret;
use std::convert::Infallible;

/// The prefix has browsers insist on TLS and on this host alone (RFC 6265bis, 4.1.3.2).
const NAME: &str = "__Host-musubi_oidc";
const KEPT: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The cookie, for as long as the answer is taken.
pub(super) fn kept(binding: &Secret, lasts: TimeDelta) -> Option<HeaderValue> {
    let cookie = format!("{NAME}={}; Max-Age={}; {KEPT}", binding.expose(), lasts.num_seconds().max(0));
    let mut value = HeaderValue::try_from(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The cookie's end.
pub(super) fn forgotten() -> HeaderValue {
    HeaderValue::from_static("__Host-musubi_oidc=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// What a browser shows, if it shows one.
pub(super) struct Shown(pub(super) Option<Secret>);

impl<S: Sync> FromRequestParts<S> for Shown {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(shown(&parts.headers)))
    }
}

fn shown(headers: &HeaderMap) -> Option<Secret> {
    cookies::shown(headers, NAME).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    #[test]
    fn what_is_shown_is_the_cookie_of_that_name() {
        for (line, found) in
            [("a=b; __Host-musubi_oidc=msi_a", Some("msi_a")), ("musubi_oidc=msi_a; x__Host-musubi_oidc=msi_a", None)]
        {
            let headers: HeaderMap = [(header::COOKIE, HeaderValue::from_static(line))].into_iter().collect();
            assert_eq!(shown(&headers).as_ref().map(Secret::expose), found, "{line}");
        }
    }

    #[test]
    fn what_is_kept_is_shown_until_it_is_forgotten() {
        let cookie = kept(&Secret::new("msi_a"), TimeDelta::minutes(10)).unwrap();
        assert!(cookie.is_sensitive());
        assert_eq!(cookie, "__Host-musubi_oidc=msi_a; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert_eq!(forgotten(), format!("{NAME}=; Max-Age=0; {KEPT}").as_str());
    }
}
