//! Mails that strangers ask for: how many. The rule is in [`crate::throttle`].

use super::People;
use super::error::PeopleError;
use super::guesses::client;
use crate::ephemeral::{Counted, CountedAll, Counter};
use crate::message::Message;
use crate::throttle::{HOUR, MAILS_FROM_ALL, MAILS_PER_ADDRESS, MAILS_PER_CLIENT};
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;

/// What somebody asks a mail for. Each is counted by itself: who asks for one uses up none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To register.
    Registration,
    /// To set a new password.
    Reset,
    /// To move to another address, as this person.
    Move(UserId),
}

/// Whether the mail that somebody asks for is sent. What else is done is done in either case, so that nobody can tell that
/// others have asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    Sent,
    Withheld,
}

impl People {
    /// Counts a mail that a stranger asks for, whoever has the address.
    pub(super) async fn count_mail(
        &self,
        caller: &Caller,
        purpose: Purpose,
        to: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Mail, PeopleError> {
        let client = client(caller);
        let by_client = self.counter("mails-by", &client);
        if self.settings.limits_clients
            && let Counted::Full { until } = self.ephemeral.count(&by_client, MAILS_PER_CLIENT, now + HOUR, now).await?
        {
            return Err(PeopleError::TooMany { code: "too_many_attempts", until });
        }
        let counter =
            |name, about: &str, most| Counter { key: self.counter(name, about), most, expires_at: now + HOUR };
        let counters = match purpose {
            // Whoever asks, as the links that were sent go on.
            Purpose::Reset => vec![counter("resets-to", to.as_str(), MAILS_PER_ADDRESS)],
            Purpose::Registration => vec![
                counter("registrations", &format!("{} {client}", to.as_str()), MAILS_PER_ADDRESS),
                counter("registrations-to", to.as_str(), MAILS_FROM_ALL),
            ],
            Purpose::Move(person) => vec![
                counter("moves", &format!("{} {person}", to.as_str()), MAILS_PER_ADDRESS),
                counter("moves-to", to.as_str(), MAILS_FROM_ALL),
            ],
        };
        match self.ephemeral.count_all(&counters, now).await? {
            CountedAll::Within => Ok(Mail::Sent),
            CountedAll::Full { .. } => Ok(Mail::Withheld),
        }
    }

    /// Posts a mail unless it is withheld.
    pub(super) async fn post_counted(&self, mail: Mail, message: Message) -> Result<(), StoreError> {
        match mail {
            Mail::Sent => self.courier.post(message).await,
            Mail::Withheld => Ok(()),
        }
    }
}
