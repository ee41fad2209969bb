//! Bookings of the same days in one transaction.
//!
//! One after the other they are decided on as if each had come alone after those before it. What refuses one leaves the
//! others alone. When the database refuses the whole, each tries alone; when it went away, nobody knows whether they are
//! booked, and all are told so.

use super::book::{Booked, NewBooking, Order, Who};
use super::line::{LineKey, Lines, Turn};
use super::{Counter, Desk};
use crate::change::ChangeKind;
use crate::error::BookingError;
use crate::minute::Minute;
use crate::patron::Patron;
use crate::request::Wish;
use chrono::NaiveDate;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::CustomerId;
use musubi_kernel::receipt::Receipt;
use musubi_kernel::task::Tasks;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

type Answer = Result<Booked, BookingError>;

/// A booking that waits in line.
pub(super) struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Answer>,
}

impl Waiting {
    /// Whether its answer is still waited for.
    pub(super) fn is_awaited(&self) -> bool {
        !self.answer.is_canceled()
    }

    /// Answers it, unless nobody waits any more.
    fn reply(self, answer: Answer) {
        drop(self.answer.send(answer));
    }
}

/// What an [`Order`] borrows.
struct Asked {
    caller: Caller,
    scope: StoreScope,
    new: NewBooking,
    preferred: Vec<Minute>,
    counter: Counter,
    wish: Wish,
    start: Minute,
    receipt: Box<dyn Receipt<Booked>>,
}

impl Asked {
    fn order(&self) -> Order<'_> {
        Order {
            caller: &self.caller,
            scope: &self.scope,
            new: &self.new,
            preferred: &self.preferred,
            counter: &self.counter,
            wish: &self.wish,
            start: self.start,
            receipt: &*self.receipt,
        }
    }

    /// The customer, where they are named. Who is described or has signed in is looked for under
    /// the lock, and goes alone.
    fn customer(&self) -> Option<CustomerId> {
        match self.new.who {
            Who::Known(customer) => Some(customer),
            Who::Described(_) | Who::Person(_) => None,
        }
    }
}

impl Desk {
    /// The same, where those who book the same days at a time share a transaction. `tasks` runs it, so that it ends
    /// whoever of them hangs up.
    #[must_use]
    pub fn with_lines(self, tasks: Arc<dyn Tasks>) -> Self {
        Self { tasks: Some(tasks), lines: Lines::default(), ..self }
    }

