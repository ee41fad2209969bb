//! Webhooks: the same rules on each engine and on the fake.

use crate::contract::World;
use crate::crowd::all_at_once;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{Caller, Permission, TenantScope};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{CountingIds, DeliveryId, EndpointId, EventId, StoreId, TenantId};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobQueue};
use musubi_kernel::page::{Cursor, PageRequest};
use musubi_kernel::record::{Change, DomainEvent, Record};
use musubi_kernel::retry::{NoPause, retrying};
use musubi_notification::webhook::delivery::{Answer, Delivery, DeliveryStatusCode};
use musubi_notification::webhook::endpoint::{DisabledReason, Endpoint, EndpointDetails};
use musubi_notification::webhook::filter::EventFilter;
use musubi_notification::webhook::memory::WebhooksInMemory;
use musubi_notification::webhook::ports::{DeliveryFilter, WebhookStore};
use musubi_notification::webhook::secret::SigningSecret;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Makes tests of an `async fn(Hooks)`: one for the fake and one for each engine.
macro_rules! hooks {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::webhooks::Hooks;
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            #[tokio::test]
            async fn memory() {
                super::$name(Hooks::in_memory()).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, on_database);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, on_database);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, on_database);
            }
            async fn on_database(test: TestDb) {
                super::$name(Hooks::over(&test).await).await;
            }
        }
    )+};
}

hooks!(
    an_endpoint_is_kept_whole,
    many_who_add_endpoints_add_no_more_than_there_may_be,
    an_endpoint_is_written_over_its_version_alone,
    endpoints_are_their_tenants,
    a_removed_endpoint_takes_its_deliveries_along,
    an_event_is_delivered_once_to_an_endpoint,
    a_delivery_is_kept_whole,
    deliveries_are_listed_youngest_first,
);
on_each_engine!(
    many_who_handle_an_event_deliver_it_once,
    what_an_endpoint_is_told_is_sealed,
    an_endpoint_that_has_gone_meanwhile_gets_nothing,
);

/// The ports, two tenants, and a store of the first.
#[derive(Clone)]
struct Hooks {
    store: Arc<dyn WebhookStore>,
    queue: Arc<dyn JobQueue>,
    own: TenantScope,
    other: TenantScope,
    shop: StoreId,
    ids: Arc<CountingIds>,
}

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-03-20T01:02:03.123456Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

fn scope(tenant: TenantId) -> TenantScope {
    Caller::system().actor.on_tenant(tenant, Permission::TenantWrite).unwrap()
}

impl Hooks {
    fn in_memory() -> Self {
        let (own, other) = (scope(Uuid::from_u128(1).into()), scope(Uuid::from_u128(2).into()));
        let (jobs, shop) = (Arc::new(JobsInMemory::default()), StoreId(Uuid::from_u128(3)));
        let store = Arc::new(WebhooksInMemory::new(jobs.clone(), vec![(own.tenant(), shop)]));
        Self { store, queue: jobs, own, other, shop, ids: Arc::default() }
    }

    async fn over(test: &TestDb) -> Self {
        let (store, world) = (test.store(), World::over(&test.store()));
        let (own, other) = (world.tenant().await, world.tenant().await);
        let shop = world.sister(&own, "hana").await.store();
        Self { store: Arc::new(store), queue: Arc::new(test.db.clone()), own, other, shop, ids: world.ids }
    }

    fn endpoint(&self, of: &TenantScope, when: i64) -> Endpoint {
        let details = EndpointDetails {
            url: "https://example.jp/hooks/t0ps3cret".into(),
            description: None,
            events: EventFilter(vec!["booking.*".into()]),
            store_id: None,
        };
        let id = EndpointId::new(&*self.ids, at(when));
        Endpoint::new(id, of.tenant(), details, SigningSecret::new([7; 32], at(when)), at(when))
    }

    async fn add(&self, when: i64) -> Endpoint {
        let endpoint = self.endpoint(&self.own, when);
        assert_eq!(self.try_to_add(&self.own, &endpoint, 20).await, Ok(true));
        endpoint
    }

    async fn try_to_add(&self, to: &TenantScope, endpoint: &Endpoint, most: u32) -> Result<bool, StoreError> {
        let record = self.record("created", endpoint);
        retrying(&NoPause, || self.store.add_endpoint(to, endpoint, most, &record, None)).await
    }

