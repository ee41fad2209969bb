//! What becomes of attempts.

use crate::stub::{Stub, webhooks, webhooks_within};
use musubi_kernel::clock::{Clock, ManualClock};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::id::SystemIds;
use musubi_outgoing::Url;
use musubi_outgoing::reach::Reach;
use musubi_webhook::payload::Payload;
use musubi_webhook::secret::SigningSecret;
use musubi_webhook::{Attempt, Endpoint, Heard};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(7);

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at("2026-04-01T12:00:00.9Z".parse().expect("a time")))
}

fn endpoint(url: Url) -> Endpoint {
    Endpoint { id: Uuid::nil(), url, secrets: vec![SigningSecret::new(&SystemIds)] }
}

fn payload() -> Payload {
    let at = "2026-04-01T11:00:00Z".parse().expect("a time");
    Payload::new("booking.confirmed", at, &json!({"number": "260320-XTHYJC8-P"})).expect("JSON")
}

#[tokio::test]
async fn an_event_is_told_under_one_id() {
    let stub = Stub::start().await;
    let (webhooks, endpoint) = (webhooks(clock()), endpoint(stub.url("hooks?store=1")));
    for _ in 0..2 {
        let attempt = webhooks.tell(&endpoint, ID, &payload()).await;
        assert_eq!(attempt, Attempt { status: Some(204), heard: Heard::Outcome(Outcome::SENT) });
    }
    let got = stub.got();
    assert_eq!(got[0], got[1]);
    assert_eq!(got[0].headers["webhook-id"], "00000000-0000-0000-0000-000000000007");
    assert_eq!(got[0].headers["webhook-timestamp"], "1775044800");
    assert_eq!(got[0].headers["content-type"], "application/json");
    assert_eq!(got[0].body, payload().as_str());
}

#[tokio::test]
async fn answers_say_whether_to_tell_again() {
    let stub = Stub::start().await;
    let webhooks = webhooks(clock());
    for (status, after, wait) in [
        (302, None, None),
        (400, None, None),
        (401, None, None),
        (404, None, None),
        (429, Some("7"), Some(7)),
        (500, None, None),
        (503, Some("60"), Some(60)),
    ] {
        stub.answers(status, after);
        let attempt = webhooks.tell(&endpoint(stub.url("hooks")), ID, &payload()).await;
        let why = format!("the endpoint answers {status}").into();
        let outcome = Outcome::Later { why, after: wait.map(Duration::from_secs) };
        assert_eq!(attempt, Attempt { status: Some(status), heard: Heard::Outcome(outcome) });
    }
    for status in [200, 201, 202] {
        stub.answers(status, None);
        let attempt = webhooks.tell(&endpoint(stub.url("hooks")), ID, &payload()).await;
        assert_eq!(attempt.heard, Heard::Outcome(Outcome::SENT));
    }
    stub.answers(410, None);
    let attempt = webhooks.tell(&endpoint(stub.url("hooks")), ID, &payload()).await;
    assert_eq!(attempt, Attempt { status: Some(410), heard: Heard::Gone });
}

#[tokio::test]
async fn endpoints_at_one_host_fail_each_on_their_own() {
    let stub = Stub::start().await;
    let webhooks = webhooks(clock());
    stub.answers(500, None);
    for _ in 0..5 {
        webhooks.tell(&endpoint(stub.url("broken")), ID, &payload()).await;
    }
    stub.answers(204, None);
    let attempt = webhooks.tell(&endpoint(stub.url("broken")), ID, &payload()).await;
    assert!(matches!(attempt, Attempt { status: None, heard: Heard::LeftAlone { .. } }), "{attempt:?}");
    assert_eq!(stub.got().len(), 5, "it is not called meanwhile");
    let attempt = webhooks.tell(&endpoint(stub.url("well")), ID, &payload()).await;
    assert_eq!(attempt.heard, Heard::Outcome(Outcome::SENT));
    let of_another = Endpoint { id: Uuid::from_u128(9), ..endpoint(stub.url("broken")) };
    let attempt = webhooks.tell(&of_another, ID, &payload()).await;
    assert_eq!(attempt.heard, Heard::Outcome(Outcome::SENT), "nobody waits for another's rest");
}

#[tokio::test]
async fn no_address_inside_is_called() {
    let stub = Stub::start().await;
    let webhooks = webhooks_within(Reach::public(), clock());
    for url in [stub.url("hooks"), "https://localhost/".parse().expect("an address")] {
        let attempt = webhooks.tell(&endpoint(url), ID, &payload()).await;
        assert!(matches!(&attempt.heard, Heard::Outcome(Outcome::Refused { .. })), "{attempt:?}");
    }
    assert!(stub.got().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_hangs_up_may_have_got_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address")).parse().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let attempt = webhooks(clock()).tell(&endpoint(url), ID, &payload()).await;
    assert!(matches!(&attempt.heard, Heard::Outcome(Outcome::Unknown { .. })), "{attempt:?}");
}

#[tokio::test]
async fn nothing_is_told_unsigned() {
    let stub = Stub::start().await;
    let bare = Endpoint { id: Uuid::nil(), url: stub.url("hooks"), secrets: Vec::new() };
    let attempt = webhooks(clock()).tell(&bare, ID, &payload()).await;
    assert!(matches!(&attempt.heard, Heard::Outcome(Outcome::Refused { .. })), "{attempt:?}");
    assert!(stub.got().is_empty());
}
