//! A booking from search to visit.

use super::{NOON, Salon};
use crate::app::instant;
use serde_json::{Value, json};

/// The value without these fields, which differ from run to run.
fn without(mut value: Value, fields: &[&str]) -> Value {
    for field in fields {
        let removed = value.as_object_mut().and_then(|object| object.remove(*field));
        assert!(removed.is_some(), "{field} is missing in {value:#}");
    }
    value
}

#[tokio::test]
async fn from_search_over_hold_to_visit() {
    let salon = Salon::open().await;
    let shop = &salon.shop;
    salon.patch("", &json!({ "booking_mode": "manual" })).await;
    salon.menu(&json!({ "price_varies_by_resource": true, "prep_duration": 5, "cleanup_duration": 10, "buffer_duration": 5 })).await;
    salon.patch(&format!("/resources/{}", shop.resource), &json!({ "hourly_rate_diff": 1200 })).await;

    let query = format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20&option_ids={}", shop.menu, shop.option);
    let slots = salon.get(&query).send().await.is(200).body;
    assert_eq!(slots["currency"], "JPY");
    assert!(slots.get("refused").is_none());
    let noon = slots["items"].as_array().unwrap().iter().find(|slot| slot["start"] == NOON).unwrap();
    assert_eq!(
        *noon,
        json!({
            "start": NOON, "end": "2026-03-20T04:15:00Z", "business_date": "2026-03-20",
            "resources": [{ "id": shop.resource, "name": "花子", "price": 8500 }], "price": 7000, "remaining": 1
        })
    );

    let new_hold =
        json!({ "menu_id": shop.menu, "start": NOON, "option_ids": [shop.option], "resource_id": shop.resource });
    let held = salon.post("/holds", &new_hold).send().await.is(201).body;
    let token = held["hold_token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 43);
    assert_eq!(
        without(held, &["hold_token"]),
        json!({
            "expires_at": "2026-03-20T00:10:00Z", "price": 8500,
            "price_detail": { "base": 5500, "options": 1500, "resource": 1500, "total": 8500 }, "currency": "JPY",
            "start": NOON, "end": "2026-03-20T04:15:00Z", "business_date": "2026-03-20", "party_size": 1,
            "resources": [{ "id": shop.resource, "name": "花子", "type": "staff", "seats": 1, "primary": true }]
        })
    );
    salon.book(NOON).await.problem(409, "slot_taken");

    let new = json!({
        "hold_token": token, "customer_id": shop.customer, "customer_notes": "窓側で", "staff_notes": "first visit",
        "internal_notes": "vip?", "preferred_times": ["2026-03-20T05:00:00+00:00", "2026-03-20T15:00:00+09:00"]
    });
    let booked = salon.post("/bookings", &new).send().await.is(201);
    let id = booked.id();
    assert_eq!(booked.head("location"), Some(salon.at(&format!("/bookings/{id}")).as_str()));
    assert_eq!(booked.head("etag"), Some("\"1\""));
    let number = booked.body["booking_number"].as_str().unwrap().to_owned();
    assert!(number.starts_with("260320-"), "{number}");
    assert_eq!(booked.body["manage_token"].as_str().map(str::len), Some(43));
    let view = without(booked.body.clone(), &["manage_token"]);
    assert_eq!(
        without(view.clone(), &["id", "booking_number"]),
        json!({
            "store_id": shop.store, "customer_id": shop.customer, "menu_id": shop.menu, "menu_name": "Cut",
            "status": "pending", "business_date": "2026-03-20", "start": NOON, "end": "2026-03-20T04:15:00Z",
            "occupied_from": "2026-03-20T02:55:00Z", "occupied_to": "2026-03-20T04:30:00Z", "party_size": 1,
            "resources": [{ "id": shop.resource, "name": "花子", "type": "staff", "seats": 1, "primary": true }],
            "nominated": true,
            "options": [{ "id": shop.option, "name": "Head spa", "price": 1500, "duration": 15 }],
            "total_price": 8500, "price_detail": { "base": 5500, "options": 1500, "resource": 1500, "total": 8500 },
            "currency": "JPY", "source": "line", "customer_name": "山田 花子", "customer_phone": "+819012345678",
            "customer_notes": "窓側で", "staff_notes": "first visit", "internal_notes": "vip?",
            "preferred_times": ["2026-03-20T05:00:00Z", "2026-03-20T06:00:00Z"],
            "confirmed_at": null, "cancelled_at": null, "cancellation_reason": null, "completed_at": null,
            "no_show_at": null, "changeable_until": "2026-03-19T03:00:00Z", "version": 1,
            "created_at": "2026-03-20T00:00:00Z", "updated_at": "2026-03-20T00:00:00Z"
        })
    );
    let read = salon.get(&format!("/bookings/{id}")).send().await.is(200);
    assert_eq!((&read.body, read.head("etag")), (&view, Some("\"1\"")));
    // What is booked is held no more.
    salon.post("/bookings", &new).send().await.problem(409, "hold_expired");

    let confirmed = json!({ "start": "2026-03-20T06:00:00Z", "reason": "later fits better", "version": 1 });
    let confirmed = salon.step(&id, "confirm", &confirmed).await.is(200);
    let body = &confirmed.body;
    assert_eq!((confirmed.head("etag"), &body["status"]), (Some("\"2\""), &json!("confirmed")));
    assert_eq!((&body["start"], &body["preferred_times"]), (&json!("2026-03-20T06:00:00Z"), &json!([])));
    assert_eq!((&body["confirmed_at"], &body["booking_number"]), (&json!("2026-03-20T00:00:00Z"), &json!(number)));

    salon.step(&id, "complete", &json!({})).await.problem(422, "not_started");
    salon.app.clock.set(instant("2026-03-20T07:30:00Z"));
    let done = salon.step(&id, "complete", &json!({ "version": 2 })).await.is(200).body;
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("completed"), &json!("2026-03-20T07:30:00Z")));
    let customer = salon.get(&format!("/customers/{}", shop.customer)).send().await.is(200).body;
    assert_eq!((&customer["total_bookings"], &customer["total_spent"]), (&json!(1), &json!(8500)));
    assert_eq!(customer["last_visit_at"], "2026-03-20T06:00:00Z");
    for step in ["confirm", "complete", "no-show"] {
        salon.step(&id, step, &json!({})).await.problem(409, "invalid_transition");
    }

    let history = salon.get(&format!("/bookings/{id}/changes")).send().await.is(200).body;
    let items = history["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| item["change_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["create", "confirm", "complete"]);
    assert_eq!((&items[0]["before"], &items[1]["before"]["start"]), (&Value::Null, &json!(NOON)));
    assert_eq!(items[1]["after"]["start"], "2026-03-20T06:00:00Z");
    assert_eq!((&items[1]["reason"], &items[1]["changed_by_id"]), (&json!("later fits better"), &json!(shop.key_id)));
    assert_eq!((&items[1]["changed_by_type"], &items[1]["ip_address"]), (&json!("staff"), &json!("192.0.2.1")));
}

