//! Conditions that many statements share.

use musubi_kernel::access::StoreScope;
use sea_query::{Condition, Expr, ExprTrait as _, IntoColumnRef, Query};

/// The rows of a store.
pub(crate) fn of_store(scope: &StoreScope) -> Condition {
    Condition::all().add(Expr::col("tenant_id").eq(scope.tenant().0)).add(Expr::col("store_id").eq(scope.store().0))
}

/// The rows whose tenant, in this column, is active.
pub(crate) fn within_active_tenant(column: impl IntoColumnRef) -> Expr {
    let active = Query::select().column("id").from("tenants").and_where(Expr::col("is_active").eq(true)).to_owned();
    Expr::col(column).in_subquery(active)
}

/// Whether a text column holds a text that a caller sent. No text with NUL characters is ever written, and PostgreSQL
/// refuses even to be asked for one.
pub(crate) fn equals(column: impl IntoColumnRef, text: &str) -> Expr {
    if text.contains('\0') { Expr::val(1).eq(0) } else { Expr::col(column).eq(text) }
}
