//! How customers are reached: who is shown it, what the others see, and what is noted.

use crate::app::{Answer, TestApp};
use crate::person::Person;
use crate::shop::{Shop, all_permissions};
use musubi_sql::audit::{Verified, verify};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Order, Query};
use serde_json::{Value, json};

const NOON: &str = "2026-03-20T03:00:00Z";
/// What must not be shown.
const PRIVATE: [&str; 5] = ["1234", "example.jp", "渋谷", "U4af49", "mail_to"];

/// A shop with one customer of whom everything is known, and a key that may do everything but see how they are reached.
struct World {
    app: TestApp,
    shop: Shop,
    customer: String,
    weak: String,
}

impl World {
    async fn on(db: &TestDb) -> Self {
        let app = TestApp::on(db).await;
        let shop = Shop::open(&app, "shop").await;
        let customer = json!({
            "name": "佐藤 太郎", "phone": "080-1234-9876", "email": "taro@example.jp", "address": "東京都渋谷区1-2-3",
            "line_user_id": "U4af49", "notification_settings": { "channels": { "sms": false } }
        });
        let customer = app.post(shop.at("/customers"), &customer).key(&shop.key).send().await.is(201).id();
        let permissions: Vec<_> = all_permissions().into_iter().filter(|code| *code != "customer.contact").collect();
        let key = json!({ "name": "weak", "tenant_id": shop.tenant, "permissions": permissions });
        let key = app.post("/v1/api-keys", &key).send().await.is(201).body;
        let weak = key["secret"].as_str().expect("a secret").to_owned();
        Self { app, shop, customer, weak }
    }

    async fn get(&self, key: &str, path: &str) -> Answer {
        self.app.get(self.shop.at(path)).key(key).send().await
    }

    async fn post(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.app.post(self.shop.at(path), body).key(key).send().await
    }

    async fn patch(&self, key: &str, change: &Value) -> Answer {
        let path = self.shop.at(&format!("/customers/{}", self.customer));
        self.app.patch(path, change).key(key).send().await
    }

    fn wish(&self, start: &str) -> Value {
        json!({ "menu_id": self.shop.menu, "start": start, "customer_id": self.customer })
    }
}

#[track_caller]
fn hides_everything(answer: &Answer) {
    let text = answer.body.to_string();
    for private in PRIVATE {
        assert!(!text.contains(private), "{private}: {:#}", answer.body);
    }
}

async fn customers_are_masked(db: TestDb) {
    let world = World::on(&db).await;
    let one = format!("/customers/{}", world.customer);
    let seen = world.get(&world.weak, &one).await.is(200);
    hides_everything(&seen);
    assert_eq!((&seen.body["name"], &seen.body["phone"]), (&json!("佐藤 太郎"), &json!("•••-9876")));
    assert_eq!((&seen.body["email"], &seen.body["address"]), (&json!("t•••@•••"), &json!("•••")));
    assert_eq!(seen.body["line_user_id"], "•••");
    hides_everything(&world.get(&world.weak, "/customers").await.is(200));
    let clear = world.get(&world.shop.key, &one).await.is(200);
    assert_eq!((&clear.body["phone"], clear.head("etag")), (&json!("+818012349876"), seen.head("etag")));
    for query in ["phone=080-1234-9876", "email=taro@example.jp", "line_user_id=U4af49"] {
        world.get(&world.weak, &format!("/customers?{query}")).await.problem(403, "permission_missing");
        let found = world.get(&world.shop.key, &format!("/customers?{query}")).await.is(200).ids();
        assert_eq!(found, std::slice::from_ref(&world.customer));
    }
    assert_eq!(world.get(&world.weak, "/customers?name=%E4%BD%90%E8%97%A4").await.is(200).ids().len(), 1);

    // Of a new customer they can say it, and a mask is never taken for it.
    let body = json!({ "name": "x", "phone": "080-1234-0000", "email": "x@example.jp" });
    let made = world.post(&world.weak, "/customers", &body).await.is(201);
    hides_everything(&made);
    assert_eq!(made.body["phone"], "•••-0000");
    // Of one who is there they change the rest.
    for (member, value) in [
        ("phone", json!("070-1234-1111")),
        ("phone", json!("080-1234-9876")),
        ("email", json!("stranger@example.jp")),
        ("email", Value::Null),
        ("address", json!("x")),
        ("line_user_id", json!("U0")),
        ("line_picture_url", json!("https://example.jp/x.png")),
        ("notification_settings", json!({})),
    ] {
        world.patch(&world.weak, &json!({ member: value })).await.problem(403, "permission_missing");
    }
    let set = world.patch(&world.weak, &json!({ "notes": "窓際" })).await.is(200);
    hides_everything(&set);
    assert_eq!((&set.body["phone"], &set.body["notes"]), (&json!("•••-9876"), &json!("窓際")));
    for member in ["phone", "email", "address", "line_user_id"] {
        let back = world.patch(&world.weak, &json!({ member: seen.body[member] })).await;
        assert_eq!(back.violation(), (format!("/{member}"), "masked".to_owned()));
    }
    let unmasked = world.get(&world.shop.key, &one).await.is(200).body;
    assert_eq!((&unmasked["phone"], &unmasked["address"]), (&json!("+818012349876"), &json!("東京都渋谷区1-2-3")));
    assert_eq!(unmasked["notification_settings"], json!({ "channels": { "sms": false } }));
}

