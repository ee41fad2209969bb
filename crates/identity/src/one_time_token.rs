//! Tokens that are good for one use, and what they carry.

use crate::issuer::pending::Pending;
use crate::lifetimes::Lifetimes;
use crate::locale::Locale;
use crate::password_hash::PasswordHash;
use crate::token::TokenDigest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::codes;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{OneTimeTokenId, SignInAccountId, UserId};
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};

codes! {
    /// What a token is for.
    TokenKind {
        /// To prove the address with which somebody registers.
        VerifyEmail = "verify_email",
        /// To set a new password.
        PasswordReset = "password_reset",
        /// To recognise who comes back from an issuer.
        OauthState = "oauth_state",
        /// To prove a person's new address.
        ChangeEmail = "change_email",
        /// To accept an invitation.
        Invitation = "invitation",
    }
}

impl TokenKind {
    /// How long a token of this kind is good. Ways through a provider take as long as a password reset.
    pub const fn lifetime(self, lifetimes: &Lifetimes) -> TimeDelta {
        match self {
            Self::VerifyEmail | Self::ChangeEmail => lifetimes.verify_email,
            Self::PasswordReset | Self::OauthState => lifetimes.password_reset,
            Self::Invitation => lifetimes.invitation,
        }
    }
}

/// A token that is good for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Id.
    pub id: OneTimeTokenId,
    /// What it is for.
    pub kind: TokenKind,
    /// Digest of what its holder shows.
    pub digest: TokenDigest,
    /// Whose it is; `None`: of somebody who is no person here yet.
    pub user: Option<UserId>,
    /// What it carries, as JSON. Sealed where it is stored.
    pub payload: Option<Secret>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was used, or made void.
    pub used_at: Option<DateTime<Utc>>,
}

impl OneTimeToken {
    /// Whether it is good for something.
    pub fn is_live(&self, kind: TokenKind, now: DateTime<Utc>) -> bool {
        self.kind == kind && self.used_at.is_none() && now < self.expires_at
    }
}

/// Who will come into being when an address is proven. Nobody does before, so that nobody can squat another's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The address to be proven.
    pub email: EmailAddress,
    /// Of the password to be.
    pub password_hash: PasswordHash,
    /// In which language they are addressed.
    pub locale: Locale,
    /// What to call them.
    pub display_name: String,
}

#[derive(Serialize, Deserialize)]
struct NewcomerPayload {
    email: String,
    password_hash: String,
    locale: Locale,
    display_name: String,
}

impl Newcomer {
    pub(crate) fn payload(&self) -> Secret {
        payload(&NewcomerPayload {
            email: self.email.as_str().to_owned(),
            password_hash: self.password_hash.as_text().to_owned(),
            locale: self.locale,
            display_name: self.display_name.clone(),
        })
    }

    pub(crate) fn read(payload: &Secret) -> Option<Self> {
        let read: NewcomerPayload = serde_json::from_str(payload.expose()).ok()?;
        Some(Self {
            email: read.email.parse().ok()?,
            password_hash: PasswordHash::new(read.password_hash),
            locale: read.locale,
            display_name: read.display_name,
        })
    }
}

/// Whose password is set anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reset {
    pub(crate) account: SignInAccountId,
}

impl Reset {
    pub(crate) fn payload(self) -> Secret {
        payload(&self)
    }

    pub(crate) fn read(payload: &Secret) -> Option<Self> {
        serde_json::from_str(payload.expose()).ok()
    }
}

/// The address that is to be proven.
#[derive(Serialize, Deserialize)]
struct NewEmail {
    email: String,
}

pub(crate) fn new_email_payload(email: &EmailAddress) -> Secret {
    payload(&NewEmail { email: email.as_str().to_owned() })
}

pub(crate) fn read_new_email(payload: &Secret) -> Option<EmailAddress> {
    serde_json::from_str::<NewEmail>(payload.expose()).ok()?.email.parse().ok()
}

/// Somebody who is at an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AtIssuer {
    /// What the issuer's answer is held against.
    pub(crate) pending: Pending,
    /// Digest of what they must show when they come back.
    pub(crate) binding: TokenDigest,
}

#[derive(Serialize, Deserialize)]
struct AtIssuerPayload {
    pending: String,
    binding: String,
}

impl AtIssuer {
    pub(crate) fn payload(&self) -> Secret {
        let (pending, binding) = (self.pending.to_text(), URL_SAFE_NO_PAD.encode(self.binding.0));
        payload(&AtIssuerPayload { pending: pending.expose().to_owned(), binding })
    }

    pub(crate) fn read(payload: &Secret) -> Option<Self> {
        let read: AtIssuerPayload = serde_json::from_str(payload.expose()).ok()?;
        let binding = URL_SAFE_NO_PAD.decode(read.binding).ok()?;
        Some(Self {
            pending: Pending::from_text(&Secret::new(read.pending)).ok()?,
            binding: TokenDigest(binding.try_into().ok()?),
        })
    }
}

pub(crate) fn payload<T: Serialize>(value: &T) -> Secret {
    Secret::new(serde_json::to_string(value).expect("payloads are plain data"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::CountingIds;
    use uuid::Uuid;

    #[test]
    fn payloads_come_back_as_they_were() {
        let newcomer = Newcomer {
            email: "hanako@example.jp".parse().unwrap(),
            password_hash: PasswordHash::new("$argon2id$…\"\\"),
            locale: Locale::En,
            display_name: "花子 🌸".into(),
        };
        assert_eq!(Newcomer::read(&newcomer.payload()), Some(newcomer.clone()));
        let reset = Reset { account: Uuid::from_u128(7).into() };
        assert_eq!(Reset::read(&reset.payload()), Some(reset));
        assert_eq!(read_new_email(&new_email_payload(&newcomer.email)), Some(newcomer.email));
        let pending = Pending::new("corp", "https://shop.example.jp/back", &CountingIds::default());
        let away = AtIssuer { pending, binding: TokenDigest([7; 32]) };
        assert_eq!(AtIssuer::read(&away.payload()), Some(away));
        assert_eq!((Newcomer::read(&reset.payload()), Reset::read(&Secret::new(""))), (None, None));
    }

    #[test]
    fn a_token_is_good_for_one_kind_of_use_once_and_for_a_while() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let token = OneTimeToken {
            id: Uuid::nil().into(),
            kind: TokenKind::PasswordReset,
            digest: TokenDigest([0; 32]),
            user: None,
            payload: None,
            created_at: at(0),
            expires_at: at(600),
            used_at: None,
        };
        let used = OneTimeToken { used_at: Some(at(1)), ..token.clone() };
        for (token, kind, now, live) in [
            (&token, TokenKind::PasswordReset, 599, true),
            (&token, TokenKind::PasswordReset, 600, false),
            (&token, TokenKind::VerifyEmail, 1, false),
            (&used, TokenKind::PasswordReset, 1, false),
        ] {
            assert_eq!(token.is_live(kind, at(now)), live, "{kind:?} {now}");
        }
    }

    #[test]
    fn lifetimes_are_as_the_seeds_have_them() {
        let lifetimes = Lifetimes::default();
        assert_eq!(TokenKind::PasswordReset.lifetime(&lifetimes), TimeDelta::minutes(10));
        assert_eq!(TokenKind::VerifyEmail.lifetime(&lifetimes), TimeDelta::hours(24));
        assert_eq!(TokenKind::Invitation.lifetime(&lifetimes), TimeDelta::days(7));
    }
}
