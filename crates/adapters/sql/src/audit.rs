//! The audit log: who did what to what, append-only and hash-chained.
//!
//! Entries stand in chains: one per store (`store:<id>`), per tenant (`tenant:<id>`), for the platform (`platform`), for
//! the customers of a store (`customers:<store id>`), who come and go with bookings and decide nothing about what is
//! offered, one per day of bookings (`day:<store id>:<date>`), which the day's lock serialises already, one per person
//! who signs in (`person:<id>`), one per store and day of those who were shown how its customers are reached
//! (`contacts:<store id>:<date>`), so that readers wait for no writer, and 256 of those who tried in vain and are nobody here
//! (`strangers:<two digits>`), among which a keyed digest of what they typed chooses, so that they [wait as
//! people do](musubi_identity::people::strangers). Older logs have one of these per day instead (`strangers:<date>`).
//! The ends of the first three are revisions, too (see [`Revisions`](musubi_kernel::revision::Revisions)). Each entry's hash covers
//! all of its fields and the hash before it, and `audit_chains` holds the end of each chain: an entry that was altered,
//! removed, moved or slipped in is found by [`verify`].

mod entry;
mod list;
mod verify;

pub use verify::{Flaw, Verified, chains, count, unlisted, verify};

use crate::engine::{Db, Engine, Row, Tx, Write, for_update};
use chrono::NaiveDate;
use entry::{Hash, StoredEntry};
use musubi_identity::people::strangers::Stranger;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{StoreId, TenantId, UserId};
use musubi_kernel::record::AuditEntry;
use sea_query::{
    Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, SubQueryStatement, UnionType, UpdateStatement,
};
use std::collections::{BTreeMap, HashMap};

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

/// The chain of a store's customers.
pub fn chain_of_customers(store: StoreId) -> String {
    format!("customers:{store}")
}

/// The chain of who was shown how a store's customers are reached, on a date (UTC).
pub fn chain_of_contact_reads(store: StoreId, date: NaiveDate) -> String {
    format!("contacts:{store}:{date}")
}

/// The chain of a person who signs in: their sign-ins, sessions and accounts.
pub fn chain_of_person(user: UserId) -> String {
    format!("person:{user}")
}

/// The chain of those who tried to sign in or register at some of the addresses that nobody has here.
pub fn chain_of_strangers(Stranger(mark): Stranger) -> String {
    format!("strangers:{mark:02x}")
}

/// The end of a chain: what stands for the last entry.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The number of the last entry; 0: none yet.
    pub(crate) seq: i64,
    pub(crate) hash: Hash,
    /// Whether it is in its table.
    kept: bool,
}

impl End {
    /// Of a chain that was never begun.
    pub(crate) const NOWHERE: Self = Self { seq: 0, hash: entry::NOTHING_BEFORE, kept: false };

    /// Of a chain that was begun.
    pub(crate) fn kept(seq: i64, hash: Hash) -> Self {
        Self { seq, hash, kept: true }
    }

    /// Of a row with the columns `seq` and `hash`.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { seq: row.get("seq")?, hash: entry::hash_in(row, "hash")?, kept: true })
    }

    /// Of such a row of which the chain may never have been begun.
    pub(crate) fn read_if_any(row: &Row) -> Result<Option<Self>, StoreError> {
        let was_begun = row.get::<Option<i64>>("seq")?.is_some();
        was_begun.then(|| Self::read(row)).transpose()
    }
}

/// Waits for the other writers of a chain, and keeps it until the transaction ends. A chain that has no entry yet is
/// begun, so that there is something to wait for: of several who begin it, all but one get [`StoreError::Conflict`].
pub(crate) async fn lock(tx: &mut Tx, chain: &str) -> Result<End, StoreError> {
    if let Some(row) = tx.optional(&for_update(ends_of([chain]))).await? {
        return End::read(&row);
    }
    tx.exactly_one(&begin(chain, &End::NOWHERE)).await?;
    Ok(End { kept: true, ..End::NOWHERE })
}

/// Writes entries that stand for themselves, without a change beside them, to the end of one chain.
pub async fn append(db: &Db, chain: &str, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let mut waiting = Entries::default();
    for entry in entries {
        waiting.add(chain.to_owned(), entry.clone());
    }
    let mut tx = db.begin().await?;
    waiting.find_ends(&mut tx).await?;
    tx.write_together(&waiting.writes()).await?;
    tx.commit().await
}

/// Entries on their way to the ends of their chains.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    waiting: Vec<(String, AuditEntry)>,
    ends: HashMap<String, End>,
}

impl Entries {
    pub(crate) fn add(&mut self, chain: String, entry: AuditEntry) {
        self.waiting.push((chain, entry));
    }

    /// Takes it that a chain, which nobody else can write to before this transaction ends, ends here.
    pub(crate) fn know(&mut self, chain: String, end: End) {
        self.ends.insert(chain, end);
    }

    /// Reads the ends that are not known yet. Writers of one chain queue here until the one before has committed.
    pub(crate) async fn find_ends(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let chains = self.waiting.iter().map(|(chain, _)| chain);
        let mut chains: Vec<String> = chains.filter(|chain| !self.ends.contains_key(*chain)).cloned().collect();
        chains.sort_unstable();
        chains.dedup();
        if chains.is_empty() {
            return Ok(());
        }
        let rows = tx.all(&for_update(ends_of(chains.iter().map(String::as_str)))).await?;
        self.ends.extend(chains.into_iter().map(|chain| (chain, End::NOWHERE)));
        for row in &rows {
            self.know(row.get("chain")?, End::read(row)?);
        }
        Ok(())
    }

