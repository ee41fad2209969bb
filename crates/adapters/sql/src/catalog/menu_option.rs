//! Menu options.

use crate::SqlStore;
use crate::condition::of_store;
use crate::entities::{Fields, Mapped, Stored, columns};
use async_trait::async_trait;
use musubi_catalog::menu_option::{InMenu, MenuOption, MenuOptionDetails, MenuOptionFilter};
use musubi_catalog::ports::OptionBook;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, MenuOptionId};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Value};

impl Mapped for MenuOption {
    const TABLE: &'static str = "menu_options";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "menu_id",
        "name",
        "description",
        "price",
        "duration",
        "is_required",
        "sort_order",
        "is_active",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["sort_order", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        let details = &self.details;
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("menu_id", self.menu_id.0);
        row.set("name", details.name.as_str());
        row.set("description", details.description.as_deref());
        row.set("price", details.price.0);
        row.set("duration", details.duration);
        row.set("is_required", details.is_required);
        row.set("sort_order", details.sort_order);
        row.set("is_active", details.is_active);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            menu_id: row.id("menu_id")?,
            details: MenuOptionDetails {
                name: row.get("name")?,
                description: row.get("description")?,
                price: Amount(row.int("price")?),
                duration: row.int("duration")?,
                is_required: row.get("is_required")?,
                sort_order: row.int("sort_order")?,
                is_active: row.get("is_active")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &InMenu) -> Condition {
        of_store(scope.store()).add(Expr::col("menu_id").eq(scope.menu().0))
    }

    fn admitted(filter: &MenuOptionFilter, _: &dyn Cipher) -> Condition {
        Condition::all().add_option((!filter.include_inactive).then(|| Expr::col("is_active").eq(true)))
    }

    fn position((sort_order, id): (i32, MenuOptionId)) -> Vec<Value> {
        vec![sort_order.into(), id.0.into()]
    }
}

#[async_trait]
impl OptionBook for SqlStore {
    async fn of_menus(&self, scope: &StoreScope, menus: &[MenuId]) -> Result<Vec<MenuOption>, StoreError> {
        if menus.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = columns::<MenuOption>();
        query
            .cond_where(of_store(scope))
            .and_where(Expr::col("menu_id").is_in(menus.iter().map(|id| id.0)))
            .and_where(Expr::col("is_active").eq(true));
        for column in MenuOption::ORDER {
            query.order_by(*column, Order::Asc);
        }
        self.entities::<MenuOption>().read(&query).await
    }
}
