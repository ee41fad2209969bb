//! Recovery codes: keyed digests.

use crate::engine::Row;
use chrono::{DateTime, Utc};
use musubi_identity::recovery_codes::{KeptCode, RecoveryCodes};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement,
};

const TABLE: &str = "recovery_codes";

/// A person's, as they were shown.
pub(super) fn of(user: UserId) -> SelectStatement {
    Query::select()
        .columns(["digest", "used_at"])
        .from(TABLE)
        .and_where(Expr::col("user_id").eq(user.0))
        .order_by("position", Order::Asc)
        .to_owned()
}

/// At least one.
pub(super) fn adding(user: UserId, codes: &RecoveryCodes) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["user_id", "digest", "position", "used_at"]);
    for (position, code) in (0_i32..).zip(codes.kept()) {
        insert.values_panic([user.0.into(), code.digest.to_vec().into(), position.into(), code.used_at.into()]);
    }
    insert
}

/// Its one use.
pub(super) fn using(user: UserId, digest: &[u8; 32], at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("used_at", at)
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where(Expr::col("digest").eq(digest.to_vec()))
        .and_where(Expr::col("used_at").is_null())
        .to_owned()
}

pub(super) fn removing(user: UserId) -> DeleteStatement {
    Query::delete().from_table(TABLE).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

pub(super) fn read(user: UserId, rows: &[Row]) -> Result<RecoveryCodes, StoreError> {
    let code = |row: &Row| {
        let digest: Vec<u8> = row.get("digest")?;
        let corrupt = |_| StoreError::Corrupt(format!("{TABLE}.digest: not 32 bytes"));
        Ok(KeptCode { digest: digest.try_into().map_err(corrupt)?, used_at: row.get("used_at")? })
    };
    Ok(RecoveryCodes::from_kept(user.0, rows.iter().map(code).collect::<Result<_, StoreError>>()?))
}
