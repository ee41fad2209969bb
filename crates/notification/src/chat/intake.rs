//! Hearing of what customers do, and the codes by which they show who they are.

use super::code;
use super::event::ChatEvent;
use super::ports::{ChatStore, Code, Heard, Lacking};
use super::{ACT, Acting};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{AccessError, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, IdGen, StoreId};
use musubi_kernel::job::NewJob;
use musubi_kernel::retry::{Pause, retrying};
use musubi_kernel::secret::Secret;
use std::collections::HashSet;
use std::sync::Arc;

/// How often acting on an event may fail: only the database can fail it.
const ATTEMPTS: u32 = 100;

/// The use cases of hearing.
#[derive(Clone)]
pub struct Intake {
    store: Arc<dyn ChatStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

/// A code that a customer is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCode {
    /// What to send to the store's account at LINE.
    pub code: Secret,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// A store's channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    at: StoreRef,
    /// By which its calls are signed.
    pub secret: Secret,
}

impl Channel {
    /// Leave to work on the store, for whoever has shown the signature.
    pub fn scope(&self) -> Result<StoreScope, AccessError> {
        Caller::system().actor.on_store(&self.at, Permission::BookingWrite)
    }
}

/// How many events are written down in one transaction.
const AT_ONCE: usize = 200;

/// How far a deed may lie in the future, by the clocks of others: what is said to happen later would outdo all that comes before.
const AHEAD: TimeDelta = TimeDelta::hours(1);

impl Intake {
    /// The use cases over these ports.
    pub fn new(store: Arc<dyn ChatStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdGen>, pause: Arc<dyn Pause>) -> Self {
        Self { store, clock, ids, pause }
    }

    /// The channel of a store. `None`: there is no such store, or it has none.
    pub async fn channel(&self, store: StoreId) -> Result<Option<Channel>, StoreError> {
        let found = self.store.channel(store).await?;
        Ok(found.and_then(|(at, secret)| Some(Channel { at, secret: secret? })))
    }

    /// Takes up events; how many are new. What comes again is known by its key.
    pub async fn hear(&self, scope: &StoreScope, events: &[ChatEvent]) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut keys = HashSet::new();
        let plain = events.iter().filter(|event| event.is_plain() && keys.insert(&event.key));
        let heard: Vec<Heard> = plain.map(|event| self.heard(scope, event, now)).collect();
        let mut new = 0;
        for some in heard.chunks(AT_ONCE) {
            new += retrying(&*self.pause, || self.store.keep(scope, some, now)).await?;
        }
        Ok(new)
    }

    fn heard(&self, scope: &StoreScope, event: &ChatEvent, now: DateTime<Utc>) -> Heard {
        let id = self.ids.uuid(now);
        let which = Acting { tenant: scope.tenant(), store: scope.store(), event: id };
        let job = NewJob::new(&*self.ids, ACT, which, now).keyed(id.to_string()).attempts(ATTEMPTS);
        let event = ChatEvent { at: event.at.min(now + AHEAD), ..event.clone() };
        Heard { id, event, job: job.of(Some(scope.tenant()), Some(scope.store())) }
    }

    /// A new code for a booking, in the place of its last one; with the customer where whoever is shown it has proven to be them.
    /// Or what the store lacks to use its channel.
    pub async fn code(
        &self,
        scope: &StoreScope,
        booking: BookingId,
        customer: Option<CustomerId>,
    ) -> Result<Result<ShownCode, Lacking>, StoreError> {
        if let Some(lacking) = self.store.lacks(scope).await? {
            return Ok(Err(lacking));
        }
        let (now, code) = (self.clock.now(), code::new(&*self.ids));
        let kept = Code {
            id: self.ids.uuid(now),
            digest: code::digest(&code),
            booking,
            customer,
            created_at: now,
            expires_at: now + code::LASTS,
        };
        retrying(&*self.pause, || self.store.put_code(scope, &kept)).await?;
        Ok(Ok(ShownCode { code, expires_at: kept.expires_at }))
    }
}
