//! Who is calling: found once for each request, before its route.

use crate::cookies;
use crate::limits::Reader;
use crate::origin::FromTrustedPage;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use musubi_identity::token::ACCESS_PREFIX;
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::network::client_of;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The most characters of a user agent that are kept.
const LONGEST_USER_AGENT: usize = 512;
/// The longest credential that is looked up.
const LONGEST_TOKEN: usize = 512;

/// Below this a signature admits a call: one with a good signature is not counted, as carriers call for all stores from few addresses.
const SIGNED: &str = "/v1/carriers/";
/// Here a token in the path admits a call that changes something: one with a good token is not counted, as mail providers call for all
/// their users from few addresses (RFC 8058).
const ONE_CLICK: &str = "/v1/public/consents/";

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The request's id: the caller's own, or a new one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The caller, for routes that grant by themselves. Others take one of [`crate::access`].
#[derive(Debug, Clone)]
pub struct CallerOf(pub Caller);

impl<S: Sync> FromRequestParts<S> for CallerOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(|| Problem::internal("the route is not behind the caller layer"))
    }
}

/// Finds the caller of a request and counts calls without good credentials.
pub async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let page = FromTrustedPage(app.allowed_origins.made(&parts, app.trusted_proxies));
    match caller_of(&app, &parts, page).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            parts.extensions.insert(page);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller_of(app: &App, request: &Parts, page: FromTrustedPage) -> Result<Caller, Problem> {
    let peer = request.extensions.get::<Peer>().map(|peer| peer.0.ip());
    let ip = client_address(&request.headers, peer, app.trusted_proxies);
    let actor = match bearer(&request.headers) {
        Credentials::None => by_cookie(app, ip, request, page).await?,
        Credentials::Token(token) => match look_up(app, ip, token).await? {
            Some(actor) => actor,
            None => return Err(refused(app, ip, "the token is unknown, revoked or expired").await),
        },
        Credentials::Unreadable => {
            return Err(refused(app, ip, "credentials are sent as `Authorization: Bearer <token>`").await);
        }
    };
    let user_agent = request
        .headers
        .get(header::USER_AGENT)
        .map(|agent| String::from_utf8_lossy(agent.as_bytes()).chars().take(LONGEST_USER_AGENT).collect::<String>());
    let request_id = request.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    Ok(Caller { actor, ip, user_agent, request_id })
}

/// Who shows a cookie. Browsers send what is no good any more too, even to sign in anew: then nobody known is calling. What
/// changes something is believed only from pages that may call with cookies.
async fn by_cookie(app: &App, ip: Option<IpAddr>, request: &Parts, page: FromTrustedPage) -> Result<Actor, Problem> {
    let token = cookies::shown(&request.headers, cookies::ACCESS);
    if let Some(token) = token.filter(|token| token.starts_with(ACCESS_PREFIX) && token.len() <= LONGEST_TOKEN)
        && let Some(actor) = look_up(app, ip, token).await?
    {
        if !request.method.is_safe() {
            page.insist()?;
        }
        return Ok(actor);
    }
    let route = request.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let counts_itself =
        |route: &str| route.starts_with(SIGNED) || (route.starts_with(ONE_CLICK) && !request.method.is_safe());
    if !route.is_some_and(counts_itself) {
        count(app, ip).await?;
    }
    Ok(Actor::Public)
}

/// 401, or 429 for a client that keeps trying.
async fn refused(app: &App, ip: Option<IpAddr>, detail: &'static str) -> Problem {
    match count(app, ip).await {
        Ok(()) => Problem::new(StatusCode::UNAUTHORIZED, "bad_credentials", detail),
        Err(too_many) => too_many,
    }
}

/// What is answered where a signature should admit the call and does not: 401, or 429 for a client that keeps trying.
pub(crate) async fn unsigned(app: &App, ip: Option<IpAddr>) -> Problem {
    match count(app, ip).await {
        Ok(()) => Problem::new(StatusCode::UNAUTHORIZED, "bad_signature", "the signature is not that of the carrier"),
        Err(too_many) => too_many,
    }
}

/// What is answered where a token in the path should admit the call and is not known: so, or 429 for a client that keeps trying.
pub(crate) async fn unknown(app: &App, ip: Option<IpAddr>, answer: Problem) -> Problem {
    count(app, ip).await.err().unwrap_or(answer)
}

