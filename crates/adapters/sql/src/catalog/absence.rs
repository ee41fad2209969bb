//! Absences of resources.

use crate::condition::of_store;
use crate::entities::{Fields, Mapped, Stored};
use chrono::{DateTime, Utc};
use musubi_catalog::absence::{Absence, AbsenceDetails, AbsenceFilter, OfResource};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::AbsenceId;
use musubi_kernel::secret::Cipher;
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for Absence {
    const TABLE: &'static str = "resource_absences";
    const COLUMNS: &'static [&'static str] =
        &["tenant_id", "store_id", "resource_id", "starts_at", "ends_at", "reason", "created_at", "updated_at"];
    const ORDER: &'static [&'static str] = &["starts_at", "id"];

    fn write(&self, row: &mut Fields<'_>) {
        row.set("tenant_id", self.tenant_id.0);
        row.set("store_id", self.store_id.0);
        row.set("resource_id", self.resource_id.0);
        row.set("starts_at", self.details.from);
        row.set("ends_at", self.details.to);
        row.set("reason", self.details.reason.as_deref());
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            store_id: row.id("store_id")?,
            resource_id: row.id("resource_id")?,
            details: AbsenceDetails {
                from: row.get("starts_at")?,
                to: row.get("ends_at")?,
                reason: row.get("reason")?,
            },
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &OfResource) -> Condition {
        of_store(scope.store()).add(Expr::col("resource_id").eq(scope.resource().0))
    }

    fn admitted(filter: &AbsenceFilter, _: &dyn Cipher) -> Condition {
        Condition::all()
            .add_option(filter.from.map(|from| Expr::col("ends_at").gt(from)))
            .add_option(filter.to.map(|to| Expr::col("starts_at").lt(to)))
    }

    fn position((from, id): (DateTime<Utc>, AbsenceId)) -> Vec<Value> {
        vec![from.into(), id.0.into()]
    }
}
