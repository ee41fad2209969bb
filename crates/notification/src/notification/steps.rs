//! The steps of a notification's life. Each consumes it and gives back the next version, or says why not.

use super::status::{InvalidStep, Needless, Status};
use super::{Content, GivenUp, Notification};
use crate::channel::{Channel, Recipient};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

impl Notification {
    /// A try begins. Written before the provider is called: whoever else works on it finds another version then, and a try
    /// that is never heard of again has been counted.
    pub fn tried(self, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        let until = self.pending("tried")?;
        let (tries, tries_in_all) = (self.tries + 1, self.tries_in_all + 1);
        Ok(Self { tries, tries_in_all, ..self.next(Status::Pending { until }, now) })
    }

    /// It waits until then, for quiet hours to end or for its place in the line.
    pub fn postponed(
        self,
        until: DateTime<Utc>,
        place: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidStep> {
        self.pending("postponed")?;
        Ok(Self { place, ..self.next(Status::Pending { until }, now) })
    }

    /// The provider has taken it, and says so. What was needless by then, because it was called off while it was on its
    /// way, was sent all the same.
    pub fn accepted(
        self,
        content: Content,
        provider_id: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidStep> {
        if !(self.status.is_pending() || (self.tries > 0 && matches!(self.status, Status::Cancelled { .. }))) {
            return Err(self.cannot_be("sent"));
        }
        let status = match self.channel() {
            Channel::InApp => Status::Delivered { sent_at: now, at: now, provider_id },
            Channel::Line | Channel::Email | Channel::Sms => Status::Sent { at: now, provider_id },
        };
        Ok(Self { content: Some(content), error: None, ..self.next(status, now) })
    }

    /// It was not taken, and is tried again then.
    pub fn again(self, until: DateTime<Utc>, why: &str, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        self.pending("tried again")?;
        Ok(Self { error: Some(why.to_owned()), place: None, ..self.next(Status::Pending { until }, now) })
    }

    /// Its channel does not work: it goes by another, at once. Also what was sent, and has not arrived.
    pub fn redirected(self, to: Recipient, why: &str, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        if !matches!(self.status, Status::Pending { .. } | Status::Sent { .. }) {
            return Err(self.cannot_be("redirected"));
        }
        let mut given_up = self.given_up.clone();
        given_up.push(GivenUp { channel: self.channel(), why: why.to_owned() });
        let error = Some(why.to_owned());
        let next = self.next(Status::Pending { until: now }, now);
        Ok(Self { recipient: to, given_up, tries: 0, place: None, error, ..next })
    }

    /// It goes to where the customer is now, as their address or what they decline has changed since it was planned. Whoever else is
    /// told on LINE by that is told under another retry key.
    pub fn addressed(self, to: Recipient) -> Result<Self, InvalidStep> {
        self.pending("addressed")?;
        let tries = if to.channel() == self.channel() { self.tries } else { self.tries.min(1) };
        let retry_key = match &to {
            Recipient::Line(user) if self.recipient != to => key_for(self.retry_key, user),
            _ => self.retry_key,
        };
        Ok(Self { recipient: to, tries, retry_key, ..self })
    }

    /// Nobody could be told. Also of what was sent, and has not arrived.
    pub fn failed(self, why: &str, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        if !matches!(self.status, Status::Pending { .. } | Status::Sent { .. }) {
            return Err(self.cannot_be("failed"));
        }
        Ok(Self { error: Some(why.to_owned()), ..self.next(Status::Failed { at: now }, now) })
    }

    /// Nobody is told any more.
    pub fn cancelled(self, why: Needless, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        self.pending("cancelled")?;
        Ok(self.next(Status::Cancelled { at: now, why }, now))
    }

    /// Somebody wants what has failed to be tried once more, from the beginning. Its retry key is another: a provider that had
    /// taken it under the old one would take it for a repeat.
    pub fn resent(self, retry_key: Uuid, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        if !matches!(self.status, Status::Failed { .. }) {
            return Err(self.cannot_be("sent again"));
        }
        let next = self.next(Status::Pending { until: now }, now);
        Ok(Self { retry_key, given_up: Vec::new(), tries: 0, place: None, ..next })
    }

    /// It has arrived, as the provider says.
    pub fn delivered(self, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        let Status::Sent { at: sent_at, provider_id } = self.status.clone() else {
            return Err(self.cannot_be("delivered"));
        };
        Ok(self.next(Status::Delivered { sent_at, at: now, provider_id }, now))
    }

    /// The person has read it. A second time changes nothing.
    #[must_use]
    pub fn read(self, now: DateTime<Utc>) -> Self {
        let read_at = self.read_at.or(Some(now));
        Self { read_at, ..self }
    }

    fn next(self, status: Status, now: DateTime<Utc>) -> Self {
        Self { status, version: self.version + 1, updated_at: now, ..self }
    }

    const fn pending(&self, to: &'static str) -> Result<DateTime<Utc>, InvalidStep> {
        match self.status {
            Status::Pending { until } => Ok(until),
            _ => Err(self.cannot_be(to)),
        }
    }

    const fn cannot_be(&self, to: &'static str) -> InvalidStep {
        InvalidStep { from: self.status.name(), to }
    }
}

/// The retry key under which another user is told on LINE. What LINE has taken with a key it takes no more with that key, whoever it
/// is for. The same for the same two, so that a try of which nothing could be written down has the key of the one before.
fn key_for(before: Uuid, user: &str) -> Uuid {
    let digest = Sha256::new().chain_update(before.as_bytes()).chain_update(user).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::NotificationKind;
    use crate::notification::About;
    use crate::notification::status::NotificationStatusCode;
    use crate::plan::Draft;
    use crate::testing::written;
    use chrono::TimeDelta;
    use musubi_kernel::locale::Locale;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn line() -> Recipient {
        Recipient::Line("U1".into())
    }

    fn a(status: NotificationStatusCode) -> Notification {
        let provider_id = || Some("p-1".to_owned());
        let status = match status {
            NotificationStatusCode::Pending => Status::Pending { until: at(0) },
            NotificationStatusCode::Sent => Status::Sent { at: at(1), provider_id: provider_id() },
            NotificationStatusCode::Delivered => {
                Status::Delivered { sent_at: at(1), at: at(2), provider_id: provider_id() }
            }
            NotificationStatusCode::Failed => Status::Failed { at: at(1) },
            NotificationStatusCode::Cancelled => Status::Cancelled { at: at(1), why: Needless::Declined },
        };
        let draft = Draft {
            kind: NotificationKind::Promotional,
            about: About::Offer { promotion: Uuid::nil().into() },
            key: "k".into(),
            language: Locale::En,
            recipient: line(),
            scheduled_at: at(0),
            expires_at: at(60),
        };
        Notification { status, version: 4, place: Some(at(0)), ..written(draft, 5, at(0)) }
    }

    fn content() -> Content {
        Content { subject: None, text: "Half price, all of May".into() }
    }

    #[test]
    fn every_status_allows_its_steps_and_no_others() {
        use NotificationStatusCode::{Cancelled, Delivered, Failed, Pending, Sent};
        let no = "";
        // tried, postponed, accepted, again, redirected, addressed, failed, cancelled, delivered, resent
        for (status, steps) in [
            (Pending, ["pending", "pending", "sent", "pending", "pending", "pending", "failed", "cancelled", no, no]),
            (Sent, [no, no, no, no, "pending", no, "failed", no, "delivered", no]),
            (Delivered, [no; 10]),
            (Failed, [no, no, no, no, no, no, no, no, no, "pending"]),
            (Cancelled, [no; 10]),
        ] {
            let sms = || Recipient::Sms("+819012345678".into());
            let done = [
                a(status).tried(at(3)),
                a(status).postponed(at(9), None, at(3)),
                a(status).accepted(content(), None, at(3)),
                a(status).again(at(9), "busy", at(3)),
                a(status).redirected(sms(), "blocked", at(3)),
                a(status).addressed(sms()),
                a(status).failed("nobody there", at(3)),
                a(status).cancelled(Needless::TooLate, at(3)),
                a(status).delivered(at(3)),
                a(status).resent(Uuid::max(), at(3)),
            ];
            let told = done.map(|step| step.map_or(no, |next| next.status.name().code()));
            assert_eq!(told, steps, "{status:?}");
        }
    }

    #[test]
    fn a_try_is_counted_and_a_new_channel_begins_anew() {
        let tried = a(NotificationStatusCode::Pending).tried(at(1)).unwrap().tried(at(2)).unwrap();
        assert_eq!((tried.tries, tried.tries_in_all, tried.retry_count(), tried.version), (2, 2, 1, 6));
        let email = Recipient::Email("hanako@example.jp".parse().unwrap());
        let other = tried.redirected(email, "blocked", at(3)).unwrap().tried(at(3)).unwrap();
        assert_eq!((other.tries, other.tries_in_all, other.channel()), (1, 3, Channel::Email));
        assert_eq!(other.given_up, [GivenUp { channel: Channel::Line, why: "blocked".into() }]);
        assert_eq!((other.retry_key, other.place), (a(NotificationStatusCode::Pending).retry_key, None));
        let sent = other.accepted(content(), Some("p".into()), at(4)).unwrap();
        assert_eq!((sent.error.clone(), sent.status.provider_id()), (None, Some("p")));
        let arrived = sent.delivered(at(5)).unwrap();
        assert_eq!(arrived.status, Status::Delivered { sent_at: at(4), at: at(5), provider_id: Some("p".into()) });
    }

    #[test]
    fn what_was_on_its_way_when_it_was_called_off_was_sent() {
        let called_off = a(NotificationStatusCode::Pending)
            .tried(at(1))
            .unwrap()
            .cancelled(Needless::BookingCancelled, at(2))
            .unwrap();
        assert_eq!(called_off.accepted(content(), None, at(3)).unwrap().status.name(), NotificationStatusCode::Sent);
    }

    #[test]
    fn an_entry_of_a_list_has_arrived_when_it_is_written_and_is_read_once() {
        let entry =
            Notification { recipient: Recipient::InApp(Uuid::nil().into()), ..a(NotificationStatusCode::Pending) };
        let entry = entry.accepted(content(), None, at(3)).unwrap();
        assert_eq!(entry.status.name(), NotificationStatusCode::Delivered);
        assert_eq!(entry.read(at(4)).read(at(5)).read_at, Some(at(4)));
    }

    #[test]
    fn a_retry_key_is_of_one_user_on_line() {
        let waits = a(NotificationStatusCode::Pending);
        let key = |to: &Recipient, of: &Notification| of.clone().addressed(to.clone()).unwrap().retry_key;
        let [first, second] = ["U1", "U2"].map(|user| Recipient::Line(user.into()));
        let email = Recipient::Email("hanako@example.jp".parse().unwrap());
        assert_eq!(key(&first, &waits), waits.retry_key);
        assert_eq!(key(&email, &waits), waits.retry_key, "one message has one key on each channel");
        let other = waits.clone().addressed(second.clone()).unwrap();
        assert_ne!(other.retry_key, waits.retry_key);
        assert_eq!(key(&second, &waits), other.retry_key, "whoever tries once more has the same");
        assert_eq!(key(&second, &other), other.retry_key);
        // By way of another channel, too.
        let by_mail = waits.clone().addressed(email).unwrap();
        assert_eq!(key(&second, &by_mail), other.retry_key);
    }

    #[test]
    fn texts_and_addresses_do_not_show() {
        let sent = a(NotificationStatusCode::Pending).accepted(content(), None, at(3)).unwrap();
        let shown = format!("{sent:?}");
        assert!(shown.contains("Content(…)") && shown.contains("line(…)") && !shown.contains("U1"), "{shown}");
    }
}
