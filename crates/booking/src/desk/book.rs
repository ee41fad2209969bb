//! Making a booking.

use super::{Counter, Desk, whole_minute};
use crate::agreement::Agreement;
use crate::booking::{Booking, Contact, Notes, Status};
use crate::change::ChangeKind;
use crate::error::BookingError;
use crate::hold::Hold;
use crate::minute::Minute;
use crate::number::BookingNumber;
use crate::occupancy::Occupancy;
use crate::patron::{Newcomer, Patron, Person};
use crate::ports::BookingUnit;
use crate::refusal::Refusal;
use crate::request::Wish;
use crate::token;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{BookingId, CustomerId, MenuId};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use std::collections::BTreeSet;

/// The most alternatives that a booking may name while it waits for the store's word.
pub const MAX_PREFERRED_TIMES: usize = 5;

/// What is booked, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBooking {
    /// What and when.
    pub what: What,
    /// Who comes.
    pub who: Who,
    /// What the customer and staff wrote.
    pub notes: Notes,
    /// Starts that would also do, where the store gives its word first.
    pub preferred_times: Vec<DateTime<Utc>>,
}

/// What and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// What the hold of this token keeps.
    Held {
        /// The token.
        token: String,
    },
    /// A menu at a start.
    Fresh {
        /// The menu.
        menu: MenuId,
        /// The start.
        start: DateTime<Utc>,
        /// The rest of what is wanted.
        wish: Wish,
    },
}

/// Who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A customer of the store.
    Known(CustomerId),
    /// Somebody who says who they are.
    Described(Newcomer),
    /// A person who has signed in, as the customer who they are here.
    Person(Person),
}

/// A booking with the token of its manage link, which is shown once.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The booking.
    pub booking: Booking,
    /// The token.
    pub manage_token: Secret,
}

/// A booking of a menu at a start, as it was asked for and with what it is judged by.
pub(super) struct Order<'a> {
    pub(super) caller: &'a Caller,
    pub(super) scope: &'a StoreScope,
    pub(super) new: &'a NewBooking,
    pub(super) preferred: &'a [Minute],
    pub(super) counter: &'a Counter,
    pub(super) wish: &'a Wish,
    pub(super) start: Minute,
    pub(super) receipt: &'a dyn Receipt<Booked>,
}

impl Desk {
    /// Makes a booking.
    pub async fn book<R>(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        new: &NewBooking,
        receipt: &R,
    ) -> Result<Booked, BookingError>
    where
        R: Receipt<Booked> + Clone + 'static,
    {
        let preferred = preferred_times(&new.preferred_times)?;
        retrying(&*self.pause, || async {
            match &new.what {
                What::Held { token } => self.book_held(caller, scope, new, &preferred, token, receipt).await,
                What::Fresh { menu, start, wish } => {
                    let start = whole_minute("/start", *start)?;
                    let counter = self.counter(scope, *menu, start).await?;
                    let locked = counter.days_to_lock(wish, start, self.clock.now())?;
                    let (counter, preferred) = (&counter, &*preferred);
                    let order = Order { caller, scope, new, preferred, counter, wish, start, receipt };
                    self.book_in_turn(&order, locked, receipt).await
                }
            }
        })
        .await
    }

    async fn book_held(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        new: &NewBooking,
        preferred: &[Minute],
        token: &str,
        receipt: &dyn Receipt<Booked>,
    ) -> Result<Booked, BookingError> {
        let token_hash = token::hash(token);
        let hold = self.store.find_hold(scope, &token_hash).await?.ok_or(BookingError::HoldExpired)?;
        let agreement = &hold.terms.agreement;
        let counter = self.counter(scope, agreement.menu, agreement.service.from).await?;
        let mut unit = self.store.begin(scope).await?;
        unit.lock(&agreement.days()).await?;
        let now = self.clock.now();
        let hold = unit.hold(&token_hash).await?.filter(|hold| hold.is_live(now)).ok_or(BookingError::HoldExpired)?;
        counter.still_holds(&mut *unit).await?;
        let patron = Self::patron(&mut *unit, caller, &new.who, now).await?;
        admit_to_held(&counter, &hold, &patron, now)?;
        unit.remove_hold(hold.id).await?;
        let agreement = hold.agreement_for(patron.guest.rank);
        let booked =
            self.draw_up(scope, &counter, new, preferred, agreement, hold.terms.needs_approval, &patron, now)?;
        self.close(unit, caller, booked, receipt).await
    }

    pub(super) async fn book_alone(
        &self,
        order: &Order<'_>,
        locked: &BTreeSet<NaiveDate>,
    ) -> Result<Booked, BookingError> {
        let mut unit = self.store.begin(order.scope).await?;
        unit.lock(locked).await?;
        let now = self.clock.now();
        let patron = Self::patron(&mut *unit, order.caller, &order.new.who, now).await?;
        let occupancy = unit.occupancy(&order.counter.dates_to_read(), now, None).await?;
        order.counter.still_holds(&mut *unit).await?;
        let booked = self.decide(order, &patron, &occupancy, now)?;
        self.close(unit, order.caller, booked, order.receipt).await
    }