    fn record(&self, what: &str, of: &Endpoint) -> Record {
        let change = Change {
            kind: format!("webhook_endpoint.{what}").into(),
            subject_kind: "webhook_endpoint",
            subject: of.id.0,
            tenant: Some(of.tenant),
            store: None,
            caller: &Caller::system(),
            at: of.updated_at,
        };
        Record::of(&*self.ids, &change, None::<&Value>, Some(&of.public_record()))
    }

    fn delivery(&self, to: &Endpoint, kind: &'static str, happened: i64) -> (Delivery, NewJob) {
        let event = DomainEvent {
            id: EventId::new(&*self.ids, at(happened)),
            kind: kind.into(),
            tenant: Some(to.tenant),
            store: Some(self.shop),
            subject: Uuid::from_u128(9),
            payload: json!({ "name": "山田\0" }),
            occurred_at: at(happened),
        };
        self.of_event(to, &event, happened)
    }

    fn of_event(&self, to: &Endpoint, event: &DomainEvent, when: i64) -> (Delivery, NewJob) {
        let id = DeliveryId::new(&*self.ids, at(when));
        let delivery = Delivery::of(id, to.tenant, to.id, event, at(when));
        let job = NewJob::new(&*self.ids, "webhook.deliver", json!({ "delivery": id }), at(when));
        (delivery, job.keyed(id.to_string()))
    }

    async fn read(&self, endpoint: &Endpoint) -> Option<Endpoint> {
        self.store.endpoint(&self.own, endpoint.id).await.unwrap()
    }

    async fn jobs(&self) -> usize {
        let filter = JobFilter { kind: Some("webhook.deliver".into()), ..JobFilter::default() };
        self.queue.list(&filter, 1_000).await.unwrap().len()
    }
}

async fn an_endpoint_is_kept_whole(hooks: Hooks) {
    let plain = hooks.add(0).await;
    assert_eq!(hooks.read(&plain).await.as_ref(), Some(&plain));
    let details = EndpointDetails {
        url: "https://例え.jp/a?b=c".into(),
        description: Some("レジ 'x'".into()),
        events: EventFilter(vec!["booking.created".into(), "*".into()]),
        store_id: Some(hooks.shop),
    };
    let revised = plain.revise(details, at(1));
    hooks.store.save_endpoint(&hooks.own, &revised, Some(&hooks.record("updated", &revised))).await.unwrap();
    let renewed = revised.renew(SigningSecret::new([8; 32], at(2)), TimeDelta::hours(24), at(2));
    hooks.store.save_endpoint(&hooks.own, &renewed, None).await.unwrap();
    let failing = renewed.failed(false, at(3)).unwrap();
    hooks.store.save_endpoint(&hooks.own, &failing, None).await.unwrap();
    assert_eq!(hooks.read(&plain).await.as_ref(), Some(&failing));
    assert_eq!(hooks.store.enabled(&hooks.own).await.unwrap(), std::slice::from_ref(&failing));
    let mut before = failing;
    for why in [DisabledReason::ByHand, DisabledReason::Failing, DisabledReason::Gone] {
        let off = before.disable(why, at(4));
        hooks.store.save_endpoint(&hooks.own, &off, None).await.unwrap();
        assert_eq!(hooks.read(&plain).await.as_ref(), Some(&off));
        assert_eq!(hooks.store.enabled(&hooks.own).await.unwrap(), []);
        assert_eq!(hooks.store.with_enabled(&[hooks.own.tenant()]).await.unwrap(), []);
        before = off;
    }
}

