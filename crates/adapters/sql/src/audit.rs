//! The audit log: who did what to what, append-only and hash-chained.
//!
//! Entries stand in chains: one per store (`store:<id>`), per tenant (`tenant:<id>`), for the platform (`platform`), and
//! one per day of bookings (`day:<store id>:<date>`), which the day's lock serialises already. Each entry's hash covers
//! all of its fields and the hash before it, and `audit_chains` holds the end of each chain: an entry that was altered,
//! removed, moved or slipped in is found by [`verify`].

mod entry;
mod verify;

pub use verify::{Flaw, Verified, chains, count, unlisted, verify};

use crate::engine::{Tx, for_update};
use chrono::NaiveDate;
use entry::{Hash, StoredEntry};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{StoreId, TenantId};
use musubi_kernel::record::AuditEntry;
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement};

/// The chain of what belongs to a store, else to a tenant, else to nobody.
pub fn chain_of(tenant: Option<TenantId>, store: Option<StoreId>) -> String {
    match (tenant, store) {
        (_, Some(store)) => format!("store:{store}"),
        (Some(tenant), None) => format!("tenant:{tenant}"),
        (None, None) => "platform".to_owned(),
    }
}

/// The chain of a store's bookings on a business date.
pub fn chain_of_day(store: StoreId, date: NaiveDate) -> String {
    format!("day:{store}:{date}")
}

/// Waits for the other writers of a chain, and keeps it until the transaction ends. A chain that has no entry yet is
/// begun, so that there is something to wait for: of several who begin it, all but one get [`StoreError::Conflict`].
pub(crate) async fn lock(tx: &mut Tx, chain: &str) -> Result<(), StoreError> {
    match tx.optional(&for_update(end_of(chain))).await? {
        Some(_) => Ok(()),
        None => begin(tx, chain, 0, &entry::NOTHING_BEFORE).await,
    }
}

/// Writes an entry at the end of a chain. Writers of one chain queue here until the one before has committed.
pub async fn append(tx: &mut Tx, chain: &str, entry: &AuditEntry) -> Result<(), StoreError> {
    let end = tx.optional(&for_update(end_of(chain))).await?;
    let (last, previous) = match &end {
        Some(end) => (Some(end.get::<i64>("seq")?), entry::hash_in(end, "hash")?),
        None => (None, entry::NOTHING_BEFORE),
    };
    let stored = StoredEntry::of(chain, last.unwrap_or(0) + 1, entry);
    let hash = stored.hash(&previous);
    match last {
        Some(last) => move_end(tx, chain, last, &hash).await?,
        None => begin(tx, chain, 1, &hash).await?,
    }
    tx.exactly_one(&stored.insert(&previous, &hash)).await
}

fn end_of(chain: &str) -> SelectStatement {
    Query::select().columns(["seq", "hash"]).from("audit_chains").and_where(Expr::col("chain").eq(chain)).to_owned()
}

/// Makes a chain whose last entry is the one numbered `seq`; 0: none yet.
async fn begin(tx: &mut Tx, chain: &str, seq: i64, hash: &Hash) -> Result<(), StoreError> {
    let insert = Query::insert()
        .into_table("audit_chains")
        .columns(["chain", "seq", "hash"])
        .values_panic([chain.into(), seq.into(), hash.to_vec().into()])
        .to_owned();
    tx.exactly_one(&insert).await
}

/// Makes the entry after `seq` the last one of the chain. The write makes a clash visible on a multi-primary cluster too.
async fn move_end(tx: &mut Tx, chain: &str, seq: i64, hash: &Hash) -> Result<(), StoreError> {
    let update = Query::update()
        .table("audit_chains")
        .value("seq", seq + 1)
        .value("hash", hash.to_vec())
        .and_where(Expr::col("chain").eq(chain))
        .and_where(Expr::col("seq").eq(seq))
        .to_owned();
    tx.exactly_one(&update).await
}
