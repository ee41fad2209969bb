//! The lock of a store's day: one row per store and date, whose version counts its writers.

use crate::engine::Tx;
use chrono::NaiveDate;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use sea_query::{Expr, ExprTrait as _, Query};
use std::collections::BTreeSet;

const TABLE: &str = "store_days";

/// Takes the locks of these days, in order of date, so that no two units wait for each other.
///
/// Writing the row takes its lock on every engine, and is seen at commit by the other nodes of a multi-primary cluster,
/// where row locks stay local. The first writer of a day inserts its row; whoever does so at the same time has lost a
/// race.
pub(super) async fn lock(tx: &mut Tx, scope: &StoreScope, days: &BTreeSet<NaiveDate>) -> Result<(), StoreError> {
    for day in days {
        if tx.execute(&touch(scope, *day)).await? == 0 {
            tx.exactly_one(&open(scope, *day)).await?;
        }
    }
    Ok(())
}

fn touch(scope: &StoreScope, day: NaiveDate) -> sea_query::UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("version", Expr::col("version").add(1))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .and_where(Expr::col("date").eq(day))
        .to_owned()
}

fn open(scope: &StoreScope, day: NaiveDate) -> sea_query::InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["store_id", "date", "version"])
        .values_panic([scope.store().0.into(), day.into(), 1_i64.into()])
        .to_owned()
}
