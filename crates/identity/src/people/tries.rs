//! How often somebody may be wrong. What cannot be right, whatever is kept, is not compared and not counted.

use super::People;
use super::error::PeopleError;
use crate::ephemeral::Counted;
use crate::recovery_codes::is_code;
use crate::totp::six_digits;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use musubi_kernel::secret::Secret;

/// How many proofs of one person may be wrong within [`WINDOW`], over all of their sign-ins and sessions.
pub const MOST: u32 = 10;
/// How long wrong proofs count, from the first on.
pub const WINDOW: TimeDelta = TimeDelta::minutes(15);

pub(super) fn key(user: UserId) -> String {
    format!("tries:{user}")
}

impl People {
    /// Counts a try before it is known whether it is right, so that many at once are not more than [`MOST`].
    pub(super) async fn count_try(&self, user: UserId, now: DateTime<Utc>) -> Result<(), PeopleError> {
        match self.ephemeral.count(&key(user), MOST, now + WINDOW, now).await? {
            Counted::Within(_) => Ok(()),
            Counted::Full { until } => Err(PeopleError::TooMany { code: "second_factor_locked", until }),
        }
    }

    /// It was right. What was wrong before still counts: else somebody could try on whenever the owner has signed in.
    pub(super) async fn forgive_try(&self, user: UserId, now: DateTime<Utc>) {
        // One try less for a quarter of an hour, should this fail.
        let _ = self.ephemeral.uncount(&key(user), now).await;
    }

    /// Nothing was compared: tries that were counted under these keys were none.
    pub(super) async fn forget_tries<const N: usize>(&self, counted: [String; N], now: DateTime<Utc>) {
        // As many tries less until the count ends, should this fail.
        let _ = self.ephemeral.give_back(&counted, &[], now).await;
    }
}

/// Refuses what cannot be a code of six digits.
pub(super) fn six_digits_at(pointer: &str, entered: &Secret) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.require(six_digits(entered.expose()).is_some(), pointer, "bad_format", "must be six digits");
    invalid.finish()
}

/// Refuses what cannot be a recovery code.
pub(super) fn recovery_code_at(pointer: &str, entered: &Secret) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.require(is_code(entered.expose()), pointer, "bad_format", "must be a recovery code such as 7ZK4M-0Q1XP");
    invalid.finish()
}
