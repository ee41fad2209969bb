//! A shop with one thing of every kind.

use crate::app::{OPERATOR, TestApp};
use axum::http::Method;
use chrono::TimeDelta;
use musubi_kernel::access::{Actor, Permission, StoreRef};
use musubi_kernel::id::{IdGen as _, NotificationId, SystemIds};
use musubi_kernel::job::NewJob;
use musubi_kernel::locale::Locale;
use musubi_notification::channel::Recipient;
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::status::Status;
use musubi_notification::notification::{About, Content, Notification};
use musubi_notification::ports::NotificationStore as _;
use musubi_sql::notification::SqlNotifications;
use serde_json::{Value, json};
use uuid::Uuid;

/// A tenant with a store, and one thing of every kind in it.
pub(crate) struct Shop {
    pub(crate) tenant: String,
    pub(crate) store: String,
    pub(crate) slug: String,
    /// A key that may do everything in the tenant.
    pub(crate) key: String,
    pub(crate) key_id: String,
    pub(crate) resource: String,
    pub(crate) absence: String,
    pub(crate) menu: String,
    pub(crate) option: String,
    pub(crate) customer: String,
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    pub(crate) template: String,
    /// One that has failed.
    pub(crate) notification: String,
    /// For tomorrow.
    pub(crate) promotion: String,
    /// By which the customer takes back that they agree to hear of offers, which they do not.
    pub(crate) consent: String,
}

/// Every permission there is.
pub(crate) fn all_permissions() -> Vec<&'static str> {
    musubi_kernel::access::Permission::ALL.iter().map(|permission| permission.code()).collect()
}

/// A store that breaks no rule.
pub(crate) fn new_store(slug: &str) -> Value {
    json!({
        "name": "結び美容室", "slug": slug, "industry_type": "beauty",
        "business_hours": { "mon": [{ "open": "10:00", "close": "19:00" }], "fri": [{ "open": "10:00", "close": "26:00" }] }
    })
}

/// An offer that breaks no rule, to be sent then.
pub(crate) fn new_promotion(send_at: &Value) -> Value {
    let ja = json!({ "headline": "春のキャンペーン", "body": "4月末まで2割引です。" });
    json!({ "texts": { "ja": ja }, "send_at": send_at })
}

/// The token by which a customer takes back that they agree to hear of offers.
pub(crate) fn consent_of(app: &TestApp, store: &str, customer: &str) -> String {
    let id = |text: &str| text.parse::<Uuid>().expect("an id");
    let token = musubi_notification::consent::token(&*app.store.cipher, id(store).into(), id(customer).into());
    token.expose().to_owned()
}

/// The id of what is not there.
const NOTHING: &str = "019c3f2a-5b00-7000-8000-000000000001";

/// What a store wanted to tell a customer, and could not.
async fn failed_notification(app: &TestApp, home: [&str; 3]) -> String {
    offer(app, home, "offer", Status::Failed { at: app.clock_now() }).await
}

/// A text message to a customer that its service took under this name.
pub(crate) async fn sent_text(app: &TestApp, shop: &Shop, customer: &str, sid: &str) -> String {
    let status = Status::Sent { at: app.clock_now(), provider_id: Some(sid.to_owned()) };
    offer(app, [&shop.tenant, &shop.store, customer], sid, status).await
}

