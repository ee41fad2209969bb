//! Fakes of the [ports](super::ports), for tests and for embedding without a database.

use super::delivery::Delivery;
use super::endpoint::Endpoint;
use super::ports::{Call, Caller, DeliveryFilter, Forbidden, Guard, Heard, NotCalled, WebhookStore};
use async_trait::async_trait;
use musubi_kernel::access::TenantScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{DeliveryId, EndpointId, StoreId, TenantId};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Default)]
struct Kept {
    stores: Vec<(TenantId, StoreId)>,
    endpoints: BTreeMap<EndpointId, Endpoint>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    records: Vec<Record>,
}

/// Endpoints and deliveries in memory. Their jobs go to a queue in memory.
#[derive(Debug)]
pub struct WebhooksInMemory {
    kept: Mutex<Kept>,
    jobs: Arc<JobsInMemory>,
}

impl WebhooksInMemory {
    /// None yet, of tenants with these stores.
    pub fn new(jobs: Arc<JobsInMemory>, stores: Vec<(TenantId, StoreId)>) -> Self {
        Self { kept: Mutex::new(Kept { stores, ..Kept::default() }), jobs }
    }

    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.kept().records.clone()
    }

    /// All deliveries, by id.
    pub fn all_deliveries(&self) -> Vec<Delivery> {
        self.kept().deliveries.values().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder panics")
    }
}

fn is_admitted(filter: &DeliveryFilter, one: &Delivery) -> bool {
    filter.status.is_none_or(|wanted| wanted == one.status.name())
        && filter.kind.as_ref().is_none_or(|wanted| *wanted == one.kind)
        && filter.from.is_none_or(|from| from <= one.occurred_at)
        && filter.until.is_none_or(|until| one.occurred_at < until)
}

#[async_trait]
impl WebhookStore for WebhooksInMemory {
    async fn add_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        most: u32,
        record: &Record,
        _: Option<&Answered>,
    ) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        if kept.endpoints.values().filter(|one| one.tenant == scope.tenant()).count() >= most as usize {
            return Ok(false);
        }
        kept.endpoints.insert(new.id, new.clone());
        kept.records.push(record.clone());
        Ok(true)
    }

    async fn endpoint(&self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.kept().endpoints.get(&id).filter(|one| one.tenant == scope.tenant()).cloned())
    }

    async fn endpoints(&self, scope: &TenantScope, page: &PageRequest) -> Result<Page<Endpoint>, EntityError> {
        let after: Option<EndpointId> = page.position()?;
        let kept = self.kept();
        let shown = kept.endpoints.values().filter(|one| one.tenant == scope.tenant());
        let shown = shown.filter(|one| after.is_none_or(|after| one.id > after));
        Ok(Page::of(shown.take(page.limit as usize + 1).cloned().collect(), page.limit, |one| one.id))
    }

    async fn enabled(&self, scope: &TenantScope) -> Result<Vec<Endpoint>, StoreError> {
        let kept = self.kept();
        let called = kept.endpoints.values().filter(|one| one.tenant == scope.tenant() && one.is_enabled());
        Ok(called.cloned().collect())
    }

    async fn with_enabled(&self, tenants: &[TenantId]) -> Result<Vec<TenantId>, StoreError> {
        let kept = self.kept();
        let has = |tenant: &TenantId| kept.endpoints.values().any(|one| one.tenant == *tenant && one.is_enabled());
        Ok(tenants.iter().copied().filter(has).collect())
    }

    async fn has_store(&self, scope: &TenantScope, store: StoreId) -> Result<bool, StoreError> {
        Ok(self.kept().stores.contains(&(scope.tenant(), store)))
    }

    async fn save_endpoint(
        &self,
        scope: &TenantScope,
        new: &Endpoint,
        record: Option<&Record>,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let before = kept.endpoints.get_mut(&new.id).filter(|before| before.tenant == scope.tenant());
        *before.filter(|before| before.version + 1 == new.version).ok_or(StoreError::Conflict)? = new.clone();
        kept.records.extend(record.cloned());
        Ok(())
    }

    async fn remove_endpoint(&self, scope: &TenantScope, old: &Endpoint, record: &Record) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let present = kept.endpoints.get(&old.id).filter(|present| present.tenant == scope.tenant());
        if present.is_none_or(|present| present.version != old.version) {
            return Err(StoreError::Conflict);
        }
        kept.endpoints.remove(&old.id);
        kept.deliveries.retain(|_, one| one.endpoint != old.id);
        kept.records.push(record.clone());
        Ok(())
    }

    async fn add_deliveries(&self, _: &TenantScope, new: &[(Delivery, NewJob)]) -> Result<u64, StoreError> {
        let mut jobs = Vec::new();
        {
            let mut kept = self.kept();
            for (delivery, job) in new {
                let same = |one: &Delivery| (one.endpoint, one.event) == (delivery.endpoint, delivery.event);
                if !kept.deliveries.values().any(same) {
                    kept.deliveries.insert(delivery.id, delivery.clone());
                    jobs.push(job.clone());
                }
            }
        }
        self.jobs.enqueue(&jobs).await?;
        Ok(jobs.len() as u64)
    }

    async fn delivery(&self, scope: &TenantScope, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.kept().deliveries.get(&id).filter(|one| one.tenant == scope.tenant()).cloned())
    }

    async fn save_delivery(&self, scope: &TenantScope, new: &Delivery, job: Option<&NewJob>) -> Result<(), StoreError> {
        {
            let mut kept = self.kept();
            let before = kept.deliveries.get_mut(&new.id).filter(|before| before.tenant == scope.tenant());
            *before.filter(|before| before.version + 1 == new.version).ok_or(StoreError::Conflict)? = new.clone();
        }
        match job {
            Some(job) => self.jobs.enqueue(std::slice::from_ref(job)).await,
            None => Ok(()),
        }
    }

    async fn deliveries(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, EntityError> {
        let before: Option<DeliveryId> = page.position()?;
        let kept = self.kept();
        let of_endpoint = |one: &&Delivery| (one.tenant, one.endpoint) == (scope.tenant(), endpoint);
        let mut shown: Vec<_> =
            kept.deliveries.values().filter(of_endpoint).filter(|one| is_admitted(filter, one)).cloned().collect();
        shown.retain(|one| before.is_none_or(|before| one.id < before));
        shown.sort_by_key(|one| Reverse(one.id));
        shown.truncate(page.limit as usize + 1);
        Ok(Page::of(shown, page.limit, |one| one.id))
    }
}

