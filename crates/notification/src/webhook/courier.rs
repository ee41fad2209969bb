//! The use case that delivers.
//!
//! The try is written down, the endpoint is called, and what was heard is written down. A worker that dies in between leaves
//! a delivery that waits: the endpoint is called again, with the same `webhook-id`. One that is being left alone was not called: that
//! was no try, and says nothing about the endpoint that was not known before.

use super::delivery::{Answer, Delivery};
use super::dispatch::{DELIVER, Delivering, tenant_scope};
use super::endpoint::Endpoint;
use super::endpoints::{Ports, record};
use super::ports::{Call, Caller, Heard, NotCalled};
use super::schedule::{next_try, rest};
use crate::sender::Progress;
use crate::witness::Witness;
use async_trait::async_trait;
use chrono::TimeDelta;
use musubi_kernel::access::{self, TenantScope};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::EndpointId;
use musubi_kernel::job::{self, Job, JobHandler};
use musubi_kernel::retry::retrying;
use std::sync::Arc;

/// Delivers.
#[derive(Clone)]
pub struct Courier {
    ports: Ports,
    network: Arc<dyn Caller>,
    witness: Arc<dyn Witness>,
}

/// Whether an endpoint is to be called.
enum Prepared {
    Not(Progress),
    Ready(Box<(Delivery, Endpoint)>),
}

impl Courier {
    /// The use case over these ports, and who hears what has become of deliveries.
    pub fn new(ports: Ports, network: Arc<dyn Caller>, witness: Arc<dyn Witness>) -> Self {
        Self { ports, network, witness }
    }

    async fn write(&self, scope: &TenantScope, next: &Delivery) -> Result<(), StoreError> {
        self.ports.store.save_delivery(scope, next, None).await?;
        if next.waits_until().is_none() {
            self.witness.delivery(next);
        }
        Ok(())
    }

    /// Makes a delivery, if it is time.
    pub async fn deliver(&self, which: &Delivering) -> Result<Progress, StoreError> {
        let Some(scope) = tenant_scope(which.tenant) else { return Ok(Progress::Settled) };
        let prepared = retrying(&*self.ports.pause, || self.prepare(&scope, which)).await?;
        let (delivery, endpoint) = match prepared {
            Prepared::Not(progress) => return Ok(progress),
            Prepared::Ready(ready) => *ready,
        };
        let began = self.ports.clock.now();
        let live = endpoint.secrets.iter().filter(|secret| secret.is_live(began));
        let secrets = live.map(|secret| secret.shown.clone()).collect();
        let (url, body) = (endpoint.details.url, delivery.body.clone());
        let call = Call { endpoint: endpoint.id, url, secrets, id: delivery.event.0, body };
        let heard = match self.network.call(&call).await {
            Ok(heard) => heard,
            Err(not_called) => {
                return retrying(&*self.ports.pause, || self.put_off(&scope, &delivery, &not_called)).await;
            }
        };
        let took_ms = (self.ports.clock.now() - began).num_milliseconds();
        let why = heard.outcome.why().map(str::to_owned);
        let answer = Answer { at: began, status: heard.status, took_ms, why };
        // Nothing comes before this: a worker that dies until it is written calls once more.
        let progress = retrying(&*self.ports.pause, || self.settle(&scope, &delivery, &heard, &answer)).await?;
        retrying(&*self.ports.pause, || self.note_health(&scope, endpoint.id, &heard)).await?;
        Ok(progress)
    }

    async fn prepare(&self, scope: &TenantScope, which: &Delivering) -> Result<Prepared, StoreError> {
        let Ports { store, clock, .. } = &self.ports;
        let now = clock.now();
        let Some(found) = store.delivery(scope, which.delivery).await? else {
            return Ok(Prepared::Not(Progress::Settled));
        };
        match found.waits_until() {
            None => return Ok(Prepared::Not(Progress::Settled)),
            Some(until) if until > now => return Ok(Prepared::Not(Progress::Waits(until))),
            Some(_) => (),
        }
        let endpoint = store.endpoint(scope, found.endpoint).await?.filter(Endpoint::is_enabled);
        let Some(endpoint) = endpoint else {
            self.write(scope, &found.given_up("the endpoint is switched off", now)).await?;
            return Ok(Prepared::Not(Progress::Settled));
        };
        let tried = found.tried(now);
        store.save_delivery(scope, &tried, None).await?;
        Ok(Prepared::Ready(Box::new((tried, endpoint))))
    }

