//! What a store offers, told to all of its customers who agreed to hear of offers.
//!
//! | module | subject |
//! |---|---|
//! | [`desk`] | the use cases of the store: sending an offer, looking at it, calling it off |
//! | [`promoter`] | the use case that plans whom an offer is told to, lot by lot |
//! | [`ports`] | what the outside must do |
//!
//! An offer may be for a hundred thousand customers, so nothing is planned when it is made. A job goes through the store's
//! customers in the order of their ids. Each lot is one transaction: what its customers are told, and how far the offer is. So
//! whoever dies in between goes on where the last lot ended, and nobody is told twice. The next lot is planned when the last
//! has had the time to go out, so no offer fills the queue; and its messages ask for their turn [in passing](crate::pace::Ask), behind
//! all news of bookings.

pub mod desk;
pub mod ports;
pub mod promoter;
#[cfg(test)]
mod tests;

use crate::kind::NotificationKind;
use crate::timing::expiry;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::codes;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{CustomerId, PromotionId, StoreId, TenantId};
use musubi_kernel::locale::Locale;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most characters of what an offer is.
const BODY: usize = 2_000;
/// How far ahead an offer may be planned: whoever plans a season plans it within a year, and what is further off is a slip in the
/// year, which would wait with its job for decades.
pub const FURTHEST: TimeDelta = TimeDelta::days(365);

/// How many offers of a store wait or are being planned at most: each has a job, and all of them the same customers.
pub const WAITING: Bound = Bound {
    most: 100,
    code: "too_many_promotions",
    detail: "100 offers of a store wait at most: call one off, or wait until one was sent",
};

/// An offer in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OfferText {
    /// Its headline, one line of up to 100 characters: `headline` in wordings.
    pub headline: String,
    /// What it is, up to 2,000 characters: `body` in wordings. Text messages have the headline alone.
    pub body: String,
}

/// An offer in one language or more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OfferTexts {
    /// In Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja: Option<OfferText>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<OfferText>,
}

impl OfferTexts {
    /// The offer in this language, if it is there.
    pub const fn text(&self, language: Locale) -> Option<&OfferText> {
        match language {
            Locale::Ja => self.ja.as_ref(),
            Locale::En => self.en.as_ref(),
        }
    }

    /// In which language somebody is told of it who would like to hear it in this one: the whole message is in one language.
    pub fn language(&self, wanted: Locale) -> Locale {
        let there = |language: &Locale| self.text(*language).is_some();
        Some(wanted).filter(there).or_else(|| Locale::ALL.iter().copied().find(there)).unwrap_or(wanted)
    }
}

/// For whom an offer is, of those who agreed to hear of offers; absent: all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Audience {
    /// Those who were there then or later.
    pub last_visit_from: Option<DateTime<Utc>>,
    /// Those who were there before then, and not since.
    pub last_visit_before: Option<DateTime<Utc>>,
}

impl Audience {
    /// Whether it is for somebody whose last visit was then; `None`: they were never there.
    pub fn admits(&self, last_visit: Option<DateTime<Utc>>) -> bool {
        let Self { last_visit_from, last_visit_before } = self;
        last_visit_from.is_none_or(|from| last_visit.is_some_and(|last| last >= from))
            && last_visit_before.is_none_or(|before| last_visit.is_some_and(|last| last < before))
    }
}

/// What a store says of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "texts": { "ja": { "headline": "春のカラーキャンペーン", "body": "4月末まで、カラーを2割引でご案内いたします。" } },
    "audience": { "last_visit_from": "2025-09-30T15:00:00Z" }
})))]
#[serde(deny_unknown_fields)]
pub struct PromotionDetails {
    /// What customers read, in Japanese, English or both. Who would like another language than is there reads the other.
    pub texts: OfferTexts,
    /// When it is sent, in quiet hours when these end; at most 365 days ahead; absent: at once.
    #[serde(default)]
    pub send_at: Option<DateTime<Utc>>,
    /// For whom it is.
    #[serde(default)]
    pub audience: Audience,
}

impl PromotionDetails {
    /// Every rule that they break at `now`.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let there = Locale::ALL.iter().filter_map(|language| Some((language.code(), self.texts.text(*language)?)));
        for (language, OfferText { headline, body }) in there {
            invalid.line(&format!("/texts/{language}/headline"), headline.as_str(), 1..=100);
            let pointer = format!("/texts/{language}/body");
            invalid.prose(&pointer, body.as_str());
            let fits = body.chars().count() <= BODY;
            invalid.require(fits, &pointer, "too_long", "must have at most 2000 characters");
            invalid.require(!body.trim().is_empty(), &pointer, "blank", "must not be blank");
        }
        let texts = &self.texts;
        invalid.require(texts != &OfferTexts::default(), "/texts", "required", "must have a text in ja or en");
        invalid.instant("/send_at", self.send_at);
        invalid.require(self.send_at.is_none_or(|at| at >= now), "/send_at", "in_the_past", "must not be over");
        let near = self.send_at.is_none_or(|at| at - now <= FURTHEST);
        invalid.require(near, "/send_at", "too_far_ahead", "must be at most 365 days ahead");
        let Audience { last_visit_from, last_visit_before } = self.audience;
        invalid.instant("/audience/last_visit_from", last_visit_from);
        invalid.instant("/audience/last_visit_before", last_visit_before);
        let nobody = last_visit_from.zip(last_visit_before).is_some_and(|(from, before)| from >= before);
        let detail = "must be later than last_visit_from";
        invalid.require(!nobody, "/audience/last_visit_before", "bad_range", detail);
        invalid.finish()
    }
}

