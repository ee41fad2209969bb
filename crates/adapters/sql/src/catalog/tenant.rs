//! Tenants.

use crate::entities::{Fields, Mapped, Stored};
use musubi_catalog::tenant::{PlanType, Tenant, TenantDetails, TenantFilter, TenantsScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::TenantId;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for Tenant {
    const TABLE: &'static str = "tenants";
    const COLUMNS: &'static [&'static str] =
        &["name", "plan_type", "subscription_expires_at", "settings", "is_active", "created_at", "updated_at"];
    const ORDER: &'static [&'static str] = &["id"];

    fn write(&self, row: &mut Fields<'_>) {
        row.set("name", self.details.name.as_str());
        row.set("plan_type", self.details.plan_type.code());
        row.set("subscription_expires_at", self.details.subscription_expires_at);
        row.json_or_null("settings", self.details.settings.as_ref());
        row.set("is_active", self.details.is_active);
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            details: TenantDetails {
                name: row.get("name")?,
                plan_type: row.code("plan_type", PlanType::from_code)?,
                subscription_expires_at: row.get("subscription_expires_at")?,
                settings: row.json_or_null("settings")?,
                is_active: row.get("is_active")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &TenantsScope) -> Condition {
        Condition::all().add_option(scope.only().map(|only| Expr::col("id").eq(only.0)))
    }

    fn admitted(filter: &TenantFilter, _: &dyn Cipher) -> Condition {
        Condition::all().add_option((!filter.include_inactive).then(|| Expr::col("is_active").eq(true)))
    }

    fn position(id: TenantId) -> Vec<Value> {
        vec![id.0.into()]
    }
}