#[tokio::test]
async fn who_stays_away_three_times_is_kept_from_booking() {
    let salon = Salon::open().await;
    let mut ids = Vec::new();
    for start in ["2026-03-20T03:00:00Z", "2026-03-20T04:00:00Z", "2026-03-20T05:00:00Z"] {
        ids.push(salon.book(start).await.is(201).id());
    }
    salon.step(&ids[0], "no-show", &json!({})).await.problem(422, "not_started");
    salon.app.clock.set(instant("2026-03-20T06:30:00Z"));
    for id in &ids {
        let missed = salon.step(id, "no-show", &json!({ "reason": "no call" })).await.is(200).body;
        assert_eq!((&missed["status"], &missed["no_show_at"]), (&json!("no_show"), &json!("2026-03-20T06:30:00Z")));
    }
    let customer = salon.get(&format!("/customers/{}", salon.shop.customer)).send().await.is(200).body;
    assert_eq!((&customer["no_show_count"], &customer["is_restricted"]), (&json!(3), &json!(true)));
    salon.book("2026-03-20T10:00:00Z").await.problem(422, "customer_restricted");
    let query = format!("from=2026-03-20&to=2026-03-20&customer_id={}", salon.shop.customer);
    assert_eq!(salon.starts(&query).await, [] as [&str; 0]);
}

