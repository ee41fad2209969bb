//! The secrets that deliveries are signed with.
//!
//! An endpoint has one, and for a while after it was renewed the one before too: deliveries are signed with both, so that the
//! receiver can change over when it likes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::secret::Secret;

/// What stands before a secret, so that people know it for what it is.
const PREFIX: &str = "whsec_";
/// For how long the secret before goes on being used.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// For how long it can at most.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(30);

/// The most secrets that an endpoint's deliveries are signed with at once. Each has a signature in the header of every call, which
/// receivers bound.
pub const MOST_LIVE: usize = 5;

/// A secret to sign with: 32 random bytes. Sealed where it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecret {
    /// As it is shown: `whsec_` and the bytes in base 64.
    pub shown: Secret,
    /// Since when it is used.
    pub created_at: DateTime<Utc>,
    /// From when on it is not used any more; `None`: it is the present one.
    pub ends_at: Option<DateTime<Utc>>,
}

impl SigningSecret {
    /// A new one.
    pub fn new(bytes: [u8; 32], now: DateTime<Utc>) -> Self {
        let shown = Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)));
        Self { shown, created_at: now, ends_at: None }
    }

    /// Whether it is used then.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_none_or(|ends_at| now < ends_at)
    }
}

/// The secrets after a new one was made: it comes first, those before end after `overlap` or when they would have anyway,
/// and those that have ended are forgotten.
pub fn renewed(
    present: &[SigningSecret],
    new: SigningSecret,
    overlap: TimeDelta,
    now: DateTime<Utc>,
) -> Vec<SigningSecret> {
    let ending = present.iter().filter(|one| one.is_live(now)).map(|one| {
        let ends_at = one.ends_at.unwrap_or(DateTime::<Utc>::MAX_UTC).min(now + overlap);
        SigningSecret { ends_at: Some(ends_at), ..one.clone() }
    });
    std::iter::once(new).chain(ending.filter(|one| one.is_live(now))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_overlaps_with_the_one_before() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let secret = |byte: u8, hours| SigningSecret::new([byte; 32], at(hours));
        let first = vec![secret(1, 0)];
        assert_eq!(first[0].shown.expose(), "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        let live = |secrets: &[SigningSecret], hours| {
            let live = secrets.iter().filter(|one| one.is_live(at(hours)));
            let byte = |one: &SigningSecret| STANDARD.decode(&one.shown.expose()[PREFIX.len()..]).unwrap()[0];
            live.map(byte).collect::<Vec<_>>()
        };
        let second = renewed(&first, secret(2, 10), OVERLAP, at(10));
        assert_eq!((live(&second, 10), live(&second, 33), live(&second, 34)), (vec![2, 1], vec![2, 1], vec![2]));
        let third = renewed(&second, secret(3, 20), TimeDelta::hours(48), at(20));
        assert_eq!((live(&third, 33), live(&third, 34), live(&third, 68)), (vec![3, 2, 1], vec![3, 2], vec![3]));
        let at_once = renewed(&third, secret(4, 40), TimeDelta::zero(), at(40));
        assert_eq!((at_once.len(), live(&at_once, 40)), (1, vec![4]));
    }
}
