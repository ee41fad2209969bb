//! The port that keeps what lasts for minutes: sign-ins that wait for a second factor, codes that were mailed, and how often
//! somebody was wrong. Its fake is in [`memory`].
//!
//! | key | value | lasts |
//! |---|---|---|
//! | `session:{user_id}:{uuid}` | a sign-in whose first half was right: digest of its token, account, how | 10 minutes, 5 tries |
//! | `otp:{user_id}` | the code that was mailed last: its keyed digest, and for which sign-in | 5 minutes, 5 tries |
//! | `otp-sent:{user_id}` | that a code was mailed | 1 minute |
//! | `otp-day:{user_id}` | how many codes were mailed | a day |
//! | `tries:{user_id}` | how many wrong proofs there were, of any sign-in and step-up | 15 minutes, 10 tries |
//! | `passkey:{user_id}:{uuid}` | what a passkey of a person was asked, and for what | 5 minutes, 1 answer |
//! | `passkey:{uuid}` | the same, for a sign-in of whoever answers | 5 minutes, 1 answer |
//! | `guesses-by:{client}`, `guesses-at:{account}` | how many wrong passwords there were | an hour |
//! | `guesses:{both}` | how many of them made nobody wait | a day |
//! | `guess-gate:{both}`, `guess-level:{both}` | that the next one waits, and how many there were | 15 minutes, an hour |
//! | `mails-by:{client}`, `resets-to:{account}`, `registrations-to:{account}`, `moves-to:{account}` | how many mails were asked for | an hour |
//! | `registrations:{both}`, `moves:{both}` | how many of them by one client, or by one person | an hour |
//! | `invitations-of:{store}`, `invitations-to:{account}` | how many invitations were sent | an hour |
//!
//! Clients, stores and accounts, which are an address or the link of a registration, stand there as keyed digests. The first two names are those of seed 002. Its `pwdreset:` is a
//! one-time token in the database instead, as it is used in the transaction that changes the password; sessions that have begun are there too, as they must not be lost.
//!
//! Nothing here lets anybody in by itself. When it is lost, people sign in again; when it cannot be asked, they are told to
//! come back: [`StoreError::EphemeralUnavailable`], or what the database says where entries are kept in it.

pub mod memory;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;

/// What came of counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is the so-many-th, from 1 to the most.
    Within(u32),
    /// There were as many as may be. Nothing was counted.
    Full {
        /// When counting begins anew.
        until: DateTime<Utc>,
    },
}

/// Something that is counted together with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its key.
    pub key: String,
    /// Up to how many.
    pub most: u32,
    /// When counting ends that begins with this.
    pub expires_at: DateTime<Utc>,
}

/// What came of counting several together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedAll {
    /// Each was counted.
    Within,
    /// One was full, the first that is. Nothing was counted.
    Full {
        /// Which, by its place.
        which: usize,
        /// When counting it begins anew.
        until: DateTime<Utc>,
    },
}

/// Keeps entries until they end. An entry is gone from its `expires_at` on, by the clock of who asks.
///
/// Every operation is one step: however many call at once, over however many servers, they come one after the other.
/// Keys are ASCII, up to [`LONGEST_KEY`] characters, values are texts without NUL.
#[async_trait]
pub trait Ephemeral: Send + Sync {
    /// Keeps a value in the place of what is there. It has not been tried yet.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The value.
    async fn get(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError>;

    /// The value, which is removed: of all who take it, one gets it.
    async fn take(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError>;

    /// The value, for a try that is counted; `None` once there have been `most`.
    async fn attempt(&self, key: &str, most: u32, now: DateTime<Utc>) -> Result<Option<String>, StoreError>;

    /// Counts up to `most`. Where nothing is counted yet, counting begins, and ends at `expires_at`.
    async fn count(
        &self,
        key: &str,
        most: u32,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError>;

    /// Takes back one that was counted.
    async fn uncount(&self, key: &str, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Counts one of each, or none: as [`Ephemeral::count`] of each in turn, those before a full one taken back.
    async fn count_all(&self, counters: &[Counter], now: DateTime<Utc>) -> Result<CountedAll, StoreError> {
        for (which, counter) in counters.iter().enumerate() {
            let counted = self.count(&counter.key, counter.most, counter.expires_at, now).await;
            let within = matches!(counted, Ok(Counted::Within(_)));
            for counter in counters.iter().take(which).filter(|_| !within) {
                self.uncount(&counter.key, now).await?;
            }
            if let Counted::Full { until } = counted? {
                return Ok(CountedAll::Full { which, until });
            }
        }
        Ok(CountedAll::Within)
    }

    /// Takes back one of each of these, and removes others.
    async fn give_back(&self, counted: &[String], removed: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
        for key in counted {
            self.uncount(key, now).await?;
        }
        for key in removed {
            self.remove(key).await?;
        }
        Ok(())
    }

    /// Removes an entry, if it is there.
    async fn remove(&self, key: &str) -> Result<(), StoreError>;

    /// Deletes what has ended, where that does not happen by itself; how many.
    async fn clear(&self, now: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// The most characters of a key.
pub const LONGEST_KEY: usize = 200;
