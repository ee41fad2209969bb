//! What holds for every request, whatever its route.

use crate::app::TestApp;
use crate::shop::Shop;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use musubi_api::openapi;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;
use std::convert::Infallible;
use std::panic;
use std::time::Duration;
use tower::ServiceExt as _;

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let app = TestApp::new().await;
    for path in ["/v1", "/v1/nothing", "/v2/stores", "/v1/stores/", "/etc/passwd"] {
        app.get(path).send().await.problem(404, "not_found");
    }
    let answer = app.delete("/v1/stores").send().await;
    answer.problem(405, "method_not_allowed");
    let allowed: Vec<_> = answer.head("allow").unwrap().split(',').map(str::trim).collect();
    assert!(allowed.contains(&"GET") && allowed.contains(&"POST"), "{allowed:?}");
    app.call("BREW".parse().unwrap(), "/healthz").send().await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn every_answer_has_the_request_id_and_its_guards() {
    let app = TestApp::new().await;
    let given = app.get("/healthz").header("x-request-id", "abc-123").send().await.is(200);
    assert_eq!(given.head("x-request-id"), Some("abc-123"));
    for bad in ["", "two words", "日本", &"x".repeat(129)] {
        let answer = app.get("/v1/nothing").header("x-request-id", bad).send().await;
        let id = answer.head("x-request-id").unwrap();
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{bad}: {id}");
        answer.problem(404, "not_found");
    }
    assert_eq!(given.head("x-content-type-options"), Some("nosniff"));
    assert_eq!(given.head("referrer-policy"), Some("no-referrer"));
    let caller = app.get("/v1/caller").send().await.is(200);
    assert_eq!(caller.head("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn sentences_come_in_the_callers_language_and_codes_stay() {
    let app = TestApp::new().await;
    let body = json!({ "name": 1 });
    let wrong = |language| app.post("/v1/tenants", &body).header("accept-language", language).send();
    let (english, japanese) = (wrong("en-GB, ja;q=0.5").await, wrong("ja-JP, en;q=0.5").await);
    for (answer, language, detail) in
        [(&english, "en", "/name: must be a text"), (&japanese, "ja", "リクエストの内容に誤りがあります")]
    {
        answer.problem(400, "invalid_request");
        assert_eq!(answer.head("content-language"), Some(language));
        assert_eq!(answer.body["detail"], detail);
        assert_eq!(answer.body["errors"][0]["code"], "wrong_type");
    }
    assert_eq!(japanese.body["errors"][0]["detail"], "値の型が正しくありません (must be a text)");
}

#[tokio::test]
async fn bodies_are_plain_and_whole_numbers_are_whole() {
    let app = TestApp::new().await;
    let shop = Shop::open(&app, "shop").await;
    let menus = || app.post(shop.at("/menus"), &json!({ "name": "x", "base_duration": 60.0, "base_price": 0 }));
    menus().header("content-encoding", "gzip").send().await.problem(415, "unsupported_media_type");
    let wrong = menus().send().await;
    wrong.problem(400, "invalid_request");
    assert_eq!(wrong.body["errors"][0]["detail"], "must be a whole number");
    let announced = app.call(Method::POST, shop.at("/menus")).header("content-type", "application/json");
    announced.header("content-length", "99999999").send().await.problem(413, "body_too_large");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let app = TestApp::new().await;
    let shop = Shop::open(&app, "shop").await;
    let before = shop.everything(&app).await;
    let large = || Bytes::from(format!("{{\"name\":\"{}\"}}", "x".repeat(10 * 1024 * 1024)));
    let post =
        |body: Body| app.call(Method::POST, shop.at("/menus")).body(body).header("content-type", "application/json");
    post(large().into()).send().await.problem(413, "body_too_large");
    // In pieces, so that nobody knows the size beforehand.
    let pieces: Vec<_> =
        large().chunks(64 * 1024).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    post(Body::from_stream(stream::iter(pieces))).send().await.problem(413, "body_too_large");
    app.get(format!("/v1/{}", "x".repeat(9000))).send().await.problem(414, "uri_too_long");
    let call = app.get("/healthz").header("x-much", &"x".repeat(40_000));
    call.send().await.problem(431, "headers_too_large");
    assert_eq!(shop.everything(&app).await, before);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = TestApp::with(|ground| ground.body_time = Duration::from_millis(50)).await;
    let shop = Shop::open(&app, "shop").await;
    let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let call = app.call(Method::POST, shop.at("/menus")).body(silent).header("content-type", "application/json");
    call.send().await.problem(408, "body_too_slow");
}

#[tokio::test]
async fn a_server_that_is_full_says_so() {
    let app = TestApp::with(|ground| ground.max_requests = 1).await;
    let shop = Shop::open(&app, "shop").await;
    let taken = app.app.room.try_acquire().unwrap();
    let refused = app.get("/v1/caller").key(&shop.key).send().await;
    refused.problem(503, "overloaded");
    assert!(refused.head("retry-after").is_some());
    app.get("/healthz").send().await.is(200);
    drop(taken);
    app.get("/v1/caller").key(&shop.key).send().await.is(200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let app = TestApp::with(|ground| ground.request_time = Duration::from_secs(3)).await;
    let shop = Shop::open(&app, "shop").await;
    let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let call = app.call(Method::POST, shop.at("/menus")).body(silent).header("content-type", "application/json");
    let answer = call.send().await;
    answer.problem(503, "timeout");
    assert!(answer.head("retry-after").is_some());
}

#[tokio::test]
async fn health_readiness_and_metrics_need_no_credentials() {
    musubi_api::metrics::install();
    let app = TestApp::new().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.get(path).anonymous().send().await.is(200);
        assert_eq!(answer.body, json!({ "status": "ok" }));
    }
    app.get("/v1/stores/0190a7a0-0000-7000-8000-000000000000").send().await.is(404);
    let metrics = app.get("/metrics").anonymous().send().await.is(200);
    let text = metrics.body.as_str().unwrap();
    assert!(text.contains(r#"http_requests_total{method="GET",route="/v1/stores/{store_id}",status="404"}"#), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket") && text.contains("database_connections"), "{text}");
}

#[tokio::test]
async fn the_document_and_its_page_come_from_the_server_itself() {
    let app = TestApp::new().await;
    let document = app.get("/openapi.json").anonymous().send().await.is(200);
    assert_eq!(document.body, musubi_api::openapi::document());
    let page = app.get("/docs/").anonymous().send().await.is(200);
    assert!(page.head("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'self'")));
    let text = page.body.as_str().unwrap().to_owned();
    assert!(text.contains("swagger-ui") && !text.contains("//unpkg") && !text.contains("//cdn"), "{text}");
    let script = app.get("/docs/swagger-initializer.js").anonymous().send().await.is(200);
    assert!(script.body.as_str().unwrap().contains("/openapi.json"));
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let app = TestApp::new().await;
    let boom = || async { panic::panic_any::<&str>("hunter2") as () };
    let router = openapi::around(Router::new().route("/boom", get(boom)), app.app.clone());
    let response = router.oneshot(Request::get("/boom").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 500);
    let body = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(body.contains(r#""code":"internal""#) && !body.contains("hunter2"), "{body}");
}

async fn a_database_that_is_away_is_worth_a_retry(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    db.db.close().await;
    for path in ["/readyz".to_owned(), "/v1/caller".to_owned(), shop.at("/menus")] {
        let answer = app.get(path).send().await;
        answer.problem(503, "database_unavailable");
        assert!(answer.head("retry-after").is_some());
    }
    app.get("/healthz").send().await.is(200);
}

on_each_engine!(a_database_that_is_away_is_worth_a_retry);
