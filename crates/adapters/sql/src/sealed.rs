//! Sealed columns, samples of them, and the check by which a start with another master key is seen.

use crate::SqlStore;
use crate::engine::Db;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Place;
use sea_query::{Expr, ExprTrait as _, Order, Query};
use uuid::Uuid;

/// Every sealed column of a table that has an `id`: what a rotation of keys must reach.
pub const COLUMNS: &[(&str, &str)] = &[
    ("installation", "key_check"),
    ("stores", "line_channel_secret"),
    ("stores", "line_access_token"),
    ("customers", "phone"),
    ("customers", "email"),
    ("customers", "address"),
    ("customers", "allergies"),
    ("bookings", "customer_phone"),
    ("users", "email"),
    ("sign_in_accounts", "email"),
    ("sign_in_accounts", "password_hash"),
    ("sessions", "ip_address"),
    ("sessions", "user_agent"),
    ("one_time_tokens", "payload"),
];

/// A sealed value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// Its row.
    pub row: Uuid,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

impl Sample {
    /// Its place.
    pub const fn place(&self) -> Place<'static> {
        Place { table: self.table, column: self.column, row: self.row }
    }
}

/// The oldest and the newest value of every sealed column: a change of keys half-way shows in one of them.
pub async fn samples(db: &Db) -> Result<Vec<Sample>, StoreError> {
    let mut samples = Vec::new();
    for &(table, column) in COLUMNS {
        for order in [Order::Asc, Order::Desc] {
            samples.extend(first(db, table, column, order).await?);
        }
    }
    samples.dedup();
    Ok(samples)
}

async fn first(db: &Db, table: &'static str, column: &'static str, order: Order) -> Result<Option<Sample>, StoreError> {
    let query = Query::select()
        .columns(["id", column])
        .from(table)
        .and_where(Expr::col(column).is_not_null())
        .order_by("id", order)
        .limit(1)
        .to_owned();
    let sample = |row: crate::engine::Row| Ok(Sample { table, column, row: row.get("id")?, sealed: row.get(column)? });
    db.optional(&query).await?.map(sample).transpose()
}

/// The only row of its table.
const INSTALLATION: Uuid = Uuid::nil();
const KEY_CHECK: Place<'static> = Place { table: "installation", column: "key_check", row: INSTALLATION };
const SEALED_TEXT: &[u8] = b"musubi";

/// Whether a master key has been bound to this database. From then on another one must not be made.
pub async fn is_bound(db: &Db) -> Result<bool, StoreError> {
    db.optional(&key_check()).await.map(|row| row.is_some())
}

/// Binds the database to the store's key, unless it is bound already; whether this key is the one it is bound to.
pub async fn bind(store: &SqlStore, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let Some(row) = store.db.optional(&key_check()).await? else {
        return match insert(store, now).await {
            // Another process was first, perhaps with another key.
            Err(StoreError::Conflict) => opens(store, &store.db.all(&key_check()).await?),
            written => written.map(|()| true),
        };
    };
    opens(store, &[row])
}

fn opens(store: &SqlStore, rows: &[crate::engine::Row]) -> Result<bool, StoreError> {
    let Some(row) = rows.first() else { return Ok(false) };
    let sealed: Vec<u8> = row.get("key_check")?;
    Ok(store.cipher.open(KEY_CHECK, &sealed).is_ok_and(|text| *text == SEALED_TEXT))
}

fn key_check() -> sea_query::SelectStatement {
    let this = Expr::col("id").eq(INSTALLATION);
    Query::select().column("key_check").from("installation").and_where(this).to_owned()
}

async fn insert(store: &SqlStore, now: DateTime<Utc>) -> Result<(), StoreError> {
    let insert = Query::insert()
        .into_table("installation")
        .columns(["id", "key_check", "created_at"])
        .values_panic([INSTALLATION.into(), store.cipher.seal(KEY_CHECK, SEALED_TEXT).into(), now.into()])
        .to_owned();
    let mut tx = store.db.begin().await?;
    tx.exactly_one(&insert).await?;
    tx.commit().await
}
