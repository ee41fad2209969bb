//! The first answers to requests that carry an idempotency key, so that a repeat gets the same one.

use crate::SqlStore;
use crate::engine::{Db, Row, Tx};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::Answered;
use musubi_kernel::secret::{Cipher, Place};
use sea_query::{Condition, DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, Query};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const TABLE: &str = "idempotency_keys";

/// How many are deleted at a time: short transactions, so that nobody waits for a clean-up.
const BATCH: u64 = 500;

impl SqlStore {
    /// The answer that was given under a caller's key, while it is kept.
    pub async fn answered(&self, caller: &str, key: &str, now: DateTime<Utc>) -> Result<Option<Answered>, StoreError> {
        let query = Query::select()
            .columns(["caller", "idem_key", "fingerprint", "status", "body", "created_at", "expires_at"])
            .from(TABLE)
            .cond_where(of(caller, key))
            .and_where(Expr::col("expires_at").gt(now))
            .to_owned();
        self.db.optional(&query).await?.map(|row| read(&row, &*self.cipher)).transpose()
    }
}

/// Keeps an answer in the transaction of what it answers. [`StoreError::AlreadyAnswered`] when another request with the
/// key has committed first.
pub async fn write(tx: &mut Tx, cipher: &dyn Cipher, answered: &Answered) -> Result<(), StoreError> {
    tx.execute(&forgetting_expired(answered)).await?;
    tx.exactly_one(&keeping(cipher, std::slice::from_ref(answered))).await
}

/// Deletes what is no longer kept under an answer's key; whether there was something.
pub(crate) async fn forget_expired(db: &Db, answered: &Answered) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    let forgotten = tx.execute(&forgetting_expired(answered)).await?;
    tx.commit().await?;
    Ok(forgotten > 0)
}

fn forgetting_expired(answered: &Answered) -> DeleteStatement {
    Query::delete()
        .from_table(TABLE)
        .cond_where(of(&answered.caller, &answered.key))
        .and_where(Expr::col("expires_at").lte(answered.answered_at))
        .to_owned()
}

/// What keeps answers: [`StoreError::AlreadyAnswered`] when there is one under a key of theirs, be it an expired one.
pub(crate) fn keeping(cipher: &dyn Cipher, answers: &[Answered]) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns([
        "caller",
        "idem_key",
        "fingerprint",
        "status",
        "body",
        "created_at",
        "expires_at",
    ]);
    for answered in answers {
        let Answered { caller, key, .. } = answered;
        insert.values_panic([
            caller.as_str().into(),
            key.as_str().into(),
            answered.fingerprint.to_vec().into(),
            i32::from(answered.status).into(),
            cipher.seal(place(caller, key), &answered.body).into(),
            answered.answered_at.into(),
            answered.expires_at.into(),
        ]);
    }
    insert
}

/// Deletes the answers that are no longer kept; how many.
pub async fn tidy(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let expired = Query::select()
        .columns(["caller", "idem_key"])
        .from(TABLE)
        .and_where(Expr::col("expires_at").lte(now))
        .order_by("expires_at", Order::Asc)
        .limit(BATCH)
        .to_owned();
    let mut deleted = 0;
    loop {
        let rows = db.all(&expired).await?;
        if rows.is_empty() {
            return Ok(deleted);
        }
        let mut these = Condition::any();
        for row in &rows {
            these = these.add(of(&row.get::<String>("caller")?, &row.get::<String>("idem_key")?));
        }
        let delete =
            Query::delete().from_table(TABLE).cond_where(these).and_where(Expr::col("expires_at").lte(now)).to_owned();
        let mut tx = db.begin().await?;
        deleted += tx.execute(&delete).await?;
        tx.commit().await?;
    }
}

pub(crate) fn of(caller: &str, key: &str) -> Condition {
    Condition::all().add(Expr::col("caller").eq(caller)).add(Expr::col("idem_key").eq(key))
}

fn read(row: &Row, cipher: &dyn Cipher) -> Result<Answered, StoreError> {
    let (caller, key): (String, String) = (row.get("caller")?, row.get("idem_key")?);
    let fingerprint: Vec<u8> = row.get("fingerprint")?;
    let corrupt = |_| StoreError::Corrupt(format!("{TABLE}.fingerprint"));
    Ok(Answered {
        fingerprint: fingerprint.try_into().map_err(corrupt)?,
        status: row.int("status")?,
        body: cipher.open(place(&caller, &key), &row.get::<Vec<u8>>("body")?)?.to_vec(),
        answered_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        caller,
        key,
    })
}

/// The row has no id of its own; its place is named by its key.
pub(crate) fn place(caller: &str, key: &str) -> Place<'static> {
    let digest = Sha256::new().chain_update((caller.len() as u64).to_be_bytes()).chain_update(caller).chain_update(key);
    let mut row = [0; 16];
    row.copy_from_slice(&digest.finalize()[..16]);
    Place { table: TABLE, column: "body", row: Uuid::from_bytes(row) }
}
