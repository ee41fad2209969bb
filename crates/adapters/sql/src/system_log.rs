//! What the system has done by itself, or an operator by hand: `system_logs`, kept for [a year](crate::retention). What people do
//! to data is in the [audit log](crate::audit).

use crate::engine::{Db, Row};
use crate::entities::json;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

const TABLE: &str = "system_logs";

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SystemLog {
    /// Id.
    pub id: Uuid,
    /// What kind of act it was, such as `retention.applied`.
    pub action: String,
    /// The act in a sentence.
    pub description: String,
    /// Its figures, an object. No contact data: operators see it.
    pub metadata: Value,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl SystemLog {
    /// An act of the system.
    pub fn new(
        ids: &dyn IdGen,
        action: impl Into<String>,
        description: impl Into<String>,
        metadata: Value,
        now: DateTime<Utc>,
    ) -> Self {
        let (action, description) = (action.into(), description.into());
        Self { id: ids.uuid(now), action, description, metadata, created_at: now }
    }
}

/// Writes an entry.
pub async fn write(db: &Db, entry: &SystemLog) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.exactly_one(&adding(entry)).await?;
    tx.commit().await
}

/// The youngest entries, of one kind of act if it is named.
pub async fn latest(db: &Db, action: Option<&str>, limit: u32) -> Result<Vec<SystemLog>, StoreError> {
    db.all(&youngest(action, limit)).await?.iter().map(read).collect()
}

fn adding(entry: &SystemLog) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["id", "user_type", "action", "description", "metadata", "created_at"])
        .values_panic([
            entry.id.into(),
            "system".into(),
            entry.action.as_str().into(),
            entry.description.as_str().into(),
            json(&entry.metadata).into(),
            entry.created_at.into(),
        ])
        .to_owned()
}

fn youngest(action: Option<&str>, limit: u32) -> SelectStatement {
    let mut query = Query::select();
    query.columns(["id", "action", "description", "metadata", "created_at"]).from(TABLE);
    if let Some(action) = action {
        query.and_where(Expr::col("action").eq(action));
    }
    query.order_by("id", Order::Desc).limit(u64::from(limit)).to_owned()
}

fn read(row: &Row) -> Result<SystemLog, StoreError> {
    Ok(SystemLog {
        id: row.get("id")?,
        action: row.get("action")?,
        description: row.get::<Option<String>>("description")?.unwrap_or_default(),
        metadata: row.json_or_null("metadata")?.unwrap_or_default(),
        created_at: row.get("created_at")?,
    })
}
