//! Staff through the router: invited, at work, decided about, gone.

use crate::app::{Call, TestApp};
use crate::openapi::operations;
use crate::person::{Person, letter, register};
use crate::shop::{Shop, all_permissions};
use axum::http::Method;
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};

on_each_engine!(
    somebody_is_invited_works_and_goes,
    a_staff_account_is_changed,
    what_was_done_can_be_read,
    an_invitation_is_good_while_its_sender_could_send_it,
    an_invitation_is_not_taken_back_by_who_could_not_send_it,
    so_many_invitations_are_sent,
    a_stores_last_owner_hands_it_over_before_they_go,
    who_has_left_comes_back_by_an_invitation_alone,
    who_may_less_by_now_is_told_nothing_of_before,
);

/// Somebody who works at a shop; their id there.
pub(crate) async fn hire(app: &TestApp, shop: &Shop, email: &str, role: &str) -> (Person, String) {
    let person = Person::sign_up(app, email).await;
    let body = json!({ "email": email, "role": role });
    app.post(shop.at("/invitations"), &body).key(&shop.key).send().await.is(201);
    let token = json!({ "token": letter(app, MessageKind::Invitation) });
    app.clock.advance(TimeDelta::seconds(1));
    let account = app.post("/v1/me/invitations/accept", &token).key(&person.access).send().await.is(200);
    (person, account.id())
}

async fn somebody_is_invited_works_and_goes(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let (staff, own) = (shop.at("/staff"), hanako.access.as_str());
    app.get(&staff).key(own).send().await.problem(403, "permission_missing");

    let wish = json!({ "email": "Hanako@example.jp", "role": "manager", "resource_id": shop.resource });
    let sent = app.post(shop.at("/invitations"), &wish).key(&shop.key).send().await.is(201);
    let token = json!({ "token": letter(&app, MessageKind::Invitation) });
    assert_eq!((&sent.body["email"], &sent.body["resource_id"]), (&json!("hanako@example.jp"), &json!(shop.resource)));
    assert_eq!(app.get(shop.at("/invitations")).key(&shop.key).send().await.is(200).ids(), [sent.id()]);
    let taro = Person::sign_up(&app, "taro@example.jp").await;
    let accept = async |person: &Person| app.post("/v1/me/invitations/accept", &token).key(&person.access).send().await;
    accept(&taro).await.problem(422, "invitation_for_another_address");
    let account = accept(&hanako).await.is(200);
    assert_eq!((&account.body["role"], &account.body["user_id"]), (&json!("manager"), &json!(hanako.id)));
    accept(&hanako).await.problem(422, "token_spent");

    let places = app.get("/v1/me/stores").key(own).send().await.is(200).body;
    let place = &places["items"][0];
    assert_eq!((&place["store_id"], &place["store_name"]), (&json!(shop.store), &json!("結び美容室")));
    assert!(place["permissions"].as_array().unwrap().contains(&json!("staff.write")), "{places:#}");
    let listed = app.get(&staff).key(own).send().await.is(200);
    assert_eq!((listed.ids(), &listed.body["items"][0]["display_name"]), (vec![account.id()], &json!("花子")));
    app.patch(shop.at(&format!("/menus/{}", shop.menu)), &json!({ "base_price": 1 })).key(own).send().await.is(200);
    let elsewhere = Shop::open(&app, "elsewhere").await;
    app.get(elsewhere.at("/customers")).key(own).send().await.problem(403, "permission_missing");

    // They are gone from the next request on, though their session goes on.
    app.delete(shop.at(&format!("/staff/{}", account.id()))).key(&shop.key).send().await.is(204);
    app.get(&staff).key(own).send().await.problem(403, "permission_missing");
    app.get("/v1/me").key(own).send().await.is(200);
    assert_eq!(app.get("/v1/me/stores").key(own).send().await.is(200).body["items"], json!([]));
    assert!(app.get(&staff).key(&shop.key).send().await.is(200).ids().is_empty());
    let all = app.get(format!("{staff}?include_inactive=true")).key(&shop.key).send().await.is(200);
    assert_eq!(all.ids(), [account.id()]);

    // A store of an inactive tenant has no staff.
    app.post(shop.at("/invitations"), &wish).key(&shop.key).send().await.is(201);
    let token = json!({ "token": letter(&app, MessageKind::Invitation) });
    app.post("/v1/me/invitations/accept", &token).key(own).send().await.is(200);
    app.get(&staff).key(own).send().await.is(200);
    app.patch(format!("/v1/tenants/{}", shop.tenant), &json!({ "is_active": false })).send().await.is(200);
    app.get(&staff).key(own).send().await.problem(404, "not_found");
}

