//! A store's offers, from the call of the store to those who agreed; and taking that back.

use super::Salon;
use crate::app::{Answer, instant};
use crate::shop::{consent_of, new_promotion};
use axum::http::Method;
use chrono::TimeDelta;
use musubi_kernel::clock::Clock as _;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_each_engine!(
    an_offer_reaches_those_who_agree_when_it_is_sent,
    an_offer_that_is_called_off_reaches_nobody,
    an_offer_is_sent_once_however_often_it_is_asked_for,
    what_is_wrong_with_an_offer_is_named,
    who_takes_their_consent_back_is_asked_nothing,
);

/// 23:00 in Tokyo, and 08:00, when the quiet hours end.
const NIGHT: &str = "2026-03-20T14:00:00Z";
const MORNING: &str = "2026-03-20T23:00:00Z";
/// Half an hour before the one that every shop has.
const BEFORE_THE_SHOPS_OWN: &str = "2026-03-20T23:30:00Z";

impl Salon {
    /// A customer who reads e-mail, and is told of offers after those who were there before.
    async fn guest(&self, name: &str, agrees: bool) -> String {
        self.app.clock.set(self.app.clock.now() + TimeDelta::milliseconds(1));
        let settings = json!({ "kinds": { "promotional": agrees } });
        let guest = json!({ "name": name, "email": format!("{name}@example.jp"), "notification_settings": settings });
        self.app.post(self.shop.at("/customers"), &guest).key(&self.shop.key).send().await.is(201).id()
    }

    async fn decides(&self, customer: &str, agrees: bool) {
        let path = self.shop.at(&format!("/customers/{customer}/notification-settings"));
        let settings = json!({ "kinds": { "promotional": agrees } });
        self.app.put(path, &settings).key(&self.shop.key).send().await.is(200);
    }

    async fn offer(&self, details: &Value) -> String {
        self.app.post(self.shop.at("/promotions"), details).key(&self.shop.key).send().await.is(201).id()
    }

    async fn standing_of(&self, promotion: &str) -> Value {
        let path = self.shop.at(&format!("/promotions/{promotion}"));
        self.app.get(path).key(&self.shop.key).send().await.is(200).body
    }

    async fn withdraw(&self, token: &str) -> Answer {
        let path = format!("/v1/public/consents/{token}");
        let form = "application/x-www-form-urlencoded";
        let call = self.app.call(Method::POST, path).anonymous().header("content-type", form);
        call.body("List-Unsubscribe=One-Click").send().await
    }
}

fn counts(planned: u64, pending: u64, sent: u64, cancelled: u64) -> Value {
    json!({ "planned": planned, "pending": pending, "sent": sent, "delivered": 0, "failed": 0, "cancelled": cancelled,
        "listed": 0 })
}

async fn an_offer_reaches_those_who_agree_when_it_is_sent(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.decides(&salon.customer, true).await;
    let taro = salon.guest("taro", true).await;
    salon.guest("jiro", false).await;
    let (saburo, shiro) = (salon.guest("saburo", true).await, salon.guest("shiro", true).await);
    salon.app.clock.set(instant(NIGHT));
    let offer = salon.offer(&new_promotion(&Value::Null)).await;
    for quiet in [instant(NIGHT), instant(MORNING) - TimeDelta::seconds(1)] {
        salon.app.clock.set(quiet);
        salon.work_off().await;
        let waits = salon.standing_of(&offer).await;
        assert_eq!((&waits["promotion"]["status"], &waits["messages"]), (&json!("scheduled"), &counts(0, 0, 0, 0)));
    }
    salon.app.clock.set(instant(MORNING));
    salon.work_off().await;
    let planned = salon.standing_of(&offer).await;
    assert_eq!((&planned["promotion"]["status"], &planned["messages"]), (&json!("planned"), &counts(4, 3, 1, 0)));
    assert_eq!(planned["promotion"]["expires_at"], json!(instant(NIGHT) + TimeDelta::hours(72)));

    // Before it is their turn one takes it back, and the store notes the same of another.
    let gone = salon.withdraw(&consent_of(&salon.app, &salon.shop.store, &saburo)).await.is(200).body;
    assert_eq!(gone, json!({ "store_name": "結び美容室", "notification_type": "promotional", "agrees": false }));
    assert_eq!(salon.standing_of(&offer).await["messages"], counts(4, 2, 1, 1));
    salon.decides(&shiro, false).await;
    for seconds in 1..9 {
        salon.app.clock.set(instant(MORNING) + TimeDelta::seconds(seconds));
        salon.work_off().await;
    }
    assert_eq!(salon.standing_of(&offer).await["messages"], counts(4, 0, 2, 2));
    let (told, mails) = (salon.ways.line.told(), salon.ways.mails());
    assert_eq!((told.len(), mails.len()), (1, 1));
    let token = |customer: &str| consent_of(&salon.app, &salon.shop.store, customer);
    let page = |customer: &str| format!("https://shop.example.jp/unsubscribe#token={}", token(customer));
    assert!(told[0].text().contains("春のキャンペーン"), "{told:#?}");
    assert!(told[0].text().contains(&page(&salon.customer)), "{told:#?}");
    let one_click = format!("List-Unsubscribe: <https://api.example.jp/v1/public/consents/{}>\r\n", token(&taro));
    for part in ["To: taro@example.jp", &one_click, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    let listed = salon.shop.at(&format!("/notifications?promotion_id={offer}&status=cancelled"));
    let listed = salon.app.get(listed).key(&salon.shop.key).send().await.is(200).body;
    let why: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| &one["cancel_reason"]).collect();
    assert_eq!(why, ["declined", "declined"]);
}

