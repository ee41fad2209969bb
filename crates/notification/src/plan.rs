//! What somebody is told when something becomes of a booking: a pure function of the event, of how everything stands now, and of
//! what was planned before.
//!
//! | event | told, unless it is overtaken by now |
//! |---|---|
//! | made, waits for the store's word | `booking_received` |
//! | made and agreed at once; agreed | `booking_confirmed` |
//! | changed, so that the customer sees a difference | `change_request` |
//! | called off | `booking_cancelled` |
//! | took place, stayed away | nothing |
//!
//! Of an event at or after the booking's start nothing is told: whoever is there knows. Each thing is told by one channel
//! of those that go out, and beside it in the person's own list if the customer signs in.
//!
//! **An event is the news that something has changed**; how it stands is read anew. So events may come twice, late and in
//! any order: each has keys of its own, of which what was planned before is known again, and after the last one
//! exactly that waits which is still to be told.
//!
//! **A reminder** is planned while the booking is agreed and its time was not over when it became so. One that waits for
//! another start, or for a booking that is not agreed any more, is called off.

#[cfg(test)]
mod model;
mod reminder;
#[cfg(test)]
mod tests;

use crate::channel::{Channel, Recipient};
use crate::due::{Now, digest, is_due};
use crate::event::{BookingEvent, BookingEventKind};
use crate::facts::{Author, BookingFacts, BookingStatus, House};
use crate::kind::NotificationKind;
use crate::notification::status::{Needless, Status};
use crate::notification::{About, Notification};
use crate::route;
use crate::timing::{Rhythm, expiry};
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::id::{CustomerId, NotificationId, StoreId, TenantId};
use musubi_kernel::locale::Locale;
use uuid::Uuid;

/// Something that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What.
    pub kind: NotificationKind,
    /// Of what.
    pub about: About,
    /// Unique in the store.
    pub key: String,
    /// In which language.
    pub language: Locale,
    /// Where first.
    pub recipient: Recipient,
    /// When.
    pub scheduled_at: DateTime<Utc>,
    /// From when on it is worth nothing.
    pub expires_at: DateTime<Utc>,
}

/// Whose a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// Whose.
    pub tenant: TenantId,
    /// Which store's.
    pub store: StoreId,
    /// Who is told.
    pub customer: CustomerId,
}

impl Draft {
    /// The notification, as it is first written.
    pub fn written(self, home: Home, id: NotificationId, retry_key: Uuid, now: DateTime<Utc>) -> Notification {
        let Self { kind, about, key, language, recipient, scheduled_at, expires_at } = self;
        Notification {
            id,
            tenant: home.tenant,
            store: home.store,
            customer: home.customer,
            kind,
            about,
            key,
            language,
            recipient,
            given_up: Vec::new(),
            content: None,
            status: Status::Pending { until: scheduled_at },
            retry_key,
            tries: 0,
            tries_in_all: 0,
            error: None,
            place: None,
            scheduled_at,
            expires_at,
            read_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

codes! {
    /// Why something is not told.
    Silence {
        /// It was planned before.
        Known = "known",
        /// Something newer has become of the booking.
        Overtaken = "overtaken",
        /// The booking had begun.
        Begun = "begun",
        /// It was agreed when its reminder was due already.
        NoTimeToRemind = "no_time_to_remind",
        /// It would come too late to be worth anything.
        TooLate = "too_late",
        /// The store does not tell such things.
        SwitchedOff = "switched_off",
        /// The customer does not want to hear of it.
        Declined = "declined",
        /// The customer cannot be told by any way that the store uses.
        NoAddress = "no_address",
    }
}

impl From<Needless> for Silence {
    fn from(why: Needless) -> Self {
        match why {
            Needless::SwitchedOff => Self::SwitchedOff,
            Needless::Declined => Self::Declined,
            Needless::TooLate => Self::TooLate,
            Needless::BookingCancelled
            | Needless::BookingChanged
            | Needless::BookingOver
            | Needless::OfferCancelled
            | Needless::Erased => Self::Overtaken,
        }
    }
}

/// What an event leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be told.
    pub tell: Vec<Draft>,
    /// What is not to be told any more, of what waits.
    pub call_off: Vec<(NotificationId, Needless)>,
    /// What could be told and is not.
    pub silent: Vec<(NotificationKind, Silence)>,
}

/// What an event leads to at `now`. `planned` is everything that was planned about the booking, whatever became of it.
pub fn plan(
    event: &BookingEvent,
    house: &House,
    facts: &BookingFacts,
    planned: &[Notification],
    now: DateTime<Utc>,
) -> Plan {
    let mut desk = Planner { event, house, facts, planned, now, plan: Plan::default() };
    desk.call_off();
    desk.news();
    desk.remind();
    desk.plan
}

struct Planner<'a> {
    event: &'a BookingEvent,
    house: &'a House,
    facts: &'a BookingFacts,
    planned: &'a [Notification],
    now: DateTime<Utc>,
    plan: Plan,
}

impl Planner<'_> {
    /// Whatever waits and is no longer so.
    fn call_off(&mut self) {
        for waiting in self.planned.iter().filter(|one| one.status.is_pending()) {
            if let Err(why) = is_due(waiting.kind, &waiting.about, self.house, Now::Booking(self.facts)) {
                self.plan.call_off.push((waiting.id, why));
            }
        }
    }

