//! Walking a chain to see whether it is as it was written.

use super::entry::{Hash, NOTHING_BEFORE, StoredEntry, hash_in};
use crate::engine::Db;
use musubi_kernel::error::StoreError;
use sea_query::{Expr, ExprTrait as _, Order, Query};
use uuid::Uuid;

/// How many entries are read at a time.
const STEP: u64 = 500;

/// What a walk along a chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries are sound, from the first on.
    pub sound: u64,
    /// The first thing that is wrong; `None`: the chain is as it was written.
    pub flaw: Option<Flaw>,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The entry with this number is not there.
    Missing {
        /// Its number.
        seq: i64,
    },
    /// The entry does not continue the one before: it or the one before was replaced.
    Unlinked {
        /// Its number.
        seq: i64,
        /// Its id.
        id: Uuid,
    },
    /// A field of the entry was changed.
    Altered {
        /// Its number.
        seq: i64,
        /// Its id.
        id: Uuid,
    },
    /// The chain does not end where it is known to end.
    WrongEnd {
        /// Where it is known to end; `None`: nowhere.
        known: Option<i64>,
        /// The number of its last entry; 0: it has none.
        last: i64,
    },
}

/// Walks a chain from its first entry to its end, and stops at the first flaw.
///
/// Entries that are written meanwhile may show as [`Flaw::WrongEnd`]; a second walk tells.
pub async fn verify(db: &Db, chain: &str) -> Result<Verified, StoreError> {
    let end = end_of(db, chain).await?;
    let (mut last, mut previous) = (0, NOTHING_BEFORE);
    let mut sound = 0;
    loop {
        let rows = db
            .all(
                &StoredEntry::select()
                    .and_where(Expr::col("chain").eq(chain))
                    .and_where(Expr::col("seq").gt(last))
                    .order_by("seq", Order::Asc)
                    .limit(STEP)
                    .to_owned(),
            )
            .await?;
        for row in &rows {
            let entry = StoredEntry::read(row)?;
            let hash = hash_in(row, "hash")?;
            let flaw = flaw_of(&entry, last, &previous, &hash_in(row, "prev_hash")?, &hash);
            if flaw.is_some() {
                return Ok(Verified { sound, flaw });
            }
            (last, previous, sound) = (entry.seq, hash, sound + 1);
        }
        if (rows.len() as u64) < STEP {
            break;
        }
    }
    let ends_there = end.map_or(last == 0, |end| end == (last, previous));
    let flaw = (!ends_there).then_some(Flaw::WrongEnd { known: end.map(|(seq, _)| seq), last });
    Ok(Verified { sound, flaw })
}

/// The names of chains after `after`, in order, `limit` at most: to verify them all.
pub async fn chains(db: &Db, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    let query = Query::select()
        .column("chain")
        .from("audit_chains")
        .and_where(Expr::col("chain").gt(after))
        .order_by("chain", Order::Asc)
        .limit(u64::from(limit))
        .to_owned();
    db.all(&query).await?.iter().map(|row| row.get("chain")).collect()
}

/// How many chains there are.
pub async fn count(db: &Db) -> Result<u64, StoreError> {
    let query = Query::select().expr_as(Expr::col("chain").count(), "chains").from("audit_chains").to_owned();
    db.optional(&query).await?.map_or(Ok(0), |row| row.int("chains"))
}

/// Chains after `after`, up to `last` if that is given, that have entries but no known end: somebody took them off the
/// list. Reads the log's index between the two.
pub async fn unlisted(db: &Db, after: &str, last: Option<&str>) -> Result<Vec<String>, StoreError> {
    let listed = Query::select().column("chain").from("audit_chains").to_owned();
    let query = Query::select()
        .distinct()
        .column("chain")
        .from("audit_log")
        .and_where(Expr::col("chain").gt(after))
        .and_where_option(last.map(|last| Expr::col("chain").lte(last)))
        .and_where(Expr::col("chain").not_in_subquery(listed))
        .order_by("chain", Order::Asc)
        .to_owned();
    db.all(&query).await?.iter().map(|row| row.get("chain")).collect()
}

fn flaw_of(entry: &StoredEntry, last: i64, previous: &Hash, stored_previous: &Hash, hash: &Hash) -> Option<Flaw> {
    let (seq, id) = (entry.seq, entry.id);
    if seq != last + 1 {
        return Some(Flaw::Missing { seq: last + 1 });
    }
    if entry.hash(stored_previous) != *hash {
        return Some(Flaw::Altered { seq, id });
    }
    (stored_previous != previous).then_some(Flaw::Unlinked { seq, id })
}

async fn end_of(db: &Db, chain: &str) -> Result<Option<(i64, Hash)>, StoreError> {
    let query = Query::select()
        .columns(["seq", "hash"])
        .from("audit_chains")
        .and_where(Expr::col("chain").eq(chain))
        .to_owned();
    db.optional(&query).await?.map(|row| Ok((row.get("seq")?, hash_in(&row, "hash")?))).transpose()
}
