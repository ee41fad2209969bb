//! The reminder of a booking.

use super::{Planner, Silence};
use crate::due::digest;
use crate::facts::BookingStatus;
use crate::kind::NotificationKind;
use crate::notification::status::NotificationStatusCode;
use crate::notification::{About, Notification};
use crate::timing::{Rhythm, expiry};
use chrono::TimeDelta;

impl Planner<'_> {
    /// Plans the reminder of a booking that is agreed, unless one waits for its present start, or has gone out.
    pub(super) fn remind(&mut self) {
        let facts = self.facts;
        if facts.now.status != BookingStatus::Confirmed {
            return;
        }
        let (kind, terms, agreed_at) = (NotificationKind::Reminder, &facts.now.terms, facts.agreed_at());
        let hours = self.house.settings.reminder_hours_before;
        let due = terms.start - TimeDelta::hours(hours.into());
        let about = About::Booking {
            booking: facts.id,
            start: terms.start,
            terms: digest(terms),
            old_start: None,
            answers: false,
        };
        let when = |rhythm: Rhythm| {
            let at = rhythm.reminder(terms.start, hours);
            if agreed_at < due.min(at) { Ok(at) } else { Err(Silence::NoTimeToRemind) }
        };
        let expires_at = expiry(kind, Some((terms.start, terms.end)), self.now);
        let reminds = |one: &Notification| {
            let same_start = matches!(one.about, About::Booking { start, .. } if start == terms.start);
            one.kind == kind && same_start && one.status.name() != NotificationStatusCode::Cancelled
        };
        self.tell(kind, &about, expires_at, when, reminds);
    }
}