    /// What an order comes to while this is taken.
    pub(super) fn decide(
        &self,
        order: &Order<'_>,
        patron: &Patron,
        occupancy: &Occupancy,
        now: DateTime<Utc>,
    ) -> Result<Booked, BookingError> {
        let Order { scope, counter, new, preferred, wish, .. } = *order;
        let plan = Self::plan_with(counter, occupancy, wish, Some(&patron.guest), now)?;
        let agreement = Agreement::of(&plan, &plan.at(order.start)?);
        self.draw_up(scope, counter, new, preferred, agreement, counter.needs_approval(), patron, now)
    }

    async fn patron(
        unit: &mut dyn BookingUnit,
        caller: &Caller,
        who: &Who,
        now: DateTime<Utc>,
    ) -> Result<Patron, BookingError> {
        match who {
            Who::Known(id) => {
                let known = unit.patron(*id).await?.filter(|patron| patron.active);
                known.ok_or(BookingError::NotFound("customer"))
            }
            Who::Described(newcomer) => {
                let patron = unit.identify(newcomer, caller, now).await?.as_said_by(newcomer);
                Ok(if caller.actor.is_customer() { patron.unproven() } else { patron })
            }
            Who::Person(person) => Ok(unit.identify_person(person, caller, now).await?.as_said_by(&person.said)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a booking is drawn up from all of these")]
    fn draw_up(
        &self,
        scope: &StoreScope,
        counter: &Counter,
        new: &NewBooking,
        preferred: &[Minute],
        agreement: Agreement,
        needs_approval: bool,
        patron: &Patron,
        now: DateTime<Utc>,
    ) -> Result<Booked, BookingError> {
        let contact = contact(&new.who, patron);
        if counter.shop.require_customer_info
            && agreement.source.is_customer_facing()
            && (contact.name.is_none() || contact.phone.is_none())
        {
            return Err(BookingError::CustomerInfoRequired);
        }
        if !needs_approval && !preferred.is_empty() {
            let detail = "this booking is confirmed at once, so it can name no other times";
            return Err(Invalid::one("/preferred_times", "not_supported", detail).into());
        }
        let manage_token = token::new(&*self.ids);
        let booking = Booking {
            id: BookingId::new(&*self.ids, now),
            tenant: scope.tenant(),
            store: scope.store(),
            number: BookingNumber::new(&*self.ids, agreement.business_date),
            customer: patron.id,
            contact,
            agreement,
            status: if needs_approval { Status::Pending } else { Status::Confirmed },
            confirmed_at: (!needs_approval).then_some(now),
            notes: new.notes.clone(),
            preferred_times: preferred.to_vec(),
            manage_token_hash: token::hash(manage_token.expose()),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        Ok(Booked { booking, manage_token })
    }

    async fn close(
        &self,
        mut unit: Box<dyn BookingUnit>,
        caller: &Caller,
        booked: Booked,
        receipt: &dyn Receipt<Booked>,
    ) -> Result<Booked, BookingError> {
        unit.insert(&booked.booking, &booked.manage_token).await?;
        self.note(&mut *unit, caller, ChangeKind::Create, None, &booked.booking, None).await?;
        unit.commit(receipt.of(&booked).as_slice()).await?;
        Ok(booked)
    }
}

/// What can have changed since the hold was made: the store and the menu may be closed, and now it is known who comes.
fn admit_to_held(counter: &Counter, hold: &Hold, patron: &Patron, now: DateTime<Utc>) -> Result<(), Refusal> {
    let service = &counter.offering.service;
    if !counter.shop.active {
        return Err(Refusal::StoreInactive);
    }
    if !service.active {
        return Err(Refusal::MenuInactive);
    }
    let date = hold.terms.agreement.business_date;
    patron.guest.refused_by(&service.eligibility, date, now).map_or(Ok(()), Err)
}

/// Without a proof only what was said: somebody who names another's telephone number must not learn that customer's
/// name.
fn contact(who: &Who, patron: &Patron) -> Contact {
    match who {
        Who::Known(_) => Contact { name: patron.name.clone(), phone: patron.phone.clone() },
        Who::Described(newcomer) => Contact { name: newcomer.name.clone(), phone: newcomer.phone.clone() },
        Who::Person(Person { said, .. }) => {
            let or_on_file = |said: &Option<String>, on_file: &Option<String>| said.clone().or_else(|| on_file.clone());
            Contact { name: or_on_file(&said.name, &patron.name), phone: or_on_file(&said.phone, &patron.phone) }
        }
    }
}

fn preferred_times(times: &[DateTime<Utc>]) -> Result<Vec<Minute>, Invalid> {
    let mut invalid = Invalid::default();
    invalid.require(times.len() <= MAX_PREFERRED_TIMES, "/preferred_times", "too_many", "5 times at most");
    let mut minutes = Vec::with_capacity(times.len());
    for (place, at) in times.iter().enumerate() {
        let pointer = format!("/preferred_times/{place}");
        match whole_minute(&pointer, *at) {
            Ok(minute) if minutes.contains(&minute) => invalid.add(pointer, "repeated", "is named twice"),
            Ok(minute) => minutes.push(minute),
            Err(wrong) => invalid.join(wrong),
        }
    }
    invalid.finish().map(|()| minutes)
}
