//! Of which events an endpoint hears.

use musubi_kernel::error::Invalid;
use serde::{Deserialize, Serialize};

/// The events that leave the house. What people do with their sign-in is nobody else's business. What is put away rather than removed,
/// such as a customer, is told of as `….updated`.
pub const EVENTS: &[&str] = &[
    "absence.created",
    "absence.removed",
    "absence.updated",
    "booking.cancelled",
    "booking.completed",
    "booking.confirmed",
    "booking.created",
    "booking.no_show",
    "booking.updated",
    "calendar_day.created",
    "calendar_day.removed",
    "calendar_day.updated",
    "customer.consent_withdrawn",
    "customer.created",
    "customer.updated",
    "menu.created",
    "menu.updated",
    "menu_option.created",
    "menu_option.updated",
    "resource.created",
    "resource.updated",
    "store.created",
    "store.updated",
    TEST,
    DISABLED,
];

/// That an endpoint was switched off: for the tenant's others.
pub const DISABLED: &str = "webhook_endpoint.disabled";
/// What is sent to try an endpoint; every filter lets it through.
pub const TEST: &str = "webhook.test";

/// The most patterns of a filter.
const MOST: usize = 50;

/// Of which events an endpoint hears: those that one of its patterns fits. A pattern is the kind of an event such as
/// `booking.created`, all of a thing's as `booking.*`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct EventFilter(pub Vec<String>);

impl EventFilter {
    /// Reports every pattern that fits no event.
    pub fn check(&self, pointer: &str, invalid: &mut Invalid) {
        invalid.require(!self.0.is_empty(), pointer, "required", "must name an event at least, such as booking.*");
        invalid.require(self.0.len() <= MOST, pointer, "too_many", "must have at most 50 patterns");
        for (index, pattern) in self.0.iter().enumerate() {
            if !EVENTS.iter().any(|event| fits(pattern, event)) {
                let detail = format!("fits no event; there are {}", EVENTS.join(", "));
                invalid.add(format!("{pointer}/{index}"), "unknown_event", detail);
            }
        }
    }

    /// Whether an endpoint hears of events of this kind.
    pub fn lets_through(&self, kind: &str) -> bool {
        kind == TEST || (EVENTS.contains(&kind) && self.0.iter().any(|pattern| fits(pattern, kind)))
    }
}

fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(thing) => thing.ends_with('.') && kind.strip_prefix(thing).is_some_and(|rest| !rest.contains('.')),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::BookingEventKind;

    #[test]
    fn patterns_fit_an_event_the_events_of_a_thing_or_all() {
        for (patterns, kind, expected) in [
            (vec!["booking.created"], "booking.created", true),
            (vec!["booking.created"], "booking.updated", false),
            (vec!["booking.*"], "booking.no_show", true),
            (vec!["menu.*"], "menu_option.created", false),
            (vec!["*"], "customer.updated", true),
            (vec!["*"], "session.created", false),
            (vec!["*"], "api_key.created", false),
            (vec!["menu.created", "booking.*"], "booking.created", true),
            (vec!["menu.created"], TEST, true),
        ] {
            let filter = EventFilter(patterns.iter().map(|&pattern| pattern.to_owned()).collect());
            assert_eq!(filter.lets_through(kind), expected, "{patterns:?} {kind}");
        }
        assert!(EVENTS.is_sorted());
        let mut of_bookings: Vec<_> = BookingEventKind::ALL.iter().map(|kind| kind.code()).collect();
        of_bookings.sort_unstable();
        let listed: Vec<_> = EVENTS.iter().copied().filter(|kind| kind.starts_with("booking.")).collect();
        assert_eq!(listed, of_bookings);
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_named() {
        let broken = |patterns: &[&str]| {
            let mut invalid = Invalid::default();
            let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            EventFilter(patterns).check("/events", &mut invalid);
            invalid.into_violations().into_iter().map(|found| (found.pointer, found.code)).collect::<Vec<_>>()
        };
        assert_eq!(broken(&["*", "booking.*", "menu.created"]), []);
        let at = |index: usize| (format!("/events/{index}"), "unknown_event");
        assert_eq!(
            broken(&["booking", "booking.*", "user.created", "*.created", "book*", ""]),
            [at(0), at(2), at(3), at(4), at(5)]
        );
        assert_eq!(broken(&[]), [("/events".to_owned(), "required")]);
        assert_eq!(broken(&["*"; 51]), [("/events".to_owned(), "too_many")]);
    }
}
