//! The lock of a store's day: one row per store and date, whose version counts its writers.

use crate::engine::{Tx, count_up};
use chrono::NaiveDate;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use sea_query::Query;
use std::collections::BTreeSet;

const TABLE: &str = "store_days";

/// Takes the locks of these days for so many writers, in order of date, so that no two units wait for each other.
///
/// Writing the row takes its lock on every engine, and is seen at commit by the other nodes of a multi-primary cluster,
/// where row locks stay local. The first writer of a day inserts its row; whoever does so at the same time waits.
pub(super) async fn lock(
    tx: &mut Tx,
    scope: &StoreScope,
    days: &BTreeSet<NaiveDate>,
    writers: i64,
) -> Result<(), StoreError> {
    if days.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["store_id", "date", "version"]);
    for day in days {
        insert.values_panic([scope.store().0.into(), (*day).into(), writers.into()]);
    }
    tx.execute(&count_up(insert, TABLE, &["store_id", "date"], "version", writers)).await.map(drop)
}
