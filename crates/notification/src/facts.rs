//! What must be known of a store, a booking and a customer to tell somebody something.

use crate::channel::Addresses;
use crate::event::{BookingEvent, BookingEventKind};
use crate::preferences::Preferences;
use crate::settings::StoreSettings;
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{BookingId, CustomerId, MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::locale::Locale;
use musubi_kernel::money::{Amount, Currency};
use musubi_kernel::secret::Secret;
use musubi_kernel::zone::Tz;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A store that does business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// Which one.
    pub store: StoreId,
    /// What customers call it.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub colour: String,
    /// Where its clock is.
    pub zone: Tz,
    /// In what it prices.
    pub currency: Currency,
    /// Where it is.
    pub address: Option<String>,
    /// Its telephone number, as it writes it.
    pub phone: Option<String>,
    /// Where it reads e-mail.
    pub email: Option<EmailAddress>,
    /// What it has decided about its notifications.
    pub settings: StoreSettings,
}

impl House {
    /// What its messages are signed with.
    pub fn sender_name(&self) -> &str {
        self.settings.sender_name.as_deref().unwrap_or(&self.name)
    }
}

/// A customer, as somebody who is told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// The customer.
    pub customer: CustomerId,
    /// What to call them.
    pub name: Option<String>,
    /// Whether their record is in use: of one that was put away nobody is told anything.
    pub in_use: bool,
    /// Where they can be told now. None at all of a customer whose record is not in use.
    pub addresses: Addresses,
    /// What they have decided.
    pub preferences: Preferences,
    /// Whether they have agreed to hear of offers, in their preferences.
    pub agrees_to_offers: bool,
    /// Where they can take that back.
    pub unsubscribe: Unsubscribe,
}

/// A customer, as somebody whom an offer may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The customer.
    pub addressee: Addressee,
    /// When they were last at the store.
    pub last_visit_at: Option<DateTime<Utc>>,
}

/// Where a customer takes back that they agreed to hear of offers. Whoever has one of these addresses may do that, and nothing else;
/// its debug form shows none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Unsubscribe {
    /// A page of the front end, if there is one.
    pub page: Option<String>,
    /// Where a mail program does it with one call (RFC 8058), if the API can be reached from outside.
    pub one_click: Option<String>,
}

impl std::fmt::Debug for Unsubscribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unsubscribe(…)")
    }
}

/// Makes the addresses of the [token](crate::consent::token) by which a customer takes their consent back.
pub type UnsubscribeLinks = Arc<dyn Fn(&Secret) -> Unsubscribe + Send + Sync>;

impl Addressee {
    /// In which language they are addressed.
    pub fn language(&self, house: &House) -> Locale {
        self.preferences.language.unwrap_or(house.settings.language)
    }
}

codes! {
    /// Where a booking stands.
    BookingStatus {
        /// Waits for the store's word.
        Pending = "pending",
        /// Agreed.
        Confirmed = "confirmed",
        /// Called off.
        Cancelled = "cancelled",
        /// Took place.
        Completed = "completed",
        /// The customer stayed away.
        NoShow = "no_show",
    }
}

impl BookingStatus {
    /// Whether it is still to come.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed)
    }
}

/// How a booking stands, or stood: read from what its events and its history hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where it stands.
    pub status: BookingStatus,
    /// How often it was written.
    pub version: i64,
    /// What is agreed.
    #[serde(flatten)]
    pub terms: Terms,
}

/// What store and customer agree on, as far as the customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it is over.
    pub end: DateTime<Utc>,
    /// What is done.
    pub menu_id: MenuId,
    /// What that is called.
    pub menu_name: String,
    /// What is done beside it.
    pub option_ids: Vec<MenuOptionId>,
    /// How many come.
    pub party_size: u32,
    /// With whom, and where.
    pub resources: Vec<Named>,
    /// What it costs.
    pub total_price: Amount,
}

/// A resource that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Which one.
    pub id: ResourceId,
    /// What it is called.
    pub name: String,
}

codes! {
    /// Who changed a booking.
    Author {
        /// The store's own people, and machines that act for it.
        Staff = "staff",
        /// The customer.
        Customer = "customer",
        /// The system itself.
        System = "system",
    }
}

/// One entry of a booking's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub kind: BookingEventKind,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Author,
    /// How it was before; `None` when it was made.
    pub before: Option<Snapshot>,
    /// How it was after.
    pub after: Snapshot,
}

/// The pages of a booking. Whoever has one of these addresses may see, move and call off the booking; its debug form shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingLinks {
    /// Where its customer sees and changes it.
    pub page: String,
    /// Where a calendar gets it.
    pub calendar: String,
    /// Where its customer calls it off.
    pub cancel: String,
}

impl std::fmt::Debug for BookingLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BookingLinks(…)")
    }
}

/// Makes the links of a booking, of the token of its manage link.
pub type Links = Arc<dyn Fn(&Secret) -> BookingLinks + Send + Sync>;

/// A booking as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingFacts {
    /// The booking.
    pub id: BookingId,
    /// For people.
    pub number: String,
    /// How it stands.
    pub now: Snapshot,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when the customer may change or cancel it.
    pub changeable_until: DateTime<Utc>,
    /// Where the customer does that, if there are such pages.
    pub links: Option<BookingLinks>,
    /// Who booked.
    pub addressee: Addressee,
    /// What became of it so far, in order.
    pub history: Vec<Step>,
}

impl BookingFacts {
    /// The entry of the history that an event told of.
    pub fn step(&self, event: &BookingEvent) -> Option<&Step> {
        self.history.iter().find(|step| (step.kind, step.at) == (event.kind, event.at))
    }

    /// Since when the booking has been agreed at its present start.
    pub fn agreed_at(&self) -> DateTime<Utc> {
        let as_now = |step: &&Step| {
            (step.after.status, step.after.terms.start) == (BookingStatus::Confirmed, self.now.terms.start)
        };
        self.history.iter().rev().take_while(as_now).last().map_or(self.created_at, |step| step.at)
    }
}
