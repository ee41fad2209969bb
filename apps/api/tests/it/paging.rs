//! Lists, a page at a time.

use crate::app::TestApp;
use crate::shop::Shop;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;
use std::collections::BTreeSet;

async fn pages_join_without_gap_or_repeat_while_others_insert(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let add = async |name: String, order: i32| {
        let body = json!({ "name": name, "sort_order": order });
        app.post(shop.at("/resources"), &body).send().await.is(201).id()
    };
    let mut expected = BTreeSet::from([shop.resource.clone()]);
    for n in 0..23 {
        expected.insert(add(format!("r{n}"), n % 3).await);
    }
    let mut seen = Vec::new();
    let mut next = shop.at("/resources?limit=5");
    for page in 0.. {
        let answer = app.get(&next).send().await.is(200);
        seen.extend(answer.ids());
        // Before the place that the reader has reached: not to be seen, and to move nothing.
        add(format!("late{page}"), -1).await;
        let Some(cursor) = answer.body["next_cursor"].as_str() else { break };
        assert_eq!(answer.ids().len(), 5);
        next = shop.at(&format!("/resources?limit=5&cursor={cursor}"));
    }
    assert_eq!(seen.len(), expected.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

async fn a_list_has_fifty_items_unless_it_is_told(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    for n in 0..60 {
        app.post(shop.at("/customers"), &json!({ "name": format!("c{n}") })).send().await.is(201);
    }
    let first = app.get(shop.at("/customers")).send().await.is(200);
    assert_eq!(first.ids().len(), 50);
    assert!(first.body["next_cursor"].is_string());
    let all = app.get(shop.at("/customers?limit=200")).send().await.is(200);
    assert_eq!((all.ids().len(), &all.body["next_cursor"]), (61, &json!(null)));
}

on_each_engine!(pages_join_without_gap_or_repeat_while_others_insert, a_list_has_fifty_items_unless_it_is_told,);
