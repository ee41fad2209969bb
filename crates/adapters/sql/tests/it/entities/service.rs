//! The example of a mapping with rows of another table: a menu with the resources that do it.

use crate::rows::{id, now};
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{MenuId, ResourceId, StoreId, TenantId};
use musubi_kernel::secret::Cipher;
use musubi_sql::engine::{Db, Tx};
use musubi_sql::entities::{Fields, Mapped, Stored};
use sea_query::{Condition, Expr, ExprTrait as _, InsertStatement, Query, Value};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service {
    pub(crate) id: MenuId,
    version: i64,
    tenant: TenantId,
    store: StoreId,
    details: ServiceDetails,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServiceDetails {
    pub(crate) name: String,
    pub(crate) by: BTreeSet<ResourceId>,
}

impl Mapped for Service {
    const TABLE: &'static str = "menus";
    const COLUMNS: &'static [&'static str] =
        &["tenant_id", "store_id", "name", "base_duration", "base_price", "created_at", "updated_at"];
    const ORDER: &'static [&'static str] = &["name", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        row.set("tenant_id", self.tenant.0);
        row.set("store_id", self.store.0);
        row.set("name", self.details.name.as_str());
        row.set("base_duration", 60);
        row.set("base_price", 5500_i64);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            version: row.version()?,
            tenant: row.id("tenant_id")?,
            store: row.id("store_id")?,
            details: ServiceDetails { name: row.get("name")?, by: BTreeSet::new() },
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        Condition::all().add(Expr::col("store_id").eq(scope.store().0))
    }

    fn admitted((): &(), _: &dyn Cipher) -> Condition {
        Condition::all()
    }

    fn position((name, id): (String, MenuId)) -> Vec<Value> {
        vec![name.into(), id.0.into()]
    }

    async fn write_children(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let of_this = Expr::col("menu_id").eq(self.id.0);
        tx.execute(&Query::delete().from_table("menu_resources").and_where(of_this).to_owned()).await?;
        if self.details.by.is_empty() {
            return Ok(());
        }
        let mut insert = Query::insert();
        insert.into_table("menu_resources").columns(["menu_id", "resource_id", "store_id"]);
        for resource in &self.details.by {
            insert.values_panic([self.id.0.into(), resource.0.into(), self.store.0.into()]);
        }
        tx.execute(&insert).await.map(drop)
    }

    async fn read_children(db: &Db, page: &mut [Self]) -> Result<(), StoreError> {
        let query = Query::select()
            .columns(["menu_id", "resource_id"])
            .from("menu_resources")
            .and_where(Expr::col("menu_id").is_in(page.iter().map(|service| service.id.0)))
            .to_owned();
        for row in db.all(&query).await? {
            let menu: MenuId = row.id("menu_id")?;
            if let Some(service) = page.iter_mut().find(|service| service.id == menu) {
                service.details.by.insert(row.id("resource_id")?);
            }
        }
        Ok(())
    }
}

impl Entity for Service {
    type Id = MenuId;
    type Scope = StoreScope;
    type Details = ServiceDetails;
    type Filter = ();
    type SortKey = (String, MenuId);

    const NOUN: &'static str = "service";
    const BOUND: Option<Bound> = Some(Bound { most: 5, code: "too_many_services", detail: "five at most" });

    fn create(id: MenuId, scope: &StoreScope, details: ServiceDetails, at: DateTime<Utc>) -> Self {
        let (tenant, store) = (scope.tenant(), scope.store());
        Self { id, version: 1, tenant, store, details, created_at: at, updated_at: at }
    }
    fn revise(&self, details: ServiceDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..self.clone() }
    }
    fn check(_: &ServiceDetails) -> Result<(), Invalid> {
        Ok(())
    }
    fn id(&self) -> MenuId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &ServiceDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant), Some(self.store))
    }
    fn public_record(&self) -> serde_json::Value {
        serde_json::json!({"name": self.details.name})
    }
    fn lives_in(&self, scope: &StoreScope) -> bool {
        self.store == scope.store()
    }
    fn admitted_by(&self, (): &()) -> bool {
        true
    }
    fn sort_key(&self) -> (String, MenuId) {
        (self.details.name.clone(), self.id)
    }
}

/// A resource's row.
pub(crate) fn resource(n: u128, tenant: u128, store: u128) -> InsertStatement {
    Query::insert()
        .into_table("resources")
        .columns(["id", "tenant_id", "store_id", "name", "version", "created_at", "updated_at"])
        .values_panic([
            id(n).into(),
            id(tenant).into(),
            id(store).into(),
            "Hanako".into(),
            1_i64.into(),
            now().into(),
            now().into(),
        ])
        .to_owned()
}
