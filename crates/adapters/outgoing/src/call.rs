//! A request.

use crate::answer::Failure;
use crate::reach::Forbidden;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request};
use musubi_kernel::secret::Secret;
use std::borrow::Cow;
use std::fmt;
use url::Url;

/// A request. Secrets in it do not print.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    circuit: Option<String>,
}

impl Call {
    /// Asks for what is at an address.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), circuit: None }
    }

    /// Hands something over to an address.
    pub fn post(url: Url, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { method: Method::POST, url, headers, body: body.into(), circuit: None }
    }

    /// A request that another library has made.
    pub fn from_request(request: Request<impl Into<Bytes>>) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string().parse().map_err(|_| Failure::from(Forbidden::Address))?;
        Ok(Self { method: head.method, url, headers: head.headers, body: body.into(), circuit: None })
    }

    /// Where to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// With a header.
    pub fn with(self, name: HeaderName, value: &str) -> Result<Self, Failure> {
        self.with_value(name, value, false)
    }

    /// With `Authorization: Bearer` (RFC 6750, 2.1).
    pub fn with_bearer(self, token: &Secret) -> Result<Self, Failure> {
        self.with_value(AUTHORIZATION, &format!("Bearer {}", token.expose()), true)
    }

    /// With `Authorization: Basic` (RFC 7617).
    pub fn with_basic(self, user: &str, password: &Secret) -> Result<Self, Failure> {
        let both = STANDARD.encode(format!("{user}:{}", password.expose()));
        self.with_value(AUTHORIZATION, &format!("Basic {both}"), true)
    }

    /// With a circuit other than that of its host: where one host answers for many that fail each on their own.
    #[must_use]
    pub fn with_circuit(mut self, circuit: impl Into<String>) -> Self {
        self.circuit = Some(circuit.into());
        self
    }

    /// Which calls it fails with.
    pub(crate) fn circuit(&self) -> Cow<'_, str> {
        match &self.circuit {
            Some(own) => Cow::Borrowed(own),
            None => Cow::Owned(self.url.origin().ascii_serialization()),
        }
    }

    fn with_value(mut self, name: HeaderName, value: &str, secret: bool) -> Result<Self, Failure> {
        let refused = |_| Failure::Refused(format!("the value of the header {name} cannot be sent").into());
        let mut value = HeaderValue::from_str(value).map_err(refused)?;
        value.set_sensitive(secret);
        self.headers.insert(name, value);
        Ok(self)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call::post("https://example.jp/a?secret=1".parse().expect("an address"), "application/json", "{}")
    }

    #[test]
    fn credentials_are_as_servers_read_them_and_do_not_print() {
        let basic = call().with_basic("Aladdin", &Secret::new("open sesame")).expect("a header");
        assert_eq!(basic.headers[AUTHORIZATION], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let bearer = call().with_bearer(&Secret::new("mF_9.B5f-4.1JqM")).expect("a header");
        assert_eq!(bearer.headers[AUTHORIZATION], "Bearer mF_9.B5f-4.1JqM");
        assert_eq!(format!("{:?}", bearer.headers[AUTHORIZATION]), "Sensitive");
        assert_eq!(format!("{bearer:?}"), "POST https://example.jp");
    }

    #[test]
    fn a_token_makes_no_header() {
        let refused = call().with_bearer(&Secret::new("token\r\nX-Evil: 1")).expect_err("refused");
        assert_eq!(refused, Failure::Refused("the value of the header authorization cannot be sent".into()));
    }

    #[test]
    fn hosts_fail_each_on_their_own() {
        assert_eq!(call().circuit(), "https://example.jp");
        assert_eq!(call().with_circuit("endpoint 7").circuit(), "endpoint 7");
    }
}
