//! The use cases of a store on its promotions.

use super::ports::{Counts, PromotionStore};
use super::promoter::planning;
use super::{Promotion, PromotionDetails, WAITING};
use crate::kind::NotificationKind;
use crate::ports::Book;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::EntityError;
use musubi_kernel::id::{IdGen, PromotionId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{Pause, retrying};
use std::borrow::Cow;
use std::sync::Arc;

/// The ports of [`Promotions`].
#[derive(Clone)]
pub struct Ports {
    /// Knows stores.
    pub book: Arc<dyn Book>,
    /// Where promotions are kept.
    pub store: Arc<dyn PromotionStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// The use cases of a store on its promotions.
#[derive(Clone)]
pub struct Promotions {
    ports: Ports,
}

impl Promotions {
    /// The use cases over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// A new promotion. Whom it is told to is found by the worker, when its time has come.
    ///
    /// # Errors
    /// `offers_switched_off` where the store tells of no offers, `too_many_promotions` where [`WAITING`] ones wait.
    pub async fn create(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        details: &PromotionDetails,
        receipt: &dyn Receipt<Promotion>,
    ) -> Result<Promotion, EntityError> {
        let Ports { book, store, clock, ids, pause } = &self.ports;
        details.check(clock.now())?;
        let house = book.house(scope).await?.ok_or(EntityError::NotFound("store"))?;
        if !house.settings.tells(NotificationKind::Promotional) {
            let detail = "the store's notification settings have offers switched off";
            return Err(EntityError::Refused { code: "offers_switched_off", detail });
        }
        retrying(&**pause, || async {
            let now = clock.now();
            let new = Promotion::new(PromotionId::new(&**ids, now), scope, details.clone(), now);
            let record = self.record("promotion.created", caller, None, &new, now);
            let job = planning(&**ids, &new, new.due_at(), now);
            store.add(scope, &new, WAITING, (&record, &job), receipt.of(&new).as_ref()).await?;
            Ok(new)
        })
        .await
    }

    /// A promotion, and what has become of it.
    pub async fn get(&self, scope: &StoreScope, id: PromotionId) -> Result<(Promotion, Counts), EntityError> {
        let found = self.find(scope, id).await?;
        Ok((found, self.ports.store.counts(scope, id).await?))
    }

    /// A page of the store's promotions, the youngest first.
    pub async fn list(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<Promotion>, EntityError> {
        self.ports.store.list(scope, page).await
    }

    /// Calls a promotion off: nobody is told of it any more who has not been told yet. What waits is called off by the worker, and
    /// by whoever comes to send it before. Once more changes nothing.
    pub async fn cancel(&self, caller: &Caller, scope: &StoreScope, id: PromotionId) -> Result<Promotion, EntityError> {
        let Ports { store, clock, ids, pause, .. } = &self.ports;
        retrying(&**pause, || async {
            let before = self.find(scope, id).await?;
            let now = clock.now();
            if before.is_cancelled() {
                return Ok(before);
            }
            let next = before.clone().cancelled(now).map_err(super::promoter::defect)?;
            let record = self.record("promotion.cancelled", caller, Some(&before), &next, now);
            store.save(scope, &next, &record, &planning(&**ids, &next, now, now)).await?;
            Ok(next)
        })
        .await
    }

    async fn find(&self, scope: &StoreScope, id: PromotionId) -> Result<Promotion, EntityError> {
        self.ports.store.find(scope, id).await?.ok_or(EntityError::NotFound(Promotion::NOUN))
    }

    fn record(
        &self,
        kind: &'static str,
        caller: &Caller,
        before: Option<&Promotion>,
        after: &Promotion,
        at: DateTime<Utc>,
    ) -> Record {
        let change = Change {
            kind: Cow::Borrowed(kind),
            subject_kind: Promotion::NOUN,
            subject: after.id.0,
            tenant: Some(after.tenant),
            store: Some(after.store),
            caller,
            at,
        };
        let before = before.map(Promotion::public_record);
        Record::of(&*self.ports.ids, &change, before.as_ref(), Some(&after.public_record()))
    }
}
