//! Customers who have signed in: they book, and see and change what is their own.

use super::{NOON, Salon};
use crate::app::{Answer, instant};
use crate::person::Person;
use chrono::TimeDelta;
use serde_json::{Value, json};

const EMAIL: &str = "hanako@example.jp";
/// One week later, two hours after noon in Tokyo.
const START: &str = "2026-03-27T05:00:00Z";

impl Salon {
    /// What a person asks of the store.
    async fn as_person(&self, person: &Person, path: &str, body: Option<Value>) -> Answer {
        let path = self.at(path);
        let call = body.map_or_else(|| self.app.get(&path), |body| self.app.post(&path, &body));
        call.key(&person.access).send().await
    }

    async fn books(&self, person: &Person, start: &str, customer: Option<Value>) -> Answer {
        let mut wish = json!({ "menu_id": self.shop.menu, "start": start });
        if let Some(customer) = customer {
            wish["customer"] = customer;
        }
        self.as_person(person, "/bookings", Some(wish)).await
    }

    /// The record of whoever has a booking, as the store reads it.
    async fn customer_of(&self, booking: &str) -> Value {
        let booking = self.get(&format!("/bookings/{booking}")).send().await.is(200).body;
        let customer = booking["customer_id"].as_str().expect("an id").to_owned();
        self.get(&format!("/customers/{customer}")).send().await.is(200).body
    }
}

#[tokio::test]
async fn who_has_signed_in_books_as_themselves() {
    let salon = Salon::open().await;
    let hanako = Person::sign_up(&salon.app, EMAIL).await;
    let first = salon.books(&hanako, START, None).await.is(201);
    assert_eq!((&first.body["customer_name"], &first.body["customer_phone"]), (&json!("花子"), &Value::Null));
    assert!(first.body.get("customer_id").is_none() && first.body["manage_token"].is_string());
    let record = salon.customer_of(&first.id()).await;
    assert_eq!((&record["name"], &record["email"]), (&json!("花子"), &json!(EMAIL)));
    assert_eq!((&record["has_account"], record.get("user_id")), (&json!(true), None));

    // Another name and a telephone number decide about this booking, and the record is the same.
    let said = json!({ "name": "H. Y.", "phone": "090-9999-0000" });
    let second = salon.books(&hanako, "2026-03-27T07:00:00Z", Some(said)).await.is(201);
    assert_eq!(second.body["customer_phone"], "+819099990000");
    assert_eq!(salon.customer_of(&second.id()).await, record);

    let hold = json!({ "menu_id": salon.shop.menu, "start": "2026-03-27T09:00:00Z" });
    let hold = salon.as_person(&hanako, "/holds", Some(hold)).await.is(201).body;
    let what = json!({ "hold_token": hold["hold_token"] });
    let third = salon.as_person(&hanako, "/bookings", Some(what)).await.is(201);
    assert_eq!(salon.customer_of(&third.id()).await["id"], record["id"]);

    for (member, value) in [("email", json!("other@example.jp")), ("line_user_id", json!("U1"))] {
        let answer = salon.books(&hanako, NOON, Some(json!({ member: value }))).await;
        assert_eq!(answer.violation(), (format!("/customer/{member}"), "not_allowed".to_owned()));
    }
    let other = json!({ "menu_id": salon.shop.menu, "start": NOON, "customer_id": salon.shop.customer });
    salon.as_person(&hanako, "/bookings", Some(other)).await.problem(403, "permission_missing");
}

#[tokio::test]
async fn a_proven_address_is_the_customers_on_file() {
    let salon = Salon::open().await;
    let on_file = json!({ "name": "山田 花子", "email": EMAIL, "phone": "090-8888-7777" });
    let on_file = salon.post("/customers", &on_file).send().await.is(201).id();
    let before = json!({ "menu_id": salon.shop.menu, "start": START, "customer_id": on_file });
    let before = salon.post("/bookings", &before).send().await.is(201).id();
    let hanako = Person::sign_up(&salon.app, EMAIL).await;
    // Not before they come to the store by themselves.
    assert!(salon.as_person(&hanako, "/bookings", None).await.is(200).ids().is_empty());
    let booked = salon.books(&hanako, "2026-03-27T07:00:00Z", None).await.is(201);
    assert_eq!(booked.body["customer_phone"], "+819088887777");
    assert_eq!(salon.as_person(&hanako, "/bookings", None).await.is(200).ids(), [before, booked.id()]);
    assert_eq!(salon.customer_of(&booked.id()).await["id"], json!(on_file));
}

