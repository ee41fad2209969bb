//! Promotions in memory.

use super::{NotificationsInMemory, State, is_of};
use crate::notification::Notification;
use crate::notification::status::Needless;
use crate::promotion::Promotion;
use crate::promotion::ports::{Counts, PromotionStore, Waiting};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::PromotionId;
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use std::slice;

impl State {
    fn put(&mut self, new: &Promotion) -> Result<(), StoreError> {
        let before = self.promotions.get_mut(&new.id).filter(|before| before.version + 1 == new.version);
        *before.ok_or(StoreError::Conflict)? = new.clone();
        Ok(())
    }
}

impl Waiting {
    fn is(self, one: &Notification) -> bool {
        match self {
            Self::Of(promotion) => one.promotion() == Some(promotion),
            Self::To(customer) => one.promotion().is_some() && one.customer == customer,
        }
    }
}

#[async_trait]
impl PromotionStore for NotificationsInMemory {
    async fn add(
        &self,
        scope: &StoreScope,
        new: &Promotion,
        waiting: Bound,
        (_, job): (&Record, &NewJob),
        _: Option<&Answered>,
    ) -> Result<(), StoreError> {
        {
            let mut state = self.state();
            let ours = state.promotions.values().filter(|one| one.store == scope.store());
            waiting.admits(ours.filter(|one| one.status.name().is_waiting()).count() as u64 + 1)?;
            state.promotions.insert(new.id, new.clone());
        }
        self.jobs.enqueue(slice::from_ref(job)).await
    }

    async fn save(&self, _: &StoreScope, new: &Promotion, _: &Record, job: &NewJob) -> Result<(), StoreError> {
        self.state().put(new)?;
        self.jobs.enqueue(slice::from_ref(job)).await
    }

    async fn find(&self, scope: &StoreScope, id: PromotionId) -> Result<Option<Promotion>, StoreError> {
        let state = self.state();
        let found = state.promotions.get(&id).filter(|one| one.store == scope.store());
        Ok(found.cloned())
    }

    async fn list(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<Promotion>, EntityError> {
        let before: Option<PromotionId> = page.position()?;
        let state = self.state();
        let ours = state.promotions.values().rev().filter(|one| one.store == scope.store());
        let shown = ours.filter(|one| before.is_none_or(|before| one.id < before));
        Ok(Page::of(shown.take(page.limit as usize + 1).cloned().collect(), page.limit, |one: &Promotion| one.id))
    }

    async fn counts(&self, scope: &StoreScope, id: PromotionId) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        for one in self.state().rows.values().filter(|one| is_of(scope, one) && one.promotion() == Some(id)) {
            counts.add(one.channel(), one.status.name(), 1);
        }
        Ok(counts)
    }

    async fn plan(&self, _: &StoreScope, new: &Promotion, told: &[(Notification, NewJob)]) -> Result<(), StoreError> {
        {
            let mut present = self.state();
            let mut next = present.clone();
            next.put(new)?;
            if !told.iter().all(|(one, _)| next.add(one)) {
                return Err(StoreError::Conflict);
            }
            next.writes += 1;
            *present = next;
        }
        let jobs: Vec<_> = told.iter().map(|(_, job)| job.clone()).collect();
        self.jobs.enqueue(&jobs).await
    }

    async fn call_off(
        &self,
        scope: &StoreScope,
        which: Waiting,
        why: Needless,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let waiting =
            state.rows.values_mut().filter(|one| is_of(scope, one) && which.is(one) && one.status.is_pending());
        let mut gone = 0;
        for one in waiting.take(most as usize) {
            *one = one.clone().cancelled(why, now).map_err(|error| StoreError::Internal(error.to_string()))?;
            gone += 1;
        }
        state.writes += 1;
        Ok(gone)
    }
}