    /// Books at once if nobody is ahead, else with those who wait.
    pub(super) async fn book_in_turn<R>(&self, order: &Order<'_>, locked: BTreeSet<NaiveDate>, receipt: &R) -> Answer
    where
        R: Receipt<Booked> + Clone + 'static,
    {
        if self.tasks.is_none() {
            return self.book_alone(order, &locked).await;
        }
        let key = LineKey { store: order.scope.store(), locked, read: order.counter.dates_to_read() };
        let (answer, answered) = oneshot::channel();
        let waiting = || {
            let asked = Asked {
                caller: order.caller.clone(),
                scope: order.scope.clone(),
                new: order.new.clone(),
                preferred: order.preferred.to_vec(),
                counter: order.counter.clone(),
                wish: order.wish.clone(),
                start: order.start,
                receipt: Box::new(receipt.clone()),
            };
            Waiting { asked, answer }
        };
        if self.lines.is_first(&key, waiting) {
            let turn = Turn { desk: self.clone(), key };
            return self.book_alone(order, &turn.key.locked).await;
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the line was given up".to_owned()).into()))
    }

    /// Makes all of these bookings and answers each.
    pub(super) async fn serve(&self, key: &LineKey, waiting: Vec<Waiting>) {
        let waiting = self.with_present_settings(key, waiting).await;
        let (known, described): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.asked.customer().is_some());
        let alone = if known.len() > 1 { self.serve_together(key, known).await } else { known };
        for one in alone.into_iter().chain(described) {
            self.serve_alone(key, one).await;
        }
    }

    /// These, each judged by the settings as they are now: it may have waited for longer than they lasted.
    async fn with_present_settings(&self, key: &LineKey, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let Some(first) = waiting.first() else { return waiting };
        // Without an answer those it came with are as good: they are compared under the lock.
        let Ok(present) = self.shops.revision(&first.asked.scope).await else { return waiting };
        let mut served = Vec::with_capacity(waiting.len());
        for mut one in waiting {
            if one.asked.counter.settings != present {
                match self.counter_anew(key, &one.asked).await {
                    Ok(counter) => one.asked.counter = counter,
                    Err(error) => {
                        one.reply(Err(error));
                        continue;
                    }
                }
            }
            served.push(one);
        }
        served
    }

    async fn counter_anew(&self, key: &LineKey, asked: &Asked) -> Result<Counter, BookingError> {
        let counter = self.counter(&asked.scope, asked.counter.offering.service.id, asked.start).await?;
        let locked = counter.days_to_lock(&asked.wish, asked.start, self.clock.now())?;
        let same_line = locked == key.locked && counter.dates_to_read() == key.read;
        if same_line { Ok(counter) } else { Err(StoreError::Conflict.into()) }
    }

    /// Those who have to try alone: all, when the database refused the whole.
    async fn serve_together(&self, key: &LineKey, waiting: Vec<Waiting>) -> Vec<Waiting> {
        match self.book_together(key, &waiting).await {
            Ok(answers) => waiting.into_iter().zip(answers).for_each(|(one, answer)| one.reply(answer)),
            // It is not known whether they are booked.
            Err(error @ StoreError::Unavailable(_)) => {
                for one in waiting {
                    one.reply(Err(error.clone().into()));
                }
            }
            Err(_) => return waiting,
        }
        Vec::new()
    }

    /// Ends, as it would without a line, when who asked hangs up.
    async fn serve_alone(&self, key: &LineKey, one: Waiting) {
        let Waiting { asked, mut answer } = one;
        let order = asked.order();
        let booking = Box::pin(self.book_alone(&order, &key.locked));
        let done = match select(booking, answer.cancellation()).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => return,
        };
        drop(answer.send(done));
    }

    async fn book_together(&self, key: &LineKey, waiting: &[Waiting]) -> Result<Vec<Answer>, StoreError> {
        let Some(first) = waiting.first() else { return Ok(Vec::new()) };
        let mut unit = self.store.begin(&first.asked.scope).await?;
        unit.lock_for(&key.locked, waiting.len()).await?;
        let now = self.clock.now();
        let patrons = unit.patrons(&waiting.iter().filter_map(|one| one.asked.customer()).collect()).await?;
        let patrons: HashMap<CustomerId, Patron> = patrons.into_iter().map(|patron| (patron.id, patron)).collect();
        let mut occupancy = unit.occupancy(&key.read, now, None).await?;
        let settings = unit.settings_revision().await?;
        let (mut answers, mut answered) = (Vec::with_capacity(waiting.len()), Vec::new());
        for one in waiting {
            let order = one.asked.order();
            let patron = one.asked.customer().and_then(|id| patrons.get(&id)).filter(|patron| patron.active);
            let answer = match patron {
                // Nobody reads it: who hung up while the lock was waited for is not booked.
                _ if !one.is_awaited() => Err(StoreError::Conflict.into()),
                None => Err(BookingError::NotFound("customer")),
                Some(_) if order.counter.settings != settings => Err(StoreError::Conflict.into()),
                Some(patron) => self.decide(&order, patron, &occupancy, now),
            };
            if let Ok(booked) = &answer {
                let booking = &booked.booking;
                occupancy.add(&booking.agreement);
                unit.insert(booking, &booked.manage_token).await?;
                self.note(&mut *unit, order.caller, ChangeKind::Create, None, booking, None).await?;
                answered.extend(order.receipt.of(booked));
            }
            answers.push(answer);
        }
        if answers.iter().any(Result::is_ok) {
            unit.commit(&answered).await?;
        }
        Ok(answers)
    }
}
