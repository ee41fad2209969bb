//! A store's public page.

use crate::app::TestApp;
use crate::shop::{Shop, new_store};
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;

async fn customers_see_what_they_need_and_no_more(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "hanako").await;
    let secrets = json!({ "notes": "staff only", "settings": { "a": 1 }, "line_channel_secret": "hidden",
        "display_name": "HANAKO", "booking_limit_per_day": 7 });
    app.patch(format!("/v1/stores/{}", shop.store), &secrets).send().await.is(200);
    app.patch(shop.at(&format!("/menus/{}", shop.menu)), &json!({ "notes": "staff only" })).send().await.is(200);
    let see = async |path: &str| app.get(format!("/v1/public/stores/hanako{path}")).anonymous().send().await.is(200);

    let store = see("").await.body;
    assert_eq!((store["name"].as_str(), store["slug"].as_str()), (Some("HANAKO"), Some("hanako")));
    for hidden in
        ["notes", "settings", "line_channel_secret", "line_channel_secret_set", "tenant_id", "booking_limit_per_day"]
    {
        assert!(store.get(hidden).is_none(), "{hidden}");
    }
    let menus = see("/menus").await;
    assert_eq!(menus.ids(), [shop.menu.as_str()]);
    let menu = &menus.body["items"][0];
    assert_eq!((&menu["options"][0]["id"], &menu["options"][0]["price"]), (&json!(shop.option), &json!(1500)));
    assert!(menu.get("notes").is_none() && menu.get("settings").is_none());
    let resources = see("/resources").await;
    assert_eq!(resources.body["items"][0]["name"], "花子");
    assert!(resources.body["items"][0].get("working_hours").is_none());
}

async fn what_cannot_be_booked_online_is_not_shown(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "hanako").await;
    for hidden in
        [json!({ "is_active": false }), json!({ "is_bookable": false }), json!({ "allow_online_booking": false })]
    {
        let mut menu = json!({ "name": "hidden", "base_duration": 60, "base_price": 1 });
        menu.as_object_mut().unwrap().extend(hidden.as_object().unwrap().clone());
        app.post(shop.at("/menus"), &menu).send().await.is(201);
    }
    app.delete(shop.at(&format!("/menus/{}/options/{}", shop.menu, shop.option))).send().await.is(204);
    app.delete(shop.at(&format!("/resources/{}", shop.resource))).send().await.is(204);
    let menus = app.get("/v1/public/stores/hanako/menus").anonymous().send().await.is(200);
    assert_eq!(menus.ids(), [shop.menu.as_str()]);
    assert_eq!(menus.body["items"][0]["options"], json!([]));
    let resources = app.get("/v1/public/stores/hanako/resources").anonymous().send().await.is(200);
    assert_eq!(resources.ids(), [] as [&str; 0]);
}

async fn a_closed_page_is_not_there(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "hanako").await;
    let see = async |slug: &str| app.get(format!("/v1/public/stores/{slug}")).anonymous().send().await;
    for slug in ["nobody", "%00", "HANAKO", "hanako%20"] {
        see(slug).await.problem(404, "not_found");
    }
    let store = format!("/v1/stores/{}", shop.store);
    for (closed, open) in [(json!({ "is_public": false }), json!({ "is_public": true }))] {
        app.patch(&store, &closed).send().await.is(200);
        see("hanako").await.problem(404, "not_found");
        // Not to those with credentials either: the page is what customers see.
        app.get("/v1/public/stores/hanako").send().await.problem(404, "not_found");
        app.patch(&store, &open).send().await.is(200);
        see("hanako").await.is(200);
    }
    app.patch(format!("/v1/tenants/{}", shop.tenant), &json!({ "is_active": false })).send().await.is(200);
    see("hanako").await.problem(404, "not_found");
    app.patch(format!("/v1/tenants/{}", shop.tenant), &json!({ "is_active": null })).send().await.is(200);
    app.delete(&store).send().await.is(204);
    see("hanako").await.problem(404, "not_found");
    app.post("/v1/stores", &new_store("hanako")).key(&shop.key).send().await.problem(409, "slug_taken");
}

on_each_engine!(
    customers_see_what_they_need_and_no_more,
    what_cannot_be_booked_online_is_not_shown,
    a_closed_page_is_not_there,
);