async fn a_staff_account_is_changed(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (owner, owners) = hire(&app, &shop, "owner@example.jp", "owner").await;
    let (hanako, account) = hire(&app, &shop, "hanako@example.jp", "reception").await;
    let (at, own) = (shop.at(&format!("/staff/{account}")), owner.access.as_str());
    let read = app.get(&at).key(own).send().await.is(200);
    assert_eq!(read.head("etag"), Some("\"1\""));
    let change = json!({ "role": "staff", "permissions": { "granted": ["audit.read"] }, "resource_id": shop.resource });
    let changed = app.patch(&at, &change).key(own).header("if-match", "\"1\"").send().await.is(200);
    assert_eq!((changed.head("etag"), &changed.body["role"]), (Some("\"2\""), &json!("staff")));
    assert!(changed.body["held"].as_array().unwrap().contains(&json!("audit.read")));
    app.patch(&at, &change).key(own).header("if-match", "\"1\"").send().await.problem(412, "stale_version");
    app.get(shop.at("/audit")).key(&hanako.access).send().await.is(200);

    for (body, pointer, code) in [
        (json!({ "role": "boss" }), "/role", "not_one_of"),
        (json!({ "resource_id": shop.menu }), "/resource_id", "unknown_resource"),
        (json!({ "permissions": { "granted": ["tenant.read"] } }), "/permissions/granted", "permission_not_held"),
        (json!({ "colour": "red" }), "/colour", "unknown_field"),
    ] {
        let found = app.patch(&at, &body).key(own).send().await.problem(400, "invalid_request");
        assert!(found.contains(&(pointer.to_owned(), code.to_owned())), "{body}: {found:?}");
    }
    let own_account = shop.at(&format!("/staff/{owners}"));
    app.patch(&own_account, &json!({ "role": "staff" })).key(own).send().await.problem(422, "own_account");
    app.delete(&own_account).key(own).send().await.problem(422, "last_owner");
    app.delete(format!("/v1/me/stores/{}", shop.store)).key(own).send().await.problem(422, "last_owner");
    app.delete(format!("/v1/me/stores/{}", shop.store)).key(&hanako.access).send().await.is(204);
    app.delete(&own_account).key(&shop.key).send().await.is(204);
}

async fn an_invitation_is_good_while_its_sender_could_send_it(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (manager, account) = hire(&app, &shop, "manager@example.jp", "manager").await;
    let wish = json!({ "email": "second@example.jp", "role": "manager" });
    app.post(shop.at("/invitations"), &wish).key(&manager.access).send().await.is(201);
    let token = json!({ "token": letter(&app, MessageKind::Invitation) });
    let second = Person::sign_up(&app, "second@example.jp").await;
    let demoted = json!({ "role": "reception" });
    app.patch(shop.at(&format!("/staff/{account}")), &demoted).key(&shop.key).send().await.is(200);
    let accept = async || app.post("/v1/me/invitations/accept", &token).key(&second.access).send().await;
    accept().await.problem(422, "token_spent");
    app.delete(shop.at(&format!("/staff/{account}"))).key(&shop.key).send().await.is(204);
    accept().await.problem(422, "token_spent");
}

async fn an_invitation_is_not_taken_back_by_who_could_not_send_it(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (manager, _) = hire(&app, &shop, "manager@example.jp", "manager").await;
    let open = json!({ "email": "hanako@example.jp", "role": "owner" });
    let open = app.post(shop.at("/invitations"), &open).key(&shop.key).send().await.is(201).id();
    app.letters.empty();
    let lesser = json!({ "email": "hanako@example.jp", "role": "reception" });
    let again = app.post(shop.at("/invitations"), &lesser).key(&manager.access).send().await;
    again.problem(422, "outranked");
    app.delete(shop.at(&format!("/invitations/{open}"))).key(&manager.access).send().await.problem(422, "outranked");
    assert!(app.letters.empty().is_empty());
    assert_eq!(app.get(shop.at("/invitations")).key(&shop.key).send().await.is(200).ids(), [open]);
}

async fn so_many_invitations_are_sent(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let wish = json!({ "email": "hanako@example.jp", "role": "reception" });
    let invite = async || app.post(shop.at("/invitations"), &wish).key(&shop.key).send().await;
    for _ in 0..5 {
        invite().await.is(201);
    }
    app.clock.advance(TimeDelta::minutes(10));
    let refused = invite().await;
    refused.problem(429, "too_many_attempts");
    assert_eq!(refused.head("retry-after"), Some("3000"));
    assert_eq!(app.letters.empty().len(), 5);
    // Those who ask as strangers to reset a password, or to register, are counted apart.
    register(&app, "hanako@example.jp").await;
    app.clock.advance(TimeDelta::minutes(50));
    invite().await.is(201);
}

