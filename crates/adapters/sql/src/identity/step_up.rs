//! When people proved again who they are.

use chrono::{DateTime, Utc};
use musubi_kernel::id::SessionId;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement};

const TABLE: &str = "step_ups";

/// In this session.
pub(super) fn of(session: SessionId) -> SelectStatement {
    let this = Expr::col("session_id").eq(session.0);
    Query::select().column("authenticated_at").from(TABLE).and_where(this).to_owned()
}

pub(super) fn again(session: SessionId, at: DateTime<Utc>) -> UpdateStatement {
    let this = Expr::col("session_id").eq(session.0);
    Query::update().table(TABLE).value("authenticated_at", at).and_where(this).to_owned()
}

pub(super) fn first(session: SessionId, at: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["session_id", "authenticated_at"])
        .values_panic([session.0.into(), at.into()])
        .to_owned()
}
