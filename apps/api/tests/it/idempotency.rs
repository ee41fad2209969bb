//! `Idempotency-Key`: once is once.

use crate::app::{Answer, TestApp};
use crate::shop::Shop;
use chrono::TimeDelta;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};

fn spa() -> Value {
    json!({ "name": "Head spa", "base_duration": 30, "base_price": 3000 })
}

async fn make(app: &TestApp, shop: &Shop, key: &str, body: &Value) -> Answer {
    app.post(shop.at("/menus"), body).key(&shop.key).header("idempotency-key", key).send().await
}

async fn menus(app: &TestApp, shop: &Shop) -> usize {
    app.get(shop.at("/menus")).send().await.ids().len()
}

async fn a_repeat_gets_the_first_answer(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let first = make(&app, &shop, "k1", &spa()).await.is(201);
    assert_eq!(first.head("idempotent-replayed"), None);
    let location = shop.at(&format!("/menus/{}", first.id()));
    assert_eq!(first.head("location"), Some(location.as_str()));

    app.patch(&location, &json!({ "name": "Renamed" })).send().await.is(200);
    // The same fields in another order are the same request.
    let again = r#"{ "base_price": 3000, "base_duration": 30, "name": "Head spa" }"#;
    let call = app.post(shop.at("/menus"), &json!(null)).body(again).key(&shop.key).header("idempotency-key", "k1");
    let again = call.send().await.is(201);
    assert_eq!(again.body, first.body);
    assert_eq!(again.head("idempotent-replayed"), Some("true"));
    assert_eq!((again.head("etag"), again.head("location")), (first.head("etag"), first.head("location")));
    assert_eq!(menus(&app, &shop).await, 2);
}

async fn a_key_is_for_one_request_of_one_caller_for_a_day(db: TestDb) {
    let app = TestApp::on(&db).await;
    let (shop, other) = (Shop::open(&app, "shop").await, Shop::open(&app, "other").await);
    let first = make(&app, &shop, "k1", &spa()).await.is(201);
    let mut dearer = spa();
    dearer["base_price"] = json!(9000);
    make(&app, &shop, "k1", &dearer).await.problem(422, "idempotency_key_reused");
    let elsewhere = json!({ "name": "花子" });
    let elsewhere = app.post(shop.at("/resources"), &elsewhere).key(&shop.key).header("idempotency-key", "k1");
    elsewhere.send().await.problem(422, "idempotency_key_reused");
    assert_ne!(make(&app, &other, "k1", &spa()).await.is(201).id(), first.id());

    app.clock.advance(TimeDelta::hours(23));
    assert_eq!(make(&app, &shop, "k1", &spa()).await.is(201).id(), first.id());
    app.clock.advance(TimeDelta::hours(2));
    assert_ne!(make(&app, &shop, "k1", &spa()).await.is(201).id(), first.id());
}

async fn a_refusal_leaves_the_key_free(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let mut bad = spa();
    bad["base_duration"] = json!(-1);
    make(&app, &shop, "k1", &bad).await.problem(400, "invalid_request");
    make(&app, &shop, "k1", &spa()).await.is(201);
}

async fn duplicates_at_the_same_time_are_one(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let body = spa();
    let calls = (0..12).map(|_| make(&app, &shop, "k1", &body));
    let answers = futures_util::future::join_all(calls).await;
    let first = answers[0].clone().is(201).id();
    for answer in answers {
        assert_eq!(answer.is(201).id(), first);
    }
    assert_eq!(menus(&app, &shop).await, 2);
}

async fn a_secret_is_given_back_to_its_maker_alone(db: TestDb) {
    let app = TestApp::on(&db).await;
    let (shop, other) = (Shop::open(&app, "shop").await, Shop::open(&app, "other").await);
    let body = json!({ "name": "till", "permissions": ["booking.read"] });
    let issue =
        async |key: &str| app.post("/v1/api-keys", &body).key(key).header("idempotency-key", "k1").send().await.is(201);
    let first = issue(&shop.key).await;
    assert_eq!(issue(&shop.key).await.body, first.body);
    assert_ne!(issue(&other.key).await.body["secret"], first.body["secret"]);
}

async fn a_malformed_key_is_refused(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    for bad in ["", "two words", "日本", &"x".repeat(256)] {
        let answer = make(&app, &shop, bad, &spa()).await;
        assert_eq!(answer.violation(), ("Idempotency-Key".to_owned(), "bad_format".to_owned()), "{bad}");
    }
    make(&app, &shop, &"x".repeat(255), &spa()).await.is(201);
}

on_each_engine!(
    a_repeat_gets_the_first_answer,
    a_key_is_for_one_request_of_one_caller_for_a_day,
    a_refusal_leaves_the_key_free,
    duplicates_at_the_same_time_are_one,
    a_secret_is_given_back_to_its_maker_alone,
    a_malformed_key_is_refused,
);
