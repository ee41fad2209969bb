//! What a wording can name.
//!
//! Every variable of a kind is always there. One that has nothing to say is an empty text, which counts as false:
//! `{% if store_phone %}`.
//!
//! | variable | of which kinds | what it is, with an example |
//! |---|---|---|
//! | `language` | all | `ja`, `en` |
//! | `store_name` | all | サロン花子 |
//! | `store_address`, `store_phone`, `store_email` | all | as the store writes them; can be empty |
//! | `customer_name` | all | 山田 花子; can be empty |
//! | `booking_number` | of a booking | 260320-XTHYJC8-P |
//! | `date`, `short_date` | of a booking | 2026年3月20日(金), 3/20(金); Friday, 20 March 2026, Fri 20 Mar |
//! | `day` | of a booking | 本日, 明日, 3月20日(金); today, tomorrow, on Friday, 20 March |
//! | `time`, `end_time` | of a booking | 14:00, 15:00 |
//! | `time_zone` | of a booking | `Asia/Tokyo` |
//! | `menu_name`, `resource_names` | of a booking | カット＆カラー; 佐藤、個室A, can be empty |
//! | `party_size` | of a booking | a number |
//! | `price` | of a booking | 12,100円, ¥12,100; empty when nothing is to be paid |
//! | `manage_url` | of a booking | where the customer sees and changes it; can be empty |
//! | `calendar_url` | of a booking | where a calendar gets it; can be empty |
//! | `cancel_url` | of a booking | where the customer cancels it; can be empty |
//! | `changeable_until` | of a booking | 2026年3月19日(木) 14:00 |
//! | `is_changeable` | of a booking | whether that is still to come |
//! | `is_pending` | of a booking | whether it waits for the store's word |
//! | `by_customer` | of a booking | whether the customer did it themselves |
//! | `old_date`, `old_time` | `change_request` | when it was before; empty when it was not moved |
//! | `headline`, `body` | `promotional` | what the store offers |
//! | `unsubscribe_url` | `promotional` | where the customer takes their consent back; can be empty |

use crate::due::Now;
use crate::facts::{Addressee, BookingFacts, BookingLinks, BookingStatus, House};
use crate::kind::NotificationKind;
use crate::notification::About;
use crate::words::Words;
use chrono::{DateTime, Utc};
use minijinja::Value;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::locale::Locale;
use std::collections::BTreeMap;

/// What a wording can name, each with its value.
pub type Variables = BTreeMap<&'static str, Value>;

/// That somebody is told something.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// What.
    pub kind: NotificationKind,
    /// Of what.
    pub about: &'a About,
    /// By which store.
    pub house: &'a House,
    /// Who is told, and how their booking stands.
    pub known: Now<'a>,
    /// In which language.
    pub language: Locale,
    /// When.
    pub now: DateTime<Utc>,
}

impl Occasion<'_> {
    /// What its wording can name.
    pub fn variables(&self) -> Variables {
        let mut variables = of_everything(self);
        match (self.known, self.about) {
            (Now::Booking(facts), about) => of_booking(self, facts, about, &mut variables),
            (Now::Offer(promotion, addressee), _) => {
                let offer = promotion.details.texts.text(self.language);
                variables.insert("headline", text(offer.map(|offer| offer.headline.as_str())));
                variables.insert("body", text(offer.map(|offer| offer.body.as_str())));
                variables.insert("unsubscribe_url", text(addressee.unsubscribe.page.as_deref()));
            }
        }
        variables
    }

    pub(crate) const fn words(&self) -> Words {
        Words { language: self.language, zone: self.house.zone }
    }
}

fn text(text: Option<&str>) -> Value {
    text.unwrap_or_default().into()
}

fn link(facts: &BookingFacts, which: fn(&BookingLinks) -> &String) -> Value {
    text(facts.links.as_ref().map(|links| which(links).as_str()))
}

fn of_everything(occasion: &Occasion<'_>) -> Variables {
    let Occasion { house, known, language, .. } = occasion;
    let Addressee { name, .. } = known.addressee();
    BTreeMap::from([
        ("language", language.code().into()),
        ("store_name", house.name.as_str().into()),
        ("store_address", text(house.address.as_deref())),
        ("store_phone", text(house.phone.as_deref())),
        ("store_email", text(house.email.as_ref().map(EmailAddress::as_str))),
        ("customer_name", text(name.as_deref())),
    ])
}

fn of_booking(occasion: &Occasion<'_>, facts: &BookingFacts, about: &About, variables: &mut Variables) {
    let (words, terms) = (occasion.words(), &facts.now.terms);
    let (old_start, answers) = match about {
        About::Booking { old_start, answers, .. } => (*old_start, *answers),
        About::Offer { .. } => (None, false),
    };
    let names = terms.resources.iter().map(|held| held.name.as_str());
    variables.extend([
        ("booking_number", facts.number.as_str().into()),
        ("date", words.date(terms.start).into()),
        ("short_date", words.short_date(terms.start).into()),
        ("day", words.day(terms.start, occasion.now).into()),
        ("time", words.time(terms.start).into()),
        ("end_time", words.end_time(terms.start, terms.end).into()),
        ("time_zone", occasion.house.zone.name().into()),
        ("menu_name", terms.menu_name.as_str().into()),
        ("resource_names", words.list(names).into()),
        ("party_size", terms.party_size.into()),
        ("price", words.price(occasion.house.currency, terms.total_price).into()),
        ("manage_url", link(facts, |links| &links.page)),
        ("calendar_url", link(facts, |links| &links.calendar)),
        ("cancel_url", link(facts, |links| &links.cancel)),
        ("changeable_until", words.moment(facts.changeable_until).into()),
        ("is_changeable", (occasion.now <= facts.changeable_until).into()),
        ("is_pending", (facts.now.status == BookingStatus::Pending).into()),
        ("by_customer", answers.into()),
    ]);
    if occasion.kind == NotificationKind::ChangeRequest {
        let of_old =
            |word: fn(Words, DateTime<Utc>) -> String| old_start.map_or_else(String::new, |old| word(words, old));
        variables.insert("old_date", of_old(Words::date).into());
        variables.insert("old_time", of_old(Words::time).into());
    }
}
