//! Customers.

use crate::app::TestApp;
use crate::shop::Shop;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;
use std::collections::BTreeSet;

async fn customers_are_found_by_what_one_knows_of_them(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let taro = json!({ "name": "佐藤 太郎", "email": "Taro@Example.jp", "line_user_id": "U1" });
    let taro = app.post(shop.at("/customers"), &taro).send().await.is(201).id();
    for (query, found) in [
        ("", vec![&shop.customer, &taro]),
        ("?phone=%2B819012345678", vec![&shop.customer]),
        ("?phone=09012345678", vec![&shop.customer]),
        ("?phone=09012345679", vec![]),
        ("?email=taro@example.jp", vec![&taro]),
        ("?line_user_id=U1", vec![&taro]),
        ("?name=%E3%82%84%E3%81%BE%E3%81%A0", vec![&shop.customer]),
        ("?name=%E4%BD%90%E8%97%A4", vec![&taro]),
        ("?name=%25", vec![]),
        ("?name=_", vec![]),
    ] {
        let list = app.get(shop.at(&format!("/customers{query}"))).send().await.is(200);
        assert_eq!(list.ids().iter().collect::<BTreeSet<_>>(), found.into_iter().collect(), "{query}");
    }
}

async fn a_customer_is_changed_and_put_away(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let address = shop.at(&format!("/customers/{}", shop.customer));
    let patch = json!({ "phone": null, "email": "h@example.jp", "allergies": "nuts" });
    let changed = app.patch(&address, &patch).send().await.is(200).body;
    assert_eq!((&changed["phone"], &changed["email"]), (&json!(null), &json!("h@example.jp")));
    app.delete(&address).send().await.is(204);
    app.delete(&address).send().await.is(204);
    assert_eq!(app.get(&address).send().await.is(200).body["version"], 3);
    assert_eq!(app.get(shop.at("/customers")).send().await.ids(), [] as [&str; 0]);
    assert_eq!(app.get(shop.at("/customers?include_inactive=true")).send().await.ids(), [shop.customer]);
}

async fn a_line_user_is_one_customer(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    app.post(shop.at("/customers"), &json!({ "line_user_id": "U1" })).send().await.is(201);
    app.post(shop.at("/customers"), &json!({ "line_user_id": "U1" })).send().await.problem(409, "line_user_taken");
}

on_each_engine!(
    customers_are_found_by_what_one_knows_of_them,
    a_customer_is_changed_and_put_away,
    a_line_user_is_one_customer,
);
