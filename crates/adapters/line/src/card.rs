//! A booking as a flex message: what, when, with whom, for how much, and what can be done about it.

mod bubble;
mod colour;
mod words;

use crate::message::{Message, Unfit, clipped, limits, open, postback};
use chrono::{DateTime, Utc};
use musubi_kernel::money::Amount;
use musubi_kernel::zone::Tz;
use musubi_outgoing::Url;
use serde_json::Value;

/// In which language a card is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Japanese.
    #[default]
    Japanese,
    /// English.
    English,
}

/// What a card is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// A booking was made, and waits for the store's word.
    Received,
    /// It is certain.
    Confirmed,
    /// It is called off.
    Cancelled,
    /// Its time is near.
    Reminder,
    /// Something about it is to be changed.
    ChangeRequest,
}

/// A booking, as it is told to its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingCard {
    /// In which language.
    pub language: Language,
    /// What for.
    pub occasion: Occasion,
    /// What stands above all; `None`: what the occasion says.
    pub heading: Option<String>,
    /// What the store has to say about it.
    pub note: Option<String>,
    /// The store's name.
    pub store: String,
    /// What was booked.
    pub menu: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// In which zone the store's clock is.
    pub zone: Tz,
    /// Who serves, or where.
    pub resource: Option<String>,
    /// What it costs, in yen.
    pub price: Option<Amount>,
    /// The booking's number.
    pub number: String,
    /// The store's colour, `#rrggbb`; anything else: the usual green.
    pub colour: String,
    /// Where the customer sees and changes the booking.
    pub details: Option<Url>,
    /// Where a calendar gets it.
    pub calendar: Option<Url>,
    /// What comes back when the customer wants to cancel. Ask again before it is done:
    /// [`Message::confirmation`].
    pub cancel: Option<String>,
}

impl BookingCard {
    /// The card as a message. Long names are cut; an address or data that is too long for a button is an error.
    pub fn message(&self) -> Result<Message, Unfit> {
        let words = words::of(self.language);
        let mut buttons = Vec::new();
        if let Some(details) = &self.details {
            buttons.push(open(words.details, details.as_str())?);
        }
        if let Some(calendar) = &self.calendar {
            buttons.push(open(words.calendar, calendar.as_str())?);
        }
        if let Some(cancel) = &self.cancel {
            buttons.push(postback(words.cancel, cancel)?);
        }
        Message::bubble(&self.alt_text(), &self.bubble(&buttons))
    }

    fn bubble(&self, buttons: &[Value]) -> Value {
        let words = words::of(self.language);
        let price = self.price.map(|price| words::yen(self.language, price));
        let rows = [
            (words.menu, Some(self.menu.clone())),
            (words.time, Some(self.time())),
            (words.resource, self.resource.clone()),
            (words.price, price),
            (words.number, Some(self.number.clone())),
        ];
        let rows: Vec<_> = rows.into_iter().filter_map(|(label, value)| Some((label, value?))).collect();
        let called_off = self.occasion == Occasion::Cancelled;
        bubble::bubble(&bubble::Parts {
            colour: if called_off { colour::GREY } else { colour::known(&self.colour).unwrap_or(colour::GREEN) },
            store: &self.store,
            heading: &self.heading(),
            note: self.note.as_deref(),
            rows: &rows,
            buttons,
        })
    }

    fn alt_text(&self) -> String {
        let parts = [self.heading(), self.store.clone(), self.time(), self.menu.clone()];
        clipped(&parts.join(" | "), limits::ALT_TEXT)
    }

    fn heading(&self) -> String {
        self.heading.clone().unwrap_or_else(|| words::heading(self.language, self.occasion).to_owned())
    }

    fn time(&self) -> String {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).naive_local();
        words::time(self.language, local(self.starts_at), local(self.ends_at))
    }
}

#[cfg(test)]
mod tests;