    /// What the event itself is worth telling.
    fn news(&mut self) {
        let Some(kind) = self.news_kind() else { return };
        if self.event.at >= self.event.after.terms.start {
            return self.plan.silent.push((kind, Silence::Begun));
        }
        let step = self.facts.step(self.event);
        let before = step.and_then(|step| step.before.as_ref()).map(|before| before.terms.start);
        let answers = step.is_some_and(|step| step.by == Author::Customer);
        let terms = &self.event.after.terms;
        let about = About::Booking {
            booking: self.facts.id,
            start: terms.start,
            terms: digest(terms),
            old_start: before.filter(|before| kind == NotificationKind::ChangeRequest && *before != terms.start),
            answers,
        };
        let expires_at = expiry(kind, Some((terms.start, terms.end)), self.event.at);
        let (start, now) = (terms.start, self.now);
        let when = |rhythm: Rhythm| Ok(rhythm.heard(kind, Some(start), answers, now));
        self.tell(kind, &about, expires_at, when, |_| false);
    }

    fn news_kind(&self) -> Option<NotificationKind> {
        let after = &self.event.after;
        match self.event.kind {
            BookingEventKind::Created if after.status == BookingStatus::Pending => {
                Some(NotificationKind::BookingReceived)
            }
            BookingEventKind::Created | BookingEventKind::Confirmed => Some(NotificationKind::BookingConfirmed),
            BookingEventKind::Updated => {
                let before = self.facts.step(self.event).and_then(|step| step.before.as_ref());
                let changed = before.is_none_or(|before| before.terms != after.terms);
                changed.then_some(NotificationKind::ChangeRequest)
            }
            BookingEventKind::Cancelled => Some(NotificationKind::BookingCancelled),
            BookingEventKind::Completed | BookingEventKind::NoShow => None,
        }
    }

    /// Plans something for each way in which it is told, at the time that `when` gives for it, unless something `known` is
    /// planned already that tells the same by that way.
    fn tell(
        &mut self,
        kind: NotificationKind,
        about: &About,
        expires_at: DateTime<Utc>,
        when: impl Fn(Rhythm) -> Result<DateTime<Utc>, Silence>,
        known: impl Fn(&Notification) -> bool,
    ) {
        if let Err(why) = is_due(kind, about, self.house, Now::Booking(self.facts)) {
            return self.plan.silent.push((kind, why.into()));
        }
        let addressee = &self.facts.addressee;
        let outward = route::first(kind, &self.house.settings, &addressee.preferences, &addressee.addresses, &[]);
        if outward.is_none() {
            self.plan.silent.push((kind, Silence::NoAddress));
        }
        for recipient in outward.into_iter().chain(addressee.addresses.on(Channel::InApp)) {
            let way = recipient.channel().is_outward();
            let quiet = self.house.settings.quiet_hours.filter(|_| way);
            let key = key(self.event, kind, recipient.channel());
            let same_way = |one: &&Notification| one.channel().is_outward() == way;
            let is_known = self.planned.iter().filter(same_way).any(|one| one.key == key || known(one));
            let scheduled_at = match when(Rhythm { zone: self.house.zone, quiet }) {
                _ if is_known => Err(Silence::Known),
                Ok(at) if at.max(self.now) >= expires_at => Err(Silence::TooLate),
                other => other,
            };
            match scheduled_at {
                Err(why) => self.plan.silent.push((kind, why)),
                Ok(scheduled_at) => {
                    let (about, language) = (about.clone(), addressee.language(self.house));
                    self.plan.tell.push(Draft { kind, about, key, language, recipient, scheduled_at, expires_at });
                }
            }
        }
    }
}

/// One for each thing that an event may lead to.
fn key(event: &BookingEvent, kind: NotificationKind, channel: Channel) -> String {
    let way = if channel.is_outward() { "out" } else { channel.code() };
    format!("{}.{}.{way}", event.id, kind.code())
}
