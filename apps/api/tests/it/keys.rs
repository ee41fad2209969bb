//! API keys.

use crate::app::{OPERATOR, TestApp};
use crate::shop::Shop;
use chrono::TimeDelta;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;

async fn callers_see_who_they_are(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let operator = app.get("/v1/caller").key(OPERATOR).send().await.is(200).body;
    assert_eq!((&operator["kind"], &operator["tenant_id"]), (&json!("operator"), &json!(null)));
    let own = app.get("/v1/caller").key(&shop.key).send().await.is(200).body;
    assert_eq!((&own["kind"], &own["tenant_id"], &own["store_id"]), (&json!("key"), &json!(shop.tenant), &json!(null)));
    assert_eq!(own["key_id"], json!(shop.key_id));
}

async fn keys_of_an_inactive_tenant_open_nothing(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let tenant = format!("/v1/tenants/{}", shop.tenant);
    app.patch(&tenant, &json!({ "is_active": false })).send().await.is(200);
    app.get(shop.at("/menus")).key(&shop.key).send().await.problem(401, "bad_credentials");
    app.patch(&tenant, &json!({ "is_active": true })).send().await.is(200);
    app.get(shop.at("/menus")).key(&shop.key).send().await.is(200);
}

on_each_engine!(keys_of_an_inactive_tenant_open_nothing);

async fn a_key_is_made_listed_and_revoked(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let body = json!({ "name": "till", "permissions": ["catalog.read"], "store_id": shop.store });
    let made = app.post("/v1/api-keys", &body).key(&shop.key).send().await.is(201);
    let (id, secret) = (made.body["key"]["id"].as_str().unwrap(), made.body["secret"].as_str().unwrap());
    assert_eq!(made.body["key"]["store_id"], json!(shop.store));
    assert!(secret.starts_with("msb_"));
    app.get(shop.at("/menus")).key(secret).send().await.is(200);
    app.get("/v1/stores").key(secret).send().await.is(200);
    let create = app.post(shop.at("/resources"), &json!({ "name": "x" })).key(secret).send().await;
    create.problem(403, "permission_missing");

    let listed = app.get("/v1/api-keys").key(&shop.key).send().await.is(200);
    assert_eq!(listed.ids().len(), 2);
    assert!(!listed.body.to_string().contains(secret));
    let read = app.get(format!("/v1/api-keys/{id}")).key(&shop.key).send().await.is(200);
    assert_eq!(read.body["name"], "till");
    for _ in 0..2 {
        app.delete(format!("/v1/api-keys/{id}")).key(&shop.key).send().await.is(204);
    }
    app.get(shop.at("/menus")).key(secret).send().await.problem(401, "bad_credentials");
}

async fn a_key_grants_no_more_than_its_maker_has(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let body = json!({ "name": "manager", "permissions": ["key.manage", "catalog.read"] });
    let manager = app.post("/v1/api-keys", &body).key(&shop.key).send().await.is(201).body;
    let manager = manager["secret"].as_str().unwrap();
    let more = json!({ "name": "more", "permissions": ["catalog.read", "customer.read"] });
    let refused = app.post("/v1/api-keys", &more).key(manager).send().await;
    assert_eq!(refused.violation(), ("/permissions/1".to_owned(), "permission_not_held".to_owned()));
    let own = json!({ "name": "x", "permissions": ["catalog.read"] });
    app.post("/v1/api-keys", &own).send().await.problem(422, "operator_key_is_set");
    let nowhere = json!({ "name": "x", "permissions": ["catalog.read"], "tenant_id": shop.store });
    app.post("/v1/api-keys", &nowhere).send().await.problem(404, "not_found");
}

async fn a_key_ends_when_it_was_told_to(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let body = json!({ "name": "short", "permissions": ["catalog.read"], "expires_at": "2026-03-20T01:00:00Z" });
    let made = app.post("/v1/api-keys", &body).key(&shop.key).send().await.is(201).body;
    let secret = made["secret"].as_str().unwrap();
    app.get("/v1/caller").key(secret).send().await.is(200);
    app.clock.advance(TimeDelta::hours(1));
    app.get("/v1/caller").key(secret).send().await.problem(401, "bad_credentials");
}

on_each_engine!(
    callers_see_who_they_are,
    a_key_is_made_listed_and_revoked,
    a_key_grants_no_more_than_its_maker_has,
    a_key_ends_when_it_was_told_to,
);
