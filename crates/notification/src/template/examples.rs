//! Bookings that nobody made: for previews, and to try a wording when it is saved.

use super::variables::{Occasion, Variables};
use crate::channel::Addresses;
use crate::due::{Now, digest};
use crate::facts::{Addressee, BookingFacts, BookingLinks, BookingStatus, House, Named, Snapshot, Terms, Unsubscribe};
use crate::kind::NotificationKind;
use crate::notification::About;
use crate::preferences::Preferences;
use crate::promotion::{Audience, OfferText, OfferTexts, Promotion, PromotionDetails, PromotionStatus};
use crate::settings::StoreSettings;
use chrono::{DateTime, Days, TimeDelta, Utc};
use minijinja::Value;
use musubi_kernel::locale::Locale;
use musubi_kernel::money::{Amount, Currency};
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone::{Tz, date_of, instant};
use uuid::Uuid;

/// Those that can be empty or false, so that a wording must do without them.
const OPTIONAL: [&str; 16] = [
    "store_address",
    "store_phone",
    "store_email",
    "customer_name",
    "resource_names",
    "price",
    "manage_url",
    "calendar_url",
    "cancel_url",
    "is_changeable",
    "is_pending",
    "by_customer",
    "old_date",
    "old_time",
    "unsubscribe_url",
    "party_size",
];

/// Somebody who is told something, and of what, at a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    facts: BookingFacts,
    promotion: Promotion,
    about: About,
    kind: NotificationKind,
    language: Locale,
    now: DateTime<Utc>,
}

impl Example {
    /// Somebody who is told something of this kind at `now`: of two o'clock on the day after.
    pub fn of(kind: NotificationKind, language: Locale, zone: Tz, now: DateTime<Utc>) -> Self {
        let tomorrow = date_of(zone, now).checked_add_days(Days::new(1)).unwrap_or_default();
        let start = instant(zone, tomorrow, WallTime::from_minutes(14 * 60).unwrap_or(WallTime::MIDNIGHT));
        let facts = booking(kind, language, start, now);
        let promotion = promotion(now);
        let about = match kind {
            NotificationKind::Promotional => About::Offer { promotion: promotion.id },
            _ => About::Booking {
                booking: facts.id,
                start,
                terms: digest(&facts.now.terms),
                old_start: Some(start - TimeDelta::hours(25)),
                answers: true,
            },
        };
        Self { facts, promotion, about, kind, language, now }
    }

    /// Their booking.
    #[cfg(test)]
    pub(crate) const fn facts(&self) -> &BookingFacts {
        &self.facts
    }

    /// That they are told.
    pub fn occasion<'a>(&'a self, house: &'a House) -> Occasion<'a> {
        let known = match self.kind {
            NotificationKind::Promotional => Now::Offer(&self.promotion, &self.facts.addressee),
            _ => Now::Booking(&self.facts),
        };
        Occasion { kind: self.kind, about: &self.about, house, known, language: self.language, now: self.now }
    }
}

