//! Guessed passwords: who has to wait before the next one is even compared. The rule is in [`crate::throttle`].

use super::People;
use super::error::PeopleError;
use crate::ephemeral::{Counted, CountedAll, Counter};
use crate::throttle::{DAY, FREE, HOUR, PER_ACCOUNT, PER_CLIENT, counter_key, wait_after};
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::network::client_of;

/// The longest text that is told apart from others as an account.
const LONGEST_ACCOUNT: usize = 255;

/// A try at a password that has been counted as a wrong one.
#[derive(Debug)]
pub(super) struct Guess {
    /// What was counted and is taken back if the password is right.
    counted: Vec<String>,
    /// What is forgotten if the password is right.
    pair: [String; 3],
    /// As many have been wrong at this account as may be.
    full: Option<Full>,
}

/// What holds at an account at which as many have been wrong as may be.
#[derive(Debug, Clone, Copy)]
struct Full {
    until: DateTime<Utc>,
    /// Whether the right password of this client lets them in all the same.
    is_spared: bool,
}

impl Guess {
    /// Whether the right password lets this client in.
    pub(super) fn may_be_right(&self) -> bool {
        self.full.is_none_or(|full| full.is_spared)
    }

    /// What a wrong password is answered. At a full account it is the same for who is spared and who is not: else a try
    /// would show in whose network that person is signed in, and that there is such a person.
    pub(super) fn wrong(&self) -> PeopleError {
        match self.full {
            Some(Full { until, .. }) => too_many(until),
            None => PeopleError::WrongCredentials,
        }
    }
}

impl People {
    /// Counts a try before it is known whether it is right. `person` is whom the address belongs to, if somebody. At a full
    /// account it goes on for everybody, so that all of it takes as long for who is spared.
    pub(super) async fn begin_guess(
        &self,
        caller: &Caller,
        account: &str,
        person: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<Guess, PeopleError> {
        let (client, account) = (client(caller), account_of(account));
        let (by_client, at_account) = (self.counter("guesses-by", &client), self.counter("guesses-at", &account));
        let both = format!("{account} {client}");
        let pair = ["guesses", "guess-gate", "guess-level"].map(|name| self.counter(name, &both));
        let [free, gate, level] = &pair;
        // The last free one closes the gate behind it.
        let mut counters = vec![
            Counter { key: at_account.clone(), most: PER_ACCOUNT, expires_at: now + HOUR },
            Counter { key: free.clone(), most: FREE - 1, expires_at: now + DAY },
        ];
        if self.settings.limits_clients {
            counters.insert(0, Counter { key: by_client, most: PER_CLIENT, expires_at: now + HOUR });
        }
        let mut account_full = None;
        while let CountedAll::Full { which, until } = self.ephemeral.count_all(&counters, now).await? {
            let full = counters.remove(which).key;
            let waits = if full == at_account {
                account_full = Some(until);
                None
            } else if full == *free {
                self.pass_gate(gate, level, now).await?
            } else {
                Some(until)
            };
            if let Some(until) = waits {
                return Err(too_many(until));
            }
        }
        let full = match account_full {
            Some(until) => Some(Full { until, is_spared: self.is_signed_in_at(person, &client, now).await? }),
            None => None,
        };
        Ok(Guess { counted: counters.into_iter().map(|counter| counter.key).collect(), pair, full })
    }

    /// One try at a time passes, and closes the gate for as long as the next has to wait. `Some`: it is closed until then.
    async fn pass_gate(
        &self,
        gate: &str,
        level: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let before = self.ephemeral.get(level, now).await?.and_then(|kept| kept.parse().ok()).unwrap_or(FREE - 1);
        let failures = before.saturating_add(1);
        match self.ephemeral.count(gate, 1, now + wait_after(failures), now).await? {
            Counted::Full { until } => Ok(Some(until)),
            Counted::Within(_) => {
                self.ephemeral.put(level, &failures.to_string(), now + HOUR, now).await?;
                Ok(None)
            }
        }
    }

    /// The password was right: what the client was wrong with at this account before is forgotten.
    pub(super) async fn forgive_guess(&self, guess: Guess, now: DateTime<Utc>) {
        // Whoever was right is let in; what could not be forgotten ends by itself.
        let _ = self.ephemeral.give_back(&guess.counted, &guess.pair, now).await;
    }

    /// The password was not compared.
    pub(super) async fn undo_guess(&self, guess: Guess, now: DateTime<Utc>) {
        // One try less for an hour, should this fail.
        let _ = self.ephemeral.give_back(&guess.counted, &[], now).await;
    }

    /// Whether the person is signed in somewhere in the network of this client. Costs the same for nobody.
    async fn is_signed_in_at(
        &self,
        person: Option<UserId>,
        client: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sessions = self.store.sessions(person.unwrap_or(UserId(uuid::Uuid::nil())), now).await?;
        Ok(sessions.iter().filter_map(|session| session.ip).any(|ip| client_of(ip) == client))
    }

    /// A key that tells nobody whom it is about.
    pub(super) fn counter(&self, name: &str, about: &str) -> String {
        counter_key(&*self.cipher, name, about)
    }
}

const fn too_many(until: DateTime<Utc>) -> PeopleError {
    PeopleError::TooMany { code: "too_many_attempts", until }
}

/// From where somebody calls.
pub(super) fn client(caller: &Caller) -> String {
    caller.ip.map_or_else(|| "unknown".to_owned(), client_of)
}

/// An address in the form in which it is kept, or whatever else was typed.
pub(super) fn account_of(typed: &str) -> String {
    let cut = || typed.trim().to_lowercase().chars().take(LONGEST_ACCOUNT).collect();
    typed.parse::<EmailAddress>().map_or_else(|_| cut(), |email| email.as_str().to_owned())
}
