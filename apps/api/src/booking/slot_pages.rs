//! Finished answers of the slot search, remembered.

use crate::language::Language;
use crate::problem::Problem;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use musubi_booking::desk::SlotQuery;
use musubi_cache::Remembered;
use musubi_cache::remembered::Weigh;
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::id::{StoreId, TenantId};
use musubi_kernel::revision::{Revisions, Subject};
use std::ops::Range;
use std::sync::Arc;

/// What an answer takes in memory, about: a week of a few people.
const TYPICAL: u64 = 32 * 1024;

/// What an answer depends on besides what is stored. The answer is the same whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    tenant: TenantId,
    store: StoreId,
    query: SlotQuery,
    language: Language,
}

/// An answer as it is sent.
#[derive(Debug, Clone)]
pub(super) struct SlotPage {
    /// JSON.
    pub(super) body: Bytes,
    /// For which instants it is right, as long as nothing is written.
    pub(super) good: Range<DateTime<Utc>>,
}

impl Weigh for SlotPage {
    fn bytes(&self) -> usize {
        self.body.len() + 256
    }
}

/// Answers of the slot search.
pub struct SlotPages {
    pages: Remembered<Asked, SlotPage>,
    clock: Arc<dyn Clock>,
}

impl SlotPages {
    /// As many answers as fit into about `bytes`.
    pub fn new(revisions: Arc<dyn Revisions>, clock: Arc<dyn Clock>, bytes: u64) -> Self {
        Self { pages: Remembered::new("slots", revisions, bytes, TYPICAL), clock }
    }

    /// The answer to a valid `query`: the one that is remembered, or what `search` finds. What depends on a customer is
    /// not remembered.
    pub(super) async fn get<F>(
        &self,
        scope: &StoreScope,
        query: &SlotQuery,
        language: Language,
        search: impl FnOnce() -> F,
    ) -> Result<Bytes, Problem>
    where
        F: Future<Output = Result<SlotPage, Problem>>,
    {
        if query.customer.is_some() {
            return Ok(search().await?.body);
        }
        let asked = Asked { tenant: scope.tenant(), store: scope.store(), query: query.clone(), language };
        let [tenant, store] = Subject::settings(scope);
        let dates = query.dates_read();
        let days = Subject::Days { store: scope.store(), from: *dates.start(), to: *dates.end() };
        let good = |page: &SlotPage| page.good.contains(&self.clock.now());
        let page: Result<SlotPage, Problem> = self.pages.about(&asked, &[tenant, store, days], good, search).await;
        Ok(page?.body)
    }
}
