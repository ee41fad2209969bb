//! Four weeks of bookings around today, and some holds.
//!
//! What is over was written down by staff and took place, mostly. What is to come was booked by all ways there are. The
//! free starts come from the same search that customers use, so each rule is kept by itself.

mod ask;
mod settle;

use super::chance::Chance;
use super::people::Guest;
use super::premises::{Demand, Offered, Shop};
use super::progress::Progress;
use super::{DemoError, House};
use chrono::{Datelike as _, Days, NaiveDate};
use musubi_booking::booking::{Booking, Notes, StatusCode};
use musubi_booking::code::Source;
use musubi_booking::desk::{NewBooking, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::request::Wish;
use musubi_kernel::id::CustomerId;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// How many days the diary reaches back, and ahead.
pub(super) const DAYS: u64 = 14;
/// From so many days ahead on, fewer have booked yet.
const FAR_AHEAD: u64 = 8;
/// How many failed attempts end a day.
const PATIENCE: u32 = 6;
/// How many slots are on hold.
const HOLDS: usize = 3;

/// What a shop's diary came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Its first and last date.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// Customers.
    pub customers: usize,
    /// Bookings by status.
    pub bookings: BTreeMap<StatusCode, usize>,
    /// Tokens of the live holds.
    pub holds: Vec<Secret>,
}

impl Tally {
    /// Bookings of any status.
    pub fn all(&self) -> usize {
        self.bookings.values().sum()
    }
}

/// A shop's diary while it is written.
pub(super) struct Diary<'a> {
    house: House<'a>,
    shop: &'a Shop,
    guests: Vec<Guest>,
    today: NaiveDate,
    chance: Chance,
    tally: Tally,
    /// Who comes on the date that is being written: nobody twice.
    coming: BTreeSet<CustomerId>,
    /// Visits by customers' own hands so far, to tell their requests apart.
    requests: u32,
}

impl<'a> Diary<'a> {
    pub(super) fn new(house: House<'a>, shop: &'a Shop, guests: Vec<Guest>, today: NaiveDate) -> Self {
        let tally = Tally { customers: guests.len(), ..Tally::default() };
        let chance = Chance::new(u64::from(shop.number) << 32);
        Self { house, shop, guests, today, chance, tally, coming: BTreeSet::new(), requests: 0 }
    }

    /// Writes all of it.
    pub(super) async fn fill(mut self, progress: &mut Progress<'_>) -> Result<Tally, DemoError> {
        let (first, last) = (self.today - Days::new(DAYS), self.today + Days::new(DAYS));
        self.tally.dates = Some((first, last));
        for (number, date) in (1..).zip(first.iter_days().take_while(|date| *date <= last)) {
            self.day(date).await?;
            let (name, made) = (&self.shop.premises.name, self.tally.all());
            let text = format!("demo: {name}: day {number} of {}, {made} bookings", 2 * DAYS + 1);
            progress.note(&text, number % 10 == 0 || date == last);
        }
        for _ in 0..HOLDS * 4 {
            if self.tally.holds.len() == HOLDS {
                break;
            }
            self.hold().await?;
        }
        Ok(self.tally)
    }

    async fn day(&mut self, date: NaiveDate) -> Result<(), DemoError> {
        self.coming.clear();
        let usual = self.shop.pace[date.weekday().num_days_from_monday() as usize] + self.chance.below(3);
        let far = date >= self.today + Days::new(FAR_AHEAD);
        let wanted = if far { usual * 3 / 5 } else { usual };
        let (mut made, mut failed) = (0, 0);
        while made < wanted && failed < PATIENCE {
            if self.book(date).await? {
                made += 1;
            } else {
                failed += 1;
            }
        }
        Ok(())
    }

    /// One booking, if chance finds a free start for somebody.
    async fn book(&mut self, date: NaiveDate) -> Result<bool, DemoError> {
        let shop = self.shop;
        let Some((menu, demand)) = self.chance.weighted(&shop.menus, |(_, demand)| demand.weight) else {
            return Ok(false);
        };
        let Some(place) = self.somebody_for(demand, date) else { return Ok(false) };
        let source = self.source(place, date);
        let wish = self.wish(menu, demand, source);
        let id = self.guests[place].id;
        let Some(start) = self.start_on(date, menu, demand, &wish, id).await? else { return Ok(false) };
        let (caller, scope) = self.by_way_of(source)?;
        let who =
            if source.is_customer_facing() { Who::Described(self.guests[place].says.clone()) } else { Who::Known(id) };
        let new = NewBooking {
            what: What::Fresh { menu: menu.id, start, wish },
            who,
            notes: self.notes(),
            preferred_times: Vec::new(),
        };
        let booking = match self.house.desk.book(&caller, &scope, &new, &NoReceipt).await {
            Ok(booked) => booked.booking,
            Err(BookingError::Refused(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.coming.insert(booking.customer);
        let booking = self.settle(booking).await?;
        *self.tally.bookings.entry(booking.status.name()).or_default() += 1;
        Ok(true)
    }

    /// A slot that somebody keeps while they fill in a form.
    async fn hold(&mut self) -> Result<(), DemoError> {
        let shop = self.shop;
        let Some((menu, demand)) = self.chance.weighted(&shop.menus, |(_, demand)| demand.weight) else {
            return Ok(());
        };
        let date = self.today + Days::new(1 + u64::from(self.chance.below(6)));
        let wish = self.wish(menu, demand, Source::Web);
        let Some(start) = self.start_between(date, date, menu, demand, &wish, None).await? else { return Ok(()) };
        let (_, scope) = self.by_way_of(Source::Web)?;
        match self.house.desk.hold(&scope, menu.id, start, &wish, &NoReceipt).await {
            Ok(held) => self.tally.holds.push(held.token),
            Err(BookingError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The place of somebody who may book a menu and does not come that day yet.
    fn somebody_for(&mut self, demand: &Demand, date: NaiveDate) -> Option<usize> {
        let suits = |guest: &Guest| guest.suits(demand.audience, date) && !self.coming.contains(&guest.id);
        let places: Vec<usize> = (0..self.guests.len()).filter(|place| suits(&self.guests[*place])).collect();
        self.chance.of(&places).copied()
    }

    fn source(&mut self, guest: usize, date: NaiveDate) -> Source {
        let past = date < self.today;
        match self.chance.below(100) {
            0..75 if past => Source::Phone,
            75..88 if past => Source::Staff,
            _ if past => Source::WalkIn,
            0..42 if self.guests[guest].on_line => Source::Line,
            0..75 => Source::Web,
            75..95 => Source::Phone,
            _ => Source::Staff,
        }
    }

    fn wish(&mut self, menu: &Offered, demand: &Demand, source: Source) -> Wish {
        let mut options = menu.required.clone();
        if self.chance.percent(35) {
            options.extend(self.chance.of(&menu.optional).copied());
        }
        Wish {
            party_size: self.chance.of(demand.parties).copied().unwrap_or(1),
            nominated: self.chance.percent(45).then(|| self.chance.of(&demand.nominated).copied()).flatten(),
            options,
            source,
        }
    }

    fn notes(&mut self) -> Notes {
        let customer = self.chance.percent(18).then(|| self.chance.of(self.shop.wishes)).flatten();
        Notes { customer: customer.map(|wish| (*wish).to_owned()), ..Notes::default() }
    }
}

/// When a booking ends for the customer.
fn end_of(booking: &Booking) -> chrono::DateTime<chrono::Utc> {
    booking.agreement.service.to.instant()
}
