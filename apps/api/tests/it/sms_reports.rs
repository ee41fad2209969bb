//! What the service for text messages tells of those that it took.

use crate::app::{Answer, TestApp};
use crate::shop::{Shop, sent_text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use musubi_kernel::secret::Secret;
use musubi_sql_testing::{TestDb, on_each_engine};
use musubi_worker::notifications::reports::SmsReports;
use serde_json::json;
use sha1::Sha1;

on_each_engine!(what_arrived_is_delivered, what_did_not_arrive_goes_by_mail_or_has_failed, only_the_service_tells);

const BASE: &str = "https://api.example.jp";

struct World {
    app: TestApp,
    shop: Shop,
}

impl World {
    async fn on(db: &TestDb) -> Self {
        let told = |ground: &mut musubi_api::assemble::Ground| {
            ground.sms_reports = Some(SmsReports::new(BASE.parse().unwrap(), Secret::new("token")));
        };
        let app = TestApp::on_changed(db, told).await;
        let shop = Shop::open(&app, "shop").await;
        Self { app, shop }
    }

    async fn told_with(&self, token: &str, store: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("/v1/carriers/sms/{store}");
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(format!("{BASE}{path}").as_bytes());
        for (name, value) in sorted {
            mac.update(format!("{name}{value}").as_bytes());
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = self.app.call(axum::http::Method::POST, path).body(body.join("&")).anonymous();
        let form = "application/x-www-form-urlencoded";
        call.header("content-type", form).header("x-twilio-signature", &signature).send().await
    }

    async fn told(&self, sid: &str, status: &str) {
        let fields = [("MessageSid", sid), ("MessageStatus", status), ("ErrorCode", "30005")];
        self.told_with("token", &self.shop.store, &fields).await.is(204);
    }

    /// Status and channel of a notification.
    async fn stands(&self, id: &str) -> (String, String) {
        let path = self.shop.at(&format!("/notifications/{id}"));
        let body = self.app.get(path).key(&self.shop.key).send().await.is(200).body;
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (text("status"), text("channel"))
    }
}

fn so(status: &str, channel: &str) -> (String, String) {
    (status.to_owned(), channel.to_owned())
}

async fn what_arrived_is_delivered(test: TestDb) {
    let world = World::on(&test).await;
    let id = sent_text(&world.app, &world.shop, &world.shop.customer, "SM1").await;
    for (status, stands) in [
        ("queued", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("undelivered", "delivered"),
        ("sent", "delivered"),
    ] {
        world.told("SM1", status).await;
        assert_eq!(world.stands(&id).await, so(stands, "sms"), "{status}");
    }
    world.told("SM7", "delivered").await;
}

async fn what_did_not_arrive_goes_by_mail_or_has_failed(test: TestDb) {
    let world = World::on(&test).await;
    let (app, key) = (&world.app, world.shop.key.as_str());
    let hanako = json!({ "name": "花子", "phone": "090-1111-2222", "email": "hanako@example.jp",
        "notification_settings": { "kinds": { "promotional": true } } });
    let hanako = app.post(world.shop.at("/customers"), &hanako).key(key).send().await.is(201).id();
    let nowhere_else = sent_text(app, &world.shop, &world.shop.customer, "SM1").await;
    let by_mail = sent_text(app, &world.shop, &hanako, "SM2").await;
    for (sid, id, stands) in [("SM1", &nowhere_else, so("failed", "sms")), ("SM2", &by_mail, so("pending", "email"))] {
        for status in ["failed", "undelivered", "delivered"] {
            world.told(sid, status).await;
            assert_eq!(world.stands(id).await, stands, "{sid} {status}");
        }
    }
    let path = world.shop.at(&format!("/notifications/{nowhere_else}"));
    let body = app.get(path).key(key).send().await.is(200).body;
    assert_eq!(body["error_message"], "the service could not deliver the text message (30005)");
}

async fn only_the_service_tells(test: TestDb) {
    let world = World::on(&test).await;
    let id = sent_text(&world.app, &world.shop, &world.shop.customer, "SM1").await;
    let other = Shop::open(&world.app, "other").await;
    let delivered = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    let store = world.shop.store.as_str();
    world.told_with("another", store, &delivered).await.problem(401, "bad_signature");
    world.told_with("token", "nowhere", &delivered).await.problem(401, "bad_signature");
    // Of a store that is no more the service can do nothing: it is not told to.
    world.told_with("token", "019c3f2a-5b00-7000-8000-000000000001", &delivered).await.is(204);
    world.told_with("token", &other.store, &delivered).await.is(204);
    world.told_with("token", store, &[("MessageSid", "SM1")]).await.problem(400, "invalid_request");
    assert_eq!(world.stands(&id).await, so("sent", "sms"));

    // Without the setting nobody is believed.
    let silent = World { app: TestApp::beside(&test, &world.app.clock, 1024).await, shop: other };
    silent.told_with("token", store, &delivered).await.problem(401, "bad_signature");
    assert_eq!(world.stands(&id).await, so("sent", "sms"));
}
