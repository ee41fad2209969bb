//! A booking for a calendar (RFC 5545).

use crate::facts::{BookingFacts, BookingStatus};
use crate::message::CalendarFile;
use crate::template::variables::Occasion;
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use musubi_kernel::content_line::{folded, plain};

/// The booking as a calendar takes it: the same event as the store's own feed has, so that it takes the place of what was
/// there before.
pub(super) fn of(occasion: &Occasion<'_>, facts: &BookingFacts) -> CalendarFile {
    let cancelled = facts.now.status == BookingStatus::Cancelled;
    let method = if cancelled { "CANCEL" } else { "PUBLISH" };
    let mut calendar = Calendar::empty();
    for (name, value) in
        [("VERSION", "2.0"), ("PRODID", "-//Musubi//Notifications//EN"), ("CALSCALE", "GREGORIAN"), ("METHOD", method)]
    {
        calendar.append_property(Property::new(name, value));
    }
    calendar.push(event(occasion, facts));
    CalendarFile { name: format!("{}.ics", facts.number), method, text: folded(&calendar.to_string()) }
}

fn event(occasion: &Occasion<'_>, facts: &BookingFacts) -> Event {
    let (house, terms) = (occasion.house, &facts.now.terms);
    let mut event = Event::new();
    event
        .uid(&format!("{}@{}", facts.id, occasion.house.store))
        .timestamp(occasion.now)
        .sequence(u32::try_from(facts.now.version).unwrap_or(u32::MAX))
        .starts(terms.start)
        .ends(terms.end)
        .summary(&plain(&format!("{} - {}", terms.menu_name, house.name)))
        .description(&plain(&facts.number))
        .status(match facts.now.status {
            BookingStatus::Pending => EventStatus::Tentative,
            BookingStatus::Cancelled => EventStatus::Cancelled,
            BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow => EventStatus::Confirmed,
        });
    if let Some(address) = &house.address {
        event.location(&plain(address));
    }
    event.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::due::Now;
    use crate::kind::NotificationKind;
    use crate::template::examples::{Example, house};
    use crate::testing::at;
    use musubi_kernel::locale::Locale;
    use musubi_kernel::zone::Tz;

    #[test]
    fn an_event_is_published_and_called_off_by_the_same_name() {
        let house = house();
        for (kind, method, status) in [
            (NotificationKind::BookingReceived, "PUBLISH", "TENTATIVE"),
            (NotificationKind::BookingConfirmed, "PUBLISH", "CONFIRMED"),
            (NotificationKind::BookingCancelled, "CANCEL", "CANCELLED"),
        ] {
            let example = Example::of(kind, Locale::Ja, Tz::Asia__Tokyo, at("2026-03-19T03:00:00Z"));
            let occasion = example.occasion(&house);
            let Now::Booking(facts) = occasion.known else { panic!("of a booking") };
            let file = of(&occasion, facts);
            assert_eq!((file.name.as_str(), file.method), ("260320-XTHYJC8-P.ics", method));
            let unfolded = file.text.replace("\r\n ", "");
            for line in [
                &format!("METHOD:{method}"),
                &format!("STATUS:{status}"),
                "UID:00000000-0000-0000-0000-000000000000@00000000-0000-0000-0000-000000000000",
                "DTSTART:20260320T050000Z",
                "DTEND:20260320T060000Z",
                "SUMMARY:カット＆カラー - サロン花子",
                "SEQUENCE:1",
            ] {
                assert!(unfolded.lines().any(|other| other == line), "{line} is not in {unfolded}");
            }
        }
    }
}
