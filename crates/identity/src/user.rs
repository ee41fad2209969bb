//! People: who can sign in.

use crate::age_group::AgeGroupId;
use crate::locale::Locale;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most characters of a name to display.
pub const DISPLAY_NAME: usize = 255;
/// The most characters of the reason for a lock or a ban.
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
    /// They cannot: what they have done was decided about. Only the end of the ban lets them in again.
    Banned {
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
            Self::Banned { .. } => "banned",
            Self::Deleted { .. } => "deleted",
        }
    }
}

/// What people say of themselves, and may change as they like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({ "display_name": "花子", "locale": "ja", "age_group_id": 4 })))]
#[serde(deny_unknown_fields)]
pub struct PersonDetails {
    /// What to call them, 1 to 255 characters.
    pub display_name: String,
    /// In which language they are addressed.
    #[serde(default)]
    pub locale: Locale,
    /// How old they are: one of the groups of ages.
    #[serde(default)]
    pub age_group_id: Option<AgeGroupId>,
}

impl PersonDetails {
    /// What is wrong with them, in the place of `before`. A name that was taken over from elsewhere may stay as it is.
    pub fn check(&self, before: &Self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if self.display_name != before.display_name {
            invalid.line("/display_name", self.display_name.as_str(), 1..=DISPLAY_NAME);
        }
        invalid.finish()
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
    /// How old they say they are; `None`: they have not said it, or are deleted.
    pub age_group: Option<AgeGroupId>,
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
            age_group: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether they can sign in.
    pub const fn is_active(&self) -> bool {
        matches!(self.status, Status::Active)
    }

    /// Whether only their id is left.
    pub const fn is_deleted(&self) -> bool {
        matches!(self.status, Status::Deleted { .. })
    }

    /// Their address, if they have proven that it is theirs.
    pub fn verified_email(&self) -> Option<&EmailAddress> {
        self.email.as_ref().filter(|_| self.email_verified_at.is_some())
    }

    /// Kept from signing in; `None`: they are already, or deleted.
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

    /// Banned, locked before or not; `None`: they are banned already, or deleted.
    #[must_use]
    pub fn ban(self, reason: String, now: DateTime<Utc>) -> Option<Self> {
        let banned = Status::Banned { at: now, reason };
        let can = matches!(self.status, Status::Active | Status::Locked { .. });
        can.then(|| Self { status: banned, ..self.revised(now) })
    }

    /// Banned no longer, and let in again; `None`: they are not banned.
    #[must_use]
    pub fn unban(self, now: DateTime<Utc>) -> Option<Self> {
        let banned = matches!(self.status, Status::Banned { .. });
        banned.then(|| Self { status: Status::Active, ..self.revised(now) })
    }

    /// Nothing but an id: another person may have the address from now on. `None`: deleted already.
    #[must_use]
    pub fn delete(self, now: DateTime<Utc>) -> Option<Self> {
        if self.is_deleted() {
            return None;
        }
        Some(Self {
            status: Status::Deleted { at: now },
            email: None,
            email_verified_at: None,
            display_name: String::new(),
            age_group: None,
            ..self.revised(now)
        })
    }

    /// With another address, which they have proven.
    #[must_use]
    pub fn with_email(self, email: EmailAddress, now: DateTime<Utc>) -> Self {
        Self { email: Some(email), email_verified_at: Some(now), ..self.revised(now) }
    }

    /// What they say of themselves.
    pub fn details(&self) -> PersonDetails {
        PersonDetails { display_name: self.display_name.clone(), locale: self.locale, age_group_id: self.age_group }
    }

    /// As they say now of themselves; up to the rule of [`PersonDetails`].
    #[must_use]
    pub fn with_details(self, details: PersonDetails, now: DateTime<Utc>) -> Self {
        let PersonDetails { display_name, locale, age_group_id } = details;
        Self { display_name, locale, age_group: age_group_id, ..self.revised(now) }
    }

    fn revised(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    /// How they stand in events and audit entries: neither name, address nor age.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status.code(),
            "locale": self.locale,
            "has_email": self.email.is_some(),
            "email_verified_at": self.email_verified_at,
            "has_age_group": self.age_group.is_some(),
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
        let banned = hanako().ban("threats".into(), at(1)).unwrap();
        let deleted = hanako().delete(at(1)).unwrap();
        // From, whether they can be locked, unlocked, banned, unbanned, deleted.
        for (user, can) in [
            (hanako(), [true, false, true, false, true]),
            (locked, [false, true, true, false, true]),
            (banned, [false, false, false, true, true]),
            (deleted, [false; 5]),
        ] {
            let version = user.version;
            let next = [
                user.clone().lock("x".into(), at(2)),
                user.clone().unlock(at(2)),
                user.clone().ban("x".into(), at(2)),
                user.clone().unban(at(2)),
                user.clone().delete(at(2)),
            ];
            assert_eq!(next.each_ref().map(Option::is_some), can, "{user:?}");
            for next in next.into_iter().flatten() {
                assert_eq!((next.version, next.updated_at), (version + 1, at(2)));
            }
        }
    }

    #[test]
    fn of_a_deleted_person_only_the_id_is_left() {
        let aged = User { age_group: Some(AgeGroupId(4)), ..hanako() };
        let gone = aged.delete(at(1)).unwrap();
        assert_eq!((gone.id, gone.email, gone.email_verified_at, &*gone.display_name), (hanako().id, None, None, ""));
        assert_eq!(gone.age_group, None);
    }

    #[test]
    fn people_say_of_themselves_what_they_like_within_the_rule() {
        let before = hanako().details();
        let named = |name: &str| PersonDetails { display_name: name.to_owned(), ..before.clone() };
        let code = |details: &PersonDetails, before: &PersonDetails| {
            details.check(before).err().map(|invalid| invalid.violations()[0].code)
        };
        for (name, expected) in [
            ("花", None),
            (&*"x".repeat(DISPLAY_NAME), None),
            (&*"x".repeat(DISPLAY_NAME + 1), Some("too_long")),
            (" ", Some("blank")),
            ("two\nlines", Some("control_character")),
        ] {
            assert_eq!(code(&named(name), &before), expected, "{name}");
            assert_eq!(code(&named(name), &named(name)), None, "as it was taken over");
        }
        let said = PersonDetails { locale: Locale::En, age_group_id: Some(AgeGroupId(4)), ..named("Hanako") };
        let after = hanako().with_details(said.clone(), at(5));
        assert_eq!((after.details(), after.version, after.updated_at), (said, 2, at(5)));
        assert_eq!(after.verified_email(), hanako().verified_email());
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
