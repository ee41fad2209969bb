//! Resources.

use crate::condition::of_store;
use crate::entities::{Fields, Mapped, Stored};
use musubi_catalog::efficiency::EfficiencyRate;
use musubi_catalog::resource::{Resource, ResourceDetails, ResourceFilter, ResourceType};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for Resource {
    const TABLE: &'static str = "resources";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "store_id",
        "type",
        "name",
        "display_name",
        "description",
        "photo_url",
        "attributes",
        "working_hours",
        "efficiency_hundredths",
        "hourly_rate_diff",
        "capacity",
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
        row.set("type", details.kind.code());
        row.set("name", details.name.as_str());
        row.set("display_name", details.display_name.as_deref());
        row.set("description", details.description.as_deref());
        row.set("photo_url", details.photo_url.as_deref());
        row.json_or_null("attributes", details.attributes.as_ref());
        row.json_or_null("working_hours", details.working_hours.as_ref());
        row.set("efficiency_hundredths", details.efficiency_rate.hundredths());
        row.set("hourly_rate_diff", details.hourly_rate_diff.0);
        row.set("capacity", details.capacity);
        row.set("sort_order", details.sort_order);
        row.set("is_active", details.is_active);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        let no_rate = || StoreError::Corrupt("efficiency_hundredths: out of range".to_owned());
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            details: ResourceDetails {
                kind: row.code("type", ResourceType::from_code)?,
                name: row.get("name")?,
                display_name: row.get("display_name")?,
                description: row.get("description")?,
                photo_url: row.get("photo_url")?,
                attributes: row.json_or_null("attributes")?,
                working_hours: row.json_or_null("working_hours")?,
                efficiency_rate: EfficiencyRate::from_hundredths(row.int("efficiency_hundredths")?)
                    .ok_or_else(no_rate)?,
                hourly_rate_diff: Amount(row.int("hourly_rate_diff")?),
                capacity: row.int("capacity")?,
                sort_order: row.int("sort_order")?,
                is_active: row.get("is_active")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoreScope) -> Condition {
        of_store(scope)
    }

    fn admitted(filter: &ResourceFilter, _: &dyn Cipher) -> Condition {
        Condition::all()
            .add_option((!filter.include_inactive).then(|| Expr::col("is_active").eq(true)))
            .add_option(filter.kind.map(|kind| Expr::col("type").eq(kind.code())))
    }

    fn position((sort_order, id): (i32, ResourceId)) -> Vec<Value> {
        vec![sort_order.into(), id.0.into()]
    }
}
