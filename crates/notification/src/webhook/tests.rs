//! Webhooks over their fakes.

use super::courier::Courier;
use super::delivery::{Delivery, DeliveryStatus, DeliveryStatusCode};
use super::dispatch::{Delivering, Dispatcher};
use super::endpoint::{Endpoint, EndpointDetails, EndpointState};
use super::endpoints::{Endpoints, MOST, Ports};
use super::filter::EventFilter;
use super::memory::{HttpsAlone, Receiver, WebhooksInMemory};
use super::ports::{DeliveryFilter, Heard, NotCalled};
use super::replay::Range;
use super::schedule::PATIENCE;
use super::secret::{MOST_LIVE, OVERLAP};
use crate::notification::Notification;
use crate::sender::Progress;
use crate::template::engine::Fault;
use crate::testing::{STORE, TENANT, at};
use crate::witness::Witness;
use chrono::TimeDelta;
use musubi_kernel::access::{Caller, Permission, TenantScope};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::error::{EntityError, Failure as _};
use musubi_kernel::id::{CountingIds, EventId, TemplateId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobQueue as _};
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::record::DomainEvent;
use musubi_kernel::retry::NoPause;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// Of how many deliveries it was heard what has become of them: delivered, given up.
#[derive(Default)]
struct Told(Mutex<(u32, u32)>);

impl Witness for Told {
    fn notification(&self, _: &Notification) {}
    fn wording(&self, _: &Notification, _: TemplateId, _: &Fault) {}
    fn delivery(&self, settled: &Delivery) {
        let (delivered, given_up) = &mut *self.0.lock().unwrap();
        match settled.status {
            DeliveryStatus::Delivered { .. } => *delivered += 1,
            _ => *given_up += 1,
        }
    }
}

struct World {
    endpoints: Endpoints,
    dispatcher: Dispatcher,
    courier: Courier,
    store: Arc<WebhooksInMemory>,
    jobs: Arc<JobsInMemory>,
    network: Arc<Receiver>,
    witness: Arc<Told>,
    clock: Arc<ManualClock>,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::at(at("2026-03-16T03:00:00Z")));
    let jobs = Arc::new(JobsInMemory::default());
    let store = Arc::new(WebhooksInMemory::new(jobs.clone(), vec![(TENANT, STORE)]));
    let ports = Ports {
        store: store.clone(),
        clock: clock.clone(),
        ids: Arc::new(CountingIds::default()),
        pause: Arc::new(NoPause),
    };
    let (network, witness) = (Arc::new(Receiver::default()), Arc::new(Told::default()));
    World {
        endpoints: Endpoints::new(ports.clone(), Arc::new(HttpsAlone)),
        dispatcher: Dispatcher::new(ports.clone()),
        courier: Courier::new(ports, network.clone(), witness.clone()),
        store,
        jobs,
        network,
        witness,
        clock,
    }
}

fn tenant() -> TenantScope {
    Caller::system().actor.on_tenant(TENANT, Permission::TenantWrite).unwrap()
}

fn details(events: &[&str]) -> EndpointDetails {
    EndpointDetails {
        url: "https://example.jp/hooks".into(),
        description: None,
        events: EventFilter(events.iter().map(|&event| event.to_owned()).collect()),
        store_id: None,
    }
}

fn event(number: u128, kind: &'static str) -> DomainEvent {
    DomainEvent {
        id: EventId(Uuid::from_u128(number)),
        kind: kind.into(),
        tenant: Some(TENANT),
        store: Some(STORE),
        subject: Uuid::from_u128(9),
        payload: json!({ "status": "confirmed" }),
        occurred_at: at("2026-03-16T02:59:59Z") + TimeDelta::seconds(i64::try_from(number).unwrap()),
    }
}

impl World {
    async fn endpoint(&self, events: &[&str]) -> Endpoint {
        self.endpoints.create(&Caller::system(), &tenant(), &details(events), &NoReceipt).await.unwrap()
    }

    async fn deliver(&self, one: &Delivery) -> Progress {
        self.courier.deliver(&Delivering { tenant: TENANT, delivery: one.id }).await.unwrap()
    }

    /// Delivers until it is settled, the clock going along.
    async fn deliver_to_the_end(&self, one: &Delivery) {
        while let Progress::Waits(until) = self.deliver(one).await {
            self.clock.set(until);
        }
    }

    fn statuses(&self) -> Vec<DeliveryStatusCode> {
        self.store.all_deliveries().iter().map(|one| one.status.name()).collect()
    }
}