async fn an_offer_that_is_called_off_reaches_nobody(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.decides(&salon.customer, true).await;
    salon.guest("taro", true).await;
    salon.app.clock.set(instant(MORNING));
    let early = salon.offer(&new_promotion(&Value::Null)).await;
    let later = salon.offer(&new_promotion(&json!(BEFORE_THE_SHOPS_OWN))).await;
    salon.work_off().await;
    let cancel = async |offer: &str| {
        let path = salon.shop.at(&format!("/promotions/{offer}/cancel"));
        salon.app.call(Method::POST, path).key(&salon.shop.key).send().await.is(200).body
    };
    for offer in [&early, &later, &later] {
        let cancelled = cancel(offer).await;
        assert_eq!((&cancelled["status"], &cancelled["cancelled_at"]), (&json!("cancelled"), &json!(MORNING)));
        let planned_at = if *offer == early { json!(MORNING) } else { Value::Null };
        assert_eq!(cancelled["planned_at"], planned_at, "what was planned is kept");
    }
    salon.work_off().await;
    assert_eq!(salon.standing_of(&early).await["messages"], counts(2, 0, 1, 1));
    salon.app.clock.set(instant(BEFORE_THE_SHOPS_OWN));
    salon.work_off().await;
    assert_eq!(salon.standing_of(&later).await["messages"], counts(0, 0, 0, 0));
    assert_eq!((salon.ways.line.told().len(), salon.ways.mails()), (1, Vec::new()));
    let list = salon.app.get(salon.shop.at("/promotions")).key(&salon.shop.key).send().await.is(200);
    let listed: BTreeSet<_> = list.ids().into_iter().collect();
    assert!(listed.len() == 3 && listed.contains(&early) && listed.contains(&later), "{listed:?}");
    let audit = salon.shop.at("/audit?limit=200");
    let audit = salon.app.get(audit).key(&salon.shop.key).send().await.is(200).body;
    let of = |action: &str| {
        let entries = audit["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] == action).count()
    };
    assert_eq!((of("promotion.created"), of("promotion.cancelled")), (3, 2));
}

async fn an_offer_is_sent_once_however_often_it_is_asked_for(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.decides(&salon.customer, true).await;
    let ask = async |details: &Value| {
        let call = salon.app.post(salon.shop.at("/promotions"), details).key(&salon.shop.key);
        call.header("idempotency-key", "spring").send().await
    };
    let first = ask(&new_promotion(&Value::Null)).await.is(201);
    let again = ask(&new_promotion(&Value::Null)).await.is(201);
    assert_eq!((first.id(), again.head("idempotent-replayed")), (again.id(), Some("true")));
    ask(&new_promotion(&json!("2026-04-01T03:00:00Z"))).await.problem(422, "idempotency_key_reused");
    salon.work_off().await;
    salon.work_off().await;
    assert_eq!(salon.ways.line.told().len(), 1);
    let mut off = json!({ "notification_settings": { "kinds": { "promotional": { "enabled": false } } } });
    salon.app.patch(salon.shop.at(""), &off).key(&salon.shop.key).send().await.is(200);
    let refused = salon.app.post(salon.shop.at("/promotions"), &new_promotion(&Value::Null));
    refused.key(&salon.shop.key).send().await.problem(422, "offers_switched_off");
    off["notification_settings"] = Value::Null;
    salon.app.patch(salon.shop.at(""), &off).key(&salon.shop.key).send().await.is(200);
}

async fn what_is_wrong_with_an_offer_is_named(test: TestDb) {
    let salon = Salon::open(&test).await;
    let wrong = json!({
        "texts": { "ja": { "headline": "a\nb", "body": " " } }, "send_at": "2026-03-19T00:00:00Z",
        "audience": { "last_visit_from": "2026-03-02T00:00:00Z", "last_visit_before": "2026-03-01T00:00:00Z" }
    });
    let ask = async |details: &Value| {
        let answer = salon.app.post(salon.shop.at("/promotions"), details).key(&salon.shop.key).send().await;
        let broken = answer.problem(400, "invalid_request").into_iter().map(|(pointer, _)| pointer);
        broken.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let all = ["/audience/last_visit_before", "/send_at", "/texts/ja/body", "/texts/ja/headline"];
    assert_eq!(ask(&wrong).await, all);
    assert_eq!(ask(&json!({ "texts": {} })).await, ["/texts"]);
    let far = new_promotion(&json!("2062-03-20T03:00:00Z"));
    let call = salon.app.post(salon.shop.at("/promotions"), &far).header("accept-language", "ja").key(&salon.shop.key);
    let refused = call.send().await.is(400).body["errors"].to_string();
    for part in ["/send_at", "too_far_ahead", "先すぎる日時", "365 days"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(ask(&json!({ "texts": { "fr": {} } })).await, ["/texts/fr"]);
}

async fn who_takes_their_consent_back_is_asked_nothing(test: TestDb) {
    let salon = Salon::open(&test).await;
    salon.decides(&salon.customer, true).await;
    let token = consent_of(&salon.app, &salon.shop.store, &salon.customer);
    let path = format!("/v1/public/consents/{token}");
    for _ in 0..2 {
        let seen = salon.app.get(&path).anonymous().send().await.is(200).body;
        assert_eq!(seen["agrees"], true, "who only looks changes nothing");
    }
    // Whoever they are signed in as, it is the customer of the link who does it.
    let done = salon.app.call(Method::POST, &path).key(&salon.shop.key).send().await.is(200).body;
    assert_eq!(done["agrees"], false);
    assert_eq!(salon.withdraw(&token).await.is(200).body, done);
    let settings = salon.shop.at(&format!("/customers/{}/notification-settings", salon.customer));
    let settings = salon.app.get(settings).key(&salon.shop.key).send().await.is(200).body;
    assert_eq!(settings["kinds"]["promotional"], false);
    let noted = salon.app.get(salon.shop.at("/audit?limit=200")).key(&salon.shop.key).send().await.is(200).body;
    let noted: Vec<_> = noted["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "customer.consent_withdrawn")
        .collect();
    assert_eq!(noted.len(), 1, "{noted:#?}");

    let mut other = token.clone();
    other.replace_range(30..31, if &token[30..31] == "A" { "B" } else { "A" });
    let theirs = crate::shop::Shop::open(&salon.app, "elsewhere").await;
    let of_theirs = consent_of(&salon.app, &theirs.store, &salon.customer);
    for wrong in [other.as_str(), &of_theirs, "x", "%00"] {
        salon.withdraw(wrong).await.problem(404, "not_found");
        salon.app.get(format!("/v1/public/consents/{wrong}")).anonymous().send().await.problem(404, "not_found");
    }
    // A store that has left the public sends offers still, and so they can be stopped.
    salon.app.patch(salon.shop.at(""), &json!({ "is_public": false })).key(&salon.shop.key).send().await.is(200);
    salon.withdraw(&token).await.is(200);
    let away = salon.shop.at(&format!("/customers/{}", salon.customer));
    salon.app.delete(away).key(&salon.shop.key).send().await.is(204);
    salon.withdraw(&token).await.problem(404, "not_found");
}
