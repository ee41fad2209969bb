//! What happens in a shop is delivered, tried again, and given up.

use super::{House, settings, signed};
use crate::receiver::{Receiver, Way};
use chrono::TimeDelta;
use musubi_kernel::access::{Caller, Permission, TenantScope};
use musubi_kernel::id::{SystemIds, TenantId};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::NoPause;
use musubi_notification::webhook::delivery::{Delivery, DeliveryStatusCode};
use musubi_notification::webhook::endpoint::{Endpoint, EndpointDetails};
use musubi_notification::webhook::endpoints::{Endpoints, Ports};
use musubi_notification::webhook::filter::EventFilter;
use musubi_notification::webhook::ports::DeliveryFilter;
use musubi_notification::webhook::schedule::PATIENCE;
use musubi_sql_testing::{TestDb, on_each_engine};
use musubi_worker::webhooks::Addresses;
use serde_json::{Value, json};
use std::sync::Arc;

on_each_engine!(
    a_booking_is_told_to_the_endpoints_that_hear_of_it,
    what_does_not_work_is_tried_again_by_the_schedule,
    an_endpoint_that_never_works_is_switched_off_with_notice,
    an_endpoint_that_is_gone_is_switched_off_at_once,
);

/// The endpoints of a shop's tenant.
struct Told {
    house: House,
    endpoints: Endpoints,
    tenant: TenantScope,
}

impl Told {
    async fn on(db: &TestDb) -> Self {
        let house = House::on(db).await;
        let tenant: TenantId = house.shop.tenant.parse::<uuid::Uuid>().unwrap().into();
        let ports = Ports {
            store: Arc::new(db.store()),
            clock: house.app.clock.clone(),
            ids: Arc::new(SystemIds),
            pause: Arc::new(NoPause),
        };
        let endpoints = Endpoints::new(ports, Arc::new(Addresses::new(&settings())));
        let tenant = Caller::system().actor.on_tenant(tenant, Permission::TenantWrite).unwrap();
        Self { house, endpoints, tenant }
    }

    async fn endpoint(&self, at: &Receiver, events: &[&str]) -> Endpoint {
        let events = EventFilter(events.iter().map(|&event| event.to_owned()).collect());
        let details = EndpointDetails { url: at.url(), description: None, events, store_id: None };
        self.endpoints.create(&Caller::system(), &self.tenant, &details, &NoReceipt).await.unwrap()
    }

    async fn deliveries(&self, to: &Endpoint) -> Vec<Delivery> {
        let (filter, page) = Default::default();
        let filter: DeliveryFilter = filter;
        self.endpoints.deliveries(&self.tenant, to.id, &filter, &page).await.unwrap().items
    }

    async fn present(&self, endpoint: &Endpoint) -> Endpoint {
        self.endpoints.get(&self.tenant, endpoint.id).await.unwrap()
    }
}

fn secret(endpoint: &Endpoint) -> &str {
    endpoint.secrets[0].shown.expose()
}

async fn a_booking_is_told_to_the_endpoints_that_hear_of_it(db: TestDb) {
    let told = Told::on(&db).await;
    let (bookings, menus) = (Receiver::that([]).await, Receiver::that([]).await);
    let endpoint = told.endpoint(&bookings, &["booking.*"]).await;
    told.endpoint(&menus, &["menu.*"]).await;
    let booking = told.house.book(3).await;
    told.house.work().await;
    let heard = bookings.heard();
    let [call] = &heard[..] else { panic!("{heard:#?}") };
    assert_eq!(signed(call, secret(&endpoint)), (true, told.house.app.clock_now().timestamp()));
    assert_eq!((call.path.as_str(), call.head("content-type")), ("/hooks/musubi?shop=1", "application/json"));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!((&body["type"], &body["store_id"]), (&json!("booking.created"), &json!(told.house.shop.store)));
    assert_eq!(body["data"]["id"], json!(booking), "{body:#}");
    assert!(!call.body.contains("080-1111-2222"), "how customers are reached is asked for by who may: {}", call.body);
    assert_eq!(menus.heard().len(), 0);
    let [delivery] = &told.deliveries(&endpoint).await[..] else { panic!("one delivery") };
    assert_eq!(delivery.event.to_string(), call.head("webhook-id"));
    assert_eq!((delivery.status.name(), delivery.tries), (DeliveryStatusCode::Delivered, 1));

    // A secret that was renewed signs beside the one before.
    let renewed =
        told.endpoints.renew_secret(&Caller::system(), &told.tenant, endpoint.id, TimeDelta::hours(1)).await.unwrap();
    let cancelled = told.house.shop.at(&format!("/bookings/{booking}/cancel"));
    told.house.app.post(cancelled, &json!({ "reason": "ill" })).send().await.is(200);
    told.house.work().await;
    let call = bookings.heard().pop().unwrap();
    assert!(call.body.contains("booking.cancelled"));
    assert!(signed(&call, secret(&endpoint)).0 && signed(&call, secret(&renewed)).0);
}