async fn many_who_add_endpoints_add_no_more_than_there_may_be(hooks: Hooks) {
    const MOST: u32 = 5;
    hooks.add(0).await;
    let mut added = all_at_once(12, |_| {
        let hooks = hooks.clone();
        Box::pin(async move { hooks.try_to_add(&hooks.own, &hooks.endpoint(&hooks.own, 1), MOST).await.unwrap() })
    })
    .await;
    added.sort_unstable();
    assert_eq!(added, [[false; 8].as_slice(), &[true; 4]].concat());
    let present = hooks.store.endpoints(&hooks.own, &PageRequest { limit: 200, after: None }).await.unwrap();
    assert_eq!(present.items.len(), 5);
    // Others' do not count, and what was removed makes room.
    let others = hooks.endpoint(&hooks.other, 20);
    assert_eq!(hooks.try_to_add(&hooks.other, &others, 1).await, Ok(true));
    let gone = &present.items[0];
    hooks.store.remove_endpoint(&hooks.own, gone, &hooks.record("removed", gone)).await.unwrap();
    assert_eq!(hooks.try_to_add(&hooks.own, &hooks.endpoint(&hooks.own, 30), MOST).await, Ok(true));
}

async fn an_endpoint_is_written_over_its_version_alone(hooks: Hooks) {
    let first = hooks.add(0).await;
    let (one, two) = (first.disable(DisabledReason::ByHand, at(1)), first.disable(DisabledReason::Gone, at(2)));
    hooks.store.save_endpoint(&hooks.own, &one, None).await.unwrap();
    let late = hooks.store.save_endpoint(&hooks.own, &two, Some(&hooks.record("disabled", &two))).await;
    assert_eq!(late, Err(StoreError::Conflict));
    let late = hooks.store.remove_endpoint(&hooks.own, &first, &hooks.record("removed", &first)).await;
    assert_eq!(late, Err(StoreError::Conflict));
    assert_eq!(hooks.read(&first).await, Some(one));
}

async fn endpoints_are_their_tenants(hooks: Hooks) {
    let (first, second, third) = (hooks.add(0).await, hooks.add(1).await, hooks.add(2).await);
    let (own, other) = (&hooks.own, &hooks.other);
    let page = |limit, after: Option<Cursor>| PageRequest { limit, after };
    let found = hooks.store.endpoints(own, &page(2, None)).await.unwrap();
    assert_eq!(found.items, [first.clone(), second]);
    let found = hooks.store.endpoints(own, &page(2, found.next)).await.unwrap();
    assert_eq!((found.items, found.next), (vec![third], None));
    let nonsense = hooks.store.endpoints(own, &page(2, Some(Cursor::after(&json!([1]))))).await;
    assert!(matches!(nonsense, Err(EntityError::Invalid(_))), "{nonsense:?}");

    let (new, job) = hooks.delivery(&first, "booking.created", 3);
    hooks.store.add_deliveries(own, &[(new.clone(), job)]).await.unwrap();
    assert_eq!(hooks.store.endpoint(other, first.id).await, Ok(None));
    assert_eq!(hooks.store.endpoints(other, &page(50, None)).await.unwrap().items, []);
    assert_eq!(hooks.store.enabled(other).await, Ok(vec![]));
    assert_eq!(hooks.store.with_enabled(&[other.tenant(), own.tenant()]).await, Ok(vec![own.tenant()]));
    assert_eq!(hooks.store.with_enabled(&[other.tenant()]).await, Ok(vec![]));
    assert_eq!(hooks.store.delivery(other, new.id).await, Ok(None));
    let listed = hooks.store.deliveries(other, first.id, &DeliveryFilter::default(), &page(50, None)).await.unwrap();
    assert_eq!(listed.items, []);
    let changed = first.disable(DisabledReason::ByHand, at(4));
    assert_eq!(hooks.store.save_endpoint(other, &changed, None).await, Err(StoreError::Conflict));
    assert_eq!(hooks.store.save_delivery(other, &new.tried(at(4)), None).await, Err(StoreError::Conflict));
    let removed = hooks.store.remove_endpoint(other, &first, &hooks.record("removed", &first)).await;
    assert_eq!(removed, Err(StoreError::Conflict));

    assert_eq!(hooks.store.has_store(own, hooks.shop).await, Ok(true));
    assert_eq!(hooks.store.has_store(other, hooks.shop).await, Ok(false));
    assert_eq!(hooks.store.has_store(own, Uuid::from_u128(77).into()).await, Ok(false));
}

