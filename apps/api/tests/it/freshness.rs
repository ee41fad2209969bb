//! What is remembered is never stale: two nodes on one database, and a third that remembers nothing to compare with.

use crate::app::{Answer, TestApp, instant};
use crate::booked::Booked;
use crate::isolation::Operation;
use crate::shop::Shop;
use chrono::{NaiveDate, TimeDelta};
use futures_util::future::join_all;
use musubi_kernel::id::{StoreId, TenantId};
use musubi_kernel::revision::{Revisions as _, Subject};
use musubi_sql_testing::{TestDb, on_each_engine};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

/// Operations that write nothing which anything remembered could rest on: the thing they make was not there before.
const OF_NEW_THINGS: &[&str] = &["create_store", "create_tenant"];

/// Operations that write no setting: they put deliveries on their way, or find what they ask for done.
const OF_DELIVERIES: &[&str] =
    &["enable_webhook_endpoint", "replay_webhook_delivery", "replay_webhook_range", "test_webhook_endpoint"];

/// Operations that decide nothing about what is offered.
const OF_NO_OFFER: &[&str] =
    &["make_line_code", "preview_notification_template", "resend_notification", "withdraw_consent"];

fn subjects(shop: &Shop) -> [Subject; 4] {
    let store: StoreId = shop.store.parse::<uuid::Uuid>().unwrap().into();
    let tenant: TenantId = shop.tenant.parse::<uuid::Uuid>().unwrap().into();
    let day = |day: &str| day.parse::<NaiveDate>().unwrap();
    let days = Subject::Days { store, from: day("2026-03-18"), to: day("2026-03-24") };
    [Subject::Installation, Subject::Tenant(tenant), Subject::Store(store), days]
}

/// A new operation that forgets to move a revision is found here.
async fn every_write_moves_a_revision(db: TestDb) {
    let (app, revisions) = (TestApp::on(&db).await, db.store());
    let morning = instant("2026-03-20T00:00:00Z");
    let writes = Operation::all().filter(|operation| operation.method != "GET" && operation.path.starts_with("/v1"));
    for (index, operation) in writes.enumerate() {
        let (id, slug) = (operation.id.as_str(), format!("shop-{index}"));
        app.clock.set(morning);
        let shop =
            if id == "confirm_booking" { Booked::pending(&app, &slug).await } else { Booked::open(&app, &slug).await };
        if ["complete_booking", "mark_no_show"].contains(&id) {
            app.clock.set(instant("2026-03-20T05:00:00Z"));
        }
        let subjects = subjects(&shop);
        let before = revisions.of(&subjects).await.unwrap();
        let answer = operation.call(&app, &shop).send().await;
        assert!(answer.status.is_success(), "{id}: {answer:#?}");
        let after = revisions.of(&subjects).await.unwrap();
        let moved: Vec<bool> = before.iter().zip(&after).map(|(before, after)| after > before).collect();
        assert!(before.iter().zip(&after).all(|(before, after)| after >= before), "{id}: a revision went back");
        let [_, tenant, store, days] = moved[..] else { unreachable!("four subjects") };
        match operation.details["tags"][0].as_str().unwrap() {
            _ if OF_NEW_THINGS.contains(&id) || OF_DELIVERIES.contains(&id) || OF_NO_OFFER.contains(&id) => {
                assert!(!moved.contains(&true), "{id}: {moved:?}");
            }
            // Customers decide nothing about what is offered; they must not make anything stale.
            "customers" => assert!(!moved.contains(&true), "{id}: {moved:?}"),
            "slots" | "bookings" | "public" => assert!(days && !store && !tenant, "{id}: {moved:?}"),
            "tenants" | "keys" | "webhooks" => assert!(tenant, "{id}: {moved:?}"),
            _ => assert!(store && !days, "{id}: {moved:?}"),
        }
    }
}

on_each_engine!(every_write_moves_a_revision);

/// Two nodes, and one that remembers nothing, with one clock.
struct Nodes {
    nodes: [TestApp; 2],
    forgetful: TestApp,
}

impl Nodes {
    async fn on(db: &TestDb) -> Self {
        let first = TestApp::on(db).await;
        let clock = first.clock.clone();
        let second = TestApp::beside(db, &clock, 16 * 1024 * 1024).await;
        let forgetful = TestApp::beside(db, &clock, 0).await;
        Self { nodes: [first, second], forgetful }
    }