fn promotion(now: DateTime<Utc>) -> Promotion {
    let offer = |headline: &str, body: &str| Some(OfferText { headline: headline.to_owned(), body: body.to_owned() });
    let texts = OfferTexts {
        ja: offer("春のカラーキャンペーン", "4月末まで、カラーを2割引でご案内いたします。"),
        en: offer("Colours of spring", "A fifth off all colours until the end of April."),
    };
    let id = Uuid::nil();
    Promotion {
        id: id.into(),
        tenant: id.into(),
        store: id.into(),
        details: PromotionDetails { texts, send_at: None, audience: Audience::default() },
        status: PromotionStatus::Scheduled,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn booking(kind: NotificationKind, language: Locale, start: DateTime<Utc>, now: DateTime<Utc>) -> BookingFacts {
    let (name, menu, with) = match language {
        Locale::Ja => ("山田 花子", "カット＆カラー", "佐藤"),
        Locale::En => ("Hanako Yamada", "Cut and colour", "Sato"),
    };
    let status = match kind {
        NotificationKind::BookingReceived => BookingStatus::Pending,
        NotificationKind::BookingCancelled => BookingStatus::Cancelled,
        _ => BookingStatus::Confirmed,
    };
    let id = Uuid::nil();
    let terms = Terms {
        start,
        end: start + TimeDelta::hours(1),
        menu_id: id.into(),
        menu_name: menu.to_owned(),
        option_ids: Vec::new(),
        party_size: 2,
        resources: vec![Named { id: id.into(), name: with.to_owned() }],
        total_price: Amount(12_100),
    };
    let addressee = Addressee {
        customer: id.into(),
        name: Some(name.to_owned()),
        addresses: Addresses::default(),
        preferences: Preferences::default(),
        in_use: true,
        agrees_to_offers: true,
        unsubscribe: Unsubscribe { page: Some("https://example.jp/u/kcBI3EKD9N".to_owned()), one_click: None },
    };
    BookingFacts {
        id: id.into(),
        number: "260320-XTHYJC8-P".to_owned(),
        now: Snapshot { status, version: 1, terms },
        created_at: now,
        changeable_until: start - TimeDelta::hours(3),
        links: Some(BookingLinks {
            page: "https://example.jp/booking#token=kcBI3EKD9N".to_owned(),
            calendar: "https://example.jp/booking/calendar#token=kcBI3EKD9N".to_owned(),
            cancel: "https://example.jp/booking/cancel#token=kcBI3EKD9N".to_owned(),
        }),
        addressee,
        history: Vec::new(),
    }
}

/// A store that nobody runs.
pub fn house() -> House {
    House {
        store: Uuid::nil().into(),
        name: "サロン花子".to_owned(),
        colour: "#10b981".to_owned(),
        zone: Tz::Asia__Tokyo,
        currency: Currency::Jpy,
        address: Some("東京都渋谷区神南1-2-3 結ビル2階".to_owned()),
        phone: Some("03-1234-5678".to_owned()),
        email: "salon@example.jp".parse().ok(),
        settings: StoreSettings::default(),
    }
}

/// The variables of a kind with example values: all there, one after the other empty, and all empty that can be.
pub fn variants(kind: NotificationKind, language: Locale) -> Vec<Variables> {
    let now = DateTime::from_timestamp(1_773_900_000, 0).unwrap_or_default();
    let (house, example) = (house(), Example::of(kind, language, Tz::Asia__Tokyo, now));
    let full = example.occasion(&house).variables();
    let there: Vec<&str> = OPTIONAL.into_iter().filter(|name| full.contains_key(name)).collect();
    let without = |names: &[&'static str]| {
        let mut variables = full.clone();
        for name in names {
            variables.entry(name).and_modify(|value| *value = empty(value));
        }
        variables
    };
    let one_by_one = there.iter().map(|name| without(&[name]));
    std::iter::once(full.clone()).chain(one_by_one).chain([without(&there)]).collect()
}

/// A value that says nothing, of the same type.
fn empty(value: &Value) -> Value {
    if value.as_str().is_some() {
        return "".into();
    }
    if value.is_number() { 1.into() } else { false.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_there_whatever_is_known() {
        for kind in NotificationKind::ALL {
            let variants = variants(*kind, Locale::Ja);
            let names: Vec<_> = variants[0].keys().collect();
            assert!(variants.len() > 5);
            for variant in &variants {
                assert_eq!(variant.keys().collect::<Vec<_>>(), names);
            }
        }
        assert!(variants(NotificationKind::ChangeRequest, Locale::En)[0].contains_key("old_date"));
        assert!(!variants(NotificationKind::Reminder, Locale::En)[0].contains_key("old_date"));
        let offer = variants(NotificationKind::Promotional, Locale::En);
        assert!(offer[0].contains_key("headline") && !offer[0].contains_key("date"));
    }
}
