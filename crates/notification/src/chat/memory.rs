//! A fake of [`ChatStore`].

use super::event::ChatEvent;
use super::pace;
use super::ports::{ChatStore, Code, Heard, Lacking, Redeemed};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, StoreId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use uuid::Uuid;

#[derive(Debug)]
struct Kept {
    store: StoreId,
    key: String,
    /// `None`: it was acted on.
    event: Option<ChatEvent>,
}

#[derive(Debug, Default)]
struct State {
    stores: BTreeMap<StoreId, (StoreRef, Option<Secret>)>,
    /// Those that have switched LINE off.
    off: BTreeSet<StoreId>,
    events: BTreeMap<Uuid, Kept>,
    /// When all that was heard of a store is paid for.
    paid: BTreeMap<StoreId, DateTime<Utc>>,
    /// Whether somebody has blocked a store, and since when that is known.
    friends: BTreeMap<(StoreId, String), (bool, DateTime<Utc>)>,
    codes: Vec<(StoreId, Code, Option<String>)>,
    bookings: BTreeMap<BookingId, (StoreId, CustomerId)>,
    /// Who is told of a booking by a code.
    holders: BTreeMap<BookingId, String>,
    /// Who customers are on LINE.
    customers: BTreeMap<CustomerId, String>,
    /// Who signs in through LINE.
    accounts: BTreeMap<CustomerId, String>,
}

impl State {
    fn store_of(&self, customer: CustomerId) -> Option<StoreId> {
        self.bookings.values().find(|(_, theirs)| *theirs == customer).map(|(store, _)| *store)
    }

    /// Makes somebody a customer; false: they are another of the store already.
    fn link(&mut self, customer: CustomerId, user: &str) -> bool {
        let store = self.store_of(customer);
        let taken = self
            .customers
            .iter()
            .any(|(other, theirs)| *other != customer && theirs == user && self.store_of(*other) == store);
        if !taken {
            self.customers.insert(customer, user.to_owned());
        }
        !taken
    }
}

/// Chats in memory. Their jobs go to a queue in memory.
#[derive(Debug, Clone, Default)]
pub struct ChatInMemory {
    state: Arc<Mutex<State>>,
    jobs: Arc<JobsInMemory>,
}

impl ChatInMemory {
    /// Chats whose jobs go there.
    pub fn new(jobs: Arc<JobsInMemory>) -> Self {
        Self { state: Arc::default(), jobs }
    }

    /// A store that uses its channel, if that has a secret.
    pub fn put_store(&self, at: StoreRef, secret: Option<Secret>) {
        self.state().stores.insert(at.store, (at, secret));
    }

    /// That a store switches LINE on, or off.
    pub fn switch(&self, store: StoreId, on: bool) {
        let off = &mut self.state().off;
        let _ = if on { off.remove(&store) } else { off.insert(store) };
    }

    /// A customer's booking.
    pub fn put_booking(&self, store: StoreId, booking: BookingId, customer: CustomerId) {
        self.state().bookings.insert(booking, (store, customer));
    }

    /// That a customer signs in as this LINE user.
    pub fn put_account(&self, customer: CustomerId, user: &str) {
        self.state().accounts.insert(customer, user.to_owned());
    }

