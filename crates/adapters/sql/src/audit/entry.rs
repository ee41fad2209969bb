//! An entry as it is stored, and its hash.

use crate::engine::Row;
use crate::entities::json;
use chrono::{DateTime, Utc};
use musubi_kernel::audit::AuditLine;
use musubi_kernel::error::StoreError;
use musubi_kernel::record::AuditEntry;
use sea_query::{InsertStatement, Query, SelectStatement};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// What stands in the place of a hash before the first entry.
pub(super) const NOTHING_BEFORE: Hash = [0; 32];

/// Every column but the hashes. JSON is kept as the text that was written: that text is what was hashed.
pub(super) struct StoredEntry {
    pub(super) id: Uuid,
    pub(super) chain: String,
    pub(super) seq: i64,
    tenant: Option<Uuid>,
    store: Option<Uuid>,
    action: String,
    subject_kind: String,
    subject: Uuid,
    actor_kind: String,
    actor: Option<Uuid>,
    request: String,
    ip: Option<String>,
    user_agent: Option<String>,
    before: Option<String>,
    after: Option<String>,
    at: DateTime<Utc>,
}

const COLUMNS: [&str; 18] = [
    "id",
    "chain",
    "seq",
    "tenant_id",
    "store_id",
    "action",
    "subject_kind",
    "subject_id",
    "actor_kind",
    "actor_id",
    "request_id",
    "ip_address",
    "user_agent",
    "before_data",
    "after_data",
    "at",
    "prev_hash",
    "hash",
];

impl StoredEntry {
    pub(super) fn of(chain: &str, seq: i64, entry: &AuditEntry) -> Self {
        Self {
            id: entry.id.0,
            chain: chain.to_owned(),
            seq,
            tenant: entry.tenant.map(|tenant| tenant.0),
            store: entry.store.map(|store| store.0),
            action: entry.action.clone().into_owned(),
            subject_kind: entry.subject_kind.to_owned(),
            subject: entry.subject,
            actor_kind: entry.caller.actor.kind().to_owned(),
            actor: entry.caller.actor.id(),
            request: entry.caller.request_id.clone(),
            ip: entry.caller.ip.map(|ip| ip.to_string()),
            user_agent: entry.caller.user_agent.clone(),
            before: entry.before.as_ref().map(json),
            after: entry.after.as_ref().map(json),
            at: entry.at,
        }
    }

    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            chain: row.get("chain")?,
            seq: row.get("seq")?,
            tenant: row.get("tenant_id")?,
            store: row.get("store_id")?,
            action: row.get("action")?,
            subject_kind: row.get("subject_kind")?,
            subject: row.get("subject_id")?,
            actor_kind: row.get("actor_kind")?,
            actor: row.get("actor_id")?,
            request: row.get("request_id")?,
            ip: row.get("ip_address")?,
            user_agent: row.get("user_agent")?,
            before: row.get("before_data")?,
            after: row.get("after_data")?,
            at: row.get("at")?,
        })
    }

    /// As it is read by those who may.
    pub(super) fn line(self) -> Result<AuditLine, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("audit_log.{what}"));
        let json = |text: Option<String>, column| {
            text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| corrupt(column))
        };
        Ok(AuditLine {
            id: self.id.into(),
            action: self.action,
            subject_kind: self.subject_kind,
            subject_id: self.subject,
            actor_kind: self.actor_kind,
            actor_id: self.actor,
            request_id: self.request,
            ip_address: self.ip.map(|ip| ip.parse()).transpose().map_err(|_| corrupt("ip_address"))?,
            user_agent: self.user_agent,
            before: json(self.before, "before_data")?,
            after: json(self.after, "after_data")?,
            at: self.at,
        })
    }

    pub(super) fn select() -> SelectStatement {
        Query::select().columns(COLUMNS).from("audit_log").to_owned()
    }

    pub(super) fn insert() -> InsertStatement {
        Query::insert().into_table("audit_log").columns(COLUMNS).to_owned()
    }

    pub(super) fn add_to(&self, insert: &mut InsertStatement, previous: &Hash, hash: &Hash) {
        insert.values_panic([
            self.id.into(),
            self.chain.as_str().into(),
            self.seq.into(),
            self.tenant.into(),
            self.store.into(),
            self.action.as_str().into(),
            self.subject_kind.as_str().into(),
            self.subject.into(),
            self.actor_kind.as_str().into(),
            self.actor.into(),
            self.request.as_str().into(),
            self.ip.as_deref().into(),
            self.user_agent.as_deref().into(),
            self.before.as_deref().into(),
            self.after.as_deref().into(),
            self.at.into(),
            previous.to_vec().into(),
            hash.to_vec().into(),
        ]);
    }

    /// The hash before it, then every field in order: a byte for null or not, the length, the bytes. No two entries have
    /// the same text.
    pub(super) fn hash(&self, previous: &Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(previous);
        let mut field = |value: Option<&[u8]>| match value {
            None => digest.update([0]),
            Some(value) => {
                digest.update([1]);
                digest.update((value.len() as u64).to_be_bytes());
                digest.update(value);
            }
        };
        field(Some(self.id.as_bytes()));
        field(Some(self.chain.as_bytes()));
        field(Some(&self.seq.to_be_bytes()));
        field(self.tenant.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.store.as_ref().map(|id| id.as_bytes().as_slice()));
        field(Some(self.action.as_bytes()));
        field(Some(self.subject_kind.as_bytes()));
        field(Some(self.subject.as_bytes()));
        field(Some(self.actor_kind.as_bytes()));
        field(self.actor.as_ref().map(|id| id.as_bytes().as_slice()));
        field(Some(self.request.as_bytes()));
        field(self.ip.as_deref().map(str::as_bytes));
        field(self.user_agent.as_deref().map(str::as_bytes));
        field(self.before.as_deref().map(str::as_bytes));
        field(self.after.as_deref().map(str::as_bytes));
        field(Some(&self.at.timestamp_micros().to_be_bytes()));
        digest.finalize().into()
    }
}

/// A column that holds a hash.
pub(super) fn hash_in(row: &Row, column: &str) -> Result<Hash, StoreError> {
    row.get::<Vec<u8>>(column)?.try_into().map_err(|_| StoreError::Corrupt(format!("{column}: not 32 bytes")))
}
