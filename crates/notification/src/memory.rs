//! Fakes of the [ports](crate::ports), for tests and for embedding without a database.
//!
//! A unit works on a copy of everything and puts it back on commit, unless somebody else wrote meanwhile: then the
//! commit is a lost race.

mod book;
mod consent;
mod inbox;
mod post;
mod promotions;
mod unit;

pub use book::BookInMemory;
pub use consent::ConsentsInMemory;
pub use post::Post;

use crate::channel::Channel;
use crate::notification::Notification;
use crate::pace::{Ask, Pace, Turn};
use crate::ports::{NotificationFilter, NotificationStore, NotificationUnit};
use crate::promotion::Promotion;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{BookingId, NotificationId, PromotionId, StoreId};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::page::{Page, PageRequest};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Clone, Default)]
struct State {
    /// Counts writes: a unit that began on an older state has lost a race.
    writes: u64,
    rows: BTreeMap<NotificationId, Notification>,
    paces: BTreeMap<StoreId, Pace>,
    promotions: BTreeMap<PromotionId, Promotion>,
}

impl State {
    fn add(&mut self, new: &Notification) -> bool {
        let taken = self.rows.values().any(|one| (one.store, &one.key) == (new.store, &new.key));
        if !taken {
            self.rows.insert(new.id, new.clone());
        }
        !taken
    }

    fn save(&mut self, new: &Notification) -> Result<(), StoreError> {
        let before = self.rows.get_mut(&new.id).filter(|before| before.version + 1 == new.version);
        *before.ok_or(StoreError::Conflict)? = new.clone();
        Ok(())
    }
}

/// Notifications in memory. Their jobs go to a queue in memory.
#[derive(Debug, Clone)]
pub struct NotificationsInMemory {
    state: Arc<Mutex<State>>,
    jobs: Arc<JobsInMemory>,
}

impl NotificationsInMemory {
    /// None yet.
    pub fn new(jobs: Arc<JobsInMemory>) -> Self {
        Self { state: Arc::default(), jobs }
    }

    /// All of them, by id.
    pub fn all(&self) -> Vec<Notification> {
        self.state().rows.values().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

fn is_of(scope: &StoreScope, one: &Notification) -> bool {
    (one.tenant, one.store) == (scope.tenant(), scope.store())
}

fn is_admitted(filter: &NotificationFilter, one: &Notification) -> bool {
    filter.status.is_none_or(|wanted| wanted == one.status.name())
        && filter.kind.is_none_or(|wanted| wanted == one.kind)
        && filter.channel.is_none_or(|wanted| wanted == one.channel())
        && filter.customer.is_none_or(|wanted| wanted == one.customer)
        && filter.booking.is_none_or(|wanted| Some(wanted) == one.booking())
        && filter.promotion.is_none_or(|wanted| Some(wanted) == one.promotion())
}

#[async_trait]
impl NotificationStore for NotificationsInMemory {
    async fn begin(&self, scope: &StoreScope, booking: BookingId) -> Result<Box<dyn NotificationUnit>, StoreError> {
        Ok(Box::new(unit::Unit::new(self.clone(), scope.clone(), booking)))
    }

    async fn add(&self, _: &StoreScope, new: &Notification, job: &NewJob) -> Result<bool, StoreError> {
        let added = {
            let mut state = self.state();
            state.writes += 1;
            state.add(new)
        };
        if added {
            self.jobs.enqueue(std::slice::from_ref(job)).await?;
        }
        Ok(added)
    }

    async fn find(&self, scope: &StoreScope, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        Ok(self.state().rows.get(&id).filter(|one| is_of(scope, one)).cloned())
    }

    async fn named_by_provider(
        &self,
        scope: &StoreScope,
        channel: Channel,
        provider_id: &str,
    ) -> Result<Option<Notification>, StoreError> {
        let is_named = |one: &&Notification| {
            is_of(scope, one) && one.channel() == channel && one.status.provider_id() == Some(provider_id)
        };
        Ok(self.state().rows.values().find(is_named).cloned())
    }

    async fn save(&self, _: &StoreScope, new: &Notification, job: Option<&NewJob>) -> Result<(), StoreError> {
        {
            let mut state = self.state();
            state.save(new)?;
            state.writes += 1;
        }
        match job {
            Some(job) => self.jobs.enqueue(std::slice::from_ref(job)).await,
            None => Ok(()),
        }
    }

    async fn turn(
        &self,
        scope: &StoreScope,
        ask: Ask,
        per_minute: u32,
        now: DateTime<Utc>,
    ) -> Result<Turn, StoreError> {
        let mut state = self.state();
        let kept = state.paces.entry(scope.store()).or_default();
        let (next, turn) = kept.ask(ask, per_minute, now);
        *kept = next;
        Ok(turn)
    }

    async fn list(
        &self,
        scope: &StoreScope,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>, EntityError> {
        let before: Option<NotificationId> = page.position()?;
        let state = self.state();
        let mut shown: Vec<_> =
            state.rows.values().filter(|one| is_of(scope, one) && is_admitted(filter, one)).cloned().collect();
        shown.retain(|one| before.is_none_or(|before| one.id < before));
        shown.sort_by_key(|one| Reverse(one.id));
        shown.truncate(page.limit as usize + 1);
        Ok(Page::of(shown, page.limit, |one| one.id))
    }
}
