//! Which endpoints hear of an event.

use super::delivery::Delivery;
use super::endpoint::Endpoint;
use super::endpoints::Ports;
use super::filter::{EVENTS, TEST};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{self, Permission, TenantScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{DeliveryId, IdGen, TenantId};
use musubi_kernel::job::{NewJob, Outcome};
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::record::DomainEvent;
use serde::{Deserialize, Serialize};

/// The kind of the jobs that deliver.
pub const DELIVER: &str = "webhook.deliver";

/// How often such a job may fail: that an endpoint does not answer is no failure of its job, only the database can fail it.
const ATTEMPTS: u32 = 100;

/// Which delivery is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivering {
    /// Whose.
    pub tenant: TenantId,
    /// Which one.
    pub delivery: DeliveryId,
}

/// The job that makes a delivery. Its key tells replays apart: the job of the try before may be there a moment longer than its
/// delivery waits, and a replay must not take that one for its own.
pub(super) fn delivering(ids: &dyn IdGen, of: &Delivery, now: DateTime<Utc>) -> NewJob {
    let which = Delivering { tenant: of.tenant, delivery: of.id };
    let due_at = of.waits_until().unwrap_or(now);
    let key = format!("{}.{}", of.id, of.replays);
    let job = NewJob::new(ids, DELIVER, which, now).keyed(key).due(due_at).attempts(ATTEMPTS);
    job.of(Some(of.tenant), of.store)
}

/// Leave of the system to work on a tenant.
pub(super) fn tenant_scope(tenant: TenantId) -> Option<TenantScope> {
    access::Caller::system().actor.on_tenant(tenant, Permission::TenantRead).ok()
}

/// Passes events on to the endpoints that hear of them.
#[derive(Clone)]
pub struct Dispatcher {
    ports: Ports,
}

impl Dispatcher {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Sends an event on its way to every endpoint that hears of it and was there when it happened; how many. One that
    /// comes again goes nowhere twice.
    pub async fn on(&self, event: &DomainEvent) -> Result<u64, StoreError> {
        if !self.wants(&event.kind) {
            return Ok(0);
        }
        let Some((tenant, scope)) = event.tenant.and_then(|tenant| Some((tenant, tenant_scope(tenant)?))) else {
            return Ok(0);
        };
        let Ports { store, clock, ids, .. } = &self.ports;
        let now = clock.now();
        let hearing = store.enabled(&scope).await?;
        let was_there = |endpoint: &&Endpoint| endpoint.created_at <= event.occurred_at;
        let hearing = hearing.iter().filter(was_there).filter(|endpoint| endpoint.hears(&event.kind, event.store));
        let new: Vec<_> = hearing
            .map(|endpoint| {
                let delivery = Delivery::of(DeliveryId::new(&**ids, now), tenant, endpoint.id, event, now);
                let job = delivering(&**ids, &delivery, now);
                (delivery, job)
            })
            .collect();
        if new.is_empty() { Ok(0) } else { store.add_deliveries(&scope, &new).await }
    }
}

#[async_trait]
impl Subscriber for Dispatcher {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    fn wants(&self, kind: &str) -> bool {
        kind != TEST && EVENTS.contains(&kind)
    }

    async fn audience(&self, tenants: Vec<TenantId>) -> Result<Vec<TenantId>, StoreError> {
        self.ports.store.with_enabled(&tenants).await
    }

    async fn handle(&self, event: &DomainEvent) -> Outcome {
        self.on(event).await.map(drop).into()
    }
}
