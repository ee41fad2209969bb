//! What customers do at LINE: from LINE's calls through the worker to the answers, on the real router.

use crate::app::{Answer, TestApp};
use crate::notifications::Salon;
use crate::person::Person;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};
use sha2::Sha256;

on_each_engine!(
    only_a_good_signature_opens_a_store,
    what_line_tells_again_happens_once,
    an_event_that_cannot_be_read_takes_no_other_along,
    a_flood_of_events_is_acted_on_in_turn,
    a_code_is_of_a_booking_to_come_at_a_store_that_uses_line,
    who_blocks_the_store_is_told_by_mail,
    a_code_of_a_booking_leads_to_its_card_and_that_calls_it_off,
    a_signed_in_customer_is_told_of_all_they_book,
);

/// Monday, 14:00 in Tokyo, three days ahead.
const START: &str = "2026-03-23T05:00:00Z";

pub(crate) fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn event(app: &TestApp, key: &str, user: &str, kind: &str, more: &Value) -> Value {
    let mut event = json!({
        "type": kind, "mode": "active", "timestamp": app.clock_now().timestamp_millis(),
        "source": { "type": "user", "userId": user }, "webhookEventId": key,
        "deliveryContext": { "isRedelivery": false }, "replyToken": format!("reply-{key}"),
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

async fn call(app: &TestApp, store: &str, signed_with: &str, events: &Value) -> Answer {
    let body = json!({ "destination": "U8e742f61d673b39c7fff3cecb7536ef0", "events": events }).to_string();
    let signature = signature(signed_with, &body);
    let path = format!("/v1/carriers/line/{store}");
    app.post(path, &json!({})).body(body).anonymous().header("x-line-signature", &signature).send().await
}

/// A customer of the salon, on LINE.
struct Friend<'a> {
    salon: &'a Salon,
    user: &'static str,
}

impl Friend<'_> {
    /// Does something, a second after what was done before; what they are answered.
    async fn does(&self, kind: &str, more: Value) -> Option<Value> {
        let Self { salon, user } = self;
        salon.app.clock.advance(TimeDelta::seconds(1));
        let before = salon.ways.line.told().len();
        let key = format!("E{}", salon.app.clock_now().timestamp());
        let event = event(&salon.app, &key, user, kind, &more);
        let heard = call(&salon.app, &salon.shop.store, "secret", &json!([event])).await.is(200).body;
        assert_eq!(heard, json!({ "taken": 1 }));
        salon.work_off().await;
        let told = salon.ways.line.told();
        let reply = told[before..].iter().find(|told| told.path == "/v2/bot/message/reply")?;
        assert_eq!((&reply.body["replyToken"], reply.token.as_str()), (&json!(format!("reply-{key}")), "Bearer token"));
        Some(reply.body["messages"][0].clone())
    }

    async fn writes(&self, text: &str) -> String {
        let said = json!({ "message": { "type": "text", "id": "1", "text": text } });
        self.does("message", said).await.map_or_else(String::new, |reply| reply["text"].as_str().unwrap().to_owned())
    }

    async fn taps(&self, data: &Value) -> Value {
        self.does("postback", json!({ "postback": { "data": data } })).await.expect("an answer")
    }
}

/// A guest's booking, with its manage token.
async fn guests_booking(salon: &Salon, phone: &str) -> (String, String) {
    let menu = salon.shop.at(&format!("/menus/{}", salon.shop.menu));
    salon.app.patch(menu, &json!({ "cancellation_hours": 0 })).key(&salon.shop.key).send().await.is(200);
    let customer = json!({ "name": "鈴木", "phone": phone, "email": "suzuki@example.jp" });
    let wish = json!({ "menu_id": salon.shop.menu, "start": START, "customer": customer });
    let made = salon.app.post(salon.shop.at("/bookings"), &wish).anonymous().send().await.is(201);
    (made.id(), made.body["manage_token"].as_str().unwrap().to_owned())
}

async fn line_code(salon: &Salon, path: &str, key: Option<&str>) -> String {
    let call = salon.app.call(axum::http::Method::POST, path);
    let call = if let Some(key) = key { call.key(key) } else { call.anonymous() };
    let made = call.send().await.is(200);
    assert_eq!(made.head("cache-control"), Some("no-store"));
    made.body["code"].as_str().unwrap().to_owned()
}

async fn only_a_good_signature_opens_a_store(test: TestDb) {
    let salon = Salon::open(&test).await;
    let app = &salon.app;
    let other = crate::shop::Shop::open(app, "other").await;
    let events = json!([event(app, "E1", "U1", "unfollow", &json!({}))]);
    let refused = |store: String, secret: &'static str| async move {
        let answer = call(app, &store, secret, &json!([])).await;
        answer.problem(401, "bad_signature");
        let mut body = answer.body;
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    let same = refused(salon.shop.store.clone(), "wrong").await;
    for (store, secret) in [
        (other.store.clone(), "secret"),
        (other.store.clone(), "none"),
        ("019c3f2a-5b00-7000-8000-000000000001".to_owned(), "secret"),
        ("019c3f2a-5b00-7000-8000-000000000001".to_owned(), "none"),
        ("00000000-0000-0000-0000-000000000000".to_owned(), "none"),
        ("salon".to_owned(), "none"),
    ] {
        assert_eq!(refused(store.clone(), secret).await, same, "{store} {secret}");
    }
    for bad in ["", "x", "====", "AAAA"] {
        let path = format!("/v1/carriers/line/{}", salon.shop.store);
        let answer = app.post(&path, &json!({ "events": [] })).anonymous().header("x-line-signature", bad).send().await;
        answer.problem(401, "bad_signature");
    }
    salon.work_off().await;

    // What LINE asks when the address is entered there.
    assert_eq!(call(app, &salon.shop.store, "secret", &json!([])).await.is(200).body, json!({ "taken": 0 }));
    let form = call(app, &salon.shop.store, "secret", &json!({})).await;
    assert_eq!(form.violation(), ("/events".into(), "invalid_value".into()));
    assert_eq!(call(app, &salon.shop.store, "secret", &events).await.is(200).body, json!({ "taken": 1 }));
    let body = "x".repeat(1024 * 1024 + 1);
    let path = format!("/v1/carriers/line/{}", salon.shop.store);
    let too_large = || app.post(&path, &json!({})).body(body.clone()).anonymous();
    let signed = too_large().header("x-line-signature", &signature("secret", &body)).send().await;
    signed.problem(413, "body_too_large");
    // What can be no signature is refused whatever the body is.
    for none in [too_large(), too_large().header("x-line-signature", "AAAA")] {
        none.send().await.problem(401, "bad_signature");
    }
    // A store that is closed is none.
    app.delete(salon.shop.at("")).key(&salon.shop.key).send().await.is(204);
    assert_eq!(refused(salon.shop.store.clone(), "secret").await, same);
}

async fn what_line_tells_again_happens_once(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, store) = (&salon.app, &salon.shop.store);
    let unfollow = event(app, "E1", "U1", "unfollow", &json!({}));
    app.clock.advance(TimeDelta::seconds(1));
    let follow = event(app, "E2", "U1", "follow", &json!({}));
    let sticker = json!({ "message": { "type": "sticker", "id": "1", "stickerId": "2" } });
    let others = [
        event(app, "E3", "U1", "message", &sticker),
        event(app, "E4", "U1", "join", &json!({ "source": { "type": "group", "groupId": "C1", "userId": "U1" } })),
        event(app, "E5", "U 1", "follow", &json!({})),
        json!({ "type": "follow" }),
    ];
    let all = json!([follow, unfollow, others[0], others[1], others[2], others[3]]);
    assert_eq!(call(app, store, "secret", &all).await.is(200).body, json!({ "taken": 2 }));
    salon.work_off().await;
    for _ in 0..2 {
        app.clock.advance(TimeDelta::days(3));
        assert_eq!(call(app, store, "secret", &json!([unfollow, follow])).await.is(200).body, json!({ "taken": 0 }));
        salon.work_off().await;
    }
    salon.book("2026-03-30T05:00:00Z").await;
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 1, "they follow the store, as they did last");
}

