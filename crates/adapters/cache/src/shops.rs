//! What stores offer, remembered.

use crate::remembered::{Remembered, Weigh};
use crate::request::PerRequest;
use async_trait::async_trait;
use chrono::NaiveDate;
use musubi_booking::ports::{Offering, SettingsRevision, ShopBook};
use musubi_booking::resource::BookableResource;
use musubi_booking::shop::Shop;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, StoreId, TenantId};
use musubi_kernel::revision::{Revisions, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a store takes in memory, about: mostly its hours.
const SHOP: usize = 2 * 1024;
/// What a menu takes, without resources.
const MENU: usize = 2 * 1024;
/// What a resource takes, without absences.
const RESOURCE: usize = 512;

type OfferingKey = (TenantId, StoreId, MenuId, NaiveDate, NaiveDate);

/// Settings of stores that are read once per change.
///
/// A booking decides on them, too. What it was given is right for the moment at which it asked; whoever has to know that
/// nothing was written until the booking commits compares the revisions of [`Subject::settings`] under the locks of its
/// days.
pub struct RememberedShops {
    book: Arc<dyn ShopBook>,
    revisions: PerRequest,
    shops: Remembered<(TenantId, StoreId), Option<Arc<Shop>>>,
    offerings: Remembered<OfferingKey, Option<Arc<Offering>>>,
}

impl RememberedShops {
    /// What `book` tells, in about `bytes`.
    pub fn new(book: Arc<dyn ShopBook>, revisions: PerRequest, bytes: u64) -> Self {
        let shared: Arc<dyn Revisions> = Arc::new(revisions.clone());
        let (few, most) = (bytes / 4, bytes / 4 * 3);
        Self {
            book,
            shops: Remembered::new("shop", Arc::clone(&shared), few, SHOP as u64),
            offerings: Remembered::new("offering", shared, most, (MENU + 8 * RESOURCE) as u64),
            revisions,
        }
    }
}

impl Weigh for Option<Arc<Shop>> {
    fn bytes(&self) -> usize {
        SHOP
    }
}

impl Weigh for Option<Arc<Offering>> {
    fn bytes(&self) -> usize {
        let Some(offering) = self else { return size_of::<Self>() };
        let of_resource = |one: &BookableResource| RESOURCE + 16 * one.absences.len();
        MENU + offering.resources.iter().map(of_resource).sum::<usize>() + 64 * offering.calendar.len()
    }
}

#[async_trait]
impl ShopBook for RememberedShops {
    async fn revision(&self, scope: &StoreScope) -> Result<SettingsRevision, StoreError> {
        SettingsRevision::of(&self.revisions.anew(&Subject::settings(scope)).await?)
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError> {
        let load = || async { Ok(self.book.shop(scope).await?.map(Arc::new)) };
        let key = (scope.tenant(), scope.store());
        let found: Result<_, StoreError> = self.shops.about(&key, &Subject::settings(scope), |_| true, load).await;
        Ok(found?.map(Arc::unwrap_or_clone))
    }

    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError> {
        let key = (scope.tenant(), scope.store(), menu, *dates.start(), *dates.end());
        let load = || async { Ok(self.book.offering(scope, menu, dates).await?.map(Arc::new)) };
        let found: Result<_, StoreError> = self.offerings.about(&key, &Subject::settings(scope), |_| true, load).await;
        Ok(found?.map(Arc::unwrap_or_clone))
    }

    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError> {
        self.book.names(stores).await
    }
}
