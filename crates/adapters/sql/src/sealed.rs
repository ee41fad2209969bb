//! Sealed columns: walks over them, samples, their sealing anew, and the check by which a start with another master key is
//! seen.

mod binding;
mod reseal;
mod walk;

pub use binding::{Bound, bind, is_bound, try_keys};
pub use reseal::{Resealed, reseal};
pub use walk::{SealedRow, Walk, count};

use crate::engine::Db;
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Place;
use sea_query::{Expr, ExprTrait as _, Order, Query};
use uuid::Uuid;

/// Every sealed column of a table that has an `id`: what a rotation of keys must reach, in its order.
///
/// A rotation begins with the look-up key and ends with the check: while it is under way, no start with the old or the new
/// key alone is let through.
pub const COLUMNS: &[(&str, &str)] = &[
    ("look_up_keys", "look_up_key"),
    ("stores", "line_channel_secret"),
    ("stores", "line_access_token"),
    ("customers", "phone"),
    ("customers", "email"),
    ("customers", "address"),
    ("customers", "allergies"),
    ("bookings", "customer_phone"),
    ("bookings", "manage_token"),
    ("notifications", "recipient"),
    ("notifications", "subject"),
    ("notifications", "message_content"),
    ("line_events", "body"),
    ("users", "email"),
    ("sign_in_accounts", "email"),
    ("sign_in_accounts", "password_hash"),
    ("sessions", "ip_address"),
    ("sessions", "user_agent"),
    ("one_time_tokens", "payload"),
    ("two_factor", "secret"),
    ("webhook_endpoints", "url"),
    ("webhook_endpoints", "secrets"),
    ("webhook_deliveries", "body"),
    ("installation", "key_check"),
];

/// The sealed column of the table whose rows have no `id`: kept answers.
pub const ANSWERS: (&str, &str) = ("idempotency_keys", "body");

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
