//! What store and customer agree on: copied from the menu when it is made, and never changed by later edits of it.

use crate::code::{Rank, ResourceKind, Source};
use crate::minute::Span;
use crate::occupancy::ALL_SEATS;
use crate::plan::{Lengths, Offer, Plan};
use crate::price::Price;
use chrono::NaiveDate;
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId};
use musubi_kernel::money::Amount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a hold keeps and a booking is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The menu.
    pub menu: MenuId,
    /// Its name at the time.
    pub menu_name: String,
    /// How many come.
    pub party_size: u32,
    /// By which way it was asked for.
    pub source: Source,
    /// The chosen options.
    pub options: Vec<ChosenOption>,
    /// The date it belongs to.
    pub business_date: NaiveDate,
    /// What the customer sees.
    pub service: Span,
    /// What is kept free of other bookings.
    pub occupied: Span,
    /// The lengths behind these.
    pub lengths: Lengths,
    /// What it holds; the primary resource, if there is one, first.
    pub resources: Vec<HeldResource>,
    /// Whether the customer asked for the primary resource.
    pub nominated: bool,
    /// What it costs.
    pub price: Price,
    /// Hours before the start from which on the customer may no longer cancel.
    pub cancellation_hours: u32,
}

/// An option as it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenOption {
    /// The option.
    pub id: MenuOptionId,
    /// Its name at the time.
    pub name: String,
    /// Its price at the time.
    pub price: Amount,
    /// Its length at the time, in minutes.
    pub duration: u32,
}

/// A resource with the seats that are held on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldResource {
    /// The resource.
    pub id: ResourceId,
    /// What it is.
    pub kind: ResourceKind,
    /// Its name at the time.
    pub name: String,
    /// Seats.
    pub seats: u32,
    /// Whether no other party shares it, however many seats it has or gets.
    pub exclusive: bool,
    /// Whether it is the primary one.
    pub primary: bool,
}

impl HeldResource {
    /// The seats that it takes from others.
    pub const fn taken(&self) -> u32 {
        if self.exclusive { ALL_SEATS } else { self.seats }
    }
}

impl Agreement {
    /// What a booking of this offer is about.
    pub fn of(plan: &Plan<'_>, offer: &Offer<'_>) -> Self {
        let (situation, wish) = (plan.situation(), plan.wish());
        let held = offer.resources.iter().enumerate().filter_map(|(place, (id, seats))| {
            let one = situation.resources.iter().find(|one| one.id == *id)?;
            let primary = place == 0 && offer.has_primary;
            let exclusive = one.is_exclusive_for(situation.service.kind);
            Some(HeldResource { id: one.id, kind: one.kind, name: one.name.clone(), seats: *seats, exclusive, primary })
        });
        let chosen = plan.options().iter().map(|option| ChosenOption {
            id: option.id,
            name: option.name.clone(),
            price: option.price,
            duration: option.duration,
        });
        Self {
            menu: situation.service.id,
            menu_name: situation.service.name.clone(),
            party_size: wish.party_size,
            source: wish.source,
            options: chosen.collect(),
            business_date: offer.business_date,
            service: offer.service,
            occupied: offer.occupied,
            lengths: offer.lengths,
            resources: held.collect(),
            nominated: wish.nominated.is_some(),
            price: offer.price,
            cancellation_hours: situation.service.cancellation_hours,
        }
    }

    /// The primary resource.
    pub fn primary(&self) -> Option<&HeldResource> {
        self.resources.iter().find(|held| held.primary)
    }

    /// Whether it holds this resource, as the primary one or beside it.
    pub fn holds(&self, resource: ResourceId) -> bool {
        self.resources.iter().any(|held| held.id == resource)
    }

    /// The days whose lock a writer of this needs, see [`days_to_lock`].
    pub fn days(&self) -> std::collections::BTreeSet<NaiveDate> {
        days_to_lock(self.business_date, self.occupied)
    }
}

/// The price of a held offer for a customer of each rank, as the rank is known only when the hold is used.
pub fn price_by_rank(plan: &Plan<'_>, offer: &Offer<'_>) -> BTreeMap<Rank, Price> {
    let pricing = &plan.situation().service.pricing;
    let of = |rank| Price::of(offer.base.for_rank(pricing, Some(rank)), offer.price.options, offer.price.resource);
    Rank::ALL.iter().map(|rank| (*rank, of(*rank))).collect()
}

/// The days whose lock guards an occupied window: its business date, for the limit per day and the order of preference,
/// and every UTC date that it touches. Two windows that meet share a moment, so they share a UTC date, whatever
/// becomes of the store's time zone in between.
pub fn days_to_lock(business_date: NaiveDate, occupied: Span) -> std::collections::BTreeSet<NaiveDate> {
    let first = occupied.from.instant().date_naive();
    let last = (occupied.to - 1).instant().date_naive();
    first.iter_days().take_while(|date| *date <= last).chain([business_date]).collect()
}
