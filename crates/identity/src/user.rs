//! People: who can sign in.

use crate::locale::Locale;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::UserId;
use serde_json::{Value, json};

/// The most characters of a name to display.
pub const DISPLAY_NAME: usize = 255;
/// The most characters of the reason for a lock.
pub const LOCK_REASON: usize = 500;

/// Whether a person can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// They can.
    Active,
    /// They cannot, until they are unlocked.
    Locked {
        /// Since when.
        at: DateTime<Utc>,
        /// Why, for those who decide about it later; up to [`LOCK_REASON`] characters.
        reason: String,
    },
    /// They never can again. Only the id is left, as other things refer to it.
    Deleted {
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl Status {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked { .. } => "locked",
            Self::Deleted { .. } => "deleted",
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Whether they can sign in.
    pub status: Status,
    /// In which language they are addressed.
    pub locale: Locale,
    /// Their address, which no other person has; `None`: they came by a provider that vouched for none, or were deleted.
    pub email: Option<EmailAddress>,
    /// When they proved that the address is theirs; `None`: not yet, as of people who were taken over from elsewhere.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// What to call them, up to [`DISPLAY_NAME`] characters; empty once they are deleted.
    pub display_name: String,
    /// How often it was written.
    pub version: i64,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When this was last changed.
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// A person who just came. With an address, it is one that they have proven.
    pub fn new(
        id: UserId,
        locale: Locale,
        email: Option<EmailAddress>,
        display_name: String,
        now: DateTime<Utc>,
    ) -> Self {
        let email_verified_at = email.as_ref().map(|_| now);
        Self {
            id,
            status: Status::Active,
            locale,
            email,
            email_verified_at,
            display_name,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether they can sign in.
    pub const fn is_active(&self) -> bool {
        matches!(self.status, Status::Active)
    }

    /// Their address, if they have proven that it is theirs.
    pub fn verified_email(&self) -> Option<&EmailAddress> {
        self.email.as_ref().filter(|_| self.email_verified_at.is_some())
    }

    /// Kept from signing in; `None`: they are locked already, or deleted.
    #[must_use]
    pub fn lock(self, reason: String, now: DateTime<Utc>) -> Option<Self> {
        let locked = Status::Locked { at: now, reason };
        self.is_active().then(|| Self { status: locked, ..self.revised(now) })
    }

    /// Let in again; `None`: they are not locked.
    #[must_use]
    pub fn unlock(self, now: DateTime<Utc>) -> Option<Self> {
        let locked = matches!(self.status, Status::Locked { .. });
        locked.then(|| Self { status: Status::Active, ..self.revised(now) })
    }

    /// Nothing but an id: another person may have the address from now on. `None`: deleted already.
    #[must_use]
    pub fn delete(self, now: DateTime<Utc>) -> Option<Self> {
        if matches!(self.status, Status::Deleted { .. }) {
            return None;
        }
        Some(Self {
            status: Status::Deleted { at: now },
            email: None,
            email_verified_at: None,
            display_name: String::new(),
            ..self.revised(now)
        })
    }

    /// With another address, which they have proven.
    #[must_use]
    pub fn with_email(self, email: EmailAddress, now: DateTime<Utc>) -> Self {
        Self { email: Some(email), email_verified_at: Some(now), ..self.revised(now) }
    }

    fn revised(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    /// How they stand in events and audit entries: neither name nor address.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status.code(),
            "locale": self.locale,
            "has_email": self.email.is_some(),
            "email_verified_at": self.email_verified_at,
            "version": self.version,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn hanako() -> User {
        let email = "hanako@example.jp".parse().unwrap();
        User::new(Uuid::from_u128(1).into(), Locale::Ja, Some(email), "花子".into(), at(0))
    }

    #[test]
    fn every_step_of_a_life() {
        let locked = hanako().lock("spam".into(), at(1)).unwrap();
        let deleted = hanako().delete(at(1)).unwrap();
        // From, whether it can be locked, unlocked, deleted.
        for (user, can) in [(hanako(), [true, false, true]), (locked, [false, true, true]), (deleted, [false; 3])] {
            let version = user.version;
            let next = [user.clone().lock("x".into(), at(2)), user.clone().unlock(at(2)), user.clone().delete(at(2))];
            assert_eq!(next.each_ref().map(Option::is_some), can, "{user:?}");
            for next in next.into_iter().flatten() {
                assert_eq!((next.version, next.updated_at), (version + 1, at(2)));
            }
        }
    }

    #[test]
    fn of_a_deleted_person_only_the_id_is_left() {
        let gone = hanako().delete(at(1)).unwrap();
        assert_eq!((gone.id, gone.email, gone.email_verified_at, &*gone.display_name), (hanako().id, None, None, ""));
    }

    #[test]
    fn an_address_counts_once_it_is_proven() {
        let unproven = User { email_verified_at: None, ..hanako() };
        assert!(hanako().verified_email().is_some() && unproven.verified_email().is_none());
        let moved = unproven.with_email("new@example.jp".parse().unwrap(), at(3));
        assert_eq!(moved.verified_email().map(EmailAddress::as_str), Some("new@example.jp"));
    }

    #[test]
    fn records_hold_neither_name_nor_address() {
        let record = hanako().public_record().to_string();
        assert!(!record.contains("hanako") && !record.contains("花子"), "{record}");
    }
}
