//! Asking issuers, with bounds on time and size.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use openidconnect::http::header::{ACCEPT, HeaderValue, USER_AGENT};
use openidconnect::http::{Request, Response, StatusCode};
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::time::Duration;

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);

/// How long an issuer is waited for, and how much it may say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until there is a whole answer.
    pub whole: Duration,
    /// Bytes of an answer.
    pub bytes: usize,
}

impl Default for Limits {
    /// 3 seconds, 10 seconds, 256 KiB: a set of keys has a few KiB.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), whole: Duration::from_secs(10), bytes: 256 * 1024 }
    }
}

/// The issuer gave no answer that is one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Away(String);

/// Asks issuers. No redirect is followed: an issuer's addresses are those that it publishes, and its answers hold secrets.
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    limits: Limits,
}

impl Http {
    pub(crate) fn new(limits: Limits) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(limits.connect));
        // Plain HTTP to this computer: `published` and the settings let no other through.
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(tls);
        Ok(Self { client, limits })
    }

    /// A JSON document.
    pub(crate) async fn document<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Away> {
        let at = |what: String| Away(format!("{url}: {what}"));
        let request = Request::get(url.as_str()).header(ACCEPT, "application/json").body(Vec::new());
        let response = self.send(request.map_err(|error| at(error.to_string()))?).await?;
        if response.status() != StatusCode::OK {
            return Err(at(format!("answers {}", response.status())));
        }
        serde_json::from_slice(response.body()).map_err(|error| at(error.to_string()))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Away> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answer = tokio::time::timeout(self.limits.whole, self.exchange(request)).await;
        answer.unwrap_or_else(|_| Err("no answer in time".into())).map_err(|error| Away(told(&host, &*error)))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Box<dyn Error + Send + Sync>> {
        let mut request = request.map(|body| Full::new(Bytes::from(body)));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("musubi"));
        let (head, body) = self.client.request(request).await?.into_parts();
        if head.status.is_server_error() || head.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(format!("answers {}", head.status).into());
        }
        let body = Limited::new(body, self.limits.bytes).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body.into()))
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Away;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Away>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// An error and all that led to it, in one line.
fn told(before: &str, error: &dyn Error) -> String {
    let line = format!("{before}: {error}");
    match error.source() {
        Some(cause) => told(&line, cause),
        None => line,
    }
}
