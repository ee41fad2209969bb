//! The catalog, end to end.

use crate::app::TestApp;
use crate::shop::{Shop, new_store};
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;
use std::collections::BTreeSet;

async fn a_tenant_is_the_operators_to_make_and_change(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let address = format!("/v1/tenants/{}", shop.tenant);
    let read = app.get(&address).key(&shop.key).send().await.is(200);
    assert_eq!((&read.body["name"], &read.body["plan_type"]), (&json!("shop"), &json!("free")));
    app.patch(&address, &json!({ "plan_type": "pro" })).key(&shop.key).send().await.problem(403, "operator_only");
    let changed = app.patch(&address, &json!({ "plan_type": "pro" })).send().await.is(200);
    assert_eq!(changed.body["plan_type"], "pro");
    app.get("/v1/tenants").key(&shop.key).send().await.problem(403, "operator_only");
}

async fn a_store_is_opened_read_changed_and_closed(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let without = app.post("/v1/stores", &new_store("second")).send().await;
    assert_eq!(without.violation(), ("/tenant_id".to_owned(), "missing".to_owned()));
    let mut nobodys = new_store("second");
    nobodys["tenant_id"] = json!(shop.store);
    app.post("/v1/stores", &nobodys).send().await.problem(404, "not_found");

    let made = app.post("/v1/stores", &new_store("second")).key(&shop.key).send().await.is(201);
    assert_eq!(made.head("location"), Some(format!("/v1/stores/{}", made.id()).as_str()));
    let stores = app.get("/v1/stores").key(&shop.key).send().await.is(200);
    assert_eq!(stores.ids().into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([shop.store.clone(), made.id()]));

    let address = format!("/v1/stores/{}", made.id());
    let patch = json!({ "line_channel_secret": "s3cret", "business_hours": { "mon": [], "tue": [{ "open": "09:00", "close": "30:00" }] } });
    let patched = app.patch(&address, &patch).key(&shop.key).send().await.is(200).body;
    assert_eq!(patched["line_channel_secret_set"], true);
    assert!(!patched.to_string().contains("s3cret"));
    let hours = &patched["business_hours"];
    assert_eq!((&hours["mon"], &hours["fri"][0]["close"]), (&json!([]), &json!("26:00")));
    let renamed = app.patch(&address, &json!({ "name": "Two" })).key(&shop.key).send().await.is(200).body;
    assert_eq!(renamed["line_channel_secret_set"], true);

    app.delete(&address).key(&shop.key).send().await.is(204);
    assert_eq!(app.get("/v1/stores").key(&shop.key).send().await.ids(), [shop.store]);
    assert_eq!(app.get("/v1/stores?include_inactive=true").key(&shop.key).send().await.ids().len(), 2);
}

async fn things_of_a_store_are_changed_and_put_away(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    for (list, id) in [
        ("/resources".to_owned(), &shop.resource),
        ("/menus".to_owned(), &shop.menu),
        (format!("/menus/{}/options", shop.menu), &shop.option),
    ] {
        let (list, one) = (shop.at(&list), shop.at(&format!("{list}/{id}")));
        let changed = app.patch(&one, &json!({ "name": "別名" })).key(&shop.key).send().await.is(200).body;
        assert_eq!((&changed["name"], &changed["version"]), (&json!("別名"), &json!(2)));
        app.delete(&one).key(&shop.key).send().await.is(204);
        assert_eq!(app.get(&list).key(&shop.key).send().await.ids(), [] as [&str; 0]);
        let kept = app.get(format!("{list}?include_inactive=true")).key(&shop.key).send().await.is(200);
        assert_eq!(kept.ids(), [id.as_str()]);
        assert_eq!(app.get(&one).key(&shop.key).send().await.is(200).body["is_active"], false);
    }
}

async fn absences_are_listed_by_time_and_removed_for_good(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let list = shop.at(&format!("/resources/{}/absences", shop.resource));
    for (query, found) in [
        ("", 1),
        ("?from=2026-03-23T02:59:00Z", 1),
        ("?from=2026-03-23T03:00:00Z", 0),
        ("?to=2026-03-23T01:00:00Z", 0),
        ("?from=2026-03-23T00:00:00%2B09:00&to=2026-03-24T00:00:00Z", 1),
    ] {
        assert_eq!(app.get(format!("{list}{query}")).send().await.is(200).ids().len(), found, "{query}");
    }
    let one = format!("{list}/{}", shop.absence);
    let longer = app.patch(&one, &json!({ "to": "2026-03-23T05:00:00Z" })).send().await.is(200).body;
    assert_eq!((&longer["to"], &longer["reason"]), (&json!("2026-03-23T05:00:00Z"), &json!("dentist")));
    app.delete(&one).send().await.is(204);
    app.get(&one).send().await.problem(404, "not_found");
    app.delete(&one).send().await.problem(404, "not_found");
}

async fn the_calendar_and_the_holidays_are_the_stores(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let hours = json!({ "is_special_hours": true, "special_hours": [{ "open": "12:00", "close": "25:30" }] });
    let put = app.put(shop.at("/calendar/2026-04-01"), &hours).send().await.is(201);
    assert_eq!((put.head("etag"), &put.body["date"]), (Some("\"1\""), &json!("2026-04-01")));
    let range = app.get(shop.at("/calendar?from=2026-03-25&to=2026-03-31")).send().await.is(200);
    assert_eq!(range.body["items"][0]["date"], "2026-03-25");
    assert_eq!(range.ids().len(), 1);
    let year = app.get(shop.at("/holidays?year=2026")).send().await.is(200).body;
    assert_eq!((&year["region"], &year["items"][0]["date"]), (&json!("JP"), &json!("2026-01-01")));
    app.patch(format!("/v1/stores/{}", shop.store), &json!({ "holiday_region": "" })).send().await.is(200);
    let none = app.get(shop.at("/holidays?year=2026")).send().await.is(200).body;
    assert_eq!((&none["region"], &none["items"]), (&json!(null), &json!([])));
}

on_each_engine!(
    a_tenant_is_the_operators_to_make_and_change,
    a_store_is_opened_read_changed_and_closed,
    things_of_a_store_are_changed_and_put_away,
    absences_are_listed_by_time_and_removed_for_good,
    the_calendar_and_the_holidays_are_the_stores,
);