    /// Whether somebody has blocked a store, as far as is known.
    pub fn has_blocked(&self, store: StoreId, user: &str) -> bool {
        self.state().friends.get(&(store, user.to_owned())).is_some_and(|(blocked, _)| *blocked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

#[async_trait]
impl ChatStore for ChatInMemory {
    async fn channel(&self, store: StoreId) -> Result<Option<(StoreRef, Option<Secret>)>, StoreError> {
        Ok(self.state().stores.get(&store).cloned())
    }

    async fn lacks(&self, scope: &StoreScope) -> Result<Option<Lacking>, StoreError> {
        let state = self.state();
        Ok(match state.stores.get(&scope.store()) {
            None => Some(Lacking::Switch),
            Some(_) if state.off.contains(&scope.store()) => Some(Lacking::Switch),
            Some((_, None)) => Some(Lacking::ChannelSecret),
            Some((_, Some(_))) => None,
        })
    }

    async fn keep(&self, scope: &StoreScope, heard: &[Heard], now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut jobs = Vec::new();
        {
            let mut state = self.state();
            for Heard { id, event, job } in heard {
                let known = state.events.values().any(|kept| (kept.store, &kept.key) == (scope.store(), &event.key));
                if !known {
                    let kept = Kept { store: scope.store(), key: event.key.clone(), event: Some(event.clone()) };
                    state.events.insert(*id, kept);
                    jobs.push(job.clone());
                }
            }
            let paid = state.paid.entry(scope.store()).or_default();
            let (turns, after) = pace::turns(*paid, jobs.len(), now);
            *paid = after;
            jobs = jobs.into_iter().zip(turns).map(|(job, turn)| job.due(turn)).collect();
        }
        self.jobs.enqueue(&jobs).await?;
        Ok(jobs.len())
    }

    async fn event(&self, scope: &StoreScope, id: Uuid) -> Result<Option<ChatEvent>, StoreError> {
        let state = self.state();
        Ok(state.events.get(&id).filter(|kept| kept.store == scope.store()).and_then(|kept| kept.event.clone()))
    }

    async fn settle(&self, scope: &StoreScope, id: Uuid) -> Result<(), StoreError> {
        if let Some(kept) = self.state().events.get_mut(&id).filter(|kept| kept.store == scope.store()) {
            kept.event = None;
        }
        Ok(())
    }

    async fn mark(&self, scope: &StoreScope, user: &str, blocked: bool, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut state = self.state();
        let known = state.friends.entry((scope.store(), user.to_owned())).or_insert((blocked, at));
        if known.1 <= at {
            *known = (blocked, at);
        }
        Ok(())
    }

    async fn put_code(&self, scope: &StoreScope, code: &Code) -> Result<(), StoreError> {
        let mut state = self.state();
        state.codes.retain(|(_, other, _)| other.booking != code.booking);
        state.codes.push((scope.store(), code.clone(), None));
        Ok(())
    }

    async fn redeem(
        &self,
        scope: &StoreScope,
        digest: &[u8; 32],
        user: &str,
        _: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        let mut state = self.state();
        let good = |(store, code, used_by): &&mut (StoreId, Code, Option<String>)| {
            (*store, &code.digest) == (scope.store(), digest)
                && code.expires_at > now
                && used_by.as_deref().is_none_or(|used_by| used_by == user)
        };
        let Some((_, code, used_by)) = state.codes.iter_mut().find(good) else { return Ok(Redeemed::Unknown) };
        let before = used_by.replace(user.to_owned());
        let Code { booking, customer, .. } = *code;
        match customer {
            Some(customer) if !state.link(customer, user) => {
                let code = state.codes.iter_mut().find(|(_, code, _)| code.digest == *digest);
                code.expect("it was found").2 = before;
                return Ok(Redeemed::Taken);
            }
            Some(_) => drop(state.holders.remove(&booking)),
            None => drop(state.holders.insert(booking, user.to_owned())),
        }
        Ok(Redeemed::Linked(booking))
    }

    async fn link_by_sign_in(
        &self,
        scope: &StoreScope,
        user: &str,
        _: &Caller,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let theirs = state.accounts.iter().find(|(customer, subject)| {
            *subject == user
                && state.store_of(**customer) == Some(scope.store())
                && !state.customers.contains_key(customer)
        });
        if let Some(customer) = theirs.map(|(customer, _)| *customer) {
            state.link(customer, user);
        }
        Ok(())
    }

    async fn holds(&self, scope: &StoreScope, user: &str, booking: BookingId) -> Result<bool, StoreError> {
        let state = self.state();
        let Some((_, customer)) = state.bookings.get(&booking).filter(|(store, _)| *store == scope.store()) else {
            return Ok(false);
        };
        let by_code = state.holders.get(&booking).is_some_and(|holder| holder == user);
        Ok(by_code || state.customers.get(customer).is_some_and(|theirs| theirs == user))
    }
}
