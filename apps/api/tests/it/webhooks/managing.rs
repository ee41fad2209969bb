//! Endpoints and deliveries as those see them who manage them.

use super::{House, signed};
use crate::app::TestApp;
use crate::receiver::{Receiver, Way};
use crate::shop::Shop;
use axum::http::Method;
use chrono::TimeDelta;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};

on_each_engine!(an_endpoint_is_made_changed_and_removed, what_was_delivered_is_seen_and_delivered_again);

fn new_endpoint(url: &str) -> Value {
    json!({ "url": url, "events": ["booking.*"], "description": "レジ" })
}

fn endpoints(shop: &Shop) -> String {
    format!("/v1/tenants/{}/webhook-endpoints", shop.tenant)
}

async fn an_endpoint_is_made_changed_and_removed(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let all = endpoints(&shop);
    let new = new_endpoint("https://hooks.example.jp/s3cret-path");
    app.clock.advance(TimeDelta::seconds(1));
    let create = || app.post(&all, &new).key(&shop.key).header("idempotency-key", "one").send();
    let made = create().await.is(201);
    let again = create().await.is(201);
    assert_eq!((again.head("idempotent-replayed"), &again.body), (Some("true"), &made.body));
    let secret = made.body["secret"].as_str().unwrap();
    let id = made.body["endpoint"]["id"].as_str().unwrap();
    let one = format!("{all}/{id}");
    assert!(secret.starts_with("whsec_"));
    assert_eq!(made.head("location"), Some(one.as_str()));

    let read = app.get(&one).key(&shop.key).send().await.is(200).body;
    assert_eq!(read, made.body["endpoint"]);
    assert_eq!((&read["enabled"], &read["url"], &read["version"]), (&json!(true), &new["url"], &json!(1)));
    let list = app.get(&all).key(&shop.key).send().await.is(200);
    assert_eq!(list.ids(), [shop.endpoint.as_str(), id]);
    assert!(!list.body.to_string().contains("whsec_") && !read.to_string().contains("whsec_"), "shown once");

    let change = json!({ "description": null, "events": ["*"], "store_id": shop.store });
    let stale = app.patch(&one, &change).key(&shop.key).header("if-match", "\"7\"").send().await;
    stale.problem(412, "stale_version");
    let changed = app.patch(&one, &change).key(&shop.key).header("if-match", "\"1\"").send().await.is(200).body;
    assert_eq!((&changed["description"], &changed["events"]), (&Value::Null, &json!(["*"])));

    let renew = async |body: Value| app.post(format!("{one}/secret"), &body).key(&shop.key).send().await;
    let renewed = renew(json!({ "overlap_hours": 0 })).await.is(200).body;
    assert_eq!(renewed["endpoint"]["secrets"].as_array().map(Vec::len), Some(1), "the one before ends at once");
    assert_ne!(renewed["secret"], made.body["secret"]);
    let renewed = renew(json!({})).await.is(200).body;
    assert_eq!(renewed["endpoint"]["secrets"][1]["ends_at"], "2026-03-21T00:00:01Z");
    assert_eq!(renew(json!({ "overlap_hours": 721 })).await.violation(), pair("/overlap_hours", "out_of_range"));

    let post = async |what: &str| app.call(Method::POST, format!("{one}/{what}")).key(&shop.key).send().await;
    let off = post("disable").await.is(200).body;
    assert_eq!((&off["enabled"], &off["disabled_reason"]), (&json!(false), &json!("by_hand")));
    post("test").await.problem(422, "endpoint_disabled");
    let on = post("enable").await.is(200).body;
    assert_eq!((&on["enabled"], &on["disabled_at"]), (&json!(true), &Value::Null));
    assert_eq!(post("enable").await.is(200).body["version"], on["version"], "nothing to do");
    post("test").await.is(202);

    app.delete(&one).key(&shop.key).send().await.is(204);
    for path in [one.clone(), format!("{one}/deliveries")] {
        app.get(path).key(&shop.key).send().await.problem(404, "not_found");
    }
}

