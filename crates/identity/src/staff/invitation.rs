//! Invitations to work at a store.

use super::sender::Sender;
use crate::locale::Locale;
use crate::one_time_token::{OneTimeToken, TokenKind, payload};
use crate::staff_account::StaffDetails;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Override, Role};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{OneTimeTokenId, ResourceId, StoreId, TenantId};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most open invitations of a store.
pub const MOST_OPEN: u64 = 200;

/// Who is to work at a store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({ "email": "hanako@example.jp", "role": "reception" })))]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// To whom the invitation is sent.
    pub email: EmailAddress,
    /// As what they are to work there.
    pub role: Role,
    /// What they may do beside their role, or not in spite of it.
    #[serde(default)]
    pub permissions: Override,
    /// The resource of the store that they are, if customers can book them.
    #[serde(default)]
    pub resource_id: Option<ResourceId>,
    /// In which language the message is.
    #[serde(default)]
    pub locale: Locale,
}

impl NewInvitation {
    /// What is decided about them.
    pub fn details(&self) -> StaffDetails {
        StaffDetails {
            role: self.role,
            permissions: self.permissions.clone(),
            resource_id: self.resource_id,
            is_active: true,
        }
    }
}

/// An invitation that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Id.
    pub id: OneTimeTokenId,
    /// Whose store.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// What is decided about whoever accepts it.
    pub details: StaffDetails,
    /// To whom it was sent: nobody else can accept it.
    pub email: EmailAddress,
    /// Who sent it: it is good while they could send it. `None`: it is from before this was kept, and good for nothing.
    pub sender: Option<Sender>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// What its token carries.
#[derive(Serialize, Deserialize)]
struct Payload {
    tenant: TenantId,
    store: StoreId,
    role: Role,
    permissions: Override,
    resource_id: Option<ResourceId>,
    email: String,
    #[serde(default)]
    sent_by: Option<Sender>,
}

impl Invitation {
    pub(super) fn payload(&self) -> Secret {
        let StaffDetails { role, permissions, resource_id, .. } = self.details.clone();
        let (tenant, store, email) = (self.tenant, self.store, self.email.as_str().to_owned());
        payload(&Payload { tenant, store, role, permissions, resource_id, email, sent_by: self.sender })
    }

    /// The invitation that a token carries; `None`: it carries none.
    pub(super) fn read(token: &OneTimeToken) -> Option<Self> {
        let payload = token.payload.as_ref().filter(|_| token.kind == TokenKind::Invitation)?;
        let read: Payload = serde_json::from_str(payload.expose()).ok()?;
        let Payload { tenant, store, role, permissions, resource_id, email, sent_by } = read;
        Some(Self {
            id: token.id,
            tenant,
            store,
            details: StaffDetails { role, permissions, resource_id, is_active: true },
            email: email.parse().ok()?,
            sender: sent_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
        })
    }

    /// How it stands in events and audit entries: without the address.
    pub fn public_record(&self) -> Value {
        let StaffDetails { role, permissions, resource_id, .. } = &self.details;
        json!({
            "id": self.id,
            "role": role,
            "permissions": permissions,
            "resource_id": resource_id,
            "expires_at": self.expires_at,
        })
    }
}

/// A role in words.
pub(super) const fn role_in_words(role: Role, locale: Locale) -> &'static str {
    match (locale, role) {
        (Locale::Ja, Role::Owner) => "オーナー",
        (Locale::Ja, Role::Manager) => "店長",
        (Locale::Ja, Role::Staff) => "スタッフ",
        (Locale::Ja, Role::Reception) => "受付",
        (Locale::En, Role::Owner) => "owner",
        (Locale::En, Role::Manager) => "manager",
        (Locale::En, Role::Staff) => "staff member",
        (Locale::En, Role::Reception) => "receptionist",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::token::TokenDigest;
    use musubi_kernel::access::Permission;
    use uuid::Uuid;

    pub(in crate::staff) fn invitation() -> Invitation {
        let id = Uuid::from_u128;
        let permissions = Override { granted: [Permission::AuditRead].into(), denied: [Permission::BookingOwn].into() };
        Invitation {
            id: id(1).into(),
            tenant: id(2).into(),
            store: id(3).into(),
            details: StaffDetails { role: Role::Staff, permissions, resource_id: Some(id(4).into()), is_active: true },
            email: "hanako@example.jp".parse().unwrap(),
            sender: Some(Sender::Staff(id(5).into())),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::from_timestamp(7 * 24 * 3600, 0).unwrap(),
        }
    }

    fn token(payload: Option<Secret>) -> OneTimeToken {
        OneTimeToken {
            id: invitation().id,
            kind: TokenKind::Invitation,
            digest: TokenDigest([0; 32]),
            user: None,
            payload,
            created_at: invitation().created_at,
            expires_at: invitation().expires_at,
            used_at: None,
        }
    }

    #[test]
    fn an_invitation_comes_back_from_its_token() {
        let sent = token(Some(invitation().payload()));
        assert_eq!(Invitation::read(&sent), Some(invitation()));
        assert_eq!(Invitation::read(&OneTimeToken { kind: TokenKind::VerifyEmail, ..sent }), None);
        for sender in [Sender::Admin(Uuid::from_u128(6).into()), Sender::Key(Uuid::from_u128(7).into()), Sender::System]
        {
            let other = Invitation { sender: Some(sender), ..invitation() };
            assert_eq!(Invitation::read(&token(Some(other.payload()))), Some(other));
        }
        assert_eq!((Invitation::read(&token(None)), Invitation::read(&token(Some(Secret::new("{}"))))), (None, None));
    }

    #[test]
    fn of_an_earlier_one_nobody_knows_who_sent_it() {
        let mut before: Value = serde_json::from_str(invitation().payload().expose()).unwrap();
        before.as_object_mut().unwrap().remove("sent_by");
        before["sender"] = json!(Uuid::from_u128(5));
        let read = Invitation::read(&token(Some(Secret::new(before.to_string())))).unwrap();
        assert_eq!(read, Invitation { sender: None, ..invitation() });
    }

    #[test]
    fn records_do_not_hold_the_address() {
        let record = invitation().public_record();
        assert!(!record.to_string().contains("hanako") && record["role"] == "staff", "{record}");
    }
}
