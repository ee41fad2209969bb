//! Why a start is refused.

use musubi_kernel::error::ErrorKind;
use serde::{Serialize, Serializer};

/// The rule that refuses a start. The order is that in which rules are named, see `docs/booking-rules.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// An option of another menu, or one that is put away.
    #[error("a chosen option does not belong to this menu or is not available")]
    OptionNotAvailable,
    /// An option that must be chosen is not.
    #[error("an option that must be chosen is missing")]
    OptionRequired,
    /// The nominated resource cannot do this.
    #[error("the nominated resource cannot be booked for this menu")]
    ResourceNotAllowed,
    /// A resource must be nominated.
    #[error("this menu needs the choice of a resource: send resource_id")]
    ResourceRequired,
    /// Rule 1.
    #[error("the service does not lie within the opening hours")]
    OutsideOpeningHours,
    /// Rule 1.
    #[error("the start does not lie on the store's booking grid")]
    OffGrid,
    /// Rule 2.
    #[error("nobody and nothing that can do this works at that time")]
    ResourceUnavailable,
    /// Rule 3.
    #[error("the party is larger than what can be booked holds")]
    PartyExceedsCapacity,
    /// Rule 3.
    #[error("that time is taken")]
    SlotTaken,
    /// Rule 4.
    #[error("the store is not in business")]
    StoreInactive,
    /// Rule 4.
    #[error("the menu is not offered any more")]
    MenuInactive,
    /// Rule 4.
    #[error("the store takes no bookings from its public page")]
    StoreNotPublic,
    /// Rule 4.
    #[error("the menu cannot be booked at present")]
    MenuNotBookable,
    /// Rule 4.
    #[error("the menu is booked through the store only")]
    NotBookableOnline,
    /// Rule 4.
    #[error("the start is too soon: the notice that this menu needs has begun, or the start has passed")]
    TooSoon,
    /// Rule 4.
    #[error("the date is further ahead than the store takes bookings")]
    TooFarAhead,
    /// Rule 4.
    #[error("the store takes no bookings for the same day")]
    SameDayNotAccepted,
    /// Rule 4.
    #[error("the store takes no more bookings for that day")]
    DayLimitReached,
    /// Rule 5.
    #[error("the party is smaller or larger than this menu takes")]
    PartySizeOutOfRange,
    /// Rule 5.
    #[error("this customer may not book at present")]
    CustomerRestricted,
    /// Rule 5.
    #[error("this menu is for certain ages, and the customer's birthday is not known: send birthday")]
    AgeUnknown,
    /// Rule 5.
    #[error("this menu is not for the customer's age")]
    AgeOutOfRange,
    /// Rule 5.
    #[error("this menu is for one gender, and the customer's is not known: send gender")]
    GenderUnknown,
    /// Rule 5.
    #[error("this menu is not for the customer's gender")]
    GenderNotAdmitted,
}

impl Refusal {
    /// Every rule, in order.
    pub const ALL: [Self; 24] = [
        Self::OptionNotAvailable,
        Self::OptionRequired,
        Self::ResourceNotAllowed,
        Self::ResourceRequired,
        Self::OutsideOpeningHours,
        Self::OffGrid,
        Self::ResourceUnavailable,
        Self::PartyExceedsCapacity,
        Self::SlotTaken,
        Self::StoreInactive,
        Self::MenuInactive,
        Self::StoreNotPublic,
        Self::MenuNotBookable,
        Self::NotBookableOnline,
        Self::TooSoon,
        Self::TooFarAhead,
        Self::SameDayNotAccepted,
        Self::DayLimitReached,
        Self::PartySizeOutOfRange,
        Self::CustomerRestricted,
        Self::AgeUnknown,
        Self::AgeOutOfRange,
        Self::GenderUnknown,
        Self::GenderNotAdmitted,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OptionNotAvailable => "option_not_available",
            Self::OptionRequired => "option_required",
            Self::ResourceNotAllowed => "resource_not_allowed",
            Self::ResourceRequired => "resource_required",
            Self::OutsideOpeningHours => "outside_opening_hours",
            Self::OffGrid => "off_grid",
            Self::ResourceUnavailable => "resource_unavailable",
            Self::PartyExceedsCapacity => "party_exceeds_capacity",
            Self::SlotTaken => "slot_taken",
            Self::StoreInactive => "store_inactive",
            Self::MenuInactive => "menu_inactive",
            Self::StoreNotPublic => "store_not_public",
            Self::MenuNotBookable => "menu_not_bookable",
            Self::NotBookableOnline => "not_bookable_online",
            Self::TooSoon => "too_soon",
            Self::TooFarAhead => "too_far_ahead",
            Self::SameDayNotAccepted => "same_day_not_accepted",
            Self::DayLimitReached => "day_limit_reached",
            Self::PartySizeOutOfRange => "party_size_out_of_range",
            Self::CustomerRestricted => "customer_restricted",
            Self::AgeUnknown => "age_unknown",
            Self::AgeOutOfRange => "age_out_of_range",
            Self::GenderUnknown => "gender_unknown",
            Self::GenderNotAdmitted => "gender_not_admitted",
        }
    }

    /// A taken slot is a conflict of state, everything else a rule.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::SlotTaken => ErrorKind::Conflict,
            _ => ErrorKind::Refused,
        }
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
