//! Delivering again what was delivered, or was not.

use super::delivery::Delivery;
use super::dispatch::delivering;
use super::endpoints::{Endpoints, not_called};
use super::ports::DeliveryFilter;
use chrono::{DateTime, Utc};
use musubi_kernel::access::TenantScope;
use musubi_kernel::error::EntityError;
use musubi_kernel::id::{DeliveryId, EndpointId};
use musubi_kernel::page::{Cursor, MAX_LIMIT, PageRequest};
use musubi_kernel::retry::retrying;

/// The most deliveries that are looked at in one go.
const MOST: usize = 2_000;

/// What is to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// What happened from then on.
    pub from: DateTime<Utc>,
    /// And before then.
    pub until: DateTime<Utc>,
    /// Only what has failed.
    pub only_failed: bool,
    /// Where the go before ended; `None` for the first.
    pub after: Option<Cursor>,
}

/// What is delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many deliveries.
    pub deliveries: u64,
    /// Where the next go begins; `None`: there is nothing left.
    pub next: Option<Cursor>,
}

impl Endpoints {
    /// Delivers once more, at once and with all tries of a new delivery. One that waits goes on waiting.
    pub async fn replay(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        id: DeliveryId,
    ) -> Result<Delivery, EntityError> {
        retrying(&*self.ports.pause, || async {
            let found = self.delivery(scope, endpoint, id).await?;
            if !self.get(scope, endpoint).await?.is_enabled() {
                return Err(not_called());
            }
            Ok(self.replay_one(scope, &found).await?.unwrap_or(found))
        })
        .await
    }

    /// Delivers once more what happened within a range, the youngest first, so many at a go. A range that ends before it begins is
    /// refused.
    pub async fn replay_range(
        &self,
        scope: &TenantScope,
        endpoint: EndpointId,
        range: &Range,
    ) -> Result<Replayed, EntityError> {
        if !self.get(scope, endpoint).await?.is_enabled() {
            return Err(not_called());
        }
        if range.from >= range.until {
            let detail = "`since` must be before `until`";
            return Err(EntityError::Refused { code: "since_not_before_until", detail });
        }
        let filter = DeliveryFilter {
            status: range.only_failed.then_some(super::delivery::DeliveryStatusCode::Failed),
            kind: None,
            from: Some(range.from),
            until: Some(range.until),
        };
        let mut page = PageRequest { limit: MAX_LIMIT, after: range.after.clone() };
        let (mut deliveries, mut looked_at) = (0, 0);
        loop {
            let found = self.ports.store.deliveries(scope, endpoint, &filter, &page).await?;
            looked_at += found.items.len();
            for one in &found.items {
                // Whoever was first has replayed it.
                match self.replay_one(scope, one).await {
                    Ok(replayed) => deliveries += u64::from(replayed.is_some()),
                    Err(EntityError::Store(musubi_kernel::error::StoreError::Conflict)) => (),
                    Err(error) => return Err(error),
                }
            }
            page.after = found.next;
            if page.after.is_none() || looked_at >= MOST {
                return Ok(Replayed { deliveries, next: page.after });
            }
        }
    }

    async fn replay_one(&self, scope: &TenantScope, found: &Delivery) -> Result<Option<Delivery>, EntityError> {
        let now = self.ports.clock.now();
        let Some(again) = found.replayed(now) else { return Ok(None) };
        let job = delivering(&*self.ports.ids, &again, now);
        self.ports.store.save_delivery(scope, &again, Some(&job)).await?;
        Ok(Some(again))
    }
}
