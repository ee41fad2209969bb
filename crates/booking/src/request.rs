//! What somebody asks for, and what is known of them.

use crate::code::{Gender, Rank, Source};
use crate::refusal::Refusal;
use crate::service::Eligibility;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::id::{MenuOptionId, ResourceId};

/// What is wanted, whenever it may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wish {
    /// How many come, 1 or more.
    pub party_size: u32,
    /// The resource they nominate.
    pub nominated: Option<ResourceId>,
    /// The options they choose.
    pub options: Vec<MenuOptionId>,
    /// By which way they ask.
    pub source: Source,
}

/// What the rules need to know of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Rank.
    pub rank: Rank,
    /// Birthday, if known.
    pub birthday: Option<NaiveDate>,
    /// Gender, if known.
    pub gender: Option<Gender>,
    /// Whether they may not book.
    pub restricted: bool,
    /// Until when; `None`: until somebody lifts it.
    pub restricted_until: Option<DateTime<Utc>>,
}

impl Guest {
    /// The rule that keeps them from a service on a date, if one does.
    pub fn refused_by(&self, eligibility: &Eligibility, date: NaiveDate, now: DateTime<Utc>) -> Option<Refusal> {
        if self.restricted && self.restricted_until.is_none_or(|until| until > now) {
            return Some(Refusal::CustomerRestricted);
        }
        self.refused_for_age(eligibility, date).or_else(|| self.refused_for_gender(eligibility))
    }

    fn refused_for_age(&self, eligibility: &Eligibility, date: NaiveDate) -> Option<Refusal> {
        if eligibility.min_age.is_none() && eligibility.max_age.is_none() {
            return None;
        }
        let Some(birthday) = self.birthday else { return Some(Refusal::AgeUnknown) };
        let age = date.years_since(birthday).unwrap_or(0);
        let fits = eligibility.min_age.is_none_or(|min| age >= min) && eligibility.max_age.is_none_or(|max| age <= max);
        (!fits).then_some(Refusal::AgeOutOfRange)
    }

    fn refused_for_gender(&self, eligibility: &Eligibility) -> Option<Refusal> {
        let admitted = eligibility.gender?;
        match self.gender {
            None => Some(Refusal::GenderUnknown),
            Some(gender) if gender == admitted => None,
            Some(_) => Some(Refusal::GenderNotAdmitted),
        }
    }
}