async fn bookings_are_masked(db: TestDb) {
    let world = World::on(&db).await;
    let booked = world.post(&world.weak, "/bookings", &world.wish(NOON)).await.is(201);
    hides_everything(&booked);
    assert_eq!(booked.body["customer_phone"], "•••-9876");
    assert_eq!(booked.body["customer_name"], "佐藤 太郎");
    assert!(booked.body.get("manage_token").is_none(), "the link shows everything");
    let one = format!("/bookings/{}", booked.id());
    for path in ["/bookings".to_owned(), one.clone(), format!("{one}/changes"), format!("{one}.ics")] {
        hides_everything(&world.get(&world.weak, &path).await.is(200));
    }
    // Calendars name nobody, whoever reads them.
    for path in [format!("{one}.ics"), "/calendar.ics".to_owned(), format!("{one}/changes")] {
        let answer = world.get(&world.shop.key, &path).await.is(200);
        assert!(!answer.body.to_string().contains("佐藤"), "{path}");
        hides_everything(&answer);
    }
    let notes = world.app.patch(world.shop.at(&one), &json!({ "staff_notes": "x" })).key(&world.weak).send().await;
    hides_everything(&notes.is(200));
    let moved = json!({ "start": "2026-03-20T05:00:00Z", "reason": "x" });
    hides_everything(&world.post(&world.weak, &format!("{one}/reschedule"), &moved).await.is(200));
    let cancelled = world.post(&world.weak, &format!("{one}/cancel"), &json!({ "reason": "x" })).await.is(200);
    assert_eq!(
        (&cancelled.body["customer_phone"], &cancelled.body["status"]),
        (&json!("•••-9876"), &json!("cancelled"))
    );
    let clear = world.get(&world.shop.key, &one).await.is(200).body;
    assert_eq!(clear["customer_phone"], "+818012349876");
    let clear = world.post(&world.shop.key, "/bookings", &world.wish(NOON)).await.is(201).body;
    assert!(clear["manage_token"].is_string() && clear["customer_phone"] == "+818012349876");
}

/// Who books for a number is taken for the customer who has it, and does not learn who that is.
async fn no_number_is_looked_up_by_booking_for_it(db: TestDb) {
    let world = World::on(&db).await;
    let probe = |start: &str| json!({ "menu_id": world.shop.menu, "start": start, "customer": { "name": "probe", "phone": "080-1234-9876" } });
    let probed = world.post(&world.weak, "/bookings", &probe(NOON)).await.is(201);
    assert_eq!(probed.body.get("customer_id"), None);
    for path in ["/bookings".to_owned(), format!("/bookings/{}", probed.id())] {
        let seen = world.get(&world.weak, &path).await.is(200);
        assert!(!seen.body.to_string().contains(&world.customer), "{:#}", seen.body);
    }
    let of_customer = format!("/bookings?customer_id={}", world.customer);
    world.get(&world.weak, &of_customer).await.problem(403, "permission_missing");
    assert_eq!(world.get(&world.shop.key, &of_customer).await.is(200).ids(), [probed.id()]);
    // Who only reads books for nobody.
    let key = json!({ "name": "reads", "tenant_id": world.shop.tenant, "permissions": ["booking.read"] });
    let key = world.app.post("/v1/api-keys", &key).send().await.is(201).body;
    let key = key["secret"].as_str().expect("a secret");
    let seen = world.get(key, &format!("/bookings/{}", probed.id())).await.is(200);
    assert_eq!(seen.body["customer_id"], json!(world.customer));
}

