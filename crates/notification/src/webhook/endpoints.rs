//! The use cases on endpoints.

use super::delivery::Delivery;
use super::dispatch::delivering;
use super::endpoint::{DisabledReason, Endpoint, EndpointDetails};
use super::filter::TEST;
use super::ports::{DeliveryFilter, Guard, WebhookStore};
use super::secret::{LONGEST_OVERLAP, MOST_LIVE, SigningSecret};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{Caller, TenantScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::id::{DeliveryId, EndpointId, EventId, IdGen};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::record::{Change, DomainEvent, Record};
use musubi_kernel::retry::{Pause, retrying};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

/// What an endpoint is called in errors, events and audit entries.
pub(super) const NOUN: &str = "webhook_endpoint";
/// The most endpoints of a tenant.
pub const MOST: u32 = 20;

/// The ports of the use cases on webhooks.
#[derive(Clone)]
pub struct Ports {
    /// Where endpoints and deliveries are kept.
    pub store: Arc<dyn WebhookStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and secrets come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// The use cases on endpoints.
#[derive(Clone)]
pub struct Endpoints {
    pub(super) ports: Ports,
    guard: Arc<dyn Guard>,
}

impl Endpoints {
    /// Use cases over these ports.
    pub fn new(ports: Ports, guard: Arc<dyn Guard>) -> Self {
        Self { ports, guard }
    }

    /// A new endpoint, called from now on. Its secret is shown in the answer, and not again.
    pub async fn create(
        &self,
        caller: &Caller,
        scope: &TenantScope,
        details: &EndpointDetails,
        receipt: &dyn Receipt<Endpoint>,
    ) -> Result<Endpoint, EntityError> {
        self.check(scope, details).await?;
        retrying(&*self.ports.pause, || async {
            let (ids, now) = (&*self.ports.ids, self.ports.clock.now());
            let secret = SigningSecret::new(ids.secret(), now);
            let new = Endpoint::new(EndpointId::new(ids, now), scope.tenant(), details.clone(), secret, now);
            let record = record(&self.ports, "created", caller, None, &new, now);
            let answered = receipt.of(&new);
            let added = self.ports.store.add_endpoint(scope, &new, MOST, &record, answered.as_ref()).await?;
            let detail = "a tenant has 20 endpoints at most: remove one first";
            if added { Ok(new) } else { Err(EntityError::Refused { code: "too_many_endpoints", detail }) }
        })
        .await
    }

    /// An endpoint.
    pub async fn get(&self, scope: &TenantScope, id: EndpointId) -> Result<Endpoint, EntityError> {
        self.ports.store.endpoint(scope, id).await?.ok_or(EntityError::NotFound(NOUN))
    }

    /// A page of the tenant's endpoints, the oldest first.
    pub async fn list(&self, scope: &TenantScope, page: &PageRequest) -> Result<Page<Endpoint>, EntityError> {
        self.ports.store.endpoints(scope, page).await
    }

    /// An endpoint with the details that `revision` makes of its present ones, over the version `expected` if that is said.
    pub async fn change(
        &self,
        caller: &Caller,
        scope: &TenantScope,
        id: EndpointId,
        expected: Option<i64>,
        revision: impl Fn(&EndpointDetails) -> Result<EndpointDetails, Invalid> + Send + Sync,
    ) -> Result<Endpoint, EntityError> {
        retrying(&*self.ports.pause, || async {
            let before = self.at_version(scope, id, expected).await?;
            let details = revision(&before.details)?;
            self.check(scope, &details).await?;
            let after = before.revise(details, self.ports.clock.now());
            self.write(caller, scope, "updated", &before, after).await
        })
        .await
    }

    /// Gives an endpoint a new secret, which is shown in the answer and not again; those before go on being used for `overlap`,
    /// 30 days at most. With as many in use as there may be it is refused: to end the oldest instead could end the one that the
    /// receiver still has.
    pub async fn renew_secret(
        &self,
        caller: &Caller,
        scope: &TenantScope,
        id: EndpointId,
        overlap: TimeDelta,
    ) -> Result<Endpoint, EntityError> {
        if !(TimeDelta::zero()..=LONGEST_OVERLAP).contains(&overlap) {
            return Err(Invalid::one("/overlap_hours", "out_of_range", "must be between 0 and 720").into());
        }
        retrying(&*self.ports.pause, || async {
            let (before, now) = (self.get(scope, id).await?, self.ports.clock.now());
            let after = before.renew(SigningSecret::new(self.ports.ids.secret(), now), overlap, now);
            if after.secrets.len() > MOST_LIVE {
                let detail = "calls are signed with 5 secrets at most: wait until one before ends, or end all of them at once with \
                              `overlap_hours` 0";
                return Err(EntityError::Refused { code: "too_many_secrets", detail });
            }
            self.write(caller, scope, "secret_renewed", &before, after).await
        })
        .await
    }

    /// Has an endpoint called again. One that is called stays as it is.
    pub async fn enable(&self, caller: &Caller, scope: &TenantScope, id: EndpointId) -> Result<Endpoint, EntityError> {
        retrying(&*self.ports.pause, || async {
            let before = self.get(scope, id).await?;
            if before.is_enabled() {
                return Ok(before);
            }
            let after = before.enable(self.ports.clock.now());
            self.write(caller, scope, "enabled", &before, after).await
        })
        .await
    }

    /// Has an endpoint not called any more; what is on its way is given up when its next try comes. One that is not called stays
    /// as it is.
    pub async fn disable(&self, caller: &Caller, scope: &TenantScope, id: EndpointId) -> Result<Endpoint, EntityError> {
        retrying(&*self.ports.pause, || async {
            let before = self.get(scope, id).await?;
            if !before.is_enabled() {
                return Ok(before);
            }
            let after = before.disable(DisabledReason::ByHand, self.ports.clock.now());
            self.write(caller, scope, "disabled", &before, after).await
        })
        .await
    }

    /// Removes an endpoint with its deliveries, at the version `expected` if that is said.
    pub async fn remove(
        &self,
        caller: &Caller,
        scope: &TenantScope,
        id: EndpointId,
        expected: Option<i64>,
    ) -> Result<(), EntityError> {
        retrying(&*self.ports.pause, || async {
            let present = self.at_version(scope, id, expected).await?;
            let record = record(&self.ports, "removed", caller, Some(&present), &present, self.ports.clock.now());
            Ok(self.ports.store.remove_endpoint(scope, &present, &record).await?)
        })
        .await
    }

    /// Sends an endpoint an event that says nothing, to try it. One that is not called is refused.
    pub async fn test(&self, scope: &TenantScope, id: EndpointId) -> Result<Delivery, EntityError> {
        let endpoint = self.get(scope, id).await?;
        if !endpoint.is_enabled() {
            return Err(not_called());
        }
        let (ids, now) = (&*self.ports.ids, self.ports.clock.now());
        let event = DomainEvent {
            id: EventId::new(ids, now),
            kind: Cow::Borrowed(TEST),
            tenant: Some(scope.tenant()),
            store: endpoint.details.store_id,
            subject: id.0,
            payload: json!({ "endpoint_id": id }),
            occurred_at: now,
        };
        let delivery = Delivery::of(DeliveryId::new(ids, now), scope.tenant(), id, &event, now);
        let job = delivering(ids, &delivery, now);
        self.ports.store.add_deliveries(scope, &[(delivery.clone(), job)]).await?;
        Ok(delivery)
    }

    /// A page of an endpoint's deliveries, the youngest first.
    pub async fn deliveries(
        &self,
        scope: &TenantScope,
        id: EndpointId,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, EntityError> {
        self.get(scope, id).await?;
        self.ports.store.deliveries(scope, id, filter, page).await
    }

    /// A delivery of an endpoint.
    pub async fn delivery(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        id: DeliveryId,
    ) -> Result<Delivery, EntityError> {
        self.get(scope, endpoint).await?;
        let found = self.ports.store.delivery(scope, id).await?.filter(|found| found.endpoint == endpoint);
        found.ok_or(EntityError::NotFound("webhook_delivery"))
    }

    async fn check(&self, scope: &TenantScope, details: &EndpointDetails) -> Result<(), EntityError> {
        let mut invalid = details.check(&*self.guard).err().unwrap_or_default();
        if let Some(store) = details.store_id
            && !self.ports.store.has_store(scope, store).await?
        {
            invalid.add("/store_id", "unknown_store", "must be one of the tenant's stores");
        }
        Ok(invalid.finish()?)
    }

    async fn at_version(
        &self,
        scope: &TenantScope,
        id: EndpointId,
        expected: Option<i64>,
    ) -> Result<Endpoint, EntityError> {
        let present = self.get(scope, id).await?;
        match expected {
            Some(expected) if expected != present.version => {
                Err(EntityError::Stale { expected, actual: present.version })
            }
            _ => Ok(present),
        }
    }

    async fn write(
        &self,
        caller: &Caller,
        scope: &TenantScope,
        what: &str,
        before: &Endpoint,
        after: Endpoint,
    ) -> Result<Endpoint, EntityError> {
        let record = record(&self.ports, what, caller, Some(before), &after, after.updated_at);
        self.ports.store.save_endpoint(scope, &after, Some(&record)).await?;
        Ok(after)
    }
}

pub(super) const fn not_called() -> EntityError {
    EntityError::Refused { code: "endpoint_disabled", detail: "the endpoint is switched off: enable it first" }
}

/// The record of what became of an endpoint.
pub(super) fn record(
    ports: &Ports,
    what: &str,
    caller: &Caller,
    before: Option<&Endpoint>,
    after: &Endpoint,
    at: DateTime<Utc>,
) -> Record {
    let change = Change {
        kind: Cow::Owned(format!("{NOUN}.{what}")),
        subject_kind: NOUN,
        subject: after.id.0,
        tenant: Some(after.tenant),
        store: None,
        caller,
        at,
    };
    let before = before.map(Endpoint::public_record);
    Record::of(&*ports.ids, &change, before.as_ref(), Some(&after.public_record()))
}