/// A network that answers as it was told, and else 204.
#[derive(Debug, Default)]
pub struct Receiver {
    calls: Mutex<Vec<Call>>,
    answers: Mutex<VecDeque<Heard>>,
    always: Mutex<Option<u16>>,
    rests: Mutex<Option<NotCalled>>,
}

impl Receiver {
    /// The calls so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no holder panics").clone()
    }

    /// What is answered to the next calls, in order.
    pub fn answer(&self, answers: impl IntoIterator<Item = Heard>) {
        self.answers.lock().expect("no holder panics").extend(answers);
    }

    /// Leaves all endpoints alone from now on, or does so no longer.
    pub fn rest(&self, rests: Option<NotCalled>) {
        *self.rests.lock().expect("no holder panics") = rests;
    }

    /// What is answered to all calls for which nothing else was said.
    pub fn always(&self, status: u16) {
        *self.always.lock().expect("no holder panics") = Some(status);
    }
}

impl Heard {
    /// An answer of this status.
    pub fn of(status: u16) -> Self {
        let taken = (200..300).contains(&status);
        let outcome = if taken { Outcome::SENT } else { Outcome::later(format!("the endpoint answers {status}")) };
        Self { status: Some(status), outcome, gone: status == 410 }
    }
}

#[async_trait]
impl Caller for Receiver {
    async fn call(&self, call: &Call) -> Result<Heard, NotCalled> {
        if let Some(rests) = self.rests.lock().expect("no holder panics").clone() {
            return Err(rests);
        }
        self.calls.lock().expect("no holder panics").push(call.clone());
        let always = self.always.lock().expect("no holder panics").unwrap_or(204);
        Ok(self.answers.lock().expect("no holder panics").pop_front().unwrap_or(Heard::of(always)))
    }
}

/// Permits addresses by TLS.
#[derive(Debug, Default, Clone, Copy)]
pub struct HttpsAlone;

impl Guard for HttpsAlone {
    fn permit(&self, url: &str) -> Result<(), Forbidden> {
        if url.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https")) {
            return Ok(());
        }
        Err(Forbidden { code: "not_https", why: "must begin with https://".to_owned() })
    }
}