async fn a_stores_last_owner_hands_it_over_before_they_go(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (owner, account) = hire(&app, &shop, "owner@example.jp", "owner").await;
    let refused = app.delete("/v1/me").key(&owner.access).send().await;
    refused.problem(422, "last_owner");
    assert!(refused.body["detail"].as_str().unwrap().contains("hand it over first"), "{:#}", refused.body);
    app.get("/v1/me").key(&owner.access).send().await.is(200);
    hire(&app, &shop, "second@example.jp", "owner").await;
    app.delete("/v1/me").key(&owner.access).send().await.is(204);
    let gone = app.get(shop.at(&format!("/staff/{account}"))).key(&shop.key).send().await.is(200).body;
    assert_eq!((&gone["is_active"], &gone["display_name"]), (&json!(false), &json!("")));
    let done = app.get(shop.at("/audit?limit=5")).key(&shop.key).send().await.is(200).body;
    let disabled = done["items"].as_array().unwrap().iter().find(|line| line["action"] == "staff_account.disabled");
    assert_eq!(disabled.expect("it is written down")["actor_id"], owner.id);
}

async fn who_has_left_comes_back_by_an_invitation_alone(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (hanako, account) = hire(&app, &shop, "hanako@example.jp", "reception").await;
    app.delete(format!("/v1/me/stores/{}", shop.store)).key(&hanako.access).send().await.is(204);
    let back = json!({ "is_active": true });
    let at = shop.at(&format!("/staff/{account}"));
    app.patch(at, &back).key(&shop.key).send().await.problem(422, "must_be_invited");
}

async fn who_may_less_by_now_is_told_nothing_of_before(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (manager, account) = hire(&app, &shop, "manager@example.jp", "manager").await;
    let customer = json!({ "name": "田中 三郎", "phone": "090-9999-8888" });
    let add = async || {
        app.post(shop.at("/customers"), &customer).key(&manager.access).header("idempotency-key", "one").send().await
    };
    let first = add().await.is(201);
    assert_eq!(first.body["phone"], "+819099998888");
    assert_eq!(add().await.is(201).id(), first.id());
    let denied = json!({ "permissions": { "denied": ["customer.contact"] } });
    app.patch(shop.at(&format!("/staff/{account}")), &denied).key(&shop.key).send().await.is(200);
    assert_eq!(add().await.is(201).body["phone"], "•••-8888");
    app.delete(shop.at(&format!("/staff/{account}"))).key(&shop.key).send().await.is(204);
    add().await.problem(403, "permission_missing");
}

async fn what_was_done_can_be_read(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (manager, account) = hire(&app, &shop, "manager@example.jp", "manager").await;
    let first = app.get(shop.at("/audit?limit=2")).key(&manager.access).send().await.is(200).body;
    let of_account = |line: &&Value| line["action"] == "staff_account.created";
    let newest = first["items"].as_array().unwrap().iter().find(of_account).expect("among the newest two");
    assert_eq!(newest["subject_id"], account);
    assert_eq!((&newest["actor_id"], &newest["actor_kind"]), (&json!(manager.id), &json!("customer")));
    assert_eq!((&newest["after"]["role"], &newest["before"]), (&json!("manager"), &json!(null)));
    assert_eq!(newest["ip_address"], "192.0.2.1");
    let (mut seen, mut page) = (first["items"].as_array().unwrap().clone(), first.clone());
    while let Some(cursor) = page["next_cursor"].as_str() {
        let next = shop.at(&format!("/audit?limit=2&cursor={cursor}"));
        page = app.get(next).key(&manager.access).send().await.is(200).body;
        seen.extend(page["items"].as_array().unwrap().iter().cloned());
    }
    let moments: Vec<_> = seen.iter().map(|line| (line["at"].to_string(), line["id"].to_string())).collect();
    assert!(moments.windows(2).all(|pair| pair[0] > pair[1]), "{moments:#?}");
    let has = |action: &str| seen.iter().any(|line| line["action"] == action);
    assert!(has("store.created") && has("customer.created") && has("staff_invitation.sent"), "{seen:#?}");
    let text = Value::from(seen).to_string();
    assert!(!text.contains("manager@example.jp") && !text.contains("090-1234-5678"));
}