/// A place among the calls of a client that wait for their bodies; 429 for one that has too many such calls.
pub(crate) fn reader(app: &App, ip: Option<IpAddr>) -> Result<Reader, Problem> {
    app.readers.enter(client(ip)).ok_or_else(|| too_many(Duration::from_secs(1)))
}

/// Whether a client has called without good credentials, or with bad signatures, more often than it may.
pub(crate) fn is_over_limit(app: &App, ip: Option<IpAddr>) -> bool {
    app.gate.is_waiting(&client(ip))
}

/// Who shows this token; `None`: nobody known. 429 for a client that is over its limit and shows nothing known good.
async fn look_up(app: &App, ip: Option<IpAddr>, token: &str) -> Result<Option<Actor>, Problem> {
    let wait = app.gate.look_up(&*app.limiter, &client(ip), token).await;
    wait.map_or(Ok(()), |wait| Err(too_many(wait)))?;
    let actor = if token.starts_with(ACCESS_PREFIX) {
        app.people.authenticate(token).await?
    } else {
        app.keys.authenticate(token).await?
    };
    app.gate.note(token, actor.is_some());
    Ok(actor)
}

async fn count(app: &App, ip: Option<IpAddr>) -> Result<(), Problem> {
    let wait = app.gate.count(&*app.limiter, &client(ip)).await;
    wait.map_or(Ok(()), |wait| Err(too_many(wait)))
}

fn client(ip: Option<IpAddr>) -> String {
    ip.map_or_else(|| "unknown".to_owned(), client_of)
}

fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many calls without credentials")
        .retry_after(seconds)
}

enum Credentials<'a> {
    None,
    Token(&'a str),
    Unreadable,
}

fn bearer(headers: &HeaderMap) -> Credentials<'_> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = given.next() else { return Credentials::None };
    let token = first.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(scheme, token)| {
        let token = token.trim();
        let good = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= LONGEST_TOKEN;
        good.then_some(token)
    });
    match token {
        Some(token) if given.next().is_none() => Credentials::Token(token),
        _ => Credentials::Unreadable,
    }
}

/// The client's address: the peer's, or behind `proxies` trusted ones the entry of `X-Forwarded-For` that the
/// outermost of them wrote. Entries before it are the client's own claims.
fn client_address(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return peer;
    }
    let hops = hops(headers, "x-forwarded-for");
    let written = hops.len().checked_sub(proxies).and_then(|index| hops.get(index));
    written.and_then(|hop| address_of(hop)).or(peer)
}

/// By which scheme the client called, as the outermost of `proxies` trusted ones wrote it: into an entry of its own, or into
/// the only one. `None`: nobody trusted says.
pub(crate) fn forwarded_scheme(headers: &HeaderMap, proxies: usize) -> Option<&str> {
    let hops = if proxies == 0 { Vec::new() } else { hops(headers, "x-forwarded-proto") };
    hops.get(hops.len().saturating_sub(proxies)).copied()
}

/// What proxies wrote, one after the other.
fn hops<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|value| value.split(',')).map(str::trim).collect()
}

/// An address as proxies write it: some add the port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.9"));
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.2"));
        let peer = Some(IpAddr::from([10, 0, 0, 1]));
        let address = |proxies| client_address(&headers, peer, proxies).map(|ip| ip.to_string()).unwrap();
        assert_eq!(address(0), "10.0.0.1");
        assert_eq!(address(1), "10.0.0.2");
        assert_eq!(address(2), "203.0.113.9");
        assert_eq!(address(9), "10.0.0.1");
    }

    #[test]
    fn the_scheme_is_that_of_the_outermost_trusted_proxy() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded_scheme(&headers, 1), None);
        headers.append("x-forwarded-proto", HeaderValue::from_static("https"));
        assert_eq!([0, 1, 2].map(|proxies| forwarded_scheme(&headers, proxies)), [None, Some("https"), Some("https")]);
        headers.append("x-forwarded-proto", HeaderValue::from_static("http"));
        assert_eq!([0, 1, 2].map(|proxies| forwarded_scheme(&headers, proxies)), [None, Some("http"), Some("https")]);
    }

    #[test]
    fn proxies_may_write_the_port_too() {
        for (hop, address) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
        ] {
            assert_eq!(address_of(hop).map(|found| found.to_string()).as_deref(), Some(address), "{hop}");
        }
        assert_eq!(address_of("unknown"), None);
    }
}