codes! {
    /// The name of a promotion's status.
    PromotionStatusCode {
        /// Waits for its time.
        Scheduled = "scheduled",
        /// The store's customers are being gone through.
        Planning = "planning",
        /// Whoever is told of it has been found.
        Planned = "planned",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

/// How far a promotion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromotionStatus {
    /// Waits for its time.
    Scheduled,
    /// The store's customers are being gone through, in the order of their ids.
    Planning {
        /// The last one who was looked at.
        after: CustomerId,
    },
    /// Whoever is told of it has been found.
    Planned {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was called off.
    Cancelled {
        /// When.
        at: DateTime<Utc>,
        /// When whoever is told of it had been found; `None`: it was called off before.
        planned_at: Option<DateTime<Utc>>,
    },
}

impl PromotionStatusCode {
    /// Whether customers have yet to be looked at.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Scheduled | Self::Planning)
    }
}

impl PromotionStatus {
    /// Its name.
    pub const fn name(&self) -> PromotionStatusCode {
        match self {
            Self::Scheduled => PromotionStatusCode::Scheduled,
            Self::Planning { .. } => PromotionStatusCode::Planning,
            Self::Planned { .. } => PromotionStatusCode::Planned,
            Self::Cancelled { .. } => PromotionStatusCode::Cancelled,
        }
    }
}

/// A step that the status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a promotion that is {} cannot be {to}", .from.code())]
pub struct InvalidStep {
    /// How far it is.
    pub from: PromotionStatusCode,
    /// What was to become of it.
    pub to: &'static str,
}

/// What a store offers to its customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Id.
    pub id: PromotionId,
    /// Whose store's.
    pub tenant: TenantId,
    /// Whose.
    pub store: StoreId,
    /// What the store says of it.
    pub details: PromotionDetails,
    /// How far it is.
    pub status: PromotionStatus,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

impl Promotion {
    /// What it is called in errors, events and audit entries.
    pub const NOUN: &'static str = "promotion";

    /// A new one.
    pub const fn new(id: PromotionId, scope: &StoreScope, details: PromotionDetails, now: DateTime<Utc>) -> Self {
        let (tenant, store, status) = (scope.tenant(), scope.store(), PromotionStatus::Scheduled);
        Self { id, tenant, store, details, status, version: 1, created_at: now, updated_at: now }
    }

    /// When it is to be sent, apart from quiet hours.
    pub fn due_at(&self) -> DateTime<Utc> {
        self.details.send_at.unwrap_or(self.created_at)
    }

    /// From when on it is worth nothing.
    pub fn expires_at(&self) -> DateTime<Utc> {
        expiry(NotificationKind::Promotional, None, self.due_at())
    }

    /// After whom the next customers are looked at.
    pub const fn planned_to(&self) -> Option<CustomerId> {
        match self.status {
            PromotionStatus::Planning { after } => Some(after),
            _ => None,
        }
    }

    /// When all customers had been looked at, also of one that was called off after.
    pub const fn planned_at(&self) -> Option<DateTime<Utc>> {
        match self.status {
            PromotionStatus::Planned { at } => Some(at),
            PromotionStatus::Cancelled { planned_at, .. } => planned_at,
            PromotionStatus::Scheduled | PromotionStatus::Planning { .. } => None,
        }
    }

    /// Whether it was called off.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self.status, PromotionStatus::Cancelled { .. })
    }

    /// Some customers have been looked at. `last` is the last of them, if there may be more.
    pub fn planned(self, last: Option<CustomerId>, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        match self.status {
            PromotionStatus::Scheduled | PromotionStatus::Planning { .. } => {
                let done = PromotionStatus::Planned { at: now };
                Ok(self.next(last.map_or(done, |after| PromotionStatus::Planning { after }), now))
            }
            _ => Err(self.cannot_be("planned")),
        }
    }

    /// Nobody is told of it any more who has not been told yet.
    pub fn cancelled(self, now: DateTime<Utc>) -> Result<Self, InvalidStep> {
        if let PromotionStatus::Cancelled { .. } = self.status {
            return Err(self.cannot_be("cancelled"));
        }
        let planned_at = self.planned_at();
        Ok(self.next(PromotionStatus::Cancelled { at: now, planned_at }, now))
    }

    /// How it stands in events and audit entries.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "store_id": self.store,
            "texts": self.details.texts,
            "send_at": self.details.send_at,
            "audience": self.details.audience,
            "status": self.status.name(),
            "version": self.version,
        })
    }

    fn next(self, status: PromotionStatus, now: DateTime<Utc>) -> Self {
        Self { status, version: self.version + 1, updated_at: now, ..self }
    }

    const fn cannot_be(&self, to: &'static str) -> InvalidStep {
        InvalidStep { from: self.status.name(), to }
    }
}
