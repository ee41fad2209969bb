//! What a booking costs.

use crate::code::Rank;
use crate::service::{PriceChange, Pricing, ServiceOption};
use chrono::Weekday;
use musubi_kernel::money::Amount;
use serde::{Deserialize, Serialize};

/// The parts of a price, in whole yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// The service itself, after its time and rank rules.
    pub base: Amount,
    /// The chosen options.
    pub options: Amount,
    /// The nomination.
    pub resource: Amount,
    /// What is to be paid: the sum, and never below zero.
    pub total: Amount,
}

impl Price {
    /// A price of these parts.
    pub fn of(base: Amount, options: Amount, resource: Amount) -> Self {
        Self { base, options, resource, total: base.plus(options).plus(resource).at_least_zero() }
    }
}

/// The price of the service itself before it is rounded: it stays exact until the customer's rank is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactBase {
    /// Hundredths of a yen.
    hundredths: i128,
}

impl ExactBase {
    /// The price at a clock time (minutes after midnight) of such a day, for a party.
    pub fn at(pricing: &Pricing, party_size: u32, weekday: Weekday, national_holiday: bool, clock: i64) -> Self {
        let rule = pricing.by_time.iter().find(|rule| rule.holds(weekday, national_holiday, clock));
        Self::under(pricing, party_size, rule.map(|rule| rule.change))
    }

    /// The price at a start at which no rule by day and clock holds, for a party.
    pub fn of(pricing: &Pricing, party_size: u32) -> Self {
        Self::under(pricing, party_size, None)
    }

    fn under(pricing: &Pricing, party_size: u32, change: Option<PriceChange>) -> Self {
        let people = if pricing.per_participant { i128::from(party_size) } else { 1 };
        let plain = i128::from(pricing.base.0) * people;
        let hundredths = match change {
            None => plain * 100,
            Some(PriceChange::Percent(percent)) => plain * i128::from(100 + percent),
            Some(PriceChange::Amount(amount)) => (plain + i128::from(amount.0) * people) * 100,
        };
        Self { hundredths }
    }

    /// The price for a customer of this rank, rounded once.
    pub fn for_rank(self, pricing: &Pricing, rank: Option<Rank>) -> Amount {
        let percent = rank.and_then(|rank| pricing.by_rank.get(&rank)).copied().unwrap_or(0);
        Amount::rounded(self.hundredths * i128::from(100 + percent), 10_000)
    }
}

/// What the chosen options cost.
pub fn of_options<'a>(chosen: impl IntoIterator<Item = &'a ServiceOption>) -> Amount {
    chosen.into_iter().map(|option| option.price).sum()
}

/// What nominating a resource adds for a service of so many minutes: its rate, where the menu's price varies by resource.
pub fn of_nomination(pricing: &Pricing, hourly_rate_diff: i64, service_minutes: i64) -> Amount {
    if pricing.by_resource {
        Amount::rounded(i128::from(hourly_rate_diff) * i128::from(service_minutes), 60)
    } else {
        Amount::ZERO
    }
}