#[tokio::test]
async fn what_is_not_their_own_is_not_there() {
    let salon = Salon::open().await;
    let app = &salon.app;
    let (hanako, taro) = (Person::sign_up(app, EMAIL).await, Person::sign_up(app, "taro@example.jp").await);
    let own = salon.books(&hanako, START, None).await.is(201).id();
    let others = [salon.book(NOON).await.is(201).id(), salon.books(&taro, "2026-03-27T07:00:00Z", None).await.id()];
    assert_eq!(salon.as_person(&hanako, "/bookings?limit=10", None).await.is(200).ids(), std::slice::from_ref(&own));
    let everything = format!("/bookings?customer_id={}", salon.shop.customer);
    assert!(salon.as_person(&hanako, &everything, None).await.is(200).ids().is_empty());
    let before = salon.bookings().await;
    for other in &others {
        for path in ["", ".ics"] {
            salon.as_person(&hanako, &format!("/bookings/{other}{path}"), None).await.problem(404, "not_found");
        }
        for (step, body) in [("cancel", json!({})), ("reschedule", json!({ "start": "2026-03-27T09:00:00Z" }))] {
            let path = format!("/bookings/{other}/{step}");
            salon.as_person(&hanako, &path, Some(body.clone())).await.problem(404, "not_found");
            let path = format!("/v1/me/bookings/{other}/{step}");
            app.post(path, &body).key(&hanako.access).send().await.problem(404, "not_found");
        }
        app.get(format!("/v1/me/bookings/{other}")).key(&hanako.access).send().await.problem(404, "not_found");
    }
    for step in ["confirm", "complete", "no-show"] {
        let path = format!("/bookings/{own}/{step}");
        salon.as_person(&hanako, &path, Some(json!({}))).await.problem(403, "permission_missing");
    }
    let notes = app.patch(salon.at(&format!("/bookings/{own}")), &json!({ "staff_notes": "x" }));
    notes.key(&hanako.access).send().await.problem(403, "permission_missing");
    let history = salon.as_person(&hanako, &format!("/bookings/{own}/changes"), None).await;
    history.problem(403, "permission_missing");
    salon.as_person(&hanako, "/calendar.ics", None).await.problem(403, "permission_missing");
    salon.as_person(&hanako, "/customers", None).await.problem(403, "permission_missing");
    assert_eq!(salon.bookings().await, before);
}

#[tokio::test]
async fn a_person_moves_and_cancels_within_the_notice() {
    let salon = Salon::open().await;
    let app = &salon.app;
    let hanako = Person::sign_up(app, EMAIL).await;
    let own = salon.books(&hanako, START, None).await.is(201).id();
    let step =
        async |step: &str, body: Value| salon.as_person(&hanako, &format!("/bookings/{own}/{step}"), Some(body)).await;
    let party = step("reschedule", json!({ "start": START, "party_size": 2, "resource_id": null })).await;
    let not_allowed = |member: &str| (format!("/{member}"), "not_allowed".to_owned());
    assert_eq!(party.problem(400, "invalid_request"), [not_allowed("party_size"), not_allowed("resource_id")]);
    let moved = step("reschedule", json!({ "start": "2026-03-27T06:00:00Z", "version": 1 })).await.is(200).body;
    assert_eq!((&moved["start"], &moved["version"]), (&json!("2026-03-27T06:00:00Z"), &json!(2)));
    assert!(moved.get("staff_notes").is_none() && moved.get("customer_id").is_none());
    // Those who act for the store say why.
    let unsaid = salon.step(&own, "cancel", &json!({})).await;
    assert_eq!(unsaid.violation(), ("/reason".to_owned(), "missing".to_owned()));
    app.clock.set(instant("2026-03-26T06:00:00Z") + TimeDelta::seconds(1));
    let hanako = Person::sign_in(app, EMAIL).await;
    let late = salon.as_person(&hanako, &format!("/bookings/{own}/cancel"), Some(json!({}))).await;
    late.problem(422, "too_late_to_change");
    app.clock.set(instant("2026-03-26T06:00:00Z"));
    let gone = salon.as_person(&hanako, &format!("/bookings/{own}/cancel"), Some(json!({ "reason": "風邪" }))).await;
    assert_eq!(gone.is(200).body["cancellation_reason"], "風邪");
    let history = salon.get(&format!("/bookings/{own}/changes")).send().await.is(200).body;
    let by: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["changed_by_id"]).collect();
    assert_eq!(by, vec![&json!(hanako.id); 3]);
    assert_eq!(history["items"][2]["changed_by_type"], "customer");
}

