//! How fast a store's messages go out.

use crate::engine::{Db, count_up};
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_notification::pace::{Ask, Pace, Turn};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement};

const TABLE: &str = "notification_paces";

/// Asks for a message. Those of one store ask one after the other: counting the row up locks it, on every node.
pub(super) async fn turn(
    db: &Db,
    scope: &StoreScope,
    ask: Ask,
    per_minute: u32,
    now: DateTime<Utc>,
) -> Result<Turn, StoreError> {
    if let Ask::InLine(Some(place)) = ask
        && place > now
    {
        return Ok(Turn::At(place));
    }
    let mut tx = db.begin().await?;
    tx.execute(&count_up(first(scope), TABLE, &["store_id"], "version", 1)).await?;
    let row = tx.optional(&kept_of(scope)).await?.ok_or(StoreError::Conflict)?;
    let kept = Pace { ready: row.get("ready_at")?, last: row.get("last_at")? };
    let (next, turn) = kept.ask(ask, per_minute, now);
    if next != kept {
        tx.exactly_one(&keeping(scope, next)).await?;
    }
    tx.commit().await?;
    Ok(turn)
}

fn first(scope: &StoreScope) -> InsertStatement {
    let Pace { ready, last } = Pace::default();
    Query::insert()
        .into_table(TABLE)
        .columns(["store_id", "ready_at", "last_at", "version"])
        .values_panic([scope.store().0.into(), ready.into(), last.into(), 1_i64.into()])
        .to_owned()
}

fn kept_of(scope: &StoreScope) -> SelectStatement {
    Query::select()
        .columns(["ready_at", "last_at"])
        .from(TABLE)
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}

fn keeping(scope: &StoreScope, Pace { ready, last }: Pace) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("ready_at", ready)
        .value("last_at", last)
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}
