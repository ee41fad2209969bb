//! The use case that plans what somebody is told.

use crate::channel::{Channel, Recipient};
use crate::due::{Now, is_due};
use crate::event::{BookingEvent, BookingEventKind};
use crate::facts::{Addressee, House};
use crate::job::{sending, store_scope};
use crate::kind::NotificationKind;
use crate::notification::status::Needless;
use crate::notification::{About, Notification};
use crate::plan::{Draft, Home, Silence, plan};
use crate::ports::{Book, NotificationStore};
use crate::route;
use crate::timing::{Rhythm, expiry};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{CustomerId, IdGen, NotificationId};
use musubi_kernel::job::Outcome;
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::record::DomainEvent;
use musubi_kernel::retry::{Pause, retrying};
use std::sync::Arc;

/// The ports of [`Planner`].
#[derive(Clone)]
pub struct Ports {
    /// Knows stores, bookings and customers.
    pub book: Arc<dyn Book>,
    /// Where notifications are kept.
    pub store: Arc<dyn NotificationStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// Plans what somebody is told.
#[derive(Clone)]
pub struct Planner {
    ports: Ports,
}

/// What was planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// What is to be told.
    pub told: Vec<NotificationId>,
    /// What is not told any more.
    pub called_off: Vec<NotificationId>,
    /// What could be told and is not.
    pub silent: Vec<(NotificationKind, Silence)>,
}

/// What a store offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Names it: a customer is told once of one offer. At most 60 characters.
    pub name: String,
    /// Its headline, up to 100 characters.
    pub headline: String,
    /// What it is, up to 2,000 characters.
    pub body: String,
}

impl Offer {
    fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/name", self.name.as_str(), 1..=60);
        invalid.line("/headline", self.headline.as_str(), 1..=100);
        invalid.prose("/body", self.body.as_str());
        let length = self.body.chars().count();
        invalid.require(length <= 2_000, "/body", "too_long", "must have at most 2000 characters");
        invalid.require(!self.body.trim().is_empty(), "/body", "blank", "must not be blank");
        invalid.finish()
    }
}

impl Planner {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Plans what an event leads to. One that is no booking's leads to nothing; one that comes again, to nothing more.
    pub async fn on(&self, event: &DomainEvent) -> Result<Planned, StoreError> {
        let Some(event) = BookingEvent::read(event)? else { return Ok(Planned::default()) };
        let Ok(scope) = store_scope(event.tenant, event.store) else { return Ok(Planned::default()) };
        retrying(&*self.ports.pause, || self.plan_once(&scope, &event)).await
    }

    async fn plan_once(&self, scope: &StoreScope, event: &BookingEvent) -> Result<Planned, StoreError> {
        let Ports { book, store, clock, .. } = &self.ports;
        let mut unit = store.begin(scope, event.booking).await?;
        let Some(house) = book.house(scope).await? else { return Ok(Planned::default()) };
        let Some(facts) = book.booking(scope, event.booking).await? else { return Ok(Planned::default()) };
        let (planned, now) = (unit.planned().await?, clock.now());
        let plan = plan(event, &house, &facts, &planned, now);
        let mut done = Planned { silent: plan.silent, ..Planned::default() };
        for (id, why) in plan.call_off {
            let waiting = planned.iter().find(|one| one.id == id).cloned();
            if let Some(Ok(called_off)) = waiting.map(|waiting| waiting.cancelled(why, now)) {
                unit.save(&called_off);
                done.called_off.push(id);
            }
        }
        for draft in plan.tell {
            let new = self.written(scope, facts.addressee.customer, draft, now);
            unit.add(&new, &sending(&*self.ports.ids, &new, new.scheduled_at, now));
            done.told.push(new.id);
        }
        unit.commit().await?;
        Ok(done)
    }

    /// Plans to tell a customer of an offer, once, by one channel of those that go out and in their own list.
    pub async fn offer(
        &self,
        _: &Caller,
        scope: &StoreScope,
        customer: CustomerId,
        offer: &Offer,
    ) -> Result<Planned, EntityError> {
        offer.check()?;
        let Ports { book, store, clock, .. } = &self.ports;
        let house = book.house(scope).await?.ok_or(EntityError::NotFound("store"))?;
        let addressee = book.customer(scope, customer).await?.ok_or(EntityError::NotFound("customer"))?;
        let now = clock.now();
        let mut done = Planned::default();
        let kind = NotificationKind::Promotional;
        let drafts = drafts(&house, &addressee, offer, now).unwrap_or_else(|why| {
            done.silent.push((kind, why.into()));
            Vec::new()
        });
        if !drafts.iter().any(|draft| draft.recipient.channel().is_outward()) && done.silent.is_empty() {
            done.silent.push((kind, Silence::NoAddress));
        }
        for draft in drafts {
            let new = self.written(scope, customer, draft, now);
            if store.add(scope, &new, &sending(&*self.ports.ids, &new, new.scheduled_at, now)).await? {
                done.told.push(new.id);
            } else {
                done.silent.push((kind, Silence::Known));
            }
        }
        Ok(done)
    }

    fn written(&self, scope: &StoreScope, customer: CustomerId, draft: Draft, now: DateTime<Utc>) -> Notification {
        let (ids, home) = (&*self.ports.ids, Home { tenant: scope.tenant(), store: scope.store(), customer });
        draft.written(home, NotificationId::new(ids, now), ids.uuid(now), now)
    }
}

fn drafts(house: &House, addressee: &Addressee, offer: &Offer, now: DateTime<Utc>) -> Result<Vec<Draft>, Needless> {
    let kind = NotificationKind::Promotional;
    let about = About::Offer { headline: offer.headline.clone(), body: offer.body.clone() };
    is_due(kind, &about, house, Now::Customer(addressee))?;
    let outward = route::first(kind, &house.settings, &addressee.preferences, &addressee.addresses, &[]);
    let draft = |recipient: Recipient| {
        let way = if recipient.channel().is_outward() { "out" } else { recipient.channel().code() };
        let quiet = house.settings.quiet_hours.filter(|_| recipient.channel().is_outward());
        Draft {
            kind,
            about: about.clone(),
            key: format!("offer.{}.{}.{way}", offer.name, addressee.customer),
            language: addressee.language(house),
            recipient,
            scheduled_at: Rhythm { zone: house.zone, quiet }.heard(kind, None, false, now),
            expires_at: expiry(kind, None, now),
        }
    };
    Ok(outward.into_iter().chain(addressee.addresses.on(Channel::InApp)).map(draft).collect())
}

#[async_trait]
impl Subscriber for Planner {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn wants(&self, kind: &str) -> bool {
        BookingEventKind::from_code(kind).is_some()
    }

    async fn handle(&self, event: &DomainEvent) -> Outcome {
        self.on(event).await.map(drop).into()
    }
}
