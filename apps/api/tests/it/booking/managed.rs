//! The link with which a customer goes on.

use super::Salon;
use crate::app::instant;
use chrono::TimeDelta;
use serde_json::json;

/// Friday a week later, at noon in Tokyo.
const START: &str = "2026-03-27T03:00:00Z";

#[tokio::test]
async fn a_customer_sees_moves_and_calls_off_their_booking() {
    let salon = Salon::open().await;
    let app = &salon.app;
    let booked = app.post(salon.at("/bookings"), &salon.public_wish(START)).anonymous().send().await.is(201);
    let link = format!("/v1/public/bookings/{}", booked.body["manage_token"].as_str().unwrap());
    let seen = app.get(&link).anonymous().send().await.is(200);
    let mut expected = booked.body.clone();
    expected.as_object_mut().unwrap().remove("manage_token");
    assert_eq!((&seen.body, seen.head("etag")), (&expected, Some("\"1\"")));
    // Credentials do not make it more, not even those of another tenant.
    assert_eq!(app.get(&link).send().await.is(200).body, expected);
    app.get(&link).anonymous().header("if-none-match", "\"1\"").send().await.is(304);

    let step =
        async |step: &str, body: &serde_json::Value| app.post(format!("{link}/{step}"), body).anonymous().send().await;
    assert_eq!(step("reschedule", &json!({})).await.violation(), ("/start".into(), "missing".into()));
    let unknown = step("reschedule", &json!({ "start": START, "menu_id": salon.shop.menu })).await;
    assert_eq!(unknown.violation(), ("/menu_id".into(), "unknown_field".into()));
    step("reschedule", &json!({ "start": "2026-03-27T06:10:00Z" })).await.problem(422, "off_grid");
    step("reschedule", &json!({ "start": "2026-03-28T03:00:00Z" })).await.problem(422, "outside_opening_hours");
    let moved = step("reschedule", &json!({ "start": "2026-03-27T06:00:00Z", "version": 1 })).await.is(200).body;
    assert_eq!((&moved["start"], &moved["version"]), (&json!("2026-03-27T06:00:00Z"), &json!(2)));
    assert!(moved.get("staff_notes").is_none() && moved.get("customer_id").is_none());
    step("cancel", &json!({ "version": 1 })).await.problem(409, "stale_version");

    // Until a day before, to the second.
    app.clock.set(instant("2026-03-26T06:00:00Z") + TimeDelta::seconds(1));
    step("cancel", &json!({})).await.problem(422, "too_late_to_change");
    step("reschedule", &json!({ "start": START })).await.problem(422, "too_late_to_change");
    app.clock.set(instant("2026-03-26T06:00:00Z"));
    let gone = step("cancel", &json!({ "reason": "風邪" })).await.is(200).body;
    assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&json!("cancelled"), &json!("風邪")));
    step("cancel", &json!({})).await.problem(409, "invalid_transition");

    let history = salon.get(&format!("/bookings/{}/changes", booked.id())).send().await.is(200).body;
    let by: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["changed_by_type"]).collect();
    assert_eq!(by, ["customer", "customer", "customer"]);
}

#[tokio::test]
async fn the_link_outlives_the_page_and_nothing_else_opens_it() {
    let salon = Salon::open().await;
    let app = &salon.app;
    let booked = salon.book(START).await.is(201);
    let token = booked.body["manage_token"].as_str().unwrap();
    salon.patch("", &json!({ "is_public": false })).await;
    app.get(format!("/v1/public/bookings/{token}")).anonymous().send().await.is(200);
    let other = if token.starts_with('A') { "B" } else { "A" };
    for wrong in
        [booked.id(), "x".into(), format!("{other}{}", &token[1..]), token.to_lowercase() + "=", "%00".repeat(43)]
    {
        for path in ["", "/calendar.ics"] {
            let answer = app.get(format!("/v1/public/bookings/{wrong}{path}")).anonymous().send().await;
            answer.problem(404, "not_found");
        }
        let cancel = app.post(format!("/v1/public/bookings/{wrong}/cancel"), &json!({})).anonymous().send().await;
        cancel.problem(404, "not_found");
    }
}
