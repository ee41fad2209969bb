//! What customers do in their chats with a store at LINE, and what comes of it.
//!
//! | what they do | what comes of it |
//! |---|---|
//! | add the store, write, tap | they can be told there |
//! | block the store | they are told by another way |
//! | send a [`code`] | they are told of its booking on LINE; of all their bookings if the code was shown to the customer themselves |
//! | tap "cancel" on a card | they are asked whether they mean it |
//! | say yes | the booking is called off, by the ordinary rules |
//!
//! **Who is who.** LINE vouches for a user id within one provider, and for nothing else. So somebody becomes a store's
//! customer only by what that customer alone has: a sign-in. Who signs in through LINE is recognised by the same id; others,
//! signed in, are shown a code, which they send. The link of a booking proves no more than that somebody may see and change this
//! booking: whoever books without signing in is given one, and may have said another's telephone number, by which the booking is
//! that customer's. So a code of that link is good for this one booking.
//!
//! | module | subject |
//! |---|---|
//! | [`intake`] | hearing of what they do, and making codes |
//! | [`event`] | what they do |
//! | [`code`] | codes |
//! | [`pace`] | how fast the events of a store are acted on |
//! | [`ports`], [`memory`] | what the outside must do, and its fake |

pub mod code;
pub mod event;
pub mod intake;
pub mod memory;
pub mod pace;
pub mod ports;
#[cfg(test)]
mod tests;
mod words;

use crate::facts::{BookingFacts, House};
use crate::job::store_scope;
use crate::message::Reply;
use crate::ports::{Book, Channels};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use event::{ChatEvent, Deed};
use musubi_kernel::access::{Actor, Caller, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, StoreId, TenantId};
use musubi_kernel::job::{Job, JobHandler, Outcome};
use musubi_kernel::locale::Locale;
use musubi_kernel::retry::{Pause, retrying};
use musubi_kernel::secret::Secret;
use ports::{CalledOff, ChatStore, Lacking, Redeemed, Till};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;
use words::{Saying, question, say};

/// The kind of the jobs that act on events.
pub const ACT: &str = "line.event";

/// Which event is to be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    /// Whose.
    pub tenant: TenantId,
    /// Which store's.
    pub store: StoreId,
    /// Which one.
    pub event: Uuid,
}

/// What a button on a booking's card, or an answer to a question about it, sends back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tap {
    /// Whether the booking can be called off.
    Ask(BookingId),
    /// Call it off, as it stood at this version.
    CallOff(BookingId, i64),
    /// Let it stay.
    Keep(BookingId),
}

impl Tap {
    /// As it is sent.
    pub fn data(self) -> String {
        match self {
            Self::Ask(booking) => format!("cancel={booking}"),
            Self::CallOff(booking, version) => format!("cancel={booking}&version={version}"),
            Self::Keep(booking) => format!("keep={booking}"),
        }
    }

    /// What was sent; `None`: a button of somebody else's.
    pub fn read(data: &str) -> Option<Self> {
        if let Some(booking) = data.strip_prefix("keep=") {
            return booking.parse().ok().map(Self::Keep);
        }
        let asked = data.strip_prefix("cancel=")?;
        match asked.split_once("&version=") {
            Some((booking, version)) => Some(Self::CallOff(booking.parse().ok()?, version.parse().ok()?)),
            None => asked.parse().ok().map(Self::Ask),
        }
    }
}

/// The ports of [`Chat`].
#[derive(Clone)]
pub struct Ports {
    /// Keeps what was heard.
    pub store: Arc<dyn ChatStore>,
    /// Knows stores and bookings.
    pub book: Arc<dyn Book>,
    /// Calls bookings off.
    pub till: Arc<dyn Till>,
    /// Answers.
    pub channels: Arc<dyn Channels>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// Acts on what customers do in their chats.
#[derive(Clone)]
pub struct Chat {
    ports: Ports,
}

impl Chat {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Acts on an event, unless that was done. Done twice, it comes to the same, and the second answer is refused by LINE.
    pub async fn act(&self, which: &Acting) -> Result<(), StoreError> {
        let Ok(scope) = store_scope(which.tenant, which.store) else { return Ok(()) };
        let Some(event) = self.ports.store.event(&scope, which.event).await? else { return Ok(()) };
        let reply = retrying(&*self.ports.pause, || self.act_on(&scope, &event)).await?;
        if let (Some(reply), Some(token)) = (reply, &event.reply_token)
            && self.ports.store.lacks(&scope).await?.is_none()
        {
            // The token lasts for a minute: there is no second try.
            let _ = self.ports.channels.reply(&scope, &Secret::new(token.as_str()), &reply).await;
        }
        self.ports.store.settle(&scope, which.event).await
    }

