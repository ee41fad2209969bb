//! The port that hashes and checks passwords, and its fake.

use crate::password_hash::PasswordHash;
use async_trait::async_trait;
use musubi_kernel::error::{ErrorKind, Failure};
use musubi_kernel::secret::Secret;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The most bytes of a password that anybody is asked to check: far more than [`LONGEST`](crate::password::LONGEST)
/// characters have, and as many as WordPress takes. What is longer is wrong, and costs nothing.
pub const LONGEST_ENTRY: usize = 4096;

/// What a check of a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, but its hash was made in a way that is no longer used: to be hashed anew at once, while the
    /// password is at hand.
    RightButOutdated,
}

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// As many wait for their turn as may. Later it may succeed.
    #[error("too many people are signing in at this moment; try again in a few seconds")]
    Busy,
    /// What is kept is no hash of a known kind, or asks for more work than is allowed.
    #[error("a stored password cannot be read")]
    UnknownHash,
    /// A defect.
    #[error("a password could not be hashed")]
    Internal(String),
}

impl Failure for HashingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy => ErrorKind::Busy,
            Self::UnknownHash | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy => "sign_in_busy",
            Self::UnknownHash | Self::Internal(_) => "internal",
        }
    }
}

/// Hashes and checks passwords. Each call takes tens of milliseconds of a processor on purpose (OWASP Password Storage
/// Cheat Sheet), so that a stolen hash is slow to guess; whoever implements it bounds how many run and wait at once.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The hash of a new password, which [`PasswordRules`](crate::password::PasswordRules) accepted. Two hashes of one
    /// password differ.
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, HashingError>;

    /// Whether a password, as it was entered, is the one that was hashed.
    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> Result<Verdict, HashingError>;

    /// Costs what a wrong password costs: for names that nobody has, so that the time of an answer does not tell who has
    /// an account (ASVS 5.0, 6.3.8).
    async fn verify_nobody(&self, password: &Secret) -> Result<(), HashingError>;
}

/// A fake that hashes fast and without salt. For tests alone.
#[derive(Debug, Default)]
pub struct FastHasher {
    busy: AtomicBool,
    checks: AtomicUsize,
}

impl FastHasher {
    /// The hash of this password.
    pub fn hashed(password: &str) -> PasswordHash {
        Self::text("new", password)
    }

    /// A hash that is right for this password, but [outdated](Verdict::RightButOutdated).
    pub fn outdated(password: &str) -> PasswordHash {
        Self::text("old", password)
    }

    /// Answers [`HashingError::Busy`] from now on, or no longer.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    /// How many passwords were checked so far, those of nobody included.
    pub fn checks(&self) -> usize {
        self.checks.load(Ordering::Relaxed)
    }

    fn text(kind: &str, password: &str) -> PasswordHash {
        PasswordHash::new(format!("{kind}:{:x?}", Sha256::digest(password)))
    }

    fn admit(&self) -> Result<(), HashingError> {
        if self.busy.load(Ordering::Relaxed) { Err(HashingError::Busy) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for FastHasher {
    async fn hash(&self, password: &Secret) -> Result<PasswordHash, HashingError> {
        self.admit()?;
        Ok(Self::hashed(password.expose()))
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> Result<Verdict, HashingError> {
        self.admit()?;
        self.checks.fetch_add(1, Ordering::Relaxed);
        if *hash == Self::text("new", password.expose()) {
            Ok(Verdict::Right)
        } else if *hash == Self::outdated(password.expose()) {
            Ok(Verdict::RightButOutdated)
        } else if hash.as_text().starts_with("new:") || hash.as_text().starts_with("old:") {
            Ok(Verdict::Wrong)
        } else {
            Err(HashingError::UnknownHash)
        }
    }

    async fn verify_nobody(&self, _: &Secret) -> Result<(), HashingError> {
        self.admit()?;
        self.checks.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_fake_answers_as_the_port_says() {
        let hasher = FastHasher::default();
        let (own, other) = (Secret::new("correct horse"), Secret::new("battery staple"));
        let hash = hasher.hash(&own).await.unwrap();
        assert_eq!(hasher.verify(&own, &hash).await, Ok(Verdict::Right));
        assert_eq!(hasher.verify(&other, &hash).await, Ok(Verdict::Wrong));
        let old = FastHasher::outdated(own.expose());
        assert_eq!(hasher.verify(&own, &old).await, Ok(Verdict::RightButOutdated));
        assert_eq!(hasher.verify(&other, &old).await, Ok(Verdict::Wrong));
        assert_eq!(hasher.verify(&own, &PasswordHash::new("*")).await, Err(HashingError::UnknownHash));
        hasher.verify_nobody(&own).await.unwrap();
        assert_eq!(hasher.checks(), 6);
        hasher.set_busy(true);
        assert_eq!(hasher.hash(&own).await, Err(HashingError::Busy));
        assert_eq!(hasher.verify(&own, &hash).await, Err(HashingError::Busy));
        assert_eq!(hasher.verify_nobody(&own).await, Err(HashingError::Busy));
    }

    #[test]
    fn busy_may_be_tried_again_and_damage_may_not() {
        assert_eq!((HashingError::Busy.kind(), HashingError::Busy.code()), (ErrorKind::Busy, "sign_in_busy"));
        for defect in [HashingError::UnknownHash, HashingError::Internal("thread".into())] {
            assert_eq!((defect.kind(), defect.code()), (ErrorKind::Internal, "internal"));
        }
    }
}