/// An offer by text message that stands so.
async fn offer(app: &TestApp, home: [&str; 3], key: &str, status: Status) -> String {
    let [tenant, store, customer] = home.map(|id| id.parse::<Uuid>().expect("an id"));
    let at = StoreRef { store: store.into(), tenant: tenant.into(), open_to_public: true };
    let scope = Actor::System.on_store(&at, Permission::CustomerRead).expect("the system may");
    let now = app.clock_now();
    let new = Notification {
        id: NotificationId(SystemIds.uuid(now)),
        tenant: tenant.into(),
        store: store.into(),
        customer: customer.into(),
        kind: NotificationKind::Promotional,
        about: About::Offer { promotion: Uuid::nil().into() },
        key: key.to_owned(),
        language: Locale::Ja,
        recipient: Recipient::Sms("+819012345678".to_owned()),
        given_up: Vec::new(),
        content: Some(Content { subject: None, text: "山田様、半額です".to_owned() }),
        status,
        retry_key: SystemIds.uuid(now),
        tries: 1,
        tries_in_all: 1,
        error: Some("the number is none".to_owned()),
        place: None,
        scheduled_at: now,
        expires_at: now + TimeDelta::days(3),
        read_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let job = NewJob::new(&SystemIds, "never.run", json!({}), now);
    assert_eq!(SqlNotifications::new(app.store.clone()).add(&scope, &new, &job).await, Ok(true));
    new.id.to_string()
}

impl Shop {
    /// Opens a shop of this name.
    pub(crate) async fn open(app: &TestApp, slug: &str) -> Self {
        let tenant = app.post("/v1/tenants", &json!({ "name": slug })).send().await.is(201).id();
        let key = json!({ "name": slug, "tenant_id": tenant, "permissions": all_permissions() });
        let issued = app.post("/v1/api-keys", &key).send().await.is(201).body;
        let key = issued["secret"].as_str().expect("a secret").to_owned();
        let key_id = issued["key"]["id"].as_str().expect("an id").to_owned();
        let store = app.post("/v1/stores", &new_store(slug)).key(&key).send().await.is(201).id();
        let at = format!("/v1/stores/{store}");
        let make = async |path: String, body: Value| app.post(path, &body).key(&key).send().await.is(201).id();
        let resource = make(format!("{at}/resources"), json!({ "name": "花子", "type": "staff" })).await;
        let absence = json!({ "from": "2026-03-23T01:00:00Z", "to": "2026-03-23T03:00:00Z", "reason": "dentist" });
        let absence = make(format!("{at}/resources/{resource}/absences"), absence).await;
        let menu = json!({ "name": "Cut", "base_duration": 60, "base_price": 5500, "resource_ids": [resource] });
        let menu = make(format!("{at}/menus"), menu).await;
        let option = json!({ "name": "Head spa", "price": 1500, "duration": 15 });
        let option = make(format!("{at}/menus/{menu}/options"), option).await;
        let customer = json!({ "name": "山田 花子", "name_kana": "ヤマダ ハナコ", "phone": "090-1234-5678" });
        let customer = make(format!("{at}/customers"), customer).await;
        let day = json!({ "is_holiday": true, "holiday_type": "store_holiday" });
        app.put(format!("{at}/calendar/2026-03-25"), &day).key(&key).send().await.is(201);
        let endpoints = format!("/v1/tenants/{tenant}/webhook-endpoints");
        let endpoint = json!({ "url": "https://hooks.example.jp/musubi", "events": ["booking.*"] });
        let endpoint = app.post(&endpoints, &endpoint).key(&key).send().await.is(201).body;
        let endpoint = endpoint["endpoint"]["id"].as_str().expect("an id").to_owned();
        let test = format!("{endpoints}/{endpoint}/test");
        let delivery = app.call(Method::POST, test).key(&key).send().await.is(202).id();
        let wording =
            json!({ "template_type": "booking_received", "channel": "sms", "name": "Own", "content": "{{ day }}" });
        let template = make(format!("{at}/notification-templates"), wording).await;
        let notification = failed_notification(app, [&tenant, &store, &customer]).await;
        let tomorrow = app.clock_now() + TimeDelta::days(1);
        let promotion = make(format!("{at}/promotions"), new_promotion(&json!(tomorrow))).await;
        let consent = consent_of(app, &store, &customer);
        let slug = slug.to_owned();
        Self {
            tenant,
            store,
            slug,
            key,
            key_id,
            resource,
            absence,
            menu,
            option,
            customer,
            endpoint,
            delivery,
            template,
            notification,
            promotion,
            consent,
        }
    }

    /// The address of something in the store.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/v1/stores/{}{path}", self.store)
    }

    /// The values of the parameters of a path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        match name {
            "tenant_id" => &self.tenant,
            "store_id" => &self.store,
            "slug" => &self.slug,
            "key_id" => &self.key_id,
            "resource_id" => &self.resource,
            "absence_id" => &self.absence,
            "menu_id" => &self.menu,
            "option_id" => &self.option,
            "customer_id" => &self.customer,
            "endpoint_id" => &self.endpoint,
            "delivery_id" => &self.delivery,
            "template_id" => &self.template,
            "notification_id" => &self.notification,
            "promotion_id" => &self.promotion,
            "consent_token" => &self.consent,
            "passkey_id" => NOTHING,
            "date" => "2026-03-25",
            "issuer" => "google",
            other => panic!("the shop has no {other}"),
        }
    }

    /// Everything that the shop has, as the operator reads it.
    pub(crate) async fn everything(&self, app: &TestApp) -> Value {
        let mut all = serde_json::Map::new();
        let lists = [
            "/v1/tenants?include_inactive=true".to_owned(),
            format!("/v1/stores?include_inactive=true&tenant_id={}", self.tenant),
            self.at("/resources?include_inactive=true"),
            self.at(&format!("/resources/{}/absences", self.resource)),
            self.at("/menus?include_inactive=true"),
            self.at(&format!("/menus/{}/options?include_inactive=true", self.menu)),
            self.at("/customers?include_inactive=true"),
            self.at("/calendar"),
            self.at("/notification-templates?include_inactive=true"),
            self.at("/notifications"),
            self.at("/promotions"),
            self.at("/bookings?limit=200"),
            format!("/v1/tenants/{}/webhook-endpoints", self.tenant),
            format!("/v1/tenants/{}/webhook-endpoints/{}/deliveries", self.tenant, self.endpoint),
        ];
        for list in lists {
            let answer = app.get(&list).key(OPERATOR).send().await.is(200);
            all.insert(list, answer.body);
        }
        let keys = app.get(format!("/v1/api-keys?tenant_id={}", self.tenant)).send().await.is(200);
        all.insert("keys".to_owned(), json!(keys.ids()));
        Value::Object(all)
    }
}
