//! Admins: people who look after the platform.

use chrono::{DateTime, Utc};
use musubi_kernel::access::AdminRole;
use musubi_kernel::id::{AdminUserId, UserId};
use serde::Serialize;
use serde_json::{Value, json};

/// What a person is to the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminUser {
    /// Id.
    pub id: AdminUserId,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: AdminRole,
    /// Whether they are it now.
    pub is_active: bool,
    /// How often it was written.
    pub version: i64,
    /// When they were first appointed.
    pub created_at: DateTime<Utc>,
    /// When this was last changed.
    pub updated_at: DateTime<Utc>,
}

impl AdminUser {
    /// Somebody who was just appointed.
    pub const fn new(id: AdminUserId, user_id: UserId, role: AdminRole, now: DateTime<Utc>) -> Self {
        Self { id, user_id, role, is_active: true, version: 1, created_at: now, updated_at: now }
    }

    /// Appointed again, as that.
    #[must_use]
    pub const fn appoint(self, role: AdminRole, now: DateTime<Utc>) -> Self {
        Self { role, is_active: true, version: self.version + 1, updated_at: now, ..self }
    }

    /// An admin no more.
    #[must_use]
    pub const fn dismiss(self, now: DateTime<Utc>) -> Self {
        Self { is_active: false, version: self.version + 1, updated_at: now, ..self }
    }

    /// How it stands in events and audit entries.
    pub fn public_record(&self) -> Value {
        json!(self)
    }
}
