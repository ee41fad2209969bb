//! What the use cases on webhooks ask of the outside.

use super::delivery::{Delivery, DeliveryStatusCode};
use super::endpoint::Endpoint;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::TenantScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{DeliveryId, EndpointId, StoreId, TenantId};
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Secret;
use std::time::Duration;
use uuid::Uuid;

/// Which deliveries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those that stand so.
    pub status: Option<DeliveryStatusCode>,
    /// Those of events of this kind.
    pub kind: Option<String>,
    /// Those of what happened from then on.
    pub from: Option<DateTime<Utc>>,
    /// Those of what happened before then.
    pub until: Option<DateTime<Utc>>,
}

/// Where endpoints and their deliveries are kept. Secrets and bodies are sealed there. Every write is one transaction.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Writes a new endpoint, unless the tenant has `most` already; whether it was written. Those who add to one tenant at the same
    /// time do so one after the other.
    async fn add_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        most: u32,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<bool, StoreError>;

    /// An endpoint of the tenant.
    async fn endpoint(&self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError>;

    /// A page of the tenant's endpoints, by id.
    async fn endpoints(&self, scope: &TenantScope, page: &PageRequest) -> Result<Page<Endpoint>, EntityError>;

    /// Those of them that are called.
    async fn enabled(&self, scope: &TenantScope) -> Result<Vec<Endpoint>, StoreError>;

    /// Which of these tenants have such an endpoint.
    async fn with_enabled(&self, tenants: &[TenantId]) -> Result<Vec<TenantId>, StoreError>;

    /// Whether the tenant has this store.
    async fn has_store(&self, scope: &TenantScope, store: StoreId) -> Result<bool, StoreError>;

    /// Writes an endpoint over the version before its own; [`StoreError::Conflict`] when another was first.
    async fn save_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        record: Option<&Record>,
    ) -> Result<(), StoreError>;

    /// Removes an endpoint that is at this version, with its deliveries.
    async fn remove_endpoint(&self, scope: &TenantScope, old: &Endpoint, record: &Record) -> Result<(), StoreError>;

    /// Writes new deliveries with their jobs, save those whose endpoint has one of their event already; how many.
    async fn add_deliveries(&self, scope: &TenantScope, new: &[(Delivery, NewJob)]) -> Result<u64, StoreError>;

    /// A delivery of the tenant.
    async fn delivery(&self, scope: &TenantScope, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// Writes a delivery over the version before its own, [`StoreError::Conflict`] when another was first, and a job that
    /// delivers it, if one is to.
    async fn save_delivery(&self, scope: &TenantScope, new: &Delivery, job: Option<&NewJob>) -> Result<(), StoreError>;

    /// A page of an endpoint's deliveries, the youngest first, by id.
    async fn deliveries(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, EntityError>;
}

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// Stable code.
    pub code: &'static str,
    /// The rule, in a sentence.
    pub why: String,
}

/// Knows which addresses may be called.
pub trait Guard: Send + Sync {
    /// Whether an address may be called, as far as that can be told from itself.
    fn permit(&self, url: &str) -> Result<(), Forbidden>;
}

/// A call of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// The address.
    pub url: String,
    /// What it is signed with, after Standard Webhooks 1.0: `whsec_` and bytes in base 64, each of them signs.
    pub secrets: Vec<Secret>,
    /// Header `webhook-id`: the same for every try and replay, so that a receiver knows it again.
    pub id: Uuid,
    /// The body, `application/json`, byte for byte.
    pub body: String,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the endpoint says that it is gone for good (410).
    pub gone: bool,
}

/// An endpoint was not called, and why has nothing to do with what it was to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCalled {
    /// Why, in a sentence.
    pub why: String,
    /// For how long that is so.
    pub rest: Duration,
}

/// Calls endpoints.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Calls an endpoint once by POST, signed as of now, within a bounded time and without following redirects, and at an
    /// address that [may be called](Guard::permit): what its name stands for is looked at when the connection is made. One that is being
    /// left alone is not called.
    async fn call(&self, call: &Call) -> Result<Heard, NotCalled>;
}
