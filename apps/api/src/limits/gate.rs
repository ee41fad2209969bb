//! Who is over the limit already, so that guessed credentials of theirs are not even looked up.

use super::RateLimiter;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most clients, and the most credentials, that are remembered.
const MOST: usize = 10_000;

/// Remembers clients that were refused until their wait is over, and credentials that were good.
#[derive(Debug, Default)]
pub struct Gate {
    waiting: Mutex<HashMap<String, Instant>>,
    proven: Mutex<HashSet<[u8; 32]>>,
}

impl Gate {
    /// Counts a call of `client` without good credentials; `Some`: it is one too many, and this long it should wait.
    pub async fn count(&self, limiter: &dyn RateLimiter, client: &str) -> Option<Duration> {
        let wait = limiter.count(client).await?;
        let mut waiting = held(&self.waiting);
        if waiting.len() >= MOST {
            waiting.clear();
        }
        waiting.insert(client.to_owned(), Instant::now() + wait);
        Some(wait)
    }

    /// Whether `client` is over its limit.
    pub fn is_waiting(&self, client: &str) -> bool {
        held(&self.waiting).get(client).is_some_and(|until| Instant::now() < *until)
    }

    /// Whether credentials of `client` may be looked up; `Some`: not for so long. While a client waits, what was good
    /// before passes uncounted, and anything else counts against an allowance of its own: whoever shares an address
    /// with a guesser can still come in for the first time, and guesses are never looked up faster than the limit.
    pub async fn look_up(&self, limiter: &dyn RateLimiter, client: &str, token: &str) -> Option<Duration> {
        if !self.is_waiting(client) || held(&self.proven).contains(&digest(token)) {
            return None;
        }
        limiter.count(&format!("{client} credentials")).await
    }

    /// Notes what a look-up found.
    pub fn note(&self, token: &str, good: bool) {
        let mut proven = held(&self.proven);
        if good {
            if proven.len() >= MOST {
                proven.clear();
            }
            proven.insert(digest(token));
        } else {
            proven.remove(&digest(token));
        }
    }

    /// Forgets clients whose wait is over.
    pub fn tidy(&self) {
        let now = Instant::now();
        held(&self.waiting).retain(|_, until| now < *until);
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
