//! The history of bookings.

use crate::engine::{Db, Row, Write};
use crate::entities::json;
use musubi_booking::change::{BookingChange, ChangeKind};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, StoreId};
use sea_query::{Expr, ExprTrait as _, Order, Query};

const TABLE: &str = "booking_changes";

/// An entry, and at which version of its booking it stands.
pub(super) struct Noted {
    pub(super) store: StoreId,
    pub(super) version: i64,
    pub(super) change: BookingChange,
}

/// What writes entries; nothing where there are none.
pub(super) fn adding(entries: &[Noted]) -> Option<Write> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns([
        "id",
        "booking_id",
        "store_id",
        "changed_by_type",
        "changed_by_id",
        "change_type",
        "before_data",
        "after_data",
        "reason",
        "ip_address",
        "user_agent",
        "version",
        "created_at",
    ]);
    for Noted { store, version, change } in entries {
        insert.values_panic([
            change.id.0.into(),
            change.booking.0.into(),
            store.0.into(),
            change.by_kind.as_str().into(),
            change.by.into(),
            change.kind.code().into(),
            change.before.as_ref().map(json).into(),
            json(&change.after).into(),
            change.reason.as_deref().into(),
            change.ip.map(|ip| ip.to_string()).into(),
            change.user_agent.as_deref().into(),
            (*version).into(),
            change.at.into(),
        ]);
    }
    (!entries.is_empty()).then(|| Write::any(insert))
}

/// A booking's history, oldest first.
pub(super) async fn of(db: &Db, scope: &StoreScope, id: BookingId) -> Result<Vec<BookingChange>, StoreError> {
    let query = Query::select()
        .columns([
            "id",
            "booking_id",
            "changed_by_type",
            "changed_by_id",
            "change_type",
            "before_data",
            "after_data",
            "reason",
            "ip_address",
            "user_agent",
            "created_at",
        ])
        .from(TABLE)
        .and_where(Expr::col("booking_id").eq(id.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .order_by("version", Order::Asc)
        .to_owned();
    db.all(&query).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<BookingChange, StoreError> {
    let ip: Option<String> = row.get("ip_address")?;
    Ok(BookingChange {
        id: row.id("id")?,
        booking: row.id("booking_id")?,
        kind: row.code("change_type", ChangeKind::from_code)?,
        by_kind: row.get("changed_by_type")?,
        by: row.get("changed_by_id")?,
        before: row.json_or_null("before_data")?,
        after: row.json("after_data")?,
        reason: row.get("reason")?,
        ip: ip
            .map(|ip| ip.parse())
            .transpose()
            .map_err(|_| StoreError::Corrupt("ip_address: no address".to_owned()))?,
        user_agent: row.get("user_agent")?,
        at: row.get("created_at")?,
    })
}