#[tokio::test]
async fn staff_call_off_and_move_with_a_reason() {
    let salon = Salon::open().await;
    let id = salon.book(NOON).await.is(201).id();
    for (step, body) in [("cancel", json!({})), ("reschedule", json!({ "start": "2026-03-20T05:00:00Z" }))] {
        let mut body = body;
        assert_eq!(salon.step(&id, step, &body).await.violation(), ("/reason".into(), "missing".into()));
        body["reason"] = json!(" \n");
        assert_eq!(salon.step(&id, step, &body).await.violation(), ("/reason".into(), "blank".into()));
    }
    let nothing = salon.step(&id, "reschedule", &json!({ "reason": "" })).await.problem(400, "invalid_request");
    assert_eq!(nothing, [(String::new(), "nothing_to_change".into()), ("/reason".into(), "blank".into())]);

    let to = json!({ "start": "2026-03-20T05:07:00Z", "reason": "the bus is late" });
    let moved = salon.step(&id, "reschedule", &to).await.is(200).body;
    assert_eq!((&moved["start"], &moved["version"], &moved["source"]), (&to["start"], &json!(2), &json!("line")));
    salon.book(NOON).await.is(201);
    salon.step(&id, "reschedule", &json!({ "start": NOON, "reason": "x" })).await.problem(409, "slot_taken");
    salon.step(&id, "cancel", &json!({ "reason": "x", "version": 1 })).await.problem(409, "stale_version");

    let gone = salon.step(&id, "cancel", &json!({ "reason": "closed", "version": 2 })).await.is(200).body;
    assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&json!("cancelled"), &json!("closed")));
    assert_eq!(gone["cancelled_at"], "2026-03-20T00:00:00Z");
    for (step, body) in [("cancel", json!({ "reason": "x" })), ("reschedule", to), ("confirm", json!({}))] {
        salon.step(&id, step, &body).await.problem(409, "invalid_transition");
    }
    // Its window is free again.
    salon.book("2026-03-20T05:00:00Z").await.is(201);
}

#[tokio::test]
async fn a_change_can_be_of_anything_and_a_nomination_be_taken_back() {
    let salon = Salon::open().await;
    let shop = &salon.shop;
    let id = salon.book(NOON).await.is(201).id();
    let nominate = json!({ "resource_id": shop.resource, "option_ids": [shop.option], "reason": "asked for" });
    let changed = salon.step(&id, "reschedule", &nominate).await.is(200).body;
    assert_eq!((&changed["nominated"], &changed["total_price"]), (&json!(true), &json!(7000)));
    assert_eq!(changed["end"], "2026-03-20T04:15:00Z");
    let back = salon.step(&id, "reschedule", &json!({ "resource_id": null, "reason": "anybody" })).await.is(200).body;
    assert_eq!((&back["nominated"], &back["options"]), (&json!(false), &changed["options"]));
    let other = json!({ "menu_id": shop.option, "reason": "x" });
    salon.step(&id, "reschedule", &other).await.problem(404, "not_found");
    let crowd = json!({ "party_size": 2, "reason": "x" });
    salon.step(&id, "reschedule", &crowd).await.problem(422, "party_exceeds_capacity");
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_or_is_given_back() {
    let salon = Salon::open().await;
    let new_hold = json!({ "menu_id": salon.shop.menu, "start": NOON });
    let token = |answer: &crate::app::Answer| answer.body["hold_token"].as_str().unwrap().to_owned();
    let first = salon.post("/holds", &new_hold).send().await.is(201);
    salon.post("/holds", &new_hold).send().await.problem(409, "slot_taken");
    let give_back =
        async |token: &str| salon.app.delete(salon.at(&format!("/holds/{token}"))).key(&salon.shop.key).send().await;
    give_back(&token(&first)).await.is(204);
    give_back(&token(&first)).await.is(204);
    give_back(&"x".repeat(43)).await.is(204);
    for odd in ["x", &"x".repeat(44), &"%2e".repeat(43)] {
        give_back(odd).await.problem(404, "not_found");
    }
    let second = salon.post("/holds", &new_hold).send().await.is(201);
    let use_it = json!({ "hold_token": token(&second), "customer_id": salon.shop.customer });
    salon.app.clock.set(instant("2026-03-20T00:10:00Z"));
    salon.post("/bookings", &use_it).send().await.problem(409, "hold_expired");
    assert_eq!(salon.app.app.desk.tidy_holds(10).await, Ok(1));
    salon.book(NOON).await.is(201);
}