    async fn act_on(&self, scope: &StoreScope, event: &ChatEvent) -> Result<Option<Reply>, StoreError> {
        let store = &self.ports.store;
        let (now, caller) = (self.ports.clock.now(), customer(event));
        store.mark(scope, &event.user, event.deed == Deed::Unfollow, event.at).await?;
        // Who has blocked the store is a fact, which is to be known when it switches LINE on again. All else is its business with them.
        if event.deed == Deed::Unfollow || store.lacks(scope).await? == Some(Lacking::Switch) {
            return Ok(None);
        }
        store.link_by_sign_in(scope, &event.user, &caller, now).await?;
        let Some(house) = self.ports.book.house(scope).await? else { return Ok(None) };
        match &event.deed {
            Deed::Follow | Deed::Unfollow => Ok(None),
            Deed::Text(text) => match code::found_in(text) {
                Some(code) => self.redeem(scope, &house, event, &code, now).await.map(Some),
                None => Ok(None),
            },
            Deed::Tap(data) => match Tap::read(data) {
                Some(tap) => self.tapped(scope, &house, event, tap, now).await.map(Some),
                None => Ok(None),
            },
        }
    }

    async fn redeem(
        &self,
        scope: &StoreScope,
        house: &House,
        event: &ChatEvent,
        code: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Reply, StoreError> {
        let digest = code::digest(code);
        let redeemed = self.ports.store.redeem(scope, &digest, &event.user, &customer(event), now).await?;
        let language = house.settings.language;
        match redeemed {
            Redeemed::Unknown => Ok(say(Saying::UnknownCode, house, None, language)),
            Redeemed::Taken => Ok(say(Saying::Taken, house, None, language)),
            Redeemed::Linked(booking) => {
                let facts = self.ports.book.booking(scope, booking).await?;
                Ok(said(Saying::Linked, house, facts.as_ref()))
            }
        }
    }

    async fn tapped(
        &self,
        scope: &StoreScope,
        house: &House,
        event: &ChatEvent,
        tap: Tap,
        now: DateTime<Utc>,
    ) -> Result<Reply, StoreError> {
        let (Tap::Ask(booking) | Tap::CallOff(booking, _) | Tap::Keep(booking)) = tap;
        let theirs = self.ports.store.holds(scope, &event.user, booking).await?;
        let facts = if theirs { self.ports.book.booking(scope, booking).await? } else { None };
        let Some(facts) = facts else { return Ok(said(Saying::NoBooking, house, None)) };
        match tap {
            Tap::Keep(_) => Ok(said(Saying::Kept, house, Some(&facts))),
            Tap::Ask(_) => Ok(asked(house, &facts, now)),
            Tap::CallOff(_, version) => {
                match self.ports.till.call_off(scope, booking, version, &customer(event)).await? {
                    CalledOff::Done => Ok(said(Saying::CalledOff, house, Some(&facts))),
                    // By how it stands now: another tap may have called it off meanwhile.
                    CalledOff::Changed | CalledOff::Refused => {
                        let facts = self.ports.book.booking(scope, booking).await?;
                        Ok(facts
                            .map_or_else(|| said(Saying::NoBooking, house, None), |facts| asked(house, &facts, now)))
                    }
                }
            }
        }
    }
}

/// Whether a booking is to be called off, if it still can be.
fn asked(house: &House, facts: &BookingFacts, now: DateTime<Utc>) -> Reply {
    if !facts.now.status.is_open() {
        return said(Saying::Over, house, Some(facts));
    }
    if now > facts.changeable_until {
        return said(Saying::TooLate, house, Some(facts));
    }
    let (yes, no) = (Tap::CallOff(facts.id, facts.now.version), Tap::Keep(facts.id));
    question(house, facts, language(house, Some(facts)), yes.data(), no.data())
}

fn said(saying: Saying, house: &House, facts: Option<&BookingFacts>) -> Reply {
    say(saying, house, facts, language(house, facts))
}

fn language(house: &House, facts: Option<&BookingFacts>) -> Locale {
    facts.map_or(house.settings.language, |facts| facts.addressee.language(house))
}

/// Who does something in a chat acts as the store's customer, whoever that is.
fn customer(event: &ChatEvent) -> Caller {
    Caller { actor: Actor::Public, ip: None, user_agent: Some("LINE".to_owned()), request_id: event.key.clone() }
}

#[async_trait]
impl JobHandler for Chat {
    fn kind(&self) -> &str {
        ACT
    }

    async fn run(&self, job: &Job) -> Outcome {
        match job.payload_as::<Acting>() {
            Ok(which) => self.act(&which).await.into(),
            Err(outcome) => outcome,
        }
    }
}