/// Of each showing: the caller's id, and what was noted.
async fn notes(db: &TestDb) -> Vec<(Option<uuid::Uuid>, Value)> {
    let query = Query::select()
        .columns(["chain", "actor_id", "before_data", "after_data"])
        .from("audit_log")
        .and_where(Expr::col("action").eq("customer.contact_read"))
        .order_by("seq", Order::Asc)
        .to_owned();
    let rows = db.db.all(&query).await.unwrap();
    let note = |row: &musubi_sql::engine::Row| {
        assert_eq!(row.get::<Option<String>>("before_data").unwrap(), None);
        let after: String = row.get("after_data").unwrap();
        (row.get("actor_id").unwrap(), serde_json::from_str(&after).unwrap())
    };
    rows.iter().map(note).collect()
}

async fn every_showing_is_noted(db: TestDb) {
    let world = World::on(&db).await;
    let shop_key: uuid::Uuid = world.shop.key_id.parse().unwrap();
    let (taro, hanako) = (&world.customer, &world.shop.customer);
    let said = |operation: &str, customers: &[&String]| json!({ "operation": operation, "customers": customers });
    // The customers that were added.
    let mut expected = vec![said("create_customer", &[hanako]), said("create_customer", &[taro])];
    let of_key = |notes: Vec<(Option<uuid::Uuid>, Value)>| {
        assert!(notes.iter().all(|(by, _)| *by == Some(shop_key)), "{notes:#?}");
        notes.into_iter().map(|(_, note)| note).collect::<Vec<_>>()
    };
    assert_eq!(of_key(notes(&db).await), expected);

    // What is masked, what names nobody, and what is somebody's own.
    let (one, key) = (format!("/customers/{taro}"), &world.shop.key);
    for path in [one.as_str(), "/customers", "/bookings"] {
        world.get(&world.weak, path).await.is(200);
    }
    world.get(key, "/menus").await.is(200);
    let nobody = world.post(key, "/customers", &json!({ "name": "名前だけ" })).await.is(201).id();
    world.get(key, &format!("/customers/{nobody}")).await.is(200);
    let person = Person::sign_up(&world.app, "jiro@example.jp").await;
    let wish = json!({ "menu_id": world.shop.menu, "start": "2026-03-20T09:00:00Z", "customer": { "phone": "090-1111-2222" } });
    let own = world.post(&person.access, "/bookings", &wish).await.is(201);
    assert_eq!(own.body["customer_phone"], "+819011112222");
    world.get(&person.access, "/bookings").await.is(200);
    assert_eq!(of_key(notes(&db).await), expected);

    world.get(key, &one).await.is(200);
    expected.push(said("get_customer", &[taro]));
    let listed = world.get(key, "/customers").await.is(200);
    assert_eq!(listed.ids().len(), 4);
    let jiro = listed.body["items"].as_array().unwrap().iter().find(|item| item["has_account"] == true).unwrap();
    let jiro = jiro["id"].as_str().unwrap().to_owned();
    let mut reached = [taro, hanako, &jiro];
    reached.sort();
    expected.push(said("list_customers", &reached));
    world.patch(key, &json!({ "notes": "x" })).await.is(200);
    expected.push(said("patch_customer", &[taro]));
    let call = world.app.post(world.shop.at("/bookings"), &world.wish(NOON)).key(key).header("idempotency-key", "k");
    let booked = call.send().await.is(201).id();
    expected.push(said("create_booking", &[taro]));
    // A repeat shows it again.
    let call = world.app.post(world.shop.at("/bookings"), &world.wish(NOON)).key(key).header("idempotency-key", "k");
    assert_eq!(call.send().await.is(201).head("idempotent-replayed"), Some("true"));
    expected.push(said("create_booking", &[taro]));
    world.get(key, &format!("/bookings/{booked}")).await.is(200);
    expected.push(said("get_booking", &[taro]));
    let mut reached = [taro, &jiro];
    reached.sort();
    world.get(key, "/bookings").await.is(200);
    expected.push(said("list_bookings", &reached));
    world.post(key, &format!("/bookings/{booked}/cancel"), &json!({ "reason": "x" })).await.is(200);
    expected.push(said("cancel_booking", &[taro]));
    assert_eq!(of_key(notes(&db).await), expected);

    // The operator is noted, too.
    world.app.get(world.shop.at(&one)).send().await.is(200);
    assert_eq!(notes(&db).await.len(), expected.len() + 1);
    let text = format!("{:?}", notes(&db).await);
    assert!(PRIVATE.iter().all(|private| !text.contains(private)), "{text}");
    let chain = format!("contacts:{}:2026-03-20", world.shop.store);
    let sound = expected.len() as u64 + 1;
    assert_eq!(verify(&db.db, &chain).await.unwrap(), Verified { sound, flaw: None });
}

on_each_engine!(
    customers_are_masked,
    bookings_are_masked,
    no_number_is_looked_up_by_booking_for_it,
    every_showing_is_noted
);