async fn a_removed_endpoint_takes_its_deliveries_along(hooks: Hooks) {
    let (endpoint, stays) = (hooks.add(0).await, hooks.add(1).await);
    let (gone, kept) = (hooks.delivery(&endpoint, "booking.created", 2), hooks.delivery(&stays, "booking.created", 2));
    hooks.store.add_deliveries(&hooks.own, &[gone.clone(), kept.clone()]).await.unwrap();
    hooks.store.remove_endpoint(&hooks.own, &endpoint, &hooks.record("removed", &endpoint)).await.unwrap();
    assert_eq!(hooks.read(&endpoint).await, None);
    assert_eq!(hooks.store.delivery(&hooks.own, gone.0.id).await, Ok(None));
    assert_eq!(hooks.store.delivery(&hooks.own, kept.0.id).await, Ok(Some(kept.0)));
}

async fn an_event_is_delivered_once_to_an_endpoint(hooks: Hooks) {
    let (one, two) = (hooks.add(0).await, hooks.add(1).await);
    let first = hooks.delivery(&one, "booking.created", 2);
    let store = &hooks.store;
    assert_eq!(store.add_deliveries(&hooks.own, std::slice::from_ref(&first)).await, Ok(1));
    let again = |to: &Endpoint| {
        let (new, job) = hooks.delivery(to, "booking.created", 3);
        (Delivery { event: first.0.event, ..new }, job)
    };
    let (same, other) = (again(&one), again(&two));
    assert_eq!(store.add_deliveries(&hooks.own, &[same.clone(), other.clone()]).await, Ok(1));
    assert_eq!(store.delivery(&hooks.own, same.0.id).await, Ok(None));
    assert_eq!(store.delivery(&hooks.own, other.0.id).await, Ok(Some(other.0.clone())));
    assert_eq!(store.add_deliveries(&hooks.own, &[same, other]).await, Ok(0));
    assert_eq!(hooks.jobs().await, 2);
}

async fn a_delivery_is_kept_whole(hooks: Hooks) {
    let endpoint = hooks.add(0).await;
    let (new, job) = hooks.delivery(&endpoint, "booking.created", 1);
    hooks.store.add_deliveries(&hooks.own, &[(new.clone(), job)]).await.unwrap();
    let read = async || hooks.store.delivery(&hooks.own, new.id).await.unwrap();
    assert_eq!(read().await.as_ref(), Some(&new));
    let answer = |status, why: Option<&str>| Answer { at: at(2), status, took_ms: 17, why: why.map(str::to_owned) };
    let tried = new.tried(at(2));
    let waits = tried.answered(answer(None, Some("no \"answer\"")), Some(at(60)), at(3));
    let failed = waits.tried(at(60)).answered(answer(Some(500), Some("the endpoint answers 500")), None, at(61));
    let replayed = failed.replayed(at(62)).unwrap();
    let delivered = replayed.tried(at(63)).answered(answer(Some(204), None), None, at(63));
    let steps = [tried, waits, failed.clone(), replayed.clone(), replayed.tried(at(63)), delivered];
    let mut before = new.clone();
    for step in steps.into_iter().chain([failed.tried(at(60))]) {
        if step.version != before.version + 1 {
            // Not the next version: nobody writes over what they have not read.
            assert_eq!(hooks.store.save_delivery(&hooks.own, &step, None).await, Err(StoreError::Conflict));
            if step.version < before.version {
                continue;
            }
            let between = Delivery { version: step.version - 1, ..step.clone() };
            hooks.store.save_delivery(&hooks.own, &between, None).await.unwrap();
        }
        hooks.store.save_delivery(&hooks.own, &step, None).await.unwrap();
        assert_eq!(read().await.as_ref(), Some(&step));
        before = step;
    }
    assert_eq!(hooks.jobs().await, 1);
    let again = before.replayed(at(70)).unwrap();
    let (_, job) = hooks.delivery(&endpoint, "booking.created", 70);
    hooks.store.save_delivery(&hooks.own, &again, Some(&job)).await.unwrap();
    assert_eq!((read().await, hooks.jobs().await), (Some(again), 2));
}