#[tokio::test]
async fn an_event_goes_once_to_every_endpoint_that_hears_of_it() {
    let world = world();
    let bookings = world.endpoint(&["booking.*"]).await;
    let _menus = world.endpoint(&["menu.*"]).await;
    let all = world.endpoint(&["*"]).await;
    world.endpoints.disable(&Caller::system(), &tenant(), all.id).await.unwrap();
    assert_eq!(world.dispatcher.on(&event(1, "booking.created")).await, Ok(1));
    assert_eq!(world.dispatcher.on(&event(1, "booking.created")).await, Ok(0), "known");
    assert_eq!(world.dispatcher.on(&event(2, "session.created")).await, Ok(0));
    let delivery = world.store.all_deliveries().remove(0);
    assert_eq!(world.deliver(&delivery).await, Progress::Settled);
    let call = world.network.calls().remove(0);
    assert_eq!((call.id, call.secrets), (Uuid::from_u128(1), vec![bookings.secrets[0].shown.clone()]));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    let expected = json!({
        "type": "booking.created", "timestamp": "2026-03-16T03:00:00Z", "store_id": STORE, "data": { "status": "confirmed" },
    });
    assert_eq!((body, delivery.endpoint), (expected, bookings.id));
    assert_eq!(world.statuses(), [DeliveryStatusCode::Delivered]);
    assert_eq!(world.deliver(&delivery).await, Progress::Settled);
    assert_eq!(world.network.calls().len(), 1);
}

#[tokio::test]
async fn what_does_not_work_is_tried_for_three_days_with_the_same_id() {
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    world.dispatcher.on(&event(1, "booking.created")).await.unwrap();
    world.network.always(500);
    let (began, delivery) = (world.clock.now(), world.store.all_deliveries().remove(0));
    world.deliver_to_the_end(&delivery).await;
    let took = world.clock.now() - began;
    assert!(took > TimeDelta::days(3) && took < TimeDelta::days(4), "{took}");
    let calls = world.network.calls();
    assert_eq!(calls.len(), 10);
    assert!(calls.iter().all(|call| *call == calls[0]));
    assert_eq!(world.statuses(), [DeliveryStatusCode::Failed]);
    let endpoint = world.endpoints.get(&tenant(), endpoint.id).await.unwrap();
    assert_eq!((endpoint.is_enabled(), endpoint.failing_since), (true, Some(began)));

    // Once it works again, all is well.
    world.network.always(200);
    world.endpoints.replay(&tenant(), delivery.endpoint, delivery.id).await.unwrap();
    world.deliver_to_the_end(&delivery).await;
    assert_eq!(world.statuses(), [DeliveryStatusCode::Delivered]);
    assert_eq!(world.endpoints.get(&tenant(), endpoint.id).await.unwrap().failing_since, None);
    assert_eq!(*world.witness.0.lock().unwrap(), (1, 1));
}

#[tokio::test]
async fn an_endpoint_that_never_works_is_switched_off_and_others_hear_of_it() {
    let world = world();
    let (broken, other) = (world.endpoint(&["booking.*"]).await, world.endpoint(&["webhook_endpoint.*"]).await);
    world.network.always(503);
    world.dispatcher.on(&event(1, "booking.created")).await.unwrap();
    let first = world.store.all_deliveries().remove(0);
    world.deliver(&first).await;
    world.clock.advance(PATIENCE);
    world.deliver(&first).await;
    let off = world.endpoints.get(&tenant(), broken.id).await.unwrap();
    assert_eq!(off.public_record()["disabled_reason"], "failing");
    let told = world.store.records().into_iter().next_back().unwrap().event;
    assert_eq!((&*told.kind, told.subject), ("webhook_endpoint.disabled", broken.id.0));
    assert_eq!(world.dispatcher.on(&told).await, Ok(1));
    assert_eq!(world.store.all_deliveries()[1].endpoint, other.id);
    // What is on its way is given up, and nothing more is sent there.
    let Progress::Waits(until) = world.deliver(&first).await else { panic!("it waits") };
    world.clock.set(until);
    assert_eq!(world.deliver(&first).await, Progress::Settled);
    assert_eq!((world.statuses()[0], world.network.calls().len()), (DeliveryStatusCode::Failed, 2));
    assert_eq!(world.dispatcher.on(&event(2, "booking.created")).await, Ok(0));
}

