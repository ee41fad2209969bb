//! Everything that is kept, as plain maps.

use crate::booking::Booking;
use crate::change::BookingChange;
use crate::hold::Hold;
use crate::occupancy::Occupancy;
use crate::patron::{Newcomer, Patron};
use crate::ports::{BookingFilter, BookingPosition};
use crate::reach::Reach;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::id::{BookingId, CustomerId, HoldId, StoreId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Counts commits: a unit that began on an older state has lost a race.
    pub(super) commits: u64,
    pub(super) bookings: BTreeMap<BookingId, Booking>,
    pub(super) holds: BTreeMap<HoldId, (StoreId, Hold)>,
    pub(super) patrons: BTreeMap<(StoreId, CustomerId), (Patron, Newcomer)>,
    /// Who is which person, by the person.
    pub(super) links: BTreeMap<(StoreId, UserId), CustomerId>,
    pub(super) changes: Vec<(StoreId, BookingChange)>,
    pub(super) records: Vec<Record>,
}

impl State {
    pub(super) fn booking(&self, store: StoreId, id: BookingId, reach: Reach) -> Option<Booking> {
        let found = self.bookings.get(&id).filter(|booking| booking.store == store);
        found.filter(|booking| self.reaches(reach, booking)).cloned()
    }

    pub(super) fn reaches(&self, reach: Reach, booking: &Booking) -> bool {
        match reach {
            Reach::Store => true,
            Reach::Resource(own) => booking.agreement.holds(own),
            Reach::Person(user) => self.links.get(&(booking.store, user)) == Some(&booking.customer),
        }
    }

    pub(super) fn page(
        &self,
        within: impl Fn(&Booking) -> bool,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Page<Booking> {
        let found = self.bookings.values().filter(|booking| within(booking) && admits(filter, booking));
        let mut found: Vec<Booking> = found.filter(|booking| self.reaches(filter.reach, booking)).cloned().collect();
        found.sort_by_key(Booking::position);
        found.retain(|booking| after.is_none_or(|after| booking.position() > after));
        found.truncate(page.limit as usize + 1);
        Page::of(found, page.limit, Booking::position)
    }

    pub(super) fn hold(&self, store: StoreId, token_hash: &[u8; 32]) -> Option<Hold> {
        let mut holds = self.holds.values();
        holds.find(|(of, hold)| *of == store && hold.token_hash == *token_hash).map(|(_, hold)| hold.clone())
    }

    pub(super) fn occupancy(
        &self,
        store: StoreId,
        _: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Occupancy {
        let booked = self
            .bookings
            .values()
            .filter(|booking| booking.store == store && booking.status.occupies() && Some(booking.id) != except)
            .map(|booking| &booking.agreement);
        let held = self
            .holds
            .values()
            .filter(|(of, hold)| *of == store && hold.is_live(now))
            .map(|(_, hold)| &hold.terms.agreement);
        let mut occupancy = Occupancy::default();
        let live = self.holds.values().filter(|(of, hold)| *of == store && hold.is_live(now));
        occupancy.first_hold_ends = live.map(|(_, hold)| hold.expires_at).min();
        for agreement in booked.chain(held) {
            occupancy.add(agreement);
        }
        occupancy
    }
}

fn admits(filter: &BookingFilter, booking: &Booking) -> bool {
    let agreement = &booking.agreement;
    filter.date_from.is_none_or(|from| agreement.business_date >= from)
        && filter.date_to.is_none_or(|to| agreement.business_date <= to)
        && (filter.statuses.is_empty() || filter.statuses.contains(&booking.status.name()))
        && filter.resource.is_none_or(|id| agreement.holds(id))
        && filter.customer.is_none_or(|id| booking.customer == id)
        && filter.number.as_ref().is_none_or(|number| booking.number == *number)
}
