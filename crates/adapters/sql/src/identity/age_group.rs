//! Groups of ages.

use crate::SqlStore;
use crate::engine::Row;
use async_trait::async_trait;
use musubi_identity::age_group::{AgeGroup, AgeGroupBook, AgeGroupId};
use musubi_kernel::error::StoreError;
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};

#[async_trait]
impl AgeGroupBook for SqlStore {
    async fn age_groups(&self) -> Result<Vec<AgeGroup>, StoreError> {
        let query = Query::select()
            .columns(["id", "code", "min_age", "max_age"])
            .from("age_groups")
            .order_by("min_age", Order::Asc)
            .to_owned();
        self.db.all(&query).await?.iter().map(read).collect()
    }
}

/// One row, if there is this group.
pub(super) fn by_id(id: AgeGroupId) -> SelectStatement {
    Query::select().column("id").from("age_groups").and_where(Expr::col("id").eq(id.0)).to_owned()
}

fn read(row: &Row) -> Result<AgeGroup, StoreError> {
    Ok(AgeGroup {
        id: AgeGroupId(row.int("id")?),
        code: row.get("code")?,
        min_age: row.int("min_age")?,
        max_age: row.int_or_null("max_age")?,
    })
}