    /// What writes the entries, when every end is known: the new ends, then all entries. The write of an end makes a clash
    /// visible on a multi-primary cluster too.
    pub(crate) fn writes(mut self) -> Vec<Write> {
        let Some(mut insert) = (!self.waiting.is_empty()).then(StoredEntry::insert) else { return Vec::new() };
        let mut moved: BTreeMap<&str, End> = BTreeMap::new();
        for (chain, entry) in &self.waiting {
            let before = self.ends.entry(chain.clone()).or_insert(End::NOWHERE);
            let stored = StoredEntry::of(chain, before.seq + 1, entry);
            let hash = stored.hash(&before.hash);
            stored.add_to(&mut insert, &before.hash, &hash);
            moved.entry(chain).or_insert_with(|| before.clone());
            *before = End { seq: before.seq + 1, hash, kept: before.kept };
        }
        let ends = moved.into_iter().map(|(chain, from)| {
            let to = &self.ends[chain];
            Write::one(if from.kept {
                SubQueryStatement::from(moving(chain, &from, to))
            } else {
                begin(chain, to).into()
            })
        });
        let mut writes: Vec<Write> = ends.collect();
        writes.push(Write::any(insert));
        writes
    }
}

/// A query that finds nothing unless this chain was begun, with its end.
pub(crate) fn beside_end(mut query: SelectStatement, chain: &str) -> SelectStatement {
    for column in ["seq", "hash"] {
        query.column(("audit_chains", column));
    }
    query.inner_join("audit_chains", Expr::col(("audit_chains", "chain")).eq(chain)).to_owned()
}

/// A query for people, whose ids are in this column, with the ends of [their chains](chain_of_person) as far as these were begun.
pub(crate) fn beside_end_of_person(
    mut query: SelectStatement,
    engine: Engine,
    id: (&'static str, &'static str),
) -> SelectStatement {
    for column in ["seq", "hash"] {
        query.column(("audit_chains", column));
    }
    let chain = Expr::cust(chain_in_sql(engine, &format!("{}.{}", id.0, id.1)));
    query.left_join("audit_chains", Expr::col(("audit_chains", "chain")).eq(chain)).to_owned()
}

/// [`chain_of_person`] as SQL; where ids are 16 bytes, they are written in groups first.
fn chain_in_sql(engine: Engine, id: &str) -> String {
    let groups = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)];
    let groups = groups.map(|(from, digits)| format!("SUBSTR(HEX({id}), {from}, {digits})"));
    match engine {
        Engine::Postgres => format!("'person:' || {id}::text"),
        Engine::MariaDb => format!("CONCAT('person:', LOWER(CONCAT_WS('-', {})))", groups.join(", ")),
        Engine::Sqlite => format!("'person:' || LOWER({})", groups.join(" || '-' || ")),
    }
}

/// A query for the ends of these chains, shaped as `others`, which are read in the same round trip: their columns are
/// `columns`, then `chain`, `seq` and `hash`, which are null in them.
pub(crate) fn beside(
    chains: &[String],
    columns: &[&'static str],
    others: impl IntoIterator<Item = SelectStatement>,
) -> SelectStatement {
    // First: a column whose first two selects are null has no type.
    let mut query = Query::select();
    for column in columns {
        query.expr_as(Expr::cust("NULL"), *column);
    }
    query.columns(["chain", "seq", "hash"]).from("audit_chains").and_where(Expr::col("chain").is_in(chains));
    for mut other in others {
        for column in ["chain", "seq", "hash"] {
            other.expr_as(Expr::cust("NULL"), column);
        }
        query.union(UnionType::All, other);
    }
    query
}

/// The ends of chains in the rows of [`beside`], and the rows of the other queries.
pub(crate) fn ends_beside(rows: Vec<Row>) -> Result<(HashMap<String, End>, Vec<Row>), StoreError> {
    let mut ends = HashMap::new();
    let mut others = Vec::with_capacity(rows.len());
    for row in rows {
        match row.get::<Option<String>>("chain")? {
            Some(chain) => drop(ends.insert(chain, End::read(&row)?)),
            None => others.push(row),
        }
    }
    Ok((ends, others))
}

fn ends_of<'a>(chains: impl IntoIterator<Item = &'a str>) -> SelectStatement {
    Query::select()
        .columns(["chain", "seq", "hash"])
        .from("audit_chains")
        .and_where(Expr::col("chain").is_in(chains))
        .to_owned()
}

/// Makes a chain that ends there.
fn begin(chain: &str, end: &End) -> InsertStatement {
    Query::insert()
        .into_table("audit_chains")
        .columns(["chain", "seq", "hash"])
        .values_panic([chain.into(), end.seq.into(), end.hash.to_vec().into()])
        .to_owned()
}

fn moving(chain: &str, from: &End, to: &End) -> UpdateStatement {
    Query::update()
        .table("audit_chains")
        .value("seq", to.seq)
        .value("hash", to.hash.to_vec())
        .and_where(Expr::col("chain").eq(chain))
        .and_where(Expr::col("seq").eq(from.seq))
        .to_owned()
}
