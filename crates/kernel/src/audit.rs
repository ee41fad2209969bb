//! Reading the audit log.

use crate::access::StoreScope;
use crate::error::EntityError;
use crate::id::AuditId;
use crate::page::{Page, PageRequest};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::net::IpAddr;
use uuid::Uuid;

/// An entry of the audit log, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLine {
    /// Id.
    pub id: AuditId,
    /// What was done, such as `menu.updated`.
    pub action: String,
    /// To which kind of thing, such as `menu`.
    pub subject_kind: String,
    /// To which one.
    pub subject_id: Uuid,
    /// By whom: `staff`, which keys and the operator are too, `customer` or `system`.
    pub actor_kind: String,
    /// Whose key, or which person; null: nobody known.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub actor_id: Option<Uuid>,
    /// By which request.
    pub request_id: String,
    /// From which address.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>))]
    pub ip_address: Option<IpAddr>,
    /// With which program, as it says of itself.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub user_agent: Option<String>,
    /// How the thing was before, without contact data; null: it is new.
    pub before: Option<Value>,
    /// How it was afterwards, without contact data; null: it was removed.
    pub after: Option<Value>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Reads the audit log.
#[async_trait]
pub trait AuditBook: Send + Sync {
    /// A page of what was done at a store, in all of its chains, the newest first.
    async fn of_store(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<AuditLine>, EntityError>;
}
