//! Invitations that are mailed: how many. The rule is in [`crate::throttle`].

use super::Staff;
use super::error::StaffError;
use crate::ephemeral::{CountedAll, Counter};
use crate::throttle::{HOUR, INVITATIONS_PER_ADDRESS, INVITATIONS_PER_STORE, counter_key};
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::StoreId;

/// An invitation that has been counted as sent: the keys of its counters.
#[derive(Debug)]
pub(super) struct CountedInvitation(Vec<String>);

impl Staff {
    /// Counts an invitation before it is known whether it can be sent, so that many at once are not more. Whoever sends one
    /// too many is told, as they are known; registrations of strangers are counted apart, so that neither tells of the other.
    pub(super) async fn count_invitation(
        &self,
        store: StoreId,
        to: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<CountedInvitation, StaffError> {
        let limits = [
            ("invitations-of", store.to_string(), INVITATIONS_PER_STORE),
            ("invitations-to", to.as_str().to_owned(), INVITATIONS_PER_ADDRESS),
        ];
        let counters = limits.map(|(name, about, most)| {
            let key = counter_key(&*self.cipher, name, &about);
            Counter { key, most, expires_at: now + HOUR }
        });
        match self.ephemeral.count_all(&counters, now).await? {
            CountedAll::Within => Ok(CountedInvitation(counters.map(|counter| counter.key).into())),
            CountedAll::Full { until, .. } => Err(StaffError::TooMany { until }),
        }
    }

    /// It was not sent.
    pub(super) async fn uncount_invitation(&self, counted: &CountedInvitation, now: DateTime<Utc>) {
        // One less for an hour, should this fail.
        let _ = self.ephemeral.give_back(&counted.0, &[], now).await;
    }
}
