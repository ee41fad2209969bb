//! What is written beside every change, in its own transaction: the domain event and the audit entry.

use crate::access::Caller;
use crate::id::{AuditId, EventId, IdGen, StoreId, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// Something that happened, for those who act on it later (outbox).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainEvent {
    /// The event's own id: a subscriber that has handled it knows it again.
    pub id: EventId,
    /// What happened, such as `booking.created`.
    pub kind: Cow<'static, str>,
    /// In which tenant, if in one.
    pub tenant: Option<TenantId>,
    /// In which store, if in one.
    pub store: Option<StoreId>,
    /// To what: the entity's id.
    pub subject: Uuid,
    /// What a subscriber needs to know of it. No contact data.
    pub payload: Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Who did what to what (audit log).
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// The entry's id.
    pub id: AuditId,
    /// What was done: the kind of the event, such as `menu.updated`.
    pub action: Cow<'static, str>,
    /// In which tenant, if in one.
    pub tenant: Option<TenantId>,
    /// In which store, if in one.
    pub store: Option<StoreId>,
    /// To which kind of thing, such as `menu`.
    pub subject_kind: &'static str,
    /// To which one.
    pub subject: Uuid,
    /// By whom, and from where.
    pub caller: Caller,
    /// How it was before; `None` for something new. No contact data, no secrets.
    pub before: Option<Value>,
    /// How it is now; `None` for something removed. No contact data, no secrets.
    pub after: Option<Value>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A change as both the outbox and the audit log tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// For subscribers.
    pub event: DomainEvent,
    /// For the audit log.
    pub audit: AuditEntry,
}

/// The parts of a [`Record`] that differ from change to change.
#[derive(Debug)]
pub struct Change<'a> {
    /// What happened: `menu.updated`.
    pub kind: Cow<'static, str>,
    /// The kind of thing: `menu`.
    pub subject_kind: &'static str,
    /// The thing.
    pub subject: Uuid,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its store.
    pub store: Option<StoreId>,
    /// By whom.
    pub caller: &'a Caller,
    /// When.
    pub at: DateTime<Utc>,
}

impl Record {
    /// The record of a change from `before` to `after`. What they serialise to must hold no secret.
    pub fn of<B: Serialize, A: Serialize>(
        ids: &dyn IdGen,
        change: &Change<'_>,
        before: Option<&B>,
        after: Option<&A>,
    ) -> Self {
        let after = after.map(plain);
        Self {
            event: DomainEvent {
                id: EventId::new(ids, change.at),
                kind: change.kind.clone(),
                tenant: change.tenant,
                store: change.store,
                subject: change.subject,
                payload: after.clone().unwrap_or(Value::Null),
                occurred_at: change.at,
            },
            audit: AuditEntry {
                id: AuditId::new(ids, change.at),
                action: change.kind.clone(),
                tenant: change.tenant,
                store: change.store,
                subject_kind: change.subject_kind,
                subject: change.subject,
                caller: change.caller.clone(),
                before: before.map(plain),
                after,
                at: change.at,
            },
        }
    }
}

fn plain<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("domain values are plain data")
}
