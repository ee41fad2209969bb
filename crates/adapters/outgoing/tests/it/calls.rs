//! What is heard of calls, or why nothing is.

use crate::server::{OK, Server, Way};
use chrono::TimeDelta;
use musubi_kernel::clock::ManualClock;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::secret::Secret;
use musubi_outgoing::answer::{Answer, Failure};
use musubi_outgoing::call::Call;
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::reach::Reach;
use musubi_outgoing::{Outgoing, StatusCode, Url};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Short enough for a test that waits for it, and long enough for a computer that is busy.
const SOON: Duration = Duration::from_secs(2);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-04-01T12:00:00Z".parse().expect("a time")))
}

fn impatient() -> Limits {
    Limits { whole: SOON, ..Limits::default() }
}

fn outgoing(limits: Limits, breaking: Breaking, clock: Arc<ManualClock>) -> Outgoing {
    Outgoing::new(Reach::anywhere(), limits, breaking, clock).expect("certificates")
}

fn call(server: &Server) -> Call {
    Call::post(url(server), "application/json", "{\"to\":\"hanako\"}")
}

fn url(server: &Server) -> Url {
    format!("http://{}/push", server.address).parse().expect("an address")
}

async fn send(limits: Limits, way: Way) -> Result<Answer, Failure> {
    let server = Server::start(way).await;
    outgoing(limits, Breaking::NEVER, clock()).send(call(&server)).await
}

#[derive(serde::Deserialize)]
struct Made {
    id: String,
}

#[tokio::test]
async fn an_answer_is_heard_and_the_connection_used_again() {
    let server = Server::start(OK).await;
    let outgoing = outgoing(Limits::default(), Breaking::default(), clock());
    for _ in 0..3 {
        let call = call(&server).with_bearer(&Secret::new("a-token")).expect("a header");
        let answer = outgoing.send(call).await.expect("an answer");
        assert_eq!(answer.json::<Made>().expect("JSON").id, "42");
    }
    let requests = server.requests();
    assert_eq!((requests.len(), server.connections()), (3, 1));
    let (head, body) = requests[0].split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("POST /push HTTP/1.1\r\n"), "{head}");
    for line in ["content-type: application/json", "authorization: Bearer a-token", "user-agent: musubi"] {
        assert!(head.contains(line), "{head}");
    }
    assert_eq!(body, "{\"to\":\"hanako\"}");
}

#[tokio::test]
async fn each_call_has_a_connection_of_its_own_where_that_is_wanted() {
    let server = Server::start(OK).await;
    let outgoing = outgoing(Limits { idle: Duration::ZERO, ..Limits::default() }, Breaking::default(), clock());
    for _ in 0..3 {
        outgoing.send(call(&server)).await.expect("an answer");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn failures_of_the_server_are_answers_and_say_how_long_to_wait() {
    for (head, status, wait) in [
        ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\n", 429, Some(30)),
        ("HTTP/1.1 503 Service Unavailable\r\nretry-after: Wed, 01 Apr 2026 12:02:00 GMT\r\n", 503, Some(120)),
        ("HTTP/1.1 500 Internal Server Error\r\n", 500, None),
    ] {
        let said = format!("{head}content-length: 0\r\n\r\n").leak();
        let answer = send(Limits::default(), Way::Says(said)).await.expect("an answer");
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.retry_after, wait.map(Duration::from_secs));
        let after = wait.map(Duration::from_secs);
        assert_eq!(answer.later("busy"), Outcome::Later { why: "busy".into(), after });
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Server::start(OK).await;
    let said = format!("HTTP/1.1 307 X\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", url(&elsewhere)).leak();
    let answer = send(Limits::default(), Way::Says(said)).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_request_without_an_answer_may_have_been_taken() {
    for way in [Way::Stalls, Way::HangsUp, Way::Says("this is no HTTP\r\n\r\n"), Way::Says("HTTP/1.1 20")] {
        let failure = send(impatient(), way).await.expect_err("no answer");
        assert!(matches!(failure, Failure::Lost { .. }), "{way:?}: {failure:?}");
        assert!(matches!(Outcome::from(failure), Outcome::Unknown { .. }));
    }
}

#[tokio::test]
async fn a_body_is_read_as_far_as_the_limits_go_and_the_status_counts() {
    let small = Limits { bytes: 1000, ..Limits::default() };
    let answer = send(small, Way::Endless).await.expect("an answer");
    assert_eq!((answer.status, answer.body.len(), answer.whole), (StatusCode::OK, 1000, false));
    assert_eq!(answer.header("x-id"), Some("7"));
    let answer = send(impatient(), Way::Drips).await.expect("an answer");
    assert_eq!((answer.status, &answer.body[..], answer.whole), (StatusCode::OK, &b"a few"[..], false));
    assert!(answer.json::<Made>().is_none());
    let exactly = Limits { bytes: 11, ..Limits::default() };
    assert!(send(exactly, OK).await.expect("an answer").whole);
}

#[tokio::test]
async fn a_head_without_end_is_no_answer() {
    let said = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(200_000)).leak();
    let failure = send(Limits::default(), Way::Says(said)).await.expect_err("no answer");
    assert!(matches!(failure, Failure::Lost { .. }), "{failure:?}");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    // Nobody agrees on TLS there.
    let silent = Server::start(Way::Stalls).await;
    let limits = Limits { connect: SOON, ..Limits::default() };
    let outgoing = outgoing(limits, Breaking::NEVER, clock());
    for address in [format!("http://{closed}/"), format!("https://{}/", silent.address)] {
        let call = Call::get(address.parse().expect("an address"));
        let failure = outgoing.send(call).await.expect_err("no connection");
        assert!(matches!(failure, Failure::NotSent { .. }), "{address}: {failure:?}");
        assert!(matches!(Outcome::from(failure), Outcome::Later { .. }));
    }
}

#[tokio::test]
async fn a_host_that_fails_is_left_alone_then_asked_once() {
    let server = Server::start(Way::Says("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")).await;
    let clock = clock();
    let breaking = Breaking { failures: 3, ..Breaking::default() };
    let outgoing = outgoing(Limits::default(), breaking, clock.clone());
    for _ in 0..3 {
        assert_eq!(outgoing.send(call(&server)).await.expect("an answer").status, StatusCode::BAD_GATEWAY);
    }
    let failure = outgoing.send(call(&server)).await.expect_err("left alone");
    let Failure::LeftAlone { rest, .. } = failure else { panic!("{failure:?}") };
    assert_eq!((rest, server.requests().len()), (breaking.rest, 3));

    // Others at that host fail on their own, where they are told apart.
    let other = call(&server).with_circuit("another endpoint");
    assert_eq!(outgoing.send(other).await.expect("an answer").status, StatusCode::BAD_GATEWAY);

    clock.advance(TimeDelta::seconds(10));
    assert!(outgoing.send(call(&server)).await.is_ok(), "one to see");
    assert!(outgoing.send(call(&server)).await.is_err());
    clock.advance(TimeDelta::seconds(20));
    server.becomes(OK);
    for _ in 0..3 {
        assert_eq!(outgoing.send(call(&server)).await.expect("an answer").status, StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_says_no_has_not_failed() {
    let server = Server::start(Way::Says("HTTP/1.1 429 X\r\ncontent-length: 0\r\n\r\n")).await;
    let breaking = Breaking { failures: 1, ..Breaking::default() };
    let outgoing = outgoing(Limits::default(), breaking, clock());
    for _ in 0..3 {
        assert_eq!(outgoing.send(call(&server)).await.expect("an answer").status, StatusCode::TOO_MANY_REQUESTS);
    }
}