async fn an_event_that_cannot_be_read_takes_no_other_along(test: TestDb) {
    let salon = Salon::open(&test).await;
    let app = &salon.app;
    let follow = event(app, "E1", "U1", "follow", &json!({})).to_string();
    let said = json!({ "message": { "type": "text", "id": "1", "text": "HERE" } });
    let broken = event(app, "E2", "U1", "message", &said).to_string().replace("HERE", r"\ud83d");
    let unfollow = event(app, "E3", "U1", "unfollow", &json!({})).to_string();
    let body = format!(r#"{{"destination":"U8","events":[{follow},{broken},{unfollow}]}}"#);
    let path = format!("/v1/carriers/line/{}", salon.shop.store);
    let signature = signature("secret", &body);
    let call = app.post(path, &json!({})).body(body).anonymous().header("x-line-signature", &signature);
    assert_eq!(call.send().await.is(200).body, json!({ "taken": 2 }));
}

async fn a_flood_of_events_is_acted_on_in_turn(test: TestDb) {
    let salon = Salon::open(&test).await;
    let app = &salon.app;
    let many = |from: usize, to: usize| -> Vec<_> {
        (from..to).map(|n| event(app, &format!("E{n}"), &format!("U{n}"), "follow", &json!({}))).collect()
    };
    assert_eq!(
        call(app, &salon.shop.store, "secret", &json!(many(0, 450))).await.is(200).body,
        json!({ "taken": 450 })
    );
    let left = async || {
        let filter = JobFilter { kind: Some("line.event".to_owned()), ..JobFilter::default() };
        test.db.list(&filter, 1_000).await.unwrap().len()
    };
    salon.work_off().await;
    assert_eq!(left().await, 390, "those after the first sixty wait");
    app.clock.advance(TimeDelta::seconds(10));
    salon.work_off().await;
    assert_eq!(left().await, 290);
    app.clock.advance(TimeDelta::seconds(29));
    salon.work_off().await;
    assert_eq!(left().await, 0);
}

async fn a_code_is_of_a_booking_to_come_at_a_store_that_uses_line(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let (_, token) = guests_booking(&salon, "080-1111-2222").await;
    let path = format!("/v1/public/bookings/{token}/line-code");
    let post = || app.call(axum::http::Method::POST, &path).anonymous().send();
    let settings = async |line: Value| app.patch(salon.shop.at(""), &line).key(key).send().await.is(200);
    for (off, on, lacking) in [
        (
            json!({ "line_integration_active": false }),
            json!({ "line_integration_active": true }),
            "line_integration_active",
        ),
        (json!({ "line_access_token": null }), json!({ "line_access_token": "token" }), "line_access_token"),
        (json!({ "line_channel_secret": null }), json!({ "line_channel_secret": "secret" }), "line_channel_secret"),
    ] {
        settings(off).await;
        let refused = post().await;
        refused.problem(409, "line_not_in_use");
        assert!(refused.body["detail"].as_str().unwrap().contains(lacking), "{refused:#?}");
        settings(on).await;
        post().await.is(200);
    }
    let cancel = app.post(format!("/v1/public/bookings/{token}/cancel"), &json!({})).anonymous();
    cancel.send().await.is(200);
    let refused = post().await;
    refused.problem(409, "booking_not_open");
    assert!(refused.body["detail"].as_str().unwrap().contains("cancelled"), "{refused:#?}");
}

async fn who_blocks_the_store_is_told_by_mail(test: TestDb) {
    let salon = Salon::open(&test).await;
    let hanako = Friend { salon: &salon, user: "U1" };
    assert_eq!(hanako.does("unfollow", json!({ "replyToken": null })).await, None);
    salon.book(START).await;
    salon.work_off().await;
    assert_eq!((salon.ways.line.told().len(), salon.ways.mails().len()), (0, 1));
    assert_eq!(hanako.does("follow", json!({})).await, None);
    salon.book("2026-03-23T07:00:00Z").await;
    salon.work_off().await;
    assert_eq!((salon.ways.line.told().len(), salon.ways.mails().len()), (1, 1));
}

async fn a_code_of_a_booking_leads_to_its_card_and_that_calls_it_off(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (booking, token) = guests_booking(&salon, "080-1111-2222").await;
    salon.work_off().await;
    assert_eq!((salon.ways.line.told().len(), salon.ways.mails().len()), (0, 1));
    let said = salon.planned().await.into_iter().find_map(|one| one.content).expect("one was sent").text;
    assert!(said.contains("[…]") && !said.contains(&token), "who reads what was told is not the customer: {said}");
    salon.app.get(format!("/v1/public/bookings/{token}")).anonymous().send().await.is(200);
    let code = line_code(&salon, &format!("/v1/public/bookings/{token}/line-code"), None).await;
    let (guest, thief) = (Friend { salon: &salon, user: "U7" }, Friend { salon: &salon, user: "U8" });
    assert!(guest.writes(&format!("コードは {} です", code.to_lowercase())).await.contains("このLINEでお届けします"));
    assert!(thief.writes(&code).await.contains("無効"));
    assert_eq!(guest.writes("明日は空いていますか？").await, "", "the store's own people answer");

    // The reminder is told there, on a card by which the booking can be called off.
    salon.app.clock.set(crate::app::instant(START) - TimeDelta::hours(24));
    salon.work_off().await;
    let told = salon.ways.line.told();
    let card = told.iter().find(|told| told.body["to"] == "U7").expect("a reminder").body["messages"][1].to_string();
    assert!(card.contains(&format!("cancel={booking}")), "{card}");
    for page in ["booking", "booking/calendar"] {
        assert!(card.contains(&format!("https://shop.example.jp/{page}#token={token}")), "{page}: {card}");
    }

    let data = json!(format!("cancel={booking}"));
    assert!(thief.taps(&data).await["text"].as_str().unwrap().contains("見つかりません"));
    let question = guest.taps(&data).await;
    let actions = &question["template"]["actions"];
    assert_eq!(question["template"]["type"], "confirm", "{question:#}");
    let stands = async || {
        salon.app.get(salon.shop.at(&format!("/bookings/{booking}"))).key(&salon.shop.key).send().await.is(200).body
    };
    assert_eq!(stands().await["status"], "confirmed", "nothing is called off by one tap");
    assert!(thief.taps(&actions[0]["data"]).await["text"].as_str().unwrap().contains("見つかりません"));
    assert!(guest.taps(&actions[1]["data"]).await["text"].as_str().unwrap().contains("そのまま"));
    assert!(guest.taps(&actions[0]["data"]).await["text"].as_str().unwrap().contains("キャンセルを承りました"));
    assert_eq!(stands().await["status"], "cancelled");
    let history = salon
        .app
        .get(salon.shop.at(&format!("/bookings/{booking}/changes")))
        .key(&salon.shop.key)
        .send()
        .await
        .is(200)
        .body;
    assert_eq!(history["items"][1]["changed_by_type"], "customer", "{history:#}");
    assert!(guest.taps(&actions[0]["data"]).await["text"].as_str().unwrap().contains("すでにキャンセルされています"));
}

async fn a_signed_in_customer_is_told_of_all_they_book(test: TestDb) {
    let salon = Salon::open(&test).await;
    let app = &salon.app;
    let jiro = Person::sign_up(app, "jiro@example.jp").await;
    let book = async |start: &str| {
        let wish = json!({ "menu_id": salon.shop.menu, "start": start });
        app.post(salon.shop.at("/bookings"), &wish).key(&jiro.access).send().await.is(201).id()
    };
    let booking = book(START).await;
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 0);
    let code = line_code(&salon, &format!("/v1/me/bookings/{booking}/line-code"), Some(&jiro.access)).await;
    // Hanako is another customer of the store already.
    let (hanako, friend) = (Friend { salon: &salon, user: "U1" }, Friend { salon: &salon, user: "U7" });
    assert!(hanako.writes(&code).await.contains("別のお客様情報"));
    let code = line_code(&salon, &format!("/v1/me/bookings/{booking}/line-code"), Some(&jiro.access)).await;
    assert!(friend.writes(&code).await.contains("このLINEでお届けします"));
    book("2026-03-23T07:00:00Z").await;
    salon.work_off().await;
    let pushed = salon.ways.line.told().into_iter().filter(|told| told.body["to"] == "U7").count();
    assert_eq!(pushed, 1);

    // What belongs to somebody else makes no code, nor does a store without LINE.
    let saburo = Person::sign_up(app, "saburo@example.jp").await;
    let path = format!("/v1/me/bookings/{booking}/line-code");
    let post = |key: &str| app.call(axum::http::Method::POST, &path).key(key).send();
    post(&saburo.access).await.problem(404, "not_found");
    app.patch(salon.shop.at(""), &json!({ "line_integration_active": false }))
        .key(&salon.shop.key)
        .send()
        .await
        .is(200);
    post(&jiro.access).await.problem(409, "line_not_in_use");
}
