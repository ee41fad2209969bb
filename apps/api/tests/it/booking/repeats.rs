//! `Idempotency-Key` on everything that moves value.

use super::{NOON, Salon};
use crate::app::Answer;
use serde_json::json;

#[tokio::test]
async fn duplicates_at_the_same_time_are_one_booking() {
    let salon = Salon::open().await;
    // Room for all of them, so that nothing but the key stands against the others.
    salon.menu(&json!({ "service_type": "group" })).await;
    salon.patch(&format!("/resources/{}", salon.shop.resource), &json!({ "capacity": 10 })).await;
    for (start, body) in [(NOON, salon.wish(NOON)), ("2026-03-20T08:00:00Z", salon.public_wish("2026-03-20T08:00:00Z"))]
    {
        let call = || salon.post("/bookings", &body).header("idempotency-key", start).send();
        let answers = futures_util::future::join_all((0..8).map(|_| call())).await;
        let first = answers[0].clone().is(201).body;
        for answer in answers {
            assert_eq!(answer.is(201).body, first);
        }
    }
    assert_eq!(salon.bookings().await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn duplicates_of_a_hold_and_of_its_use_are_one() {
    let salon = Salon::open().await;
    let new_hold = json!({ "menu_id": salon.shop.menu, "start": NOON });
    let post = |path: &'static str, body: serde_json::Value, key: &'static str| {
        let salon = &salon;
        async move { salon.post(path, &body).header("idempotency-key", key).send().await }
    };
    let held = futures_util::future::join_all((0..8).map(|_| post("/holds", new_hold.clone(), "h"))).await;
    let token = same(held).body["hold_token"].clone();
    let new = json!({ "hold_token": token, "customer_id": salon.shop.customer });
    let booked = futures_util::future::join_all((0..8).map(|_| post("/bookings", new.clone(), "b"))).await;
    let first = same(booked);
    assert_eq!(salon.bookings().await["items"].as_array().unwrap().len(), 1);
    let again = post("/bookings", new.clone(), "b").await.is(201);
    assert_eq!((again.head("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!((again.head("etag"), again.head("location")), (first.head("etag"), first.head("location")));
    post("/bookings", salon.wish(NOON), "b").await.problem(422, "idempotency_key_reused");
}

#[track_caller]
fn same(answers: Vec<Answer>) -> Answer {
    let first = answers[0].clone().is(201);
    for answer in answers {
        assert_eq!(answer.is(201).body, first.body);
    }
    first
}

#[tokio::test]
async fn a_repeated_step_gets_the_first_answer() {
    let salon = Salon::open().await;
    let id = salon.book(NOON).await.is(201).id();
    let steps = [
        ("reschedule", json!({ "start": "2026-03-20T06:00:00Z", "reason": "later" })),
        ("cancel", json!({ "reason": "ill" })),
    ];
    for (step, body) in steps {
        let path = format!("/bookings/{id}/{step}");
        let call = || salon.post(&path, &body).header("idempotency-key", step).send();
        let first = call().await.is(200);
        let again = call().await.is(200);
        assert_eq!((again.head("idempotent-replayed"), &again.body), (Some("true"), &first.body), "{step}");
        // Without the key it is another step.
        let other = salon.step(&id, step, &body).await;
        if step == "cancel" {
            other.problem(409, "invalid_transition").len()
        } else {
            other.is(200).body.to_string().len()
        };
    }
}
