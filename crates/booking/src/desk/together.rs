//! Bookings of the same days in one transaction.
//!
//! One after the other they are decided on as if each had come alone after those before it. What refuses one leaves the
//! others alone; what fails in the database fails for all, who then try on their own.

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
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::CustomerId;
use musubi_kernel::receipt::Receipt;
use musubi_kernel::task::Tasks;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

type Answer = Result<Booked, BookingError>;

/// A booking that waits in line, for a customer who is known.
pub(super) struct Waiting {
    caller: Caller,
    scope: StoreScope,
    new: NewBooking,
    customer: CustomerId,
    preferred: Vec<Minute>,
    counter: Counter,
    wish: Wish,
    start: Minute,
    receipt: Box<dyn Receipt<Booked>>,
    answer: oneshot::Sender<Answer>,
}

impl Waiting {
    /// Whether its answer is still waited for.
    pub(super) fn is_awaited(&self) -> bool {
        !self.answer.is_canceled()
    }

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
        let (Some(_), Who::Known(customer)) = (&self.tasks, &order.new.who) else {
            return self.book_alone(order, &locked).await;
        };
        let key = LineKey { store: order.scope.store(), locked, read: order.counter.dates_to_read() };
        let (answer, answered) = oneshot::channel();
        let waiting = || Waiting {
            caller: order.caller.clone(),
            scope: order.scope.clone(),
            new: order.new.clone(),
            customer: *customer,
            preferred: order.preferred.to_vec(),
            counter: order.counter.clone(),
            wish: order.wish.clone(),
            start: order.start,
            receipt: Box::new(receipt.clone()),
            answer,
        };
        if self.lines.is_first(&key, waiting) {
            let turn = Turn { desk: self.clone(), key };
            return self.book_alone(order, &turn.key.locked).await;
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the line was given up".to_owned()).into()))
    }

    /// Makes all of these bookings and answers each.
    pub(super) async fn serve(&self, key: &LineKey, bookings: Vec<Waiting>) {
        let together = match &*bookings {
            [_] => Err(StoreError::Conflict),
            several => self.book_together(key, several).await,
        };
        let hung_up = drop::<Result<(), Answer>>;
        match together {
            Ok(answers) => bookings.into_iter().zip(answers).for_each(|(one, answer)| hung_up(one.answer.send(answer))),
            // It is not known whether they are booked.
            Err(error @ StoreError::Unavailable(_)) => {
                for one in bookings {
                    hung_up(one.answer.send(Err(error.clone().into())));
                }
            }
            Err(_) => {
                for one in bookings {
                    let answer = self.book_alone(&one.order(), &key.locked).await;
                    hung_up(one.answer.send(answer));
                }
            }
        }
    }

    async fn book_together(&self, key: &LineKey, bookings: &[Waiting]) -> Result<Vec<Answer>, StoreError> {
        let Some(first) = bookings.first() else { return Ok(Vec::new()) };
        let mut unit = self.store.begin(&first.scope).await?;
        unit.lock_for(&key.locked, bookings.len()).await?;
        let now = self.clock.now();
        let patrons = unit.patrons(&bookings.iter().map(|one| one.customer).collect()).await?;
        let patrons: HashMap<CustomerId, Patron> = patrons.into_iter().map(|patron| (patron.id, patron)).collect();
        let mut occupancy = unit.occupancy(&key.read, now, None).await?;
        let settings = unit.settings_revision().await?;
        let (mut answers, mut answered) = (Vec::with_capacity(bookings.len()), Vec::new());
        for one in bookings {
            let order = one.order();
            let answer = match patrons.get(&one.customer).filter(|patron| patron.active) {
                None => Err(BookingError::NotFound("customer")),
                Some(_) if order.counter.settings != settings => Err(StoreError::Conflict.into()),
                Some(patron) => self.decide(&order, patron, &occupancy, now),
            };
            if let Ok(booked) = &answer {
                let booking = &booked.booking;
                occupancy.add(&booking.agreement);
                unit.insert(booking).await?;
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