async fn deliveries_are_listed_youngest_first(hooks: Hooks) {
    let (endpoint, other) = (hooks.add(0).await, hooks.add(1).await);
    let mut all = Vec::new();
    for (to, kind, happened) in [
        (&endpoint, "booking.created", 10),
        (&other, "booking.created", 11),
        (&endpoint, "booking.cancelled", 12),
        (&endpoint, "booking.created", 13),
    ] {
        let new = hooks.delivery(to, kind, happened);
        hooks.store.add_deliveries(&hooks.own, std::slice::from_ref(&new)).await.unwrap();
        all.push(new.0);
    }
    let given_up = all[2].given_up("no", at(14));
    hooks.store.save_delivery(&hooks.own, &given_up, None).await.unwrap();
    let list = async |filter: DeliveryFilter| {
        let page = hooks.store.deliveries(&hooks.own, endpoint.id, &filter, &PageRequest::default()).await.unwrap();
        page.items.iter().map(|found| all.iter().position(|one| one.id == found.id).unwrap()).collect::<Vec<_>>()
    };
    let filter = DeliveryFilter::default;
    assert_eq!(list(filter()).await, [3, 2, 0]);
    assert_eq!(list(DeliveryFilter { status: Some(DeliveryStatusCode::Failed), ..filter() }).await, [2]);
    assert_eq!(list(DeliveryFilter { kind: Some("booking.created".into()), ..filter() }).await, [3, 0]);
    assert_eq!(list(DeliveryFilter { kind: Some("\0".into()), ..filter() }).await, [0_usize; 0]);
    assert_eq!(list(DeliveryFilter { from: Some(at(12)), until: Some(at(13)), ..filter() }).await, [2]);
    let page = |after: Option<Cursor>| PageRequest { limit: 2, after };
    let first = hooks.store.deliveries(&hooks.own, endpoint.id, &filter(), &page(None)).await.unwrap();
    assert_eq!(first.items, [all[3].clone(), given_up]);
    let rest = hooks.store.deliveries(&hooks.own, endpoint.id, &filter(), &page(first.next)).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![all[0].clone()], None));
}

async fn many_who_handle_an_event_deliver_it_once(test: TestDb) {
    let hooks = Hooks::over(&test).await;
    let endpoint = hooks.add(0).await;
    let (first, _) = hooks.delivery(&endpoint, "booking.created", 1);
    let all = all_at_once(8, |_| {
        let (hooks, endpoint, event) = (hooks.clone(), endpoint.clone(), first.event);
        Box::pin(async move {
            let (new, job) = hooks.delivery(&endpoint, "booking.created", 2);
            hooks.store.add_deliveries(&hooks.own, &[(Delivery { event, ..new }, job)]).await
        })
    })
    .await;
    let added: u64 = all.into_iter().map(|one| one.unwrap()).sum();
    assert_eq!((added, hooks.jobs().await), (1, 1));
}

async fn what_an_endpoint_is_told_is_sealed(test: TestDb) {
    let hooks = Hooks::over(&test).await;
    let endpoint = hooks.add(0).await;
    let (new, job) = hooks.delivery(&endpoint, "booking.created", 1);
    hooks.store.add_deliveries(&hooks.own, &[(new, job)]).await.unwrap();
    let bytes = async |table: &'static str, column: &'static str| {
        let query = Query::select().column(column).from(table).and_where(Expr::val(1).eq(1)).to_owned();
        test.db.optional(&query).await.unwrap().unwrap().get::<Vec<u8>>(column).unwrap()
    };
    for (table, column, readable) in [
        ("webhook_endpoints", "url", "example.jp"),
        ("webhook_endpoints", "secrets", "whsec_"),
        ("webhook_deliveries", "body", "booking.created"),
    ] {
        let sealed = bytes(table, column).await;
        assert!(!sealed.windows(readable.len()).any(|part| part == readable.as_bytes()), "{table}.{column}");
    }
}

async fn an_endpoint_that_has_gone_meanwhile_gets_nothing(test: TestDb) {
    let hooks = Hooks::over(&test).await;
    let endpoint = hooks.add(0).await;
    hooks.store.remove_endpoint(&hooks.own, &endpoint, &hooks.record("removed", &endpoint)).await.unwrap();
    let late = hooks.delivery(&endpoint, "booking.created", 1);
    // The engine handles the event again, and then the endpoint is not among those that hear of it.
    assert_eq!(hooks.store.add_deliveries(&hooks.own, &[late]).await, Err(StoreError::Conflict));
    assert_eq!(hooks.jobs().await, 0);
}
