//! Entity tags: changes over what was seen, reads of what was not.

use crate::app::TestApp;
use crate::shop::Shop;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;

async fn a_change_is_made_only_over_the_version_that_was_seen(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let menu = shop.at(&format!("/menus/{}", shop.menu));
    let read = app.get(&menu).send().await.is(200);
    assert_eq!((read.head("etag"), &read.body["version"]), (Some("\"1\""), &json!(1)));

    let first = app.patch(&menu, &json!({ "name": "Perm" })).header("if-match", "\"1\"").send().await.is(200);
    assert_eq!((first.head("etag"), &first.body["name"]), (Some("\"2\""), &json!("Perm")));
    assert_eq!(first.body["base_price"], 5500);
    let late = app.patch(&menu, &json!({ "name": "Colour" })).header("if-match", "\"1\"").send().await;
    late.problem(412, "stale_version");
    app.delete(&menu).header("if-match", "\"1\"").send().await.problem(412, "stale_version");
    app.patch(&menu, &json!({})).header("if-match", "\"abc\"").send().await.problem(412, "stale_version");
    let malformed = app.patch(&menu, &json!({})).header("if-match", "2").send().await;
    assert_eq!(malformed.violation(), ("If-Match".to_owned(), "bad_format".to_owned()));
    assert_eq!(app.get(&menu).send().await.body["name"], "Perm");

    app.patch(&menu, &json!({ "name": "Any" })).header("if-match", "*").send().await.is(200);
    app.patch(&menu, &json!({ "name": "Without" })).send().await.is(200);
    app.delete(&menu).header("if-match", "\"4\"").send().await.is(204);
}

async fn what_is_known_is_not_sent_again(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let menu = shop.at(&format!("/menus/{}", shop.menu));
    for known in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
        let answer = app.get(&menu).header("if-none-match", known).send().await.is(304);
        assert_eq!((answer.body.as_str(), answer.head("etag")), (Some(""), Some("\"1\"")), "{known}");
        assert!(answer.head("x-request-id").is_some());
    }
    app.get(&menu).header("if-none-match", "\"2\"").send().await.is(200);
}

async fn a_date_is_set_over_the_version_that_was_seen(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (set, unset) = (shop.at("/calendar/2026-03-25"), shop.at("/calendar/2026-03-26"));
    let put = app.put(&set, &json!({ "is_holiday": false })).header("if-match", "\"1\"").send().await.is(200);
    assert_eq!(put.head("etag"), Some("\"2\""));
    app.put(&set, &json!({})).header("if-match", "\"1\"").send().await.problem(412, "stale_version");
    app.delete(&set).header("if-match", "\"1\"").send().await.problem(412, "stale_version");
    app.delete(&set).header("if-match", "\"2\"").send().await.is(204);
    app.get(&set).send().await.problem(404, "not_found");
    app.put(&unset, &json!({})).send().await.is(201);
}

on_each_engine!(
    a_change_is_made_only_over_the_version_that_was_seen,
    what_is_known_is_not_sent_again,
    a_date_is_set_over_the_version_that_was_seen,
);