async fn what_does_not_work_is_tried_again_by_the_schedule(db: TestDb) {
    let told = Told::on(&db).await;
    let ways = [Way::Says(500), Way::Busy(400), Way::HangsUp, Way::Stalls];
    let receiver = Receiver::that(ways).await;
    let endpoint = told.endpoint(&receiver, &["booking.created"]).await;
    told.house.book(3).await;
    let clock = &told.house.app.clock;
    for (tries, status, least, most) in [
        (1, Some(500), 5, 6),
        // What the receiver asks for is more than the schedule has.
        (2, Some(429), 400, 400),
        (3, None, 1_800, 1_980),
        (4, None, 7_200, 7_920),
    ] {
        let now = told.house.app.clock_now();
        told.house.work().await;
        let delivery = told.deliveries(&endpoint).await.remove(0);
        let last = delivery.last.clone().unwrap();
        assert_eq!((delivery.tries, last.status), (tries, status), "{last:?}");
        assert!(last.why.is_some());
        let waits = delivery.waits_until().unwrap();
        let seconds = (waits - now).num_seconds();
        assert!((least..=most).contains(&seconds), "{seconds} s after try {tries}");
        // Not before its time.
        clock.set(waits - TimeDelta::milliseconds(1));
        told.house.work().await;
        assert_eq!(receiver.heard().len(), usize::try_from(tries).unwrap());
        clock.set(waits);
    }
    told.house.work().await;
    let delivery = told.deliveries(&endpoint).await.remove(0);
    assert_eq!((delivery.status.name(), delivery.tries), (DeliveryStatusCode::Delivered, 5));
    let calls = receiver.heard();
    assert_eq!(calls.len(), 5);
    for call in &calls {
        assert!(signed(call, secret(&endpoint)).0);
        assert_eq!((call.head("webhook-id"), &call.body), (calls[0].head("webhook-id"), &calls[0].body));
    }
    assert!(signed(&calls[4], secret(&endpoint)).1 > signed(&calls[0], secret(&endpoint)).1, "each try has its time");
    assert_eq!(told.present(&endpoint).await.failing_since, None);
}

async fn an_endpoint_that_never_works_is_switched_off_with_notice(db: TestDb) {
    let told = Told::on(&db).await;
    let (broken, other) = (Receiver::that([Way::Says(503); 20]).await, Receiver::that([]).await);
    let endpoint = told.endpoint(&broken, &["*"]).await;
    let watching = told.endpoint(&other, &["webhook_endpoint.*"]).await;
    told.house.book(3).await;
    told.house.work().await;
    assert_eq!(told.present(&endpoint).await.failing_since, Some(told.house.app.clock_now()));
    told.house.app.clock.advance(PATIENCE);
    told.house.work().await;
    let off = told.present(&endpoint).await;
    assert_eq!(off.public_record()["disabled_reason"], "failing");
    let heard = other.heard();
    let [notice] = &heard[..] else { panic!("{heard:#?}") };
    assert!(signed(notice, secret(&watching)).0);
    let notice: Value = serde_json::from_str(&notice.body).unwrap();
    assert_eq!(notice["type"], "webhook_endpoint.disabled");
    assert_eq!((&notice["data"]["id"], &notice["data"]["enabled"]), (&json!(endpoint.id), &json!(false)));
    // Nothing more goes there, and what was on its way is given up.
    let calls = broken.heard().len();
    told.house.app.patch(told.house.shop.at(""), &json!({ "description": "new" })).send().await.is(200);
    told.house.app.clock.advance(TimeDelta::days(3));
    told.house.work().await;
    assert_eq!(broken.heard().len(), calls);
    let left = told.deliveries(&endpoint).await;
    assert!(left.iter().all(|one| one.status.name() == DeliveryStatusCode::Failed), "{left:#?}");

    // Once it works again it is enabled, and hears of what it missed.
    broken.becomes([]);
    told.endpoints.enable(&Caller::system(), &told.tenant, endpoint.id).await.unwrap();
    told.endpoints.replay(&told.tenant, endpoint.id, left[0].id).await.unwrap();
    told.house.work().await;
    let again = broken.heard().pop().unwrap();
    assert_eq!(again.head("webhook-id"), left[0].event.to_string());
    assert!(told.present(&endpoint).await.is_enabled());
}

async fn an_endpoint_that_is_gone_is_switched_off_at_once(db: TestDb) {
    let told = Told::on(&db).await;
    let receiver = Receiver::that([Way::Says(410)]).await;
    let endpoint = told.endpoint(&receiver, &["booking.created"]).await;
    told.house.book(3).await;
    told.house.work().await;
    assert_eq!(told.present(&endpoint).await.public_record()["disabled_reason"], "gone");
    let delivery = told.deliveries(&endpoint).await.remove(0);
    assert_eq!((delivery.status.name(), delivery.tries), (DeliveryStatusCode::Failed, 1));
}
