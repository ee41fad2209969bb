//! What was done at a store, the newest first.

use super::entry::StoredEntry;
use crate::SqlStore;
use crate::condition::of_store;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::audit::{AuditBook, AuditLine};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::AuditId;
use musubi_kernel::page::{Page, PageRequest};
use sea_query::{Condition, Expr, ExprTrait as _, Order};

#[async_trait]
impl AuditBook for SqlStore {
    async fn of_store(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<AuditLine>, EntityError> {
        let mut query = StoredEntry::select();
        query.cond_where(of_store(scope));
        if let Some((at, id)) = page.position::<(DateTime<Utc>, AuditId)>()? {
            let earlier = Condition::any().add(Expr::col("at").lt(at)).add(Expr::col("id").lt(id.0));
            query.and_where(Expr::col("at").lte(at)).cond_where(earlier);
        }
        query.order_by("at", Order::Desc).order_by("id", Order::Desc).limit(u64::from(page.limit) + 1);
        let rows = self.db.all(&query).await?;
        let lines = rows.iter().map(|row| StoredEntry::read(row)?.line()).collect::<Result<_, StoreError>>()?;
        Ok(Page::of(lines, page.limit, |line: &AuditLine| (line.at, line.id)))
    }
}
