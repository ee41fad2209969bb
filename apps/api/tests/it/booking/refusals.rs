//! Every rule that refuses has its code and its status, and the search tells the same.

use super::{NOON, Salon};
use serde_json::{Value, json};

/// Refuses a booking of `wish` after `patches` of the store and the menu.
async fn refused(store: Value, menu: Value, wish: impl FnOnce(&Salon, &mut Value), status: u16, code: &str) {
    let salon = Salon::open().await;
    salon.patch("", &store).await;
    salon.menu(&menu).await;
    let mut body = salon.wish(NOON);
    wish(&salon, &mut body);
    let before = salon.bookings().await;
    salon.post("/bookings", &body).send().await.problem(status, code);
    let mut hold = body.clone();
    hold.as_object_mut().expect("an object").remove("customer_id");
    let of_customer =
        ["customer_restricted", "age_unknown", "age_out_of_range", "gender_unknown", "gender_not_admitted"];
    if of_customer.contains(&code) {
        salon.post("/holds", &hold).send().await.is(201);
    } else {
        salon.post("/holds", &hold).send().await.problem(status, code);
    }
    assert_eq!(salon.bookings().await, before, "{code}");
}

#[tokio::test]
async fn rules_of_the_request() {
    let none = || json!({});
    refused(none(), none(), |salon, wish| wish["option_ids"] = json!([salon.shop.menu]), 422, "option_not_available")
        .await;
    refused(none(), json!({ "requires_resource": true }), |_, _| (), 422, "resource_required").await;
    refused(none(), none(), |salon, wish| wish["resource_id"] = json!(salon.shop.store), 422, "resource_not_allowed")
        .await;
    refused(none(), none(), |_, wish| wish["start"] = json!("2026-03-20T00:30:00Z"), 422, "outside_opening_hours")
        .await;
    refused(none(), none(), |_, wish| wish["start"] = json!("2026-03-20T03:10:00Z"), 422, "off_grid").await;
    refused(none(), none(), |_, wish| wish["start"] = json!("2026-03-23T01:00:00Z"), 422, "resource_unavailable").await;
    let two = json!({ "max_participants": 2 });
    refused(none(), two, |_, wish| wish["party_size"] = json!(2), 422, "party_exceeds_capacity").await;
}

#[tokio::test]
async fn rules_of_the_store_and_the_menu() {
    let none = || json!({});
    let as_is = |_: &Salon, _: &mut Value| ();
    refused(json!({ "is_active": false }), none(), as_is, 422, "store_inactive").await;
    refused(none(), json!({ "is_active": false }), as_is, 422, "menu_inactive").await;
    refused(json!({ "is_public": false }), none(), as_is, 422, "store_not_public").await;
    refused(none(), json!({ "is_bookable": false }), as_is, 422, "menu_not_bookable").await;
    refused(none(), json!({ "allow_online_booking": false }), as_is, 422, "not_bookable_online").await;
    refused(none(), json!({ "advance_booking_hours": 4 }), as_is, 422, "too_soon").await;
    let far = |_: &Salon, wish: &mut Value| wish["start"] = json!("2026-03-27T03:00:00Z");
    refused(json!({ "advance_booking_days": 3 }), none(), far, 422, "too_far_ahead").await;
    refused(json!({ "accept_same_day_booking": false }), none(), as_is, 422, "same_day_not_accepted").await;
    let roomy =
        json!({ "allowed_resource_types": null, "resource_ids": null, "min_participants": 2, "max_participants": 3 });
    refused(none(), roomy, as_is, 422, "party_size_out_of_range").await;
}

#[tokio::test]
async fn rules_of_the_customer() {
    let none = || json!({});
    let as_is = |_: &Salon, _: &mut Value| ();
    refused(none(), json!({ "min_age": 20 }), as_is, 422, "age_unknown").await;
    refused(none(), json!({ "gender_restriction": "female_only" }), as_is, 422, "gender_unknown").await;
    for (customer, menu, code) in [
        (json!({ "is_restricted": true }), json!({}), "customer_restricted"),
        (json!({ "birthday": "2010-03-21" }), json!({ "min_age": 16 }), "age_out_of_range"),
        (json!({ "gender": "male" }), json!({ "gender_restriction": "female_only" }), "gender_not_admitted"),
    ] {
        let salon = Salon::open().await;
        salon.menu(&menu).await;
        salon.patch(&format!("/customers/{}", salon.shop.customer), &customer).await;
        salon.book(NOON).await.problem(422, code);
        let explained = format!(
            "/slots?menu_id={}&from=2026-03-20&to=2026-03-20&explain=true&customer_id={}",
            salon.shop.menu, salon.shop.customer
        );
        let explained = salon.get(&explained).send().await.is(200).body;
        let refused = explained["refused"].as_array().unwrap();
        assert_eq!(refused.iter().find(|one| one["start"] == NOON).unwrap()["code"], code);
    }
    let salon = Salon::open().await;
    salon.patch("", &json!({ "require_customer_info": true })).await;
    let nameless = json!({ "menu_id": salon.shop.menu, "start": NOON, "customer": { "name": "山田" } });
    salon.post("/bookings", &nameless).send().await.problem(422, "customer_info_required");
}

#[tokio::test]
async fn a_required_option_and_the_days_limit() {
    let salon = Salon::open().await;
    salon.patch("", &json!({ "booking_limit_per_day": 1 })).await;
    salon
        .patch(&format!("/menus/{}/options/{}", salon.shop.menu, salon.shop.option), &json!({ "is_required": true }))
        .await;
    salon.book(NOON).await.problem(422, "option_required");
    let mut with = salon.wish(NOON);
    with["option_ids"] = json!([salon.shop.option]);
    salon.post("/bookings", &with).send().await.is(201);
    salon.post("/bookings", &with).send().await.problem(409, "slot_taken");
    with["start"] = json!("2026-03-20T06:00:00Z");
    salon.post("/bookings", &with).send().await.problem(422, "day_limit_reached");
    with["source"] = json!("phone");
    salon.post("/bookings", &with).send().await.is(201);
}