    /// Both nodes answer as the one that computes everything.
    async fn agree(&self, path: &str, key: Option<&str>, when: &str) {
        let ask = async |app: &TestApp| {
            let call = app.get(path);
            let call = if let Some(key) = key { call.key(key) } else { call.anonymous() };
            let Answer { status, body, .. } = call.send().await;
            let problem = body["code"].clone();
            if status.is_success() { (status, body) } else { (status, problem) }
        };
        let right = ask(&self.forgetful).await;
        for (node, app) in self.nodes.iter().enumerate() {
            // Once as it was remembered, and once as it is now.
            for turn in 0..2 {
                assert_eq!(ask(app).await, right, "node {node}, turn {turn}, {when}: {path}");
            }
        }
    }
}

/// Whatever is written through whichever node, the next answer of either is what a fresh computation says.
async fn answers_are_those_of_a_fresh_computation(db: TestDb) {
    let nodes = Nodes::on(&db).await;
    let shop = Shop::open(&nodes.nodes[0], "shop").await;
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut below = |most: usize| (rng.next_u32() as usize) % most;
    let (mut bookings, mut holds): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let paths = [
        format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-24", shop.menu),
        format!("/slots?menu_id={}&from=2026-03-19&to=2026-03-21&explain=true", shop.menu),
        format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20&option_ids={}", shop.menu, shop.option),
    ];
    for step in 0..90 {
        let app = &nodes.nodes[below(2)];
        let start = instant("2026-03-20T01:00:00Z") + TimeDelta::minutes(30 * i64::try_from(below(30)).unwrap());
        let wish = json!({ "menu_id": shop.menu, "start": start, "source": "staff" });
        let some = below(1000);
        let what = match below(16) {
            0..=4 => {
                let mut booking = wish;
                booking["customer"] = json!({ "name": "鈴木", "phone": format!("080-1111-{:04}", below(10_000)) });
                let answer = app.post(shop.at("/bookings"), &booking).send().await;
                bookings.extend((answer.status == 201).then(|| answer.id()));
                "book"
            }
            5 | 6 => {
                let answer = app.post(shop.at("/holds"), &wish).send().await;
                holds.extend(answer.body["hold_token"].as_str().map(str::to_owned));
                "hold"
            }
            7 if !holds.is_empty() => {
                let hold = holds.swap_remove(some % holds.len());
                app.delete(shop.at(&format!("/holds/{hold}"))).send().await;
                "release"
            }
            8 if !bookings.is_empty() => {
                let booking = bookings.swap_remove(some % bookings.len());
                app.post(shop.at(&format!("/bookings/{booking}/cancel")), &json!({ "reason": "ill" })).send().await;
                "cancel"
            }
            9 if !bookings.is_empty() => {
                let path = shop.at(&format!("/bookings/{}/reschedule", bookings[some % bookings.len()]));
                app.post(path, &json!({ "reason": "asked", "start": start })).send().await;
                "reschedule"
            }
            10 => {
                let change = json!({ "base_price": 1000 + some, "base_duration": 30 + 15 * (some % 4) });
                app.patch(shop.at(&format!("/menus/{}", shop.menu)), &change).send().await.is(200);
                "menu"
            }
            11 => {
                let change =
                    json!({ "time_slot_interval": 15 + 15 * (some % 2), "booking_limit_per_day": 3 + some % 9 });
                app.patch(shop.at(""), &change).send().await.is(200);
                "store"
            }
            12 => {
                let absence = json!({ "from": start, "to": start + TimeDelta::hours(1) });
                app.post(shop.at(&format!("/resources/{}/absences", shop.resource)), &absence).send().await.is(201);
                "absence"
            }
            13 => {
                let day = json!({ "is_holiday": some % 2 == 0, "holiday_type": "store_holiday" });
                app.put(shop.at(&format!("/calendar/2026-03-{}", 20 + some % 4)), &day).send().await;
                "calendar"
            }
            14 => {
                let change = json!({ "is_active": some % 3 != 0 });
                app.patch(format!("/v1/tenants/{}", shop.tenant), &change).send().await.is(200);
                "tenant"
            }
            _ => {
                app.clock.advance(TimeDelta::seconds(i64::try_from(some).unwrap()));
                "clock"
            }
        };
        let (path, when) = (shop.at(&paths[step % paths.len()]), format!("after step {step}, {what}"));
        for key in [None, Some(crate::app::OPERATOR), Some(shop.key.as_str())] {
            nodes.agree(&path, key, &when).await;
        }
    }
}

on_each_engine!(answers_are_those_of_a_fresh_computation);