    /// Writes down that it waits for its endpoint to be called again.
    async fn put_off(
        &self,
        scope: &TenantScope,
        tried: &Delivery,
        NotCalled { why, rest: left }: &NotCalled,
    ) -> Result<Progress, StoreError> {
        let now = self.ports.clock.now();
        let left = TimeDelta::from_std(*left).unwrap_or(TimeDelta::days(1));
        let [.., luck] = tried.id.0.into_bytes();
        self.write_over(scope, tried, &tried.put_off(why, rest(left, tried.created_at, luck, now), now)).await
    }

    /// Writes down what was heard.
    async fn settle(
        &self,
        scope: &TenantScope,
        tried: &Delivery,
        heard: &Heard,
        answer: &Answer,
    ) -> Result<Progress, StoreError> {
        let now = self.ports.clock.now();
        let asked = match &heard.outcome {
            Outcome::Later { after, .. } => after.and_then(|after| TimeDelta::from_std(after).ok()),
            Outcome::Sent { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. } => None,
        };
        let for_good = heard.gone || matches!(heard.outcome, Outcome::Refused { .. });
        let again = next_try(tried.tries, tried.id.0, asked, now).filter(|_| !for_good);
        self.write_over(scope, tried, &tried.answered(answer.clone(), again, now)).await
    }

    /// Writes what has become of a try. If somebody else has written meanwhile, they have settled it.
    async fn write_over(&self, scope: &TenantScope, tried: &Delivery, next: &Delivery) -> Result<Progress, StoreError> {
        let progress = |of: &Delivery| of.waits_until().map_or(Progress::Settled, Progress::Waits);
        match self.write(scope, next).await {
            Err(StoreError::Conflict) => match self.ports.store.delivery(scope, tried.id).await? {
                Some(present) if present.version == tried.version => Err(StoreError::Conflict),
                present => Ok(present.as_ref().map_or(Progress::Settled, progress)),
            },
            saved => saved.map(|()| progress(next)),
        }
    }

    /// Writes down whether the endpoint works, where that changes something. That it was switched off is an event: the tenant's
    /// other endpoints hear of it, and it stands in the audit log.
    async fn note_health(&self, scope: &TenantScope, id: EndpointId, heard: &Heard) -> Result<(), StoreError> {
        let Some(before) = self.ports.store.endpoint(scope, id).await? else { return Ok(()) };
        let now = self.ports.clock.now();
        let worked = matches!(heard.outcome, Outcome::Sent { .. });
        let after = if worked { before.worked(now) } else { before.failed(heard.gone, now) };
        let Some(after) = after else { return Ok(()) };
        let caller = access::Caller::system();
        let disabled = before.is_enabled() && !after.is_enabled();
        let record = disabled.then(|| record(&self.ports, "disabled", &caller, Some(&before), &after, now));
        self.ports.store.save_endpoint(scope, &after, record.as_ref()).await
    }
}

#[async_trait]
impl JobHandler for Courier {
    fn kind(&self) -> &str {
        DELIVER
    }

    async fn run(&self, job: &Job) -> job::Outcome {
        let which = match job.payload_as::<Delivering>() {
            Ok(which) => which,
            Err(outcome) => return outcome,
        };
        match self.deliver(&which).await {
            Ok(Progress::Settled) => job::Outcome::Done,
            Ok(Progress::Waits(until)) => {
                job::Outcome::not_before(until, format!("the delivery {} waits", which.delivery))
            }
            Err(error) => error.into(),
        }
    }
}
