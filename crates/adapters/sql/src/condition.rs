//! Conditions that many statements share.

use musubi_kernel::access::StoreScope;
use sea_query::{Condition, Expr, ExprTrait as _, IntoColumnRef};

/// The rows of a store.
pub(crate) fn of_store(scope: &StoreScope) -> Condition {
    Condition::all().add(Expr::col("tenant_id").eq(scope.tenant().0)).add(Expr::col("store_id").eq(scope.store().0))
}

/// Whether a text column holds a text that a caller sent. No text with NUL characters is ever written, and PostgreSQL
/// refuses even to be asked for one.
pub(crate) fn equals(column: impl IntoColumnRef, text: &str) -> Expr {
    if text.contains('\0') { Expr::val(1).eq(0) } else { Expr::col(column).eq(text) }
}
