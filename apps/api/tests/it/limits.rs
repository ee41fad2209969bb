//! How often one may call without credentials.

use crate::app::{OPERATOR, TestApp};
use crate::shop::Shop;
use musubi_api::limits::InProcess;
use musubi_identity::api_key::NewApiKey;
use musubi_kernel::access::{Actor, Caller, Permission};
use musubi_kernel::receipt::NoReceipt;
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::Arc;

async fn limited(burst: u32, proxies: usize) -> TestApp {
    TestApp::with(|ground| {
        ground.limiter = Arc::new(InProcess::new(NonZeroU32::MIN, NonZeroU32::new(burst).unwrap()));
        ground.trusted_proxies = proxies;
    })
    .await
}

#[tokio::test]
async fn public_calls_are_limited_by_address() {
    let app = limited(3, 0).await;
    let shop = Shop::open(&app, "shop").await;
    let see = async |address: &str| {
        app.get(format!("/v1/public/stores/{}", shop.slug)).anonymous().from(address).send().await
    };
    for _ in 0..3 {
        see("192.0.2.1").await.is(200);
    }
    let refused = see("192.0.2.1").await;
    refused.problem(429, "too_many_requests");
    let wait: u64 = refused.head("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    see("192.0.2.2").await.is(200);
    // One customer of a provider has a whole /64.
    for host in 1..=3 {
        see(&format!("2001:db8:0:1::{host}")).await.is(200);
    }
    see("2001:db8:0:1::4").await.problem(429, "too_many_requests");
    see("2001:db8:0:2::1").await.is(200);
    // Credentials are not limited, and neither are the server's own pages.
    for _ in 0..10 {
        app.get("/v1/caller").key(&shop.key).send().await.is(200);
        app.get("/healthz").anonymous().send().await.is(200);
    }
}

#[tokio::test]
async fn who_shows_bad_signatures_is_read_little_of() {
    const LARGE: usize = 64 * 1024;
    let app = limited(3, 0).await;
    let shop = Shop::open(&app, "shop").await;
    let secret = json!({ "line_channel_secret": "secret" });
    app.patch(shop.at(""), &secret).key(&shop.key).send().await.is(200);
    let path = format!("/v1/carriers/line/{}", shop.store);
    let call = async |signed_with: &str, padding: usize, from: &str| {
        let body = json!({ "events": [], "padding": "x".repeat(padding) }).to_string();
        let signature = crate::line::signature(signed_with, &body);
        let call = app.post(&path, &json!({})).body(body).anonymous().from(from);
        call.header("x-line-signature", &signature).send().await
    };
    call("secret", LARGE, "192.0.2.1").await.is(200);
    for _ in 0..3 {
        call("wrong", 1, "192.0.2.1").await.problem(401, "bad_signature");
    }
    call("wrong", 1, "192.0.2.1").await.problem(429, "too_many_requests");
    // The carrier's own calls may come from there, too; they are small.
    call("secret", LARGE, "192.0.2.1").await.problem(429, "too_many_requests");
    for _ in 0..5 {
        call("secret", LARGE / 2, "192.0.2.1").await.is(200);
    }
    call("secret", LARGE, "192.0.2.2").await.is(200);
}

#[tokio::test]
async fn failed_credentials_count() {
    let app = limited(3, 0).await;
    for _ in 0..3 {
        app.get("/v1/caller").key("msb_guess").send().await.problem(401, "bad_credentials");
    }
    app.get("/v1/caller").key("msb_guess").send().await.problem(429, "too_many_requests");
    app.get("/v1/caller").key(OPERATOR).send().await.is(200);
    for wrong in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer  ", "msb_x"] {
        let call = app.get("/v1/caller").from("192.0.2.77").header("authorization", wrong);
        let answer = call.send().await;
        assert!(matches!(answer.status.as_u16(), 401 | 429), "{wrong}: {answer:#?}");
    }
}

#[tokio::test]
async fn guesses_of_a_client_over_its_limit_are_not_looked_up() {
    let app = limited(3, 0).await;
    let shop = Shop::open(&app, "shop").await;
    let call = async |key: &str| app.get("/v1/caller").key(key).send().await.status.as_u16();
    let new = NewApiKey { name: "new".into(), permissions: vec![Permission::BookingRead], expires_at: None };
    let tenant = Actor::System.on_tenant(shop.tenant.parse().unwrap(), Permission::KeyManage).unwrap();
    let unseen = app.app.keys.issue(&Caller::system(), &tenant.into(), &new, &NoReceipt).await.unwrap();
    assert_eq!(call(OPERATOR).await, 200);
    for _ in 0..3 {
        assert_eq!(call("msb_guess").await, 401);
    }
    for _ in 0..10 {
        assert_eq!(call("msb_guess").await, 429);
    }
    // A look-up would find this key; one that was good before is not held up by its neighbour.
    assert_eq!(call(unseen.secret.expose()).await, 429);
    for _ in 0..10 {
        assert_eq!(call(OPERATOR).await, 200);
    }
    app.get("/v1/caller").key(unseen.secret.expose()).from("192.0.2.9").send().await.is(200);
}

#[tokio::test]
async fn only_a_trusted_proxy_says_who_calls() {
    for (proxies, shared) in [(0, true), (1, false)] {
        let app = limited(2, proxies).await;
        let see = async |client: &str| {
            let call = app.get("/v1/public/stores/none").anonymous();
            call.header("x-forwarded-for", &format!("6.6.6.6, {client}")).send().await.status.as_u16()
        };
        for _ in 0..2 {
            assert_eq!(see("203.0.113.1").await, 404);
        }
        assert_eq!(see("203.0.113.1").await, 429);
        assert_eq!(see("203.0.113.2").await, if shared { 429 } else { 404 });
    }
}
