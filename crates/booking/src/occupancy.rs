//! What is taken already.

use crate::agreement::Agreement;
use crate::minute::Span;
use chrono::{DateTime, Days, NaiveDate, Utc};
use musubi_kernel::id::ResourceId;
use std::collections::BTreeMap;

/// More seats than any resource has: what is taken where parties do not share. A number of seats alone would leave some
/// free when the resource is given more later.
pub const ALL_SEATS: u32 = 1_000_000;

/// How many business dates apart two bookings can be whose occupied windows meet: a day of preparation before one, and
/// 30 hours of opening, a day of cleaning up and a day of buffer after the other.
pub const NEIGHBOURS: Days = Days::new(5);

/// A resource that a booking or a live hold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub resource: ResourceId,
    /// The business date of the booking or hold.
    pub business_date: NaiveDate,
    /// Its occupied window.
    pub window: Span,
    /// Seats.
    pub seats: u32,
}

/// Everything that is taken around the dates that are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// By resource.
    pub taken: Vec<Taken>,
    /// Bookings and live holds of each business date, with or without a resource.
    pub parties: BTreeMap<NaiveDate, u32>,
    /// When the first of the live holds ends, and with it what it keeps.
    pub first_hold_ends: Option<DateTime<Utc>>,
}

impl Occupancy {
    /// Bookings and live holds of a business date.
    pub fn parties_on(&self, date: NaiveDate) -> u32 {
        self.parties.get(&date).copied().unwrap_or(0)
    }

    /// Adds what a booking or a hold keeps.
    pub fn add(&mut self, agreement: &Agreement) {
        *self.parties.entry(agreement.business_date).or_default() += 1;
        self.taken.extend(agreement.resources.iter().map(|held| Taken {
            resource: held.id,
            business_date: agreement.business_date,
            window: agreement.occupied,
            seats: held.taken(),
        }));
    }
}
