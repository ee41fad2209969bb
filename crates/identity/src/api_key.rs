//! API keys: what machine callers show.

use crate::home::KeyHome;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Actor, Permission};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::ApiKeyId;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How every issued key begins.
pub const KEY_PREFIX: &str = "msb_";
/// How many characters of a key are kept for people to recognise it by.
pub const RECOGNISED: usize = 8;

/// An API key, without its secret: that is shown once, and only its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose it is, and what it can reach.
    #[serde(flatten)]
    pub home: KeyHome,
    /// What its maker calls it.
    pub name: String,
    /// What it may do there.
    pub permissions: BTreeSet<Permission>,
    /// How its secret begins (after `msb_`), to recognise it by.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; absent: it does not.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last shown, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens anything at this time.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Who shows it.
    pub fn actor(&self) -> Actor {
        let reach = match self.home {
            KeyHome::Installation => return Actor::Operator { key: self.id },
            KeyHome::Tenant { tenant } => (tenant, None),
            KeyHome::Store { tenant, store } => (tenant, Some(store)),
        };
        Actor::Key { key: self.id, tenant: reach.0, store: reach.1, permissions: self.permissions.clone() }
    }
}

/// What a maker says of a new key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What to call it, 1 to 255 characters.
    pub name: String,
    /// What it may do: nothing that its maker may not.
    pub permissions: Vec<Permission>,
    /// When it ends, no later than its maker's key; absent: when that ends, if it does.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewApiKey {
    pub(crate) fn check(&self, maker: &Actor, now: DateTime<Utc>) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/name", self.name.as_str(), 1..=255);
        invalid.require(!self.permissions.is_empty(), "/permissions", "empty", "must name a permission");
        for (index, permission) in self.permissions.iter().enumerate() {
            let pointer = format!("/permissions/{index}");
            invalid.require(
                !self.permissions[..index].contains(permission),
                &pointer,
                "repeated",
                "must be named once",
            );
            let held = maker.holds(*permission);
            invalid.require(held, &pointer, "permission_not_held", "a key can only grant what its maker may do");
        }
        invalid.instant("/expires_at", self.expires_at);
        invalid.require(
            self.expires_at.is_none_or(|end| now < end),
            "/expires_at",
            "in_the_past",
            "must lie in the future",
        );
        invalid.finish()
    }
}

/// The SHA-256 digest of a key's secret, by which it is found again. The secrets are random enough to need no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// A secret from random bits.
pub(crate) fn secret_from(random: [u8; 32]) -> Secret {
    Secret::new(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// The part of a secret that is kept for people to recognise it by.
pub(crate) fn recognisable(secret: &Secret) -> String {
    let secret = secret.expose();
    secret.strip_prefix(KEY_PREFIX).unwrap_or(secret).chars().take(RECOGNISED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_secret_is_recognised_by_its_beginning_alone() {
        let secret = secret_from([0xfb; 32]);
        assert_eq!(secret.expose(), "msb_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(recognisable(&secret), "-_v7-_v7");
        assert_eq!(recognisable(&Secret::new("operators-own-secret")), "operator");
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(KeyDigest::of("abc").0[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn rules_of_a_new_key() {
        type Case = (NewApiKey, Actor, &'static [(&'static str, &'static str)]);
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let key = |permissions: &[Permission]| Actor::Key {
            key: Uuid::nil().into(),
            tenant: Uuid::nil().into(),
            store: None,
            permissions: permissions.iter().copied().collect(),
        };
        let (read, write) = (Permission::BookingRead, Permission::BookingWrite);
        let new = |name: &str, permissions: &[Permission], expires: Option<i64>| NewApiKey {
            name: name.into(),
            permissions: permissions.to_vec(),
            expires_at: expires.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        };
        let cases: [Case; 8] = [
            (new("till", &[read], None), key(&[read]), &[]),
            (new("till", &[read, write], Some(1_000_001)), Actor::System, &[]),
            (new(" ", &[read], None), Actor::System, &[("/name", "blank")]),
            (new("till", &[], None), Actor::System, &[("/permissions", "empty")]),
            (new("till", &[read, write], None), key(&[read]), &[("/permissions/1", "permission_not_held")]),
            (new("till", &[read, read], None), key(&[read]), &[("/permissions/1", "repeated")]),
            (new("till", &[read], None), Actor::Public, &[("/permissions/0", "permission_not_held")]),
            (new("till", &[read], Some(1_000_000)), Actor::System, &[("/expires_at", "in_the_past")]),
        ];
        for (index, (new, maker, expected)) in cases.into_iter().enumerate() {
            let broken = new.check(&maker, now).err().map(Invalid::into_violations).unwrap_or_default();
            let broken: Vec<_> = broken.iter().map(|violation| (violation.pointer.as_str(), violation.code)).collect();
            assert_eq!(broken, expected, "case {index}");
        }
    }

    #[test]
    fn a_key_lives_until_it_ends_or_is_revoked() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let now = at(100).unwrap();
        for (expires_at, revoked_at, live) in
            [(None, None, true), (at(101), None, true), (at(100), None, false), (None, at(99), false)]
        {
            let key = ApiKey {
                id: Uuid::nil().into(),
                home: KeyHome::Installation,
                name: "x".into(),
                permissions: BTreeSet::new(),
                prefix: "12345678".into(),
                created_at: now,
                expires_at,
                last_used_at: None,
                revoked_at,
            };
            assert_eq!(key.is_live(now), live, "{expires_at:?} {revoked_at:?}");
        }
    }
}
