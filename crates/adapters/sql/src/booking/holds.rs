//! Holds.

use crate::engine::{Db, Reader, Row, Write};
use crate::entities::json;
use chrono::{DateTime, Utc};
use musubi_booking::hold::Hold;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::HoldId;
use sea_query::{Expr, ExprTrait as _, Order, Query};
use uuid::Uuid;

const TABLE: &str = "holds";

pub(super) async fn find(
    reader: &mut Reader<'_>,
    scope: &StoreScope,
    token_hash: &[u8; 32],
) -> Result<Option<Hold>, StoreError> {
    let query = Query::select()
        .columns(["id", "token_hash", "terms", "created_at", "expires_at"])
        .from(TABLE)
        .and_where(Expr::col("token_hash").eq(token_hash.to_vec()))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned();
    reader.optional(&query).await?.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<Hold, StoreError> {
    Ok(Hold {
        id: row.id("id")?,
        token_hash: hash(row, "token_hash")?,
        terms: row.json("terms")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// A column of 32 bytes.
pub(super) fn hash(row: &Row, column: &str) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = row.get(column)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("{column}: not 32 bytes")))
}

/// What writes a new hold with its resources.
pub(super) fn inserting(scope: &StoreScope, hold: &Hold) -> Vec<Write> {
    let agreement = &hold.terms.agreement;
    let insert = Query::insert()
        .into_table(TABLE)
        .columns([
            "id",
            "tenant_id",
            "store_id",
            "token_hash",
            "booking_date",
            "occupied_from",
            "occupied_to",
            "terms",
            "created_at",
            "expires_at",
        ])
        .values_panic([
            hold.id.0.into(),
            scope.tenant().0.into(),
            scope.store().0.into(),
            hold.token_hash.to_vec().into(),
            agreement.business_date.into(),
            agreement.occupied.from.instant().into(),
            agreement.occupied.to.instant().into(),
            json(&hold.terms).into(),
            hold.created_at.into(),
            hold.expires_at.into(),
        ])
        .to_owned();
    let mut writes = vec![Write::one(insert)];
    let mut insert = Query::insert();
    insert.into_table("hold_resources").columns(["hold_id", "resource_id", "seats", "is_exclusive"]);
    for held in &agreement.resources {
        insert.values_panic([hold.id.0.into(), held.id.0.into(), held.seats.into(), held.exclusive.into()]);
    }
    if !agreement.resources.is_empty() {
        writes.push(Write::any(insert));
    }
    writes
}

pub(super) fn removing(scope: &StoreScope, id: HoldId) -> Write {
    let delete = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col("id").eq(id.0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned();
    Write::one(delete)
}

/// Deletes holds that ended before `before`, at most `limit`; how many.
pub(super) async fn tidy(db: &Db, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
    let ended = Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("expires_at").lte(before))
        .order_by("expires_at", Order::Asc)
        .limit(u64::from(limit))
        .to_owned();
    let ids = db.all(&ended).await?.iter().map(|row| row.get("id")).collect::<Result<Vec<Uuid>, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let delete = Query::delete().from_table(TABLE).and_where(Expr::col("id").is_in(ids)).to_owned();
    let mut tx = db.begin().await?;
    let deleted = tx.execute(&delete).await?;
    tx.commit().await?;
    Ok(deleted)
}
