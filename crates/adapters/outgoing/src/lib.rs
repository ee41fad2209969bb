//! The one HTTP client for everything outside: messaging services, issuers, and endpoints that tenants name.
//!
//! | module | what it does |
//! |---|---|
//! | [`call`] | a request |
//! | [`answer`] | what was heard, or why nothing was: what may be sent again, and what may have arrived |
//! | [`limits`] | bounds on time and size |
//! | [`reach`] | which addresses may be called: any, or public ones alone |
//! | [`lookup`] | where names of hosts become addresses |
//! | [`circuit`] | hosts that fail are left alone for a while |
//! | `retry_after` | `Retry-After` (RFC 9110, 10.2.3) |
//! | `connector` | connects to the very addresses that were checked |
//!
//! No redirect is followed: what is sent holds secrets, and an address that was not checked would be called. Connections
//! are used again.

pub mod answer;
pub mod call;
pub mod circuit;
mod connector;
pub mod limits;
pub mod lookup;
pub mod reach;
mod retry_after;

pub use hyper::{HeaderMap, StatusCode, header};
pub use ipnet::IpNet;
pub use url::Url;

use answer::{Answer, Failure};
use bytes::{Bytes, BytesMut};
use call::Call;
use circuit::{Breaking, Circuits, Pass};
use connector::{Connector, Guarded};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use limits::Limits;
use lookup::{Lookup, SystemLookup};
use musubi_kernel::clock::Clock;
use reach::{Forbidden, Reach};
use std::error::Error;
use std::io;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use tower::timeout::error::Elapsed;

/// How much a server may say before its body begins.
const HEAD: usize = 64 * 1024;

/// Calls servers outside. One for each kind of receiver: its connections and circuits are its own.
pub struct Outgoing {
    client: Client<Connector, Full<Bytes>>,
    reach: Arc<Reach>,
    limits: Limits,
    circuits: Circuits,
    clock: Arc<dyn Clock>,
}

impl Outgoing {
    /// A client that finds hosts as this computer does. Fails when the computer has no certificates of authorities.
    pub fn new(reach: Reach, limits: Limits, breaking: Breaking, clock: Arc<dyn Clock>) -> io::Result<Self> {
        Self::with_lookup(reach, limits, breaking, clock, Arc::new(SystemLookup))
    }

    /// A client that finds hosts in a way of its own.
    pub fn with_lookup(
        reach: Reach,
        limits: Limits,
        breaking: Breaking,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> io::Result<Self> {
        let reach = Arc::new(reach);
        let guarded = Guarded::new(Arc::clone(&reach), lookup, limits.connect);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle)
            .pool_max_idle_per_host(if limits.idle.is_zero() { 0 } else { usize::MAX })
            .http1_max_buf_size(HEAD)
            .build(connector::connector(guarded, limits.connect)?);
        Ok(Self { client, reach, limits, circuits: Circuits::new(breaking), clock })
    }

    /// Which addresses may be called.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Makes a call. Whatever the status of the answer, it is an answer.
    pub async fn send(&self, call: Call) -> Result<Answer, Failure> {
        self.reach.check(&call.url)?;
        let host = call.url.host_str().unwrap_or_default().to_owned();
        let pass = self.circuits.ask(call.circuit(), self.clock.now()).map_err(|rest| Failure::LeftAlone {
            why: format!("{host}: it has failed, and is left alone for a while"),
            rest,
        })?;
        let told = self.exchange(call, &host).await;
        self.judge(pass, &told);
        told
    }

    fn judge(&self, pass: Pass<'_>, told: &Result<Answer, Failure>) {
        let now = self.clock.now();
        match told {
            Ok(answer) if !answer.status.is_server_error() => pass.succeeded(),
            Err(Failure::Refused(_) | Failure::LeftAlone { .. }) => {}
            Ok(_) | Err(Failure::NotSent { .. } | Failure::Lost { .. }) => pass.failed(now),
        }
    }

    async fn exchange(&self, call: Call, host: &str) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.limits.whole;
        let mut request = request(call)?;
        let connection = capture_connection(&mut request);
        match timeout_at(deadline, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(self.answer(response, deadline).await),
            Ok(Err(error)) if error.is_connect() => Err(not_connected(host, &error)),
            Ok(Err(error)) => Err(Failure::Lost { why: chain(host, &error) }),
            Err(_) if connection.connection_metadata().is_some() => {
                Err(Failure::Lost { why: format!("{host}: no answer in time") })
            }
            Err(_) => Err(Failure::NotSent { why: format!("{host}: no connection in time") }),
        }
    }

    /// The head decides what became of the request, so what is wrong with the body spoils the body alone.
    async fn answer(&self, response: Response<Incoming>, deadline: Instant) -> Answer {
        let deadline = deadline.min(Instant::now() + self.limits.body);
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        let whole = loop {
            match timeout_at(deadline, incoming.frame()).await {
                Ok(None) => break true,
                Ok(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let room = self.limits.bytes.saturating_sub(body.len());
                    body.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        break false;
                    }
                }
                Ok(Some(Err(_))) | Err(_) => break false,
            }
        };
        let retry_after = retry_after::of(&head.headers, self.clock.now());
        Answer { status: head.status, headers: head.headers, body: body.freeze(), whole, retry_after }
    }
}

fn request(call: Call) -> Result<Request<Full<Bytes>>, Failure> {
    let Call { method, url, mut headers, body, .. } = call;
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("musubi"));
    let request = Request::builder().method(method).uri(url.as_str()).body(Full::new(body));
    let mut request = request.map_err(|_| Failure::from(Forbidden::Address))?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn not_connected(host: &str, error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(forbidden) = one.downcast_ref::<Forbidden>() {
            return Failure::from(*forbidden);
        }
        if one.is::<Elapsed>() {
            return Failure::NotSent { why: format!("{host}: no connection in time") };
        }
        cause = one.source();
    }
    Failure::NotSent { why: chain(host, error) }
}

/// An error and all that led to it, in one line.
fn chain(before: &str, error: &dyn Error) -> String {
    let line = format!("{before}: {error}");
    match error.source() {
        Some(cause) => chain(&line, cause),
        None => line,
    }
}