#[tokio::test]
async fn an_owner_makes_keys_of_their_store() {
    let app = TestApp::new().await;
    let shop = Shop::open(&app, "shop").await;
    let (owner, account) = hire(&app, &shop, "owner@example.jp", "owner").await;
    let (manager, _) = hire(&app, &shop, "manager@example.jp", "manager").await;
    let own = owner.access.as_str();
    let mut body = json!({ "name": "till", "store_id": shop.store, "permissions": ["catalog.read", "key.manage"] });
    app.post("/v1/api-keys", &body).key(&manager.access).send().await.problem(403, "permission_missing");
    let made = app.post("/v1/api-keys", &body).key(own).send().await.is(201).body;
    assert_eq!((&made["key"]["store_id"], &made["key"]["tenant_id"]), (&json!(shop.store), &json!(shop.tenant)));
    let secret = made["secret"].as_str().unwrap();
    app.get(shop.at("/menus")).key(secret).send().await.is(200);
    let keys = format!("/v1/api-keys?store_id={}", shop.store);
    assert_eq!(app.get(&keys).key(own).send().await.is(200).ids().len(), 1);
    body["permissions"] = json!(["tenant.read"]);
    let more = app.post("/v1/api-keys", &body).key(own).send().await;
    assert_eq!(more.violation(), ("/permissions/0".to_owned(), "permission_not_held".to_owned()));
    let tenants = json!({ "name": "x", "tenant_id": shop.tenant, "permissions": ["catalog.read"] });
    app.post("/v1/api-keys", &tenants).key(own).send().await.problem(404, "not_found");
    // A key goes on when its maker has gone: whoever takes somebody's leave revokes it.
    app.delete(shop.at(&format!("/staff/{account}"))).key(&shop.key).send().await.is(204);
    app.get(&keys).key(own).send().await.problem(403, "permission_missing");
    app.get(shop.at("/menus")).key(secret).send().await.is(200);
}

/// Operations on a store's staff, as they are called with these things.
fn operations_on_staff() -> Vec<(String, String, String, Option<Value>)> {
    let of_staff = operations().into_iter().filter(|(.., details)| details["tags"][0] == "staff");
    of_staff
        .map(|(method, path, details)| {
            let id = details["operationId"].as_str().unwrap().to_owned();
            let body = match id.as_str() {
                "invite_staff" => Some(json!({ "email": "new@example.jp", "role": "staff" })),
                "patch_staff" => Some(json!({})),
                _ => None,
            };
            (id, method, path, body)
        })
        .collect()
}

#[tokio::test]
async fn nobody_decides_about_staff_who_may_not() {
    let app = TestApp::new().await;
    let (shop, other) = (Shop::open(&app, "shop").await, Shop::open(&app, "other").await);
    let (reception, account) = hire(&app, &shop, "reception@example.jp", "reception").await;
    let (foreign, _) = hire(&app, &other, "owner@example.jp", "owner").await;
    let open = json!({ "email": "guest@example.jp", "role": "staff" });
    let open = app.post(shop.at("/invitations"), &open).key(&shop.key).send().await.is(201).id();
    app.letters.empty();
    let weak: Vec<_> = all_permissions().into_iter().filter(|code| !code.starts_with("staff.")).collect();
    let weak = json!({ "name": "weak", "tenant_id": shop.tenant, "permissions": weak });
    let weak = app.post("/v1/api-keys", &weak).send().await.is(201).body;
    let weak = weak["secret"].as_str().unwrap();
    let all = operations_on_staff();
    assert!(all.len() >= 7, "{all:?}");
    for (id, method, path, body) in all {
        let path = path.replace("{store_id}", &shop.store).replace("{staff_id}", &account);
        let path = path.replace("{invitation_id}", &open);
        let call = || {
            let call = app.call(method.parse::<Method>().unwrap(), &path);
            if let Some(body) = &body { call.json(body) } else { call }
        };
        let by = async |call: Call<'_>, status, code| drop(call.send().await.problem(status, code));
        by(call().anonymous(), 401, "unauthenticated").await;
        by(call().key(&other.key), 404, "not_found").await;
        by(call().key(&foreign.access), 403, "permission_missing").await;
        by(call().key(&reception.access), 403, "permission_missing").await;
        by(call().key(weak), 403, "permission_missing").await;
        assert!(app.letters.empty().is_empty(), "{id}");
    }
    assert_eq!(app.get(shop.at("/invitations")).key(&shop.key).send().await.is(200).ids(), [open]);
    let read = app.get(shop.at(&format!("/staff/{account}"))).key(&shop.key).send().await.is(200);
    assert_eq!(read.body["version"], 1);
}
