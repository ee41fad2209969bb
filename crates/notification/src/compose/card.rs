//! A booking as a card.

use crate::due::Now;
use crate::message::Card;
use crate::template::variables::Occasion;

/// The card of a booking; offers have none.
pub(super) fn of(occasion: &Occasion<'_>) -> Option<Card> {
    let Now::Booking(facts) = occasion.known else { return None };
    let (house, terms) = (occasion.house, &facts.now.terms);
    let names = occasion.words().list(terms.resources.iter().map(|held| held.name.as_str()));
    Some(Card {
        store: house.name.clone(),
        colour: house.colour.clone(),
        zone: house.zone,
        menu: terms.menu_name.clone(),
        starts_at: terms.start,
        ends_at: terms.end,
        resource: Some(names).filter(|names| !names.is_empty()),
        price: Some(terms.total_price).filter(|price| price.0 != 0),
        number: facts.number.clone(),
        booking: facts.id,
        can_be_called_off: facts.now.status.is_open() && occasion.now <= facts.changeable_until,
        links: facts.links.clone().filter(|_| facts.now.status.is_open()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::NotificationKind;
    use crate::template::examples::{Example, house};
    use crate::testing::at;
    use musubi_kernel::locale::Locale;
    use musubi_kernel::money::Amount;
    use musubi_kernel::zone::Tz;

    #[test]
    fn a_card_has_a_way_to_change_what_is_still_to_come() {
        let house = house();
        let of_kind = |kind| {
            let example = Example::of(kind, Locale::Ja, Tz::Asia__Tokyo, at("2026-03-19T03:00:00Z"));
            of(&example.occasion(&house))
        };
        let card = of_kind(NotificationKind::BookingConfirmed).unwrap();
        assert_eq!((card.starts_at, card.price), (at("2026-03-20T05:00:00Z"), Some(Amount(12_100))));
        assert_eq!((card.resource.as_deref(), card.links.is_some()), (Some("佐藤"), true));
        assert!(card.can_be_called_off);
        let cancelled = of_kind(NotificationKind::BookingCancelled).unwrap();
        assert_eq!((cancelled.links, cancelled.can_be_called_off), (None, false));
        assert_eq!(of_kind(NotificationKind::Promotional), None);
    }
}
