//! A menu, as far as booking needs to know it.

use crate::code::{DayName, Gender, Rank, ResourceKind, ServiceKind};
use chrono::Weekday;
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId};
use musubi_kernel::money::Amount;
use musubi_kernel::wall_time::WallTime;
use std::collections::BTreeMap;

/// A menu and its rules for bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The menu.
    pub id: MenuId,
    /// Its name, as customers read it.
    pub name: String,
    /// How parties share what they use.
    pub kind: ServiceKind,
    /// Lengths in minutes.
    pub base_duration: u32,
    /// Minutes kept before, on every resource.
    pub prep: u32,
    /// Minutes kept after, on every resource and within its hours.
    pub cleanup: u32,
    /// Minutes kept after those, in or out of hours.
    pub buffer: u32,
    /// What it costs.
    pub pricing: Pricing,
    /// Whether the customer must nominate the primary resource.
    pub requires_resource: bool,
    /// Kinds that can be the primary resource; `None`: any.
    pub allowed_kinds: Option<Vec<ResourceKind>>,
    /// Resources that can be the primary one; `None`: any.
    pub allowed_resources: Option<Vec<ResourceId>>,
    /// What is needed beside the primary resource.
    pub required_resources: Vec<Requirement>,
    /// Smallest and largest party.
    pub participants: (u32, u32),
    /// Who may come.
    pub eligibility: Eligibility,
    /// Hours before the start from which on customers may no longer book.
    pub advance_booking_hours: u32,
    /// Hours before the start from which on customers may no longer cancel.
    pub cancellation_hours: u32,
    /// Whether customers may book it by themselves.
    pub online: bool,
    /// Whether each booking waits for the store's word.
    pub requires_approval: bool,
    /// Whether it is offered at all.
    pub active: bool,
    /// Whether it can be booked at present.
    pub bookable: bool,
    /// Extras, in the menu's order.
    pub options: Vec<ServiceOption>,
}

impl Service {
    /// Whether a booking of it has a primary resource.
    pub fn uses_primary(&self) -> bool {
        self.requires_resource || self.allowed_kinds.is_some() || self.allowed_resources.is_some()
    }

    /// Whether a resource can be the primary one.
    pub fn admits(&self, kind: ResourceKind, id: ResourceId) -> bool {
        self.uses_primary()
            && self.allowed_kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
            && self.allowed_resources.as_ref().is_none_or(|ids| ids.contains(&id))
    }
}

/// Some resources that are needed beside the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Of this kind.
    pub kind: ResourceKind,
    /// So many.
    pub quantity: u32,
    /// Only of these, if given.
    pub resources: Option<Vec<ResourceId>>,
}

/// An extra that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOption {
    /// The option.
    pub id: MenuOptionId,
    /// Its name.
    pub name: String,
    /// What it adds to the price.
    pub price: Amount,
    /// What it adds to the length, in minutes.
    pub duration: u32,
    /// Whether it must be chosen.
    pub required: bool,
    /// Whether it can be chosen.
    pub active: bool,
}

/// What a service costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pricing {
    /// For one party, or for each of its members.
    pub base: Amount,
    /// Whether `base` is for each member.
    pub per_participant: bool,
    /// Rules by day and clock, the first that holds counts. Empty when the price does not vary by time.
    pub by_time: Vec<TimeRule>,
    /// Percentages by rank.
    pub by_rank: BTreeMap<Rank, i32>,
    /// Whether a nominated resource's rate counts.
    pub by_resource: bool,
}

/// A price for certain days and clock times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRule {
    /// On these days.
    pub days: Vec<DayName>,
    /// From this clock time.
    pub from: WallTime,
    /// Up to and without this one.
    pub to: WallTime,
    /// The price then.
    pub change: PriceChange,
}

/// How a rule changes a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceChange {
    /// By so many percent.
    Percent(i32),
    /// By an amount, for each member where the price is for each.
    Amount(Amount),
}

impl TimeRule {
    /// Whether it holds at a clock time (minutes after midnight) of such a day.
    pub fn holds(&self, weekday: Weekday, national_holiday: bool, clock: i64) -> bool {
        (i64::from(self.from.minutes())..i64::from(self.to.minutes())).contains(&clock)
            && self.days.iter().any(|day| day.is(weekday, national_holiday))
    }
}

/// Whom a service admits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// Youngest age.
    pub min_age: Option<u32>,
    /// Oldest age.
    pub max_age: Option<u32>,
    /// The only gender admitted.
    pub gender: Option<Gender>,
}
