//! Stores' channels at LINE.

use crate::SqlStore;
use crate::entities::Stored;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Secret;
use sea_query::{Expr, ExprTrait as _, Query};

/// A store's channel at LINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChannel {
    /// Whether the store uses it.
    pub active: bool,
    /// By which its calls are signed.
    pub secret: Option<Secret>,
    /// By which it is called.
    pub access_token: Option<Secret>,
}

/// The store's channel at LINE. `None`: there is no such store.
pub async fn line_channel(store: &SqlStore, scope: &StoreScope) -> Result<Option<LineChannel>, StoreError> {
    let query = Query::select()
        .columns(["id", "line_integration_active", "line_channel_secret", "line_access_token"])
        .from("stores")
        .and_where(Expr::col("id").eq(scope.store().0))
        .and_where(Expr::col("tenant_id").eq(scope.tenant().0))
        .to_owned();
    let Some(row) = store.db.optional(&query).await? else { return Ok(None) };
    let row = Stored::of(&row, "stores", &*store.cipher)?;
    Ok(Some(LineChannel {
        active: row.get("line_integration_active")?,
        secret: row.sealed("line_channel_secret")?,
        access_token: row.sealed("line_access_token")?,
    }))
}
