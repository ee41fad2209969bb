//! How long rows are kept that grow without end, and deleting those whose time is over.
//!
//! Rows go a few at a time, each lot in a transaction of its own that locks nothing but them, with a pause between: whoever writes
//! waits for a lot at most. They are found by their ids, which begin with the time at which a row was made, so that no table needs
//! another index for this; `created_at` decides.

use crate::engine::{Db, Row};
use crate::jobs::{BETWEEN_LOTS, LOT, removing_rows};
use crate::notification::line_traces;
use crate::system_log::SystemLog;
use chrono::{DateTime, Months, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How long the rows of a table are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The table. Where rows are kept from when they were made it has `id {uuid}`, which begins with the time, and
    /// `created_at {timestamp}`.
    pub table: &'static str,
    /// For how many months of the calendar.
    pub months: u32,
    /// Only rows with one of these in `status` go; none: all do.
    pub statuses: &'static [&'static str],
    since: Since,
}

/// From when on rows are kept for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// They were made.
    Made,
    /// The booking that they belong to was over.
    Over,
    /// Something was heard of whoever they tell of. Whoever is a customer, or is told of a booking, stays.
    Heard,
}

const fn kept(table: &'static str, months: u32, statuses: &'static [&'static str]) -> Retention {
    Retention { table, months, statuses, since: Since::Made }
}

const fn kept_since(since: Since, table: &'static str, months: u32) -> Retention {
    Retention { table, months, statuses: &[], since }
}

/// Every table whose rows go, with how long they are kept. The first three are those of seed 003; what was sent may
/// have become delivered since.
pub const RETENTIONS: &[Retention] = &[
    kept("system_logs", 12, &[]),
    kept("notifications", 6, &["sent", "delivered"]),
    kept("booking_changes", 24, &[]),
    kept("webhook_deliveries", 3, &["delivered", "failed"]),
    kept("line_events", 1, &[]),
    kept("line_codes", 1, &[]),
    kept_since(Since::Over, "line_holders", 1),
    kept_since(Since::Heard, "line_friends", 6),
];

impl Retention {
    /// What was made before then goes.
    pub fn ends(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_months(Months::new(self.months)).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// How many rows would go now.
    pub async fn count(&self, db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "n")
            .from(self.table)
            .cond_where(self.is_over(now))
            .to_owned();
        db.optional(&query).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Deletes what is over; how many rows. It may be stopped at any time.
    pub async fn apply(&self, db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let before = self.ends(now);
        let mut all = 0;
        loop {
            let (gone, more) = match self.since {
                Since::Made => return self.apply_by_id(db, now).await,
                Since::Over => line_traces::remove_over(db, before).await?,
                Since::Heard => line_traces::remove_strangers(db, before).await?,
            };
            all += gone;
            if !more {
                return Ok(all);
            }
            tokio::time::sleep(BETWEEN_LOTS).await;
        }
    }

    async fn apply_by_id(&self, db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let (mut gone, mut after) = (0, Uuid::nil());
        loop {
            let rows = db.all(&self.next(now, after)).await?;
            let ids = rows.iter().map(|row: &Row| row.get("id")).collect::<Result<Vec<Uuid>, _>>()?;
            let Some(last) = ids.last() else { return Ok(gone) };
            after = *last;
            let mut tx = db.begin().await?;
            gone += tx.execute(&removing_rows(db.engine(), self.table, &ids)).await?;
            tx.commit().await?;
            if (ids.len() as u64) < LOT {
                return Ok(gone);
            }
            tokio::time::sleep(BETWEEN_LOTS).await;
        }
    }

    fn is_over(&self, now: DateTime<Utc>) -> Condition {
        let ends = self.ends(now);
        match self.since {
            Since::Made => {}
            Since::Over => return line_traces::over(ends),
            Since::Heard => return line_traces::strangers(ends),
        }
        let over = Condition::all().add(Expr::col("id").lt(first_id(ends))).add(Expr::col("created_at").lt(ends));
        if self.statuses.is_empty() {
            return over;
        }
        over.add(Expr::col("status").is_in(self.statuses.iter().copied()))
    }

    fn next(&self, now: DateTime<Utc>, after: Uuid) -> SelectStatement {
        Query::select()
            .column("id")
            .from(self.table)
            .cond_where(self.is_over(now))
            .and_where(Expr::col("id").gt(after))
            .order_by("id", Order::Asc)
            .limit(LOT)
            .to_owned()
    }
}

/// The entry of the system log that tells how many rows went of which tables; `None`: none did.
pub fn entry(ids: &dyn IdGen, gone: &[(&str, u64)], now: DateTime<Utc>) -> Option<SystemLog> {
    let gone: BTreeMap<_, _> = gone.iter().copied().filter(|(_, rows)| *rows > 0).collect();
    if gone.is_empty() {
        return None;
    }
    let said: Vec<_> = gone.iter().map(|(table, rows)| format!("{rows} of {table}")).collect();
    let said = format!("deleted what is kept no longer: {}", said.join(", "));
    Some(SystemLog::new(ids, "retention.applied", said, json!(gone), now))
}

/// No id that was made then or later is below it.
fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (months, now, ends) in [
            (12, "2028-02-29T18:30:00Z", "2027-02-28T18:30:00Z"),
            (24, "2026-03-20T18:30:00Z", "2024-03-20T18:30:00Z"),
            (6, "2026-08-31T18:30:00Z", "2026-02-28T18:30:00Z"),
        ] {
            assert_eq!(kept("t", months, &[]).ends(at(now)), at(ends));
        }
    }

    #[test]
    fn ids_of_then_and_later_are_not_below_the_first() {
        use musubi_kernel::id::{IdGen as _, SystemIds};
        let at = "2026-03-20T18:30:00.123Z".parse::<DateTime<Utc>>().unwrap();
        assert!(SystemIds.uuid(at) >= first_id(at));
        assert!(SystemIds.uuid(at - chrono::TimeDelta::milliseconds(1)) < first_id(at));
    }
}
