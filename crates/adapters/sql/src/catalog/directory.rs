//! Finding stores before anybody has leave, and resources by their ids.

use crate::SqlStore;
use crate::condition::of_store;
use crate::engine::Row;
use crate::entities::columns;
use async_trait::async_trait;
use musubi_catalog::ports::{Found, ResourceBook, StoreDirectory};
use musubi_catalog::store::{Store, is_slug};
use musubi_kernel::access::{StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{ResourceId, StoreId};
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement};

#[async_trait]
impl StoreDirectory for SqlStore {
    async fn by_id(&self, id: StoreId) -> Result<Option<StoreRef>, StoreError> {
        self.db.optional(&reference(id)).await?.map(|row| read(&row)).transpose()
    }

    async fn by_slug(&self, slug: &str) -> Result<Option<Found>, StoreError> {
        // What no store can be called is not looked up: not every database takes every text.
        if !is_slug(slug) {
            return Ok(None);
        }
        let query = columns::<Store>().and_where(Expr::col("slug").eq(slug)).to_owned();
        let Some(store) = self.entities::<Store>().read(&query).await?.pop() else { return Ok(None) };
        Ok(self.by_id(store.id).await?.map(|at| Found { at, store }))
    }
}

fn reference(id: StoreId) -> SelectStatement {
    Query::select()
        .columns([("stores", "id"), ("stores", "tenant_id"), ("stores", "is_public")])
        .expr_as(Expr::col(("stores", "is_active")), "store_active")
        .expr_as(Expr::col(("tenants", "is_active")), "tenant_active")
        .from("stores")
        .inner_join("tenants", Expr::col(("tenants", "id")).equals(("stores", "tenant_id")))
        .and_where(Expr::col(("stores", "id")).eq(id.0))
        .to_owned()
}

fn read(row: &Row) -> Result<StoreRef, StoreError> {
    let open: [bool; 3] = [row.get("store_active")?, row.get("is_public")?, row.get("tenant_active")?];
    Ok(StoreRef { store: row.id("id")?, tenant: row.id("tenant_id")?, open_to_public: open == [true; 3] })
}

#[async_trait]
impl ResourceBook for SqlStore {
    async fn existing(&self, scope: &StoreScope, ids: &[ResourceId]) -> Result<Vec<ResourceId>, StoreError> {
        let query = Query::select()
            .column("id")
            .from("resources")
            .cond_where(of_store(scope))
            .and_where(Expr::col("id").is_in(ids.iter().map(|id| id.0)))
            .to_owned();
        self.db.all(&query).await?.iter().map(|row| row.id("id")).collect()
    }
}