#[tokio::test]
async fn an_endpoint_that_is_left_alone_costs_no_try_and_is_not_switched_off() {
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    world.dispatcher.on(&event(1, "booking.created")).await.unwrap();
    let (began, delivery) = (world.clock.now(), world.store.all_deliveries().remove(0));
    world.network.answer([Heard::of(500)]);
    let Progress::Waits(until) = world.deliver(&delivery).await else { panic!("it is tried again") };
    world.clock.set(until);
    let rests = NotCalled { why: "left alone".into(), rest: Duration::from_mins(5) };
    world.network.rest(Some(rests.clone()));
    while world.clock.now() - began < PATIENCE * 2 {
        let Progress::Waits(until) = world.deliver(&delivery).await else { panic!("it waits") };
        assert!(until - world.clock.now() >= TimeDelta::minutes(5), "not before it may be called");
        assert!(until - world.clock.now() <= TimeDelta::minutes(75), "and not long after");
        world.clock.set(until);
    }
    let waiting = world.store.all_deliveries().remove(0);
    assert_eq!((waiting.tries, world.network.calls().len()), (1, 1));
    assert_eq!(waiting.last.unwrap().status, Some(500), "what was heard last is still known");
    let left_alone = world.endpoints.get(&tenant(), endpoint.id).await.unwrap();
    assert_eq!((left_alone.is_enabled(), left_alone.failing_since), (true, Some(began)));

    world.network.rest(None);
    world.deliver_to_the_end(&delivery).await;
    assert_eq!((world.statuses(), world.network.calls().len()), (vec![DeliveryStatusCode::Delivered], 2));

    // What was never tried says why.
    world.network.rest(Some(rests));
    world.dispatcher.on(&event(1_000_000, "booking.created")).await.unwrap();
    let second = world.store.all_deliveries().remove(1);
    world.deliver(&second).await;
    let second = world.store.all_deliveries().remove(1);
    assert_eq!((second.tries, second.last.unwrap().why.as_deref()), (0, Some("left alone")));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off_at_once() {
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    world.dispatcher.on(&event(1, "booking.created")).await.unwrap();
    world.network.answer([Heard::of(410)]);
    let delivery = world.store.all_deliveries().remove(0);
    assert_eq!(world.deliver(&delivery).await, Progress::Settled);
    let EndpointState::Disabled { why, .. } = world.endpoints.get(&tenant(), endpoint.id).await.unwrap().state else {
        panic!("it is switched off")
    };
    assert_eq!((why.code(), world.statuses()), ("gone", vec![DeliveryStatusCode::Failed]));
    let refused = world.endpoints.replay(&tenant(), delivery.endpoint, delivery.id).await.unwrap_err();
    assert_eq!(refused.code(), "endpoint_disabled");
    let refused = world.endpoints.test(&tenant(), endpoint.id).await.unwrap_err();
    assert_eq!(refused.code(), "endpoint_disabled");
}

#[tokio::test]
async fn a_range_is_replayed() {
    use DeliveryStatusCode::{Delivered, Failed, Pending};
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    for number in 1..=5 {
        world.dispatcher.on(&event(number, "booking.created")).await.unwrap();
    }
    world.network.answer([Heard::of(200), Heard::of(200), Heard::of(410)]);
    for one in world.store.all_deliveries() {
        world.deliver(&one).await;
    }
    assert_eq!(world.statuses(), [Delivered, Delivered, Failed, Failed, Failed]);
    world.endpoints.enable(&Caller::system(), &tenant(), endpoint.id).await.unwrap();
    let range = |only_failed| Range {
        from: at("2026-03-16T03:00:01Z"),
        until: at("2026-03-16T03:00:04Z"),
        only_failed,
        after: None,
    };
    let replayed = world.endpoints.replay_range(&tenant(), endpoint.id, &range(true)).await.unwrap();
    assert_eq!((replayed.deliveries, replayed.next), (2, None));
    assert_eq!(world.statuses(), [Delivered, Delivered, Pending, Pending, Failed]);
    let replayed = world.endpoints.replay_range(&tenant(), endpoint.id, &range(false)).await.unwrap();
    assert_eq!(replayed.deliveries, 1, "what waits goes on waiting");
    let before = world.network.calls().len();
    for one in world.store.all_deliveries() {
        world.deliver(&one).await;
    }
    let again: Vec<_> = world.network.calls().iter().skip(before).map(|call| call.id).collect();
    assert_eq!(again, [2, 3, 4].map(Uuid::from_u128), "known by the receiver");
    let failed = DeliveryFilter { status: Some(Failed), ..DeliveryFilter::default() };
    let left = world.endpoints.deliveries(&tenant(), endpoint.id, &failed, &PageRequest::default()).await.unwrap();
    assert_eq!(left.items.len(), 1);
}

#[tokio::test]
async fn a_replay_has_a_job_of_its_own_while_the_one_before_is_still_there() {
    let world = world();
    world.endpoint(&["*"]).await;
    world.dispatcher.on(&event(1, "booking.created")).await.unwrap();
    let delivery = world.store.all_deliveries().remove(0);
    // Nobody settles its job: as if the worker was just about to.
    world.deliver(&delivery).await;
    world.endpoints.replay(&tenant(), delivery.endpoint, delivery.id).await.unwrap();
    assert_eq!(world.jobs.list(&JobFilter::default(), 10).await.unwrap().len(), 2);
    let other = world.endpoint(&["*"]).await;
    let refused = world.endpoints.replay(&tenant(), other.id, delivery.id).await;
    assert_eq!(refused, Err(EntityError::NotFound("webhook_delivery")), "it is another endpoint's");
}

#[tokio::test]
async fn a_renewed_secret_overlaps() {
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    let renew = async |overlap| world.endpoints.renew_secret(&Caller::system(), &tenant(), endpoint.id, overlap).await;
    let renewed = renew(OVERLAP).await.unwrap();
    assert_eq!(renewed.secrets.len(), 2);
    assert!(renewed.secrets[0].shown != endpoint.secrets[0].shown);
    let delivery = world.endpoints.test(&tenant(), endpoint.id).await.unwrap();
    world.deliver(&delivery).await;
    assert_eq!(world.network.calls()[0].secrets.len(), 2);
    world.clock.advance(OVERLAP);
    let delivery = world.endpoints.test(&tenant(), endpoint.id).await.unwrap();
    world.deliver(&delivery).await;
    assert_eq!(world.network.calls()[1].secrets.len(), 1);
    let refused = renew(TimeDelta::days(31)).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_request");
}

#[tokio::test]
async fn so_many_secrets_are_in_use_at_once_and_no_more() {
    let world = world();
    let endpoint = world.endpoint(&["*"]).await;
    let renew = async |overlap| world.endpoints.renew_secret(&Caller::system(), &tenant(), endpoint.id, overlap).await;
    for before in 1..MOST_LIVE {
        assert_eq!(renew(OVERLAP).await.unwrap().secrets.len(), before + 1);
    }
    let present = world.endpoints.get(&tenant(), endpoint.id).await.unwrap();
    assert_eq!(renew(OVERLAP).await.unwrap_err().code(), "too_many_secrets");
    assert_eq!(world.endpoints.get(&tenant(), endpoint.id).await.unwrap(), present, "nothing has changed");
    let delivery = world.endpoints.test(&tenant(), endpoint.id).await.unwrap();
    world.deliver(&delivery).await;
    assert_eq!(world.network.calls()[0].secrets.len(), MOST_LIVE);
    // Those before can always be ended, and end by themselves.
    world.clock.advance(OVERLAP);
    assert_eq!(renew(OVERLAP).await.unwrap().secrets.len(), 2);
    assert_eq!(renew(TimeDelta::zero()).await.unwrap().secrets.len(), 1);
}

#[tokio::test]
async fn rules_of_endpoints() {
    let world = world();
    let bad = EndpointDetails {
        url: "http://localhost/".into(),
        description: Some("a\nb".into()),
        events: EventFilter(vec!["user.*".into()]),
        store_id: Some(Uuid::from_u128(77).into()),
    };
    let refused = world.endpoints.create(&Caller::system(), &tenant(), &bad, &NoReceipt).await.unwrap_err();
    let codes: Vec<_> = refused.violations().iter().map(|found| (found.pointer.as_str(), found.code)).collect();
    let expected = [
        ("/url", "not_https"),
        ("/description", "control_character"),
        ("/events/0", "unknown_event"),
        ("/store_id", "unknown_store"),
    ];
    assert_eq!(codes, expected);
    for _ in 0..MOST {
        world.endpoint(&["*"]).await;
    }
    let one_more = world.endpoints.create(&Caller::system(), &tenant(), &details(&["*"]), &NoReceipt).await;
    assert_eq!(one_more.unwrap_err().code(), "too_many_endpoints");

    let first = world.endpoints.list(&tenant(), &PageRequest::default()).await.unwrap().items.remove(0);
    let revision =
        |present: &EndpointDetails| Ok(EndpointDetails { description: Some("Till".into()), ..present.clone() });
    let system = Caller::system();
    let stale = world.endpoints.change(&system, &tenant(), first.id, Some(7), revision).await;
    assert_eq!(stale, Err(EntityError::Stale { expected: 7, actual: 1 }));
    let changed = world.endpoints.change(&system, &tenant(), first.id, Some(1), revision).await.unwrap();
    assert_eq!((changed.version, changed.details.description.as_deref()), (2, Some("Till")));
    world.endpoints.remove(&system, &tenant(), first.id, None).await.unwrap();
    assert_eq!(world.endpoints.get(&tenant(), first.id).await, Err(EntityError::NotFound("webhook_endpoint")));
    let stranger = system.actor.on_tenant(Uuid::from_u128(66).into(), Permission::TenantWrite).unwrap();
    assert_eq!(world.endpoints.get(&stranger, first.id).await, Err(EntityError::NotFound("webhook_endpoint")));
}