fn pair(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[tokio::test]
async fn what_an_endpoint_may_not_be_is_told_at_once() {
    let app = TestApp::new().await;
    let (shop, other) = (Shop::open(&app, "shop").await, Shop::open(&app, "other").await);
    let all = endpoints(&shop);
    let bad = json!({ "url": "https://169.254.169.254/latest", "events": ["user.*"], "store_id": other.store });
    let refused = app.post(&all, &bad).key(&shop.key).header("accept-language", "ja").send().await;
    let found = refused.problem(400, "invalid_request");
    let expected =
        [pair("/events/0", "unknown_event"), pair("/store_id", "unknown_store"), pair("/url", "ip_address_as_host")];
    assert_eq!(found, expected);
    let said = refused.body["errors"].to_string();
    assert!(said.contains("IPアドレスではなくホスト名で指定してください"), "{said}");
    assert!(said.contains("この環境の管理者だけが許可できます"), "{said}");
    let change = json!({ "url": "https://[::1]/x" });
    let one = format!("{all}/{}", shop.endpoint);
    assert_eq!(app.patch(&one, &change).key(&shop.key).send().await.violation(), pair("/url", "ip_address_as_host"));
    for _ in 1..20 {
        app.post(&all, &new_endpoint("https://hooks.example.jp/a")).key(&shop.key).send().await.is(201);
    }
    let one_more = app.post(&all, &new_endpoint("https://hooks.example.jp/a")).key(&shop.key).send().await;
    one_more.problem(422, "too_many_endpoints");
    // Of no tenant at all there are none.
    let nobody = format!("/v1/tenants/{}/webhook-endpoints", shop.store);
    app.post(nobody, &new_endpoint("https://hooks.example.jp/a")).send().await.problem(404, "not_found");
}

async fn what_was_delivered_is_seen_and_delivered_again(db: TestDb) {
    let house = House::on(&db).await;
    let (app, shop, all) = (&house.app, &house.shop, endpoints(&house.shop));
    let receiver = Receiver::that([Way::Says(204), Way::Says(410)]).await;
    let made = app.post(&all, &new_endpoint(&receiver.url())).key(&shop.key).send().await.is(201).body;
    let one = format!("{all}/{}", made["endpoint"]["id"].as_str().unwrap());
    let list = async |query: &str| app.get(format!("{one}/deliveries{query}")).key(&shop.key).send().await;

    let tried = app.call(Method::POST, format!("{one}/test")).key(&shop.key).send().await.is(202).body;
    assert_eq!(
        (&tried["status"], &tried["event"], &tried["tries"]),
        (&json!("pending"), &json!("webhook.test"), &json!(0))
    );
    house.work().await;
    let call = receiver.heard().pop().unwrap();
    assert!(signed(&call, made["secret"].as_str().unwrap()).0);
    app.clock.advance(TimeDelta::seconds(1));
    let booking = house.book(3).await;
    house.work().await;
    let found = list("").await.is(200).body;
    let [booked, test] = &found["items"].as_array().unwrap()[..] else { panic!("{found:#}") };
    assert_eq!(
        (&test["id"], &test["status"], &test["last_answer"]["status"]),
        (&tried["id"], &json!("delivered"), &json!(204))
    );
    assert_eq!((&booked["status"], &booked["last_answer"]["status"]), (&json!("failed"), &json!(410)));
    let id = booked["id"].as_str().unwrap();
    for (query, expected) in [
        ("?status=failed", vec![id]),
        ("?event=webhook.test", vec![tried["id"].as_str().unwrap()]),
        ("?since=2026-03-20T00:00:00Z&until=2026-03-20T00:00:00Z", vec![]),
        ("?status=pending", vec![]),
        ("?limit=1", vec![id]),
    ] {
        assert_eq!(list(query).await.is(200).ids(), expected, "{query}");
    }
    assert_eq!(list("?status=lost").await.violation(), pair("?status", "not_one_of"));
    let whole = app.get(format!("{one}/deliveries/{id}")).key(&shop.key).send().await.is(200).body;
    assert_eq!(whole["body"], json!(receiver.heard()[1].body));
    assert!(whole["body"].as_str().unwrap().contains(&booking));
    // It is no other endpoint's, whose tenant is the same.
    let elsewhere = format!("{all}/{}/deliveries/{id}", shop.endpoint);
    app.get(&elsewhere).key(&shop.key).send().await.problem(404, "not_found");
    let replay = async |path: String| app.call(Method::POST, format!("{path}/replay")).key(&shop.key).send().await;
    replay(elsewhere).await.problem(404, "not_found");

    // It had said that it was gone.
    replay(format!("{one}/deliveries/{id}")).await.problem(422, "endpoint_disabled");
    app.call(Method::POST, format!("{one}/enable")).key(&shop.key).send().await.is(200);
    let again = replay(format!("{one}/deliveries/{id}")).await.is(202).body;
    assert_eq!((&again["status"], &again["replays"], &again["tries"]), (&json!("pending"), &json!(1), &json!(0)));
    house.work().await;
    assert_eq!(receiver.heard()[2].head("webhook-id"), receiver.heard()[1].head("webhook-id"));
    assert_eq!(list("?status=delivered").await.ids().len(), 2);

    let range = json!({ "since": "2026-03-20T00:00:00Z", "until": "2026-03-20T00:00:02Z" });
    let replayed = app.post(format!("{one}/replay"), &range).key(&shop.key).send().await.is(202).body;
    assert_eq!(replayed, json!({ "deliveries": 2, "next_cursor": null }));
    house.work().await;
    assert_eq!(receiver.heard().len(), 5);
    let only_failed = json!({ "since": range["since"], "until": range["until"], "only_failed": true });
    let replayed = app.post(format!("{one}/replay"), &only_failed).key(&shop.key).send().await.is(202).body;
    assert_eq!(replayed["deliveries"], 0);
    for (since, until) in
        [("2026-03-20T00:00:02Z", "2026-03-20T00:00:00Z"), ("2026-03-20T00:00:00Z", "2026-03-20T00:00:00Z")]
    {
        let backwards = json!({ "since": since, "until": until });
        let refused = app.post(format!("{one}/replay"), &backwards).key(&shop.key).send().await;
        refused.problem(422, "since_not_before_until");
        assert_eq!(refused.body["detail"], "`since` must be before `until`");
    }
    let nonsense = json!({ "since": range["since"], "until": range["until"], "cursor": "x" });
    let refused = app.post(format!("{one}/replay"), &nonsense).key(&shop.key).send().await;
    assert_eq!(refused.status.as_u16(), 400, "{refused:#?}");
}
