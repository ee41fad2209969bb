//! Whether something that was planned is still to be told: asked when it is planned, when the booking changes, and
//! again just before it is sent.

use crate::facts::{Addressee, BookingFacts, BookingStatus, House, Terms};
use crate::kind::NotificationKind;
use crate::notification::status::Needless;
use crate::notification::{About, Notification};
use crate::promotion::Promotion;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use musubi_kernel::locale::Locale;
use sha2::{Digest as _, Sha256};

/// What is known now.
#[derive(Debug, Clone, Copy)]
pub enum Now<'a> {
    /// How the booking stands that it is about.
    Booking(&'a BookingFacts),
    /// How the promotion stands that it is about, and the customer whom it is for.
    Offer(&'a Promotion, &'a Addressee),
}

impl<'a> Now<'a> {
    /// Who is told.
    pub const fn addressee(self) -> &'a Addressee {
        match self {
            Self::Booking(facts) => &facts.addressee,
            Self::Offer(_, addressee) => addressee,
        }
    }

    /// In which language they are told of it.
    pub fn language(self, house: &House) -> Locale {
        let wanted = self.addressee().language(house);
        match self {
            Self::Booking(_) => wanted,
            Self::Offer(promotion, _) => promotion.details.texts.language(wanted),
        }
    }
}

/// Whether a notification is still to be sent at `now`; if not, why.
pub fn still_due(
    notification: &Notification,
    house: &House,
    known: Now<'_>,
    now: DateTime<Utc>,
) -> Result<(), Needless> {
    if now >= notification.expires_at {
        return Err(Needless::TooLate);
    }
    is_due(notification.kind, &notification.about, house, known)
}

/// Whether something is to be told, whatever the time.
pub fn is_due(kind: NotificationKind, about: &About, house: &House, known: Now<'_>) -> Result<(), Needless> {
    if !known.addressee().in_use {
        return Err(Needless::Erased);
    }
    match (about, known) {
        (About::Booking { start, terms, .. }, Now::Booking(facts)) => is_so(kind, *start, terms, facts)?,
        (About::Offer { .. }, Now::Offer(promotion, _)) if promotion.is_cancelled() => {
            return Err(Needless::OfferCancelled);
        }
        (About::Offer { .. }, Now::Offer(..)) => (),
        _ => return Err(Needless::Erased),
    }
    if !house.settings.tells(kind) {
        return Err(Needless::SwitchedOff);
    }
    if wants(kind, known.addressee()) { Ok(()) } else { Err(Needless::Declined) }
}

/// Whether a customer wants to hear of such things.
pub fn wants(kind: NotificationKind, addressee: &Addressee) -> bool {
    match kind {
        NotificationKind::Reminder => !addressee.preferences.declines_reminders,
        NotificationKind::Promotional => addressee.agrees_to_offers,
        _ => true,
    }
}

/// Whether a booking stands so that this is worth saying of it.
fn is_so(kind: NotificationKind, start: DateTime<Utc>, terms: &str, facts: &BookingFacts) -> Result<(), Needless> {
    let status = facts.now.status;
    let over = match status {
        BookingStatus::Cancelled => Some(Needless::BookingCancelled),
        BookingStatus::Completed | BookingStatus::NoShow => Some(Needless::BookingOver),
        BookingStatus::Pending | BookingStatus::Confirmed => None,
    };
    let holds = match kind {
        NotificationKind::BookingReceived => status == BookingStatus::Pending,
        NotificationKind::BookingConfirmed => status == BookingStatus::Confirmed,
        NotificationKind::BookingCancelled => status == BookingStatus::Cancelled,
        NotificationKind::ChangeRequest => status.is_open() && digest(&facts.now.terms) == terms,
        NotificationKind::Reminder => status == BookingStatus::Confirmed && facts.now.terms.start == start,
        NotificationKind::Promotional => false,
    };
    if holds { Ok(()) } else { Err(over.unwrap_or(Needless::BookingChanged)) }
}

/// What tells equal terms from others.
pub fn digest(terms: &Terms) -> String {
    let bytes = serde_json::to_vec(terms).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(bytes)[..16])
}
