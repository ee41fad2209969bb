//! A message, as it is handed to a channel: in words that every channel understands its part of.

use crate::channel::Recipient;
use crate::facts::{BookingLinks, Unsubscribe};
use crate::kind::NotificationKind;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{BookingId, NotificationId};
use musubi_kernel::locale::Locale;
use musubi_kernel::money::Amount;
use musubi_kernel::zone::Tz;
use uuid::Uuid;

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// What it tells.
    pub notification: NotificationId,
    /// Of which kind.
    pub kind: NotificationKind,
    /// The same at every try: LINE's `X-Line-Retry-Key`, the left half of an e-mail's `Message-ID`.
    pub retry_key: Uuid,
    /// When it was written, the same at every try: an e-mail's `Date`.
    pub written_at: DateTime<Utc>,
    /// To whom.
    pub to: Recipient,
    /// In which language.
    pub language: Locale,
    /// By whom: the name beside the sender's address.
    pub sender_name: String,
    /// Where an answer goes, if the store reads e-mail.
    pub reply_to: Option<EmailAddress>,
    /// Subject, one line; of an e-mail, always there.
    pub subject: Option<String>,
    /// Text.
    pub text: String,
    /// The same as HTML; of an e-mail, always there.
    pub html: Option<String>,
    /// The booking for a calendar, to attach to an e-mail.
    pub calendar: Option<CalendarFile>,
    /// The booking as a card, for LINE; `text` says the same for who does not see it. None beside a store's own wording, which
    /// is shown as it is.
    pub card: Option<Card>,
    /// Where the customer takes back that they agreed to hear of offers; of an offer, always there.
    pub unsubscribe: Option<Unsubscribe>,
}

/// Its debug form shows nothing that was said.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { notification, kind, to, .. } = self;
        write!(f, "Message({notification}, {}, {to:?})", kind.code())
    }
}

/// A file for a calendar (RFC 5545), type `text/calendar; charset=utf-8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFile {
    /// Its name: `260320-XTHYJC8-P.ics`.
    pub name: String,
    /// `PUBLISH` or `CANCEL`, as in the file.
    pub method: &'static str,
    /// The file.
    pub text: String,
}

/// A booking as a card: what is said of it is the message's kind, in the message's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What customers call the store.
    pub store: String,
    /// The store's colour, `#rrggbb`.
    pub colour: String,
    /// Where the store's clock is.
    pub zone: Tz,
    /// What was booked.
    pub menu: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it is over.
    pub ends_at: DateTime<Utc>,
    /// With whom, and where; `None`: nobody is named.
    pub resource: Option<String>,
    /// What it costs; `None`: nothing.
    pub price: Option<Amount>,
    /// The booking's number.
    pub number: String,
    /// The booking.
    pub booking: BookingId,
    /// Whether the customer may call it off.
    pub can_be_called_off: bool,
    /// Its pages, while it is still to come and if there are any.
    pub links: Option<BookingLinks>,
}

/// An answer to what somebody has just done in their chat with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A text.
    Text(String),
    /// A question with two answers.
    Question {
        /// What is asked, up to 240 characters.
        text: String,
        /// The answers.
        choices: [Choice; 2],
    },
}

/// An answer that can be tapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it says, up to 20 characters.
    pub label: &'static str,
    /// What it sends back, up to 300 characters.
    pub data: String,
}
