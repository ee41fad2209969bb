//! One transaction in memory.

use super::{BookingsInMemory, State};
use crate::booking::Booking;
use crate::change::BookingChange;
use crate::code::Rank;
use crate::hold::Hold;
use crate::occupancy::Occupancy;
use crate::patron::{Newcomer, Patron, Person, VisitRecord};
use crate::ports::{BookingUnit, Glance, SettingsRevision};
use crate::reach::Reach;
use crate::request::Guest;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, HoldId};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Secret;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

pub(super) struct Unit {
    home: BookingsInMemory,
    scope: StoreScope,
    began_at: u64,
    state: State,
}

impl Unit {
    pub(super) fn new(home: BookingsInMemory, scope: StoreScope, state: State) -> Self {
        Self { home, scope, began_at: state.commits, state }
    }

    /// Makes a customer of whoever is new.
    fn admit(&mut self, newcomer: &Newcomer, now: DateTime<Utc>) -> Patron {
        let patron = Patron {
            active: true,
            id: CustomerId::new(&*self.home.ids, now),
            name: newcomer.name.clone(),
            phone: newcomer.phone.clone(),
            guest: Guest {
                rank: Rank::Regular,
                birthday: newcomer.birthday,
                gender: newcomer.gender,
                restricted: false,
                restricted_until: None,
            },
            record: VisitRecord::default(),
        };
        self.state.patrons.insert((self.scope.store(), patron.id), (patron.clone(), newcomer.clone()));
        patron
    }
}

#[async_trait]
impl BookingUnit for Unit {
    async fn glance(&mut self, id: BookingId, reach: Reach) -> Result<Option<Glance>, StoreError> {
        let booking = self.state.booking(self.scope.store(), id, reach);
        Ok(booking.map(|booking| Glance { version: booking.version, days: booking.agreement.days() }))
    }

    /// The lock is the commit's own: of two units at a time one commits.
    async fn lock_for(&mut self, _: &BTreeSet<NaiveDate>, _: usize) -> Result<(), StoreError> {
        Ok(())
    }

    /// Settings in memory are not counted.
    async fn settings_revision(&mut self) -> Result<SettingsRevision, StoreError> {
        Ok(SettingsRevision::default())
    }

    async fn occupancy(
        &mut self,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Result<Occupancy, StoreError> {
        Ok(self.state.occupancy(self.scope.store(), dates, now, except))
    }

    async fn booking(&mut self, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        Ok(self.state.booking(self.scope.store(), id, reach))
    }

    async fn hold(&mut self, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        Ok(self.state.hold(self.scope.store(), token_hash))
    }

    async fn patrons(&mut self, ids: &BTreeSet<CustomerId>) -> Result<Vec<Patron>, StoreError> {
        let known = ids.iter().filter_map(|id| self.state.patrons.get(&(self.scope.store(), *id)));
        Ok(known.map(|(patron, _)| patron.clone()).collect())
    }

    async fn identify(&mut self, newcomer: &Newcomer, _: &Caller, now: DateTime<Utc>) -> Result<Patron, StoreError> {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let marks: [&dyn Fn(&Patron, &Newcomer) -> bool; 3] = [
            &|_, said| same(&said.line_user_id, &newcomer.line_user_id),
            &|patron, _| same(&patron.phone, &newcomer.phone),
            &|_, said| same(&said.email, &newcomer.email),
        ];
        let of_store = || self.state.patrons.iter().filter(|((store, _), _)| *store == self.scope.store());
        let found = marks.iter().filter_map(|mark| of_store().find(|(_, (patron, said))| mark(patron, said)));
        let known = found.map(|(_, (patron, _))| patron.clone()).reduce(|known, other| known.or_as(&other));
        if let Some(known) = known {
            return Ok(known);
        }
        Ok(self.admit(newcomer, now))
    }

    async fn identify_person(&mut self, person: &Person, _: &Caller, now: DateTime<Utc>) -> Result<Patron, StoreError> {
        let store = self.scope.store();
        let Person { user, said } = person;
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let in_use = || self.state.patrons.iter().filter(|((of, _), (patron, _))| *of == store && patron.active);
        let others =
            in_use().filter(|(_, (patron, known))| same(&patron.phone, &said.phone) || same(&known.email, &said.email));
        let others: Vec<Patron> = others.map(|(_, (patron, _))| patron.clone()).collect();
        let linked = self.state.links.get(&(store, *user));
        let linked = linked.and_then(|id| in_use().find(|((_, of), _)| of == id));
        let is_anybodys = |id: &CustomerId| self.state.links.iter().any(|((of, _), one)| *of == store && one == id);
        let by_address = || in_use().find(|((_, id), (_, known))| same(&known.email, &said.email) && !is_anybodys(id));
        let known = linked.or_else(by_address).map(|(_, (patron, _))| patron.clone());
        let patron = known.unwrap_or_else(|| self.admit(said, now));
        self.state.links.insert((store, *user), patron.id);
        Ok(others.iter().fold(patron, Patron::or_as))
    }

    async fn insert_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        self.state.holds.insert(hold.id, (self.scope.store(), hold.clone()));
        Ok(())
    }

    async fn remove_hold(&mut self, id: HoldId) -> Result<(), StoreError> {
        match self.state.holds.get(&id) {
            Some((store, _)) if *store == self.scope.store() => {
                self.state.holds.remove(&id);
                Ok(())
            }
            _ => Err(StoreError::Conflict),
        }
    }

    async fn insert(&mut self, booking: &Booking, _: &Secret) -> Result<(), StoreError> {
        let clashes =
            |other: &Booking| other.number == booking.number || other.manage_token_hash == booking.manage_token_hash;
        if self.state.bookings.values().any(clashes) {
            return Err(StoreError::Conflict);
        }
        self.state.bookings.insert(booking.id, booking.clone());
        Ok(())
    }

    async fn save(&mut self, _: &Booking, booking: &Booking) -> Result<(), StoreError> {
        match self.state.bookings.get_mut(&booking.id) {
            Some(old) if old.store == self.scope.store() && old.version + 1 == booking.version => {
                *old = booking.clone();
                Ok(())
            }
            _ => Err(StoreError::Conflict),
        }
    }

    async fn save_patron(&mut self, patron: &Patron, record: &Record, _: DateTime<Utc>) -> Result<(), StoreError> {
        self.state.records.push(record.clone());
        let old = self.state.patrons.get_mut(&(self.scope.store(), patron.id)).ok_or(StoreError::Conflict)?;
        old.0 = patron.clone();
        Ok(())
    }

    async fn note(&mut self, _: &Booking, change: &BookingChange, record: &Record) -> Result<(), StoreError> {
        self.state.changes.push((self.scope.store(), change.clone()));
        self.state.records.push(record.clone());
        Ok(())
    }

    async fn commit(mut self: Box<Self>, _: &[Answered]) -> Result<(), StoreError> {
        self.state.commits += 1;
        let Self { home, began_at, state, .. } = *self;
        home.read(|present| {
            if present.commits != began_at {
                return Err(StoreError::Conflict);
            }
            *present = state;
            Ok(())
        })
    }
}
