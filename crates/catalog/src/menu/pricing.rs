//! How a menu's price depends on the party, the customer's rank and the time.

use musubi_kernel::codes;
use musubi_kernel::error::Invalid;
use musubi_kernel::wall_time::WallTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most rules of [`TimePrice`] that a menu may have.
pub const MAX_TIME_PRICES: usize = 50;

codes! {
    /// A customer's rank.
    Rank {
        /// Never been here.
        New = "new",
        /// A customer like most.
        Regular = "regular",
        /// A good customer.
        Vip = "vip",
        /// The best.
        Premium = "premium",
    }
}

codes! {
    /// A day of a price rule.
    PriceDay {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
        /// A national holiday, whatever its weekday.
        Holiday = "holiday",
    }
}

codes! {
    /// How a price rule's value is meant.
    PriceKind {
        /// Per cent of the price.
        Percent = "percent",
        /// An amount of yen.
        Amount = "amount",
    }
}

/// How the base price depends on the party and the customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PricingOptions {
    /// Whether the base price is for each participant.
    pub per_participant: bool,
    /// What the base price changes by for customers of a rank, in per cent: -10 is a tenth less. -100 to 1,000.
    pub rank_percent: BTreeMap<Rank, i64>,
}

/// What the base price changes by at some times of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TimePrice {
    /// On which days.
    pub days: Vec<PriceDay>,
    /// From which clock time.
    pub from: WallTime,
    /// Until before which clock time.
    pub to: WallTime,
    /// How `value` is meant.
    pub kind: PriceKind,
    /// Per cent (-100 to 1,000) or yen (-100,000,000 to 100,000,000); below 0 is a discount.
    pub value: i64,
}

pub(super) fn check_options(options: &PricingOptions, invalid: &mut Invalid) {
    for (rank, percent) in &options.rank_percent {
        check_percent(&format!("/pricing_options/rank_percent/{}", rank.code()), *percent, invalid);
    }
}

pub(super) fn check_times(rules: &[TimePrice], invalid: &mut Invalid) {
    let pointer = "/time_based_pricing";
    invalid.require(
        rules.len() <= MAX_TIME_PRICES,
        pointer,
        "too_many",
        format!("must have at most {MAX_TIME_PRICES} rules"),
    );
    for (index, rule) in rules.iter().enumerate().take(MAX_TIME_PRICES) {
        let at = |member: &str| format!("{pointer}/{index}/{member}");
        invalid.require(!rule.days.is_empty(), &at("days"), "empty", "must name a day");
        let repeats = rule.days.iter().enumerate().any(|(place, day)| rule.days[..place].contains(day));
        invalid.require(!repeats, &at("days"), "repeated", "must name each day once");
        invalid.require(rule.from < rule.to, &at("to"), "from_not_before_to", "from must be before to");
        match rule.kind {
            PriceKind::Percent => check_percent(&at("value"), rule.value, invalid),
            PriceKind::Amount => invalid.range(&at("value"), rule.value, -super::MAX_PRICE..=super::MAX_PRICE),
        }
    }
}

fn check_percent(pointer: &str, percent: i64, invalid: &mut Invalid) {
    invalid.range(pointer, percent, -100..=1000);
}
