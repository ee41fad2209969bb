//! The ways in which a person signs in.

use crate::password_hash::PasswordHash;
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{SignInAccountId, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;
use std::str::FromStr;

/// The most characters of a subject (`OpenID` Connect Core 1.0, 2: at most 255 ASCII characters).
pub const SUBJECT: usize = 255;

/// Who vouches for a person: `local` (their password here), `google`, `line`, `wordpress`, or the name that the
/// settings give an issuer. 1 to 50 lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Provider(String);

/// A text that names no provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAProvider;

impl Provider {
    /// The name of the person's own password.
    pub const LOCAL: &str = "local";

    /// The person's own password, kept here.
    pub fn local() -> Self {
        Self(Self::LOCAL.to_owned())
    }

    /// Whether it is the person's own password.
    pub fn is_local(&self) -> bool {
        self.0 == Self::LOCAL
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Provider {
    type Err = NotAProvider;

    fn from_str(text: &str) -> Result<Self, NotAProvider> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let good = (1..=50).contains(&text.len()) && text.bytes().all(plain);
        good.then(|| Self(text.to_owned())).ok_or(NotAProvider)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

codes! {
    /// Whether an account opens anything.
    AccountStatus {
        /// It does.
        Active = "active",
        /// It was unlinked and never will again. Its subject is forgotten, so that it can be linked anew.
        Deleted = "deleted",
    }
}

/// One way in which a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAccount {
    /// Id.
    pub id: SignInAccountId,
    /// Whose.
    pub user: UserId,
    /// Who vouches for them.
    pub provider: Provider,
    /// Who they are there; no two accounts of a provider have the same. Of a local account it is the person's id, as
    /// their address may change; `None` once it is deleted.
    pub subject: Option<String>,
    /// The address that the provider told; `None`: none, as of every local account, for the person's own is its name.
    pub email: Option<EmailAddress>,
    /// Whether the provider vouches for that address.
    pub email_verified: bool,
    /// Of a local account alone.
    pub password_hash: Option<PasswordHash>,
    /// Whether it opens anything.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    pub last_login_at: Option<DateTime<Utc>>,
}

impl SignInAccount {
    /// A person's own password.
    pub fn local(id: SignInAccountId, user: UserId, password_hash: PasswordHash, now: DateTime<Utc>) -> Self {
        Self {
            id,
            user,
            provider: Provider::local(),
            subject: Some(user.to_string()),
            email: None,
            email_verified: false,
            password_hash: Some(password_hash),
            status: AccountStatus::Active,
            created_at: now,
            last_login_at: None,
        }
    }

    /// Whether somebody can sign in with it, if the person may sign in at all.
    pub fn is_usable(&self) -> bool {
        self.status == AccountStatus::Active && self.subject.is_some()
    }

    /// Put away: whoever is this subject may link it anew.
    #[must_use]
    pub fn deleted(self) -> Self {
        Self {
            subject: None,
            email: None,
            email_verified: false,
            password_hash: None,
            status: AccountStatus::Deleted,
            ..self
        }
    }

    /// How it stands in events and audit entries: without address, subject and password.
    pub fn public_record(&self) -> Value {
        json!({ "id": self.id, "user_id": self.user, "provider": self.provider, "status": self.status })
    }
}

/// Whether an account of these, which are all of a person's, may be unlinked: not the last one that can sign in.
pub fn may_unlink(accounts: &[SignInAccount], id: SignInAccountId) -> bool {
    accounts.iter().any(|account| account.id != id && account.is_usable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn account(n: u128) -> SignInAccount {
        let hash = PasswordHash::new("hash");
        SignInAccount::local(Uuid::from_u128(n).into(), Uuid::nil().into(), hash, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn providers_have_plain_names() {
        for good in ["local", "google", "line", "wordpress", "my-idp_2"] {
            assert_eq!(good.parse::<Provider>().map(|provider| provider.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "Google", "a b", "グーグル", "a/b", &"x".repeat(51)] {
            assert_eq!(bad.parse::<Provider>(), Err(NotAProvider), "{bad}");
        }
    }

    #[test]
    fn the_last_that_can_sign_in_stays() {
        let (one, two) = (account(1), account(2));
        assert!(may_unlink(&[one.clone(), two.clone()], one.id));
        assert!(!may_unlink(std::slice::from_ref(&one), one.id));
        assert!(!may_unlink(&[one.clone(), two.clone().deleted()], one.id));
        assert!(may_unlink(&[one, two.clone().deleted()], two.id));
    }

    #[test]
    fn of_a_deleted_account_nothing_secret_is_left() {
        let gone = SignInAccount { email: "a@example.jp".parse().ok(), email_verified: true, ..account(1) }.deleted();
        assert_eq!((gone.subject.as_ref(), gone.email.as_ref(), gone.password_hash.as_ref()), (None, None, None));
        assert!(!gone.is_usable() && !gone.email_verified);
    }
}