/// Many at a time: what somebody booked is not offered in any answer to a question they ask afterwards, and what they
/// cancelled is.
async fn nobody_is_offered_what_they_know_is_taken(db: TestDb) {
    let nodes = Nodes::on(&db).await;
    let shop = Shop::open(&nodes.nodes[0], "shop").await;
    let slots = shop.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20", shop.menu));
    let offers = async |app: &TestApp, start: &str| {
        let body = app.get(&slots).key(&shop.key).send().await.is(200).body;
        body["items"].as_array().unwrap().iter().any(|slot| slot["start"] == start)
    };
    let guest = async |n: usize| {
        let start = format!("2026-03-20T{:02}:00:00Z", n + 2);
        let (here, there) = (&nodes.nodes[n % 2], &nodes.nodes[(n + 1) % 2]);
        for round in 0..4 {
            let phone = format!("080-1111-{n:02}{round:02}");
            let wish = json!({ "menu_id": shop.menu, "start": start, "customer": { "name": "鈴木", "phone": phone } });
            let booking = here.post(shop.at("/bookings"), &wish).key(&shop.key).send().await.is(201).id();
            assert!(!offers(there, &start).await && !offers(here, &start).await, "{start} is taken");
            let cancel = shop.at(&format!("/bookings/{booking}/cancel"));
            there.post(cancel, &json!({ "reason": "ill" })).key(&shop.key).send().await.is(200);
            assert!(offers(here, &start).await && offers(there, &start).await, "{start} is free");
        }
    };
    join_all((0..10).map(guest)).await;
}

on_each_engine!(nobody_is_offered_what_they_know_is_taken);

async fn a_revoked_key_is_refused_at_once_on_every_node(db: TestDb) {
    let nodes = Nodes::on(&db).await;
    let [here, there] = &nodes.nodes;
    let shop = Shop::open(here, "shop").await;
    let body =
        json!({ "name": "till", "permissions": ["booking.read"], "tenant_id": shop.tenant, "store_id": shop.store });
    let made = here.post("/v1/api-keys", &body).send().await.is(201).body;
    let (id, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let slots = shop.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20", shop.menu));
    for app in &nodes.nodes {
        app.get(&slots).key(secret).send().await.is(200);
        app.get(&slots).key(secret).send().await.is(200);
    }
    here.delete(format!("/v1/api-keys/{id}?tenant_id={}", shop.tenant)).send().await.is(204);
    for app in [there, here] {
        app.get(&slots).key(secret).send().await.problem(401, "bad_credentials");
    }
}

on_each_engine!(a_revoked_key_is_refused_at_once_on_every_node);

#[tokio::test]
async fn a_key_ends_by_the_clock_though_nothing_is_written() {
    let app = TestApp::new().await;
    let shop = Shop::open(&app, "shop").await;
    let ends = app.clock_now() + TimeDelta::minutes(10);
    let body = json!({ "name": "till", "permissions": ["booking.read"], "tenant_id": shop.tenant, "expires_at": ends });
    let made = app.post("/v1/api-keys", &body).send().await.is(201).body;
    let secret = made["secret"].as_str().unwrap();
    let slots = shop.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20", shop.menu));
    app.get(&slots).key(secret).send().await.is(200);
    app.clock.set(ends - TimeDelta::microseconds(1));
    app.get(&slots).key(secret).send().await.is(200);
    app.clock.set(ends);
    app.get(&slots).key(secret).send().await.problem(401, "bad_credentials");
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_though_nothing_is_written() {
    let app = TestApp::new().await;
    let shop = Shop::open(&app, "shop").await;
    let start = "2026-03-20T03:00:00Z";
    let slots = shop.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20&source=web", shop.menu));
    let offered = async || {
        let body = app.get(&slots).key(&shop.key).send().await.is(200).body;
        body["items"].as_array().unwrap().iter().any(|slot: &Value| slot["start"] == start)
    };
    // Between whole minutes: an answer of the same minute would be remembered.
    app.clock.set(instant("2026-03-20T00:00:30.5Z"));
    assert!(offered().await);
    let wish = json!({ "menu_id": shop.menu, "start": start });
    let held = app.post(shop.at("/holds"), &wish).key(&shop.key).send().await.is(201).body;
    let ends = instant(held["expires_at"].as_str().unwrap());
    assert!(!offered().await);
    app.clock.set(ends - TimeDelta::microseconds(1));
    assert!(!offered().await);
    app.clock.set(ends);
    assert!(offered().await);
}
