//! One thing that one customer is told, and what has become of it (seed 003: `notifications`).

pub mod status;
mod steps;

use crate::channel::{Channel, Recipient};
use crate::kind::NotificationKind;
use chrono::{DateTime, Utc};
use musubi_kernel::id::{BookingId, CustomerId, NotificationId, PromotionId, StoreId, TenantId};
use musubi_kernel::locale::Locale;
use serde::{Deserialize, Serialize};
use status::Status;
use uuid::Uuid;

/// Something that a customer is told.
///
/// It has one channel at a time; when that does not work it goes to the next, and stays the same notification. What goes to
/// a person's own list is a notification of its own, of the channel [`Channel::InApp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Id.
    pub id: NotificationId,
    /// Whose.
    pub tenant: TenantId,
    /// Which store's.
    pub store: StoreId,
    /// Who is told.
    pub customer: CustomerId,
    /// What they are told.
    pub kind: NotificationKind,
    /// Of what.
    pub about: About,
    /// Unique in the store: whatever is planned twice has the same key twice, and is planned once. At most 100 characters.
    pub key: String,
    /// In which language.
    pub language: Locale,
    /// Where: on which channel, and where there. Sealed where it is stored.
    pub recipient: Recipient,
    /// The channels that did not work, in the order in which they were tried.
    pub given_up: Vec<GivenUp>,
    /// What was said; `None`: nothing yet. Sealed where it is stored.
    pub content: Option<Content>,
    /// What has become of it.
    pub status: Status,
    /// Known to the provider at every try, so that one that knows such keys takes it once: LINE's `X-Line-Retry-Key`, the
    /// left half of an e-mail's `Message-ID`. Who else is told on LINE meanwhile has another.
    pub retry_key: Uuid,
    /// How often it was tried by its present channel.
    pub tries: u32,
    /// How often it was tried at all.
    pub tries_in_all: u32,
    /// What went wrong last; without addresses.
    pub error: Option<String>,
    /// The place it was promised in the store's line.
    pub place: Option<DateTime<Utc>>,
    /// When it was meant to be sent.
    pub scheduled_at: DateTime<Utc>,
    /// From when on it is worth nothing.
    pub expires_at: DateTime<Utc>,
    /// When the person has read it, of an entry of their own list.
    pub read_at: Option<DateTime<Utc>>,
    /// How often it was written.
    pub version: i64,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// Of what somebody is told. Kept as JSON, with a booking's id in a column of its own beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum About {
    /// Of their booking.
    Booking {
        /// Which one.
        booking: BookingId,
        /// When it was to begin, as it was planned.
        start: DateTime<Utc>,
        /// Digest of its terms, as it was planned.
        terms: String,
        /// When it was to begin before it was changed, of a change.
        old_start: Option<DateTime<Utc>>,
        /// Whether it answers what the customer did themselves.
        answers: bool,
    },
    /// Of an offer.
    Offer {
        /// Which one.
        promotion: PromotionId,
    },
}

/// A channel that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Which one.
    pub channel: Channel,
    /// Why; without addresses.
    pub why: String,
}

/// What was said.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Subject of an e-mail, title in the person's own list.
    pub subject: Option<String>,
    /// Text.
    pub text: String,
}

impl std::fmt::Debug for Content {
    /// Texts name people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}

impl Notification {
    /// By which channel.
    pub const fn channel(&self) -> Channel {
        self.recipient.channel()
    }

    /// Of which booking, if of one.
    pub const fn booking(&self) -> Option<BookingId> {
        match &self.about {
            About::Booking { booking, .. } => Some(*booking),
            About::Offer { .. } => None,
        }
    }

    /// Of which promotion, if of one.
    pub const fn promotion(&self) -> Option<PromotionId> {
        match &self.about {
            About::Offer { promotion } => Some(*promotion),
            About::Booking { .. } => None,
        }
    }

    /// How often it was tried again (seed 003: `retry_count`).
    pub const fn retry_count(&self) -> u32 {
        self.tries_in_all.saturating_sub(1)
    }

    /// The channels that did not work.
    pub fn gone(&self) -> Vec<Channel> {
        self.given_up.iter().map(|one| one.channel).collect()
    }
}
