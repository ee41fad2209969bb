//! What was told, as the official library of Standard Webhooks reads it: the npm package `standardwebhooks`.
//! `MUSUBI_TEST_NODE=off` leaves this out.

use crate::stub::{Got, Stub, webhooks};
use chrono::TimeDelta;
use musubi_kernel::clock::{Clock, ManualClock, SystemClock};
use musubi_kernel::id::SystemIds;
use musubi_node_testing::{Programs, run};
use musubi_webhook::Endpoint;
use musubi_webhook::payload::Payload;
use musubi_webhook::secret::SigningSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const PROGRAMS: Programs = Programs {
    name: "webhook",
    sources: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/library"),
    files: &["package.json", "package-lock.json", "verify.js"],
    target: env!("CARGO_TARGET_TMPDIR"),
};

/// What an endpoint got that was told at a time, the secrets newest first.
async fn told(secrets: &[SigningSecret], clock: Arc<dyn Clock>) -> Got {
    let stub = Stub::start().await;
    let endpoint = Endpoint { id: Uuid::nil(), url: stub.url("hooks"), secrets: secrets.to_vec() };
    let at = "2026-04-01T11:00:00Z".parse().expect("a time");
    let data = json!({"store": "さくら美容室 \"表参道\"", "price": 5500, "nested": [{"🍎": null}]});
    let payload = Payload::new("booking.confirmed", at, &data).expect("JSON");
    webhooks(clock).tell(&endpoint, Uuid::from_u128(7), &payload).await;
    stub.got().remove(0)
}

fn case(secret: &SigningSecret, got: &Got) -> Value {
    json!({"secret": secret.to_text().expose(), "body": got.body, "headers": got.headers})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_library_verifies_what_is_told() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let [old, new, other] = [(); 3].map(|()| SigningSecret::new(&SystemIds));
    // The library compares with the computer's own clock.
    let now: Arc<dyn Clock> = Arc::new(SystemClock);
    let early = Arc::new(ManualClock::at(now.now() - TimeDelta::minutes(6)));
    let alone = told(std::slice::from_ref(&old), now.clone()).await;
    let changing = told(&[new.clone(), old.clone()], now).await;
    let stale = told(std::slice::from_ref(&old), early).await;
    let mut spoilt = alone.clone();
    spoilt.body = spoilt.body.replace("5500", "0");
    let mut renamed = alone.clone();
    renamed.headers.insert("webhook-id".to_owned(), "another".to_owned());
    let cases = [
        case(&old, &alone),
        case(&new, &changing),
        case(&old, &changing),
        case(&other, &changing),
        case(&new, &alone),
        case(&old, &spoilt),
        case(&old, &renamed),
        case(&old, &stale),
    ];
    let said = tokio::task::spawn_blocking(move || run(&folder, &["verify.js"], &json!(cases).to_string())).await;
    let found: Vec<Value> = serde_json::from_str(&said.expect("it ends")).expect("JSON");
    let read: Value = serde_json::from_str(&alone.body).expect("JSON");
    for verified in &found[..3] {
        assert_eq!(verified, &json!({"read": read}));
    }
    assert_eq!(read["timestamp"], "2026-04-01T11:00:00.000000Z");
    for refused in &found[3..7] {
        assert_eq!(refused, &json!({"refused": "No matching signature found"}));
    }
    assert_eq!(found[7], json!({"refused": "Message timestamp too old"}));
}