#[tokio::test]
async fn a_person_has_their_bookings_of_all_stores_at_hand() {
    let salon = Salon::open().await;
    let app = &salon.app;
    let other = crate::shop::Shop::open(app, "other").await;
    let hanako = Person::sign_up(app, EMAIL).await;
    let here = salon.books(&hanako, START, None).await.is(201);
    let wish = json!({ "menu_id": other.menu, "start": NOON });
    let there = app.post(other.at("/bookings"), &wish).key(&hanako.access).send().await.is(201).id();
    salon.book("2026-03-27T07:00:00Z").await.is(201);
    let mine = async |query: &str| app.get(format!("/v1/me/bookings{query}")).key(&hanako.access).send().await;
    let all = mine("").await.is(200);
    assert_eq!(all.ids(), [there.clone(), here.id()]);
    let named: Vec<_> = all.body["items"].as_array().unwrap().iter().map(|item| &item["store_name"]).collect();
    assert_eq!(named, ["結び美容室", "HANAKO"]);
    assert_eq!(mine("?from=2026-03-21").await.is(200).ids(), [here.id()]);
    assert_eq!(mine("?to=2026-03-20&status=confirmed").await.is(200).ids(), std::slice::from_ref(&there));
    let first = mine("?limit=1").await.is(200);
    let cursor = first.body["next_cursor"].as_str().expect("more");
    assert_eq!(mine(&format!("?limit=1&cursor={cursor}")).await.is(200).ids(), [here.id()]);

    // Also when the store no longer takes bookings from its page.
    salon.patch("", &json!({ "is_public": false })).await;
    salon.as_person(&hanako, "/bookings", None).await.problem(404, "not_found");
    let own = format!("/v1/me/bookings/{}", here.id());
    let seen = app.get(&own).key(&hanako.access).send().await.is(200);
    assert_eq!((&seen.body["id"], seen.head("etag")), (&here.body["id"], Some("\"1\"")));
    assert!(seen.body.get("customer_id").is_none() && seen.body.get("manage_token").is_none());
    let step = async |step: &str, body: Value| {
        app.post(format!("{own}/{step}"), &body).key(&hanako.access).header("idempotency-key", step).send().await
    };
    salon.patch("", &json!({ "is_public": true })).await;
    for _ in 0..2 {
        let moved = step("reschedule", json!({ "start": "2026-03-27T06:00:00Z" })).await.is(200).body;
        assert_eq!((&moved["start"], &moved["version"]), (&json!("2026-03-27T06:00:00Z"), &json!(2)));
    }
    assert_eq!(step("cancel", json!({})).await.is(200).body["status"], "cancelled");
    assert_eq!(mine("?status=cancelled").await.is(200).ids(), [here.id()]);

    app.get("/v1/me/bookings").key(&salon.shop.key).send().await.problem(403, "person_only");
    app.get("/v1/me/bookings").anonymous().send().await.problem(401, "unauthenticated");
    app.get(&own).anonymous().send().await.problem(401, "unauthenticated");
}
