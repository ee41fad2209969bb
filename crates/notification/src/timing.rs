//! When somebody is told.
//!
//! **Quiet hours** keep what makes a noise until they end, with two exceptions. What answers the customer's own doing goes at
//! once: they are awake, and look for it. And what becomes of a booking goes at once when less than [`LEAD`] would be left
//! between the end of the quiet hours and the booking. Reminders and offers never break the quiet.
//!
//! **A reminder** comes so many *elapsed* hours before the booking: "24 hours before" is the same moment everywhere, an hour
//! earlier or later on the clock of the day before when clocks are set in between. When that is quiet, it comes as the
//! quiet hours end; and when less than [`NOTICE`] would be left then, [`EVENING`] before they began.

use crate::kind::NotificationKind;
use crate::quiet::QuietHours;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::zone::Tz;

/// What a customer needs to act on what has become of their booking.
pub const LEAD: TimeDelta = TimeDelta::hours(3);
/// The least time between a reminder and its booking.
pub const NOTICE: TimeDelta = TimeDelta::minutes(30);
/// How long before quiet hours a reminder comes that they would keep for too long: enough for a worker that is late.
pub const EVENING: TimeDelta = TimeDelta::hours(1);
/// For how long it is worth telling what has become of a booking.
pub const NEWS: TimeDelta = TimeDelta::hours(48);
/// For how long an offer is worth telling.
pub const OFFER: TimeDelta = TimeDelta::hours(72);

/// A store's clock, and when it is quiet there.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// Where the clock is.
    pub zone: Tz,
    /// When it is quiet.
    pub quiet: Option<QuietHours>,
}

impl Rhythm {
    /// When something makes no more noise than it may, at `at` or later. `start` is its booking's, if it has one; `answers`:
    /// it answers what the customer did themselves.
    pub fn heard(
        &self,
        kind: NotificationKind,
        start: Option<DateTime<Utc>>,
        answers: bool,
        at: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let Some(quiet) = self.quiet.filter(|quiet| quiet.hold(self.zone, at)) else { return at };
        let end = quiet.end(self.zone, at);
        let urgent = kind.tells_a_change() && (answers || start.is_some_and(|start| end + LEAD > start));
        if urgent { at } else { end }
    }

    /// When a reminder comes of a booking that begins at `start`.
    pub fn reminder(&self, start: DateTime<Utc>, hours_before: u32) -> DateTime<Utc> {
        let due = start - TimeDelta::hours(hours_before.into());
        let Some(quiet) = self.quiet.filter(|quiet| quiet.hold(self.zone, due)) else { return due };
        let end = quiet.end(self.zone, due);
        if end + NOTICE <= start { end } else { quiet.begin(self.zone, due) - EVENING }
    }
}

/// From when on something is worth nothing: a reminder once the booking begins, other news of it once it is over, and all
/// of it after a while.
pub fn expiry(
    kind: NotificationKind,
    booking: Option<(DateTime<Utc>, DateTime<Utc>)>,
    at: DateTime<Utc>,
) -> DateTime<Utc> {
    match (kind, booking) {
        (NotificationKind::Reminder, Some((start, _))) => start,
        (NotificationKind::Promotional, _) | (_, None) => at + OFFER,
        (_, Some((_, end))) => end.min(at + NEWS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::zone::Tz::{
        America__New_York, Asia__Tokyo, Australia__Lord_Howe, Europe__London, Pacific__Apia,
    };
    use proptest::prelude::*;

    fn rhythm(zone: Tz, from: &str, to: &str) -> Rhythm {
        Rhythm { zone, quiet: QuietHours::between(from.parse().unwrap(), to.parse().unwrap(), "").ok() }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// As the store's clock shows it.
    fn shown(zone: Tz, at: DateTime<Utc>) -> String {
        at.with_timezone(&zone).format("%Y-%m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn reminders_around_clock_changes_and_month_ends() {
        // Zone, start (UTC), hours before: when it is due without quiet hours, and with those from 21:00 to 08:00.
        for (zone, start, hours, due, kept) in [
            // An ordinary day, and ends of months and years.
            (Asia__Tokyo, "2026-03-20T05:00:00Z", 24, "2026-03-19 14:00 +09:00", "2026-03-19 14:00 +09:00"),
            (Asia__Tokyo, "2026-03-01T01:00:00Z", 24, "2026-02-28 10:00 +09:00", "2026-02-28 10:00 +09:00"),
            (Asia__Tokyo, "2028-03-01T01:00:00Z", 24, "2028-02-29 10:00 +09:00", "2028-02-29 10:00 +09:00"),
            (Asia__Tokyo, "2026-12-31T16:30:00Z", 24, "2026-12-31 01:30 +09:00", "2026-12-31 08:00 +09:00"),
            (Asia__Tokyo, "2026-05-31T03:00:00Z", 720, "2026-05-01 12:00 +09:00", "2026-05-01 12:00 +09:00"),
            // Quiet hours keep it until the morning, or send it the evening before.
            (Asia__Tokyo, "2026-03-20T00:30:00Z", 2, "2026-03-20 07:30 +09:00", "2026-03-20 08:00 +09:00"),
            (Asia__Tokyo, "2026-03-19T23:30:00Z", 2, "2026-03-20 06:30 +09:00", "2026-03-20 08:00 +09:00"),
            (Asia__Tokyo, "2026-03-19T23:29:00Z", 2, "2026-03-20 06:29 +09:00", "2026-03-19 20:00 +09:00"),
            (Asia__Tokyo, "2026-03-19T22:00:00Z", 1, "2026-03-20 06:00 +09:00", "2026-03-19 20:00 +09:00"),
            // New York sets its clocks forward on 2026-03-08 at 02:00 and back on 2026-11-01 at 02:00.
            (America__New_York, "2026-03-08T18:00:00Z", 24, "2026-03-07 13:00 -05:00", "2026-03-07 13:00 -05:00"),
            (America__New_York, "2026-03-09T18:00:00Z", 24, "2026-03-08 14:00 -04:00", "2026-03-08 14:00 -04:00"),
            (America__New_York, "2026-03-08T14:00:00Z", 8, "2026-03-08 01:00 -05:00", "2026-03-08 08:00 -04:00"),
            (America__New_York, "2026-11-01T19:00:00Z", 24, "2026-10-31 15:00 -04:00", "2026-10-31 15:00 -04:00"),
            (America__New_York, "2026-11-01T15:00:00Z", 9, "2026-11-01 01:00 -05:00", "2026-11-01 08:00 -05:00"),
            (America__New_York, "2026-11-01T13:15:00Z", 1, "2026-11-01 07:15 -05:00", "2026-10-31 20:00 -04:00"),
            // London, at the end of a month.
            (Europe__London, "2026-03-29T12:00:00Z", 24, "2026-03-28 12:00 +00:00", "2026-03-28 12:00 +00:00"),
            (Europe__London, "2026-10-25T12:00:00Z", 24, "2026-10-24 13:00 +01:00", "2026-10-24 13:00 +01:00"),
            // Lord Howe sets its clocks by half an hour.
            (Australia__Lord_Howe, "2026-10-04T01:00:00Z", 24, "2026-10-03 11:30 +10:30", "2026-10-03 11:30 +10:30"),
            (Australia__Lord_Howe, "2026-04-05T01:00:00Z", 24, "2026-04-04 12:00 +11:00", "2026-04-04 12:00 +11:00"),
            // Apia had no 30 December 2011.
            (Pacific__Apia, "2011-12-30T20:00:00Z", 24, "2011-12-29 10:00 -10:00", "2011-12-29 10:00 -10:00"),
        ] {
            let (start, quiet) = (at(start), rhythm(zone, "21:00", "08:00"));
            let due_at = Rhythm { zone, quiet: None }.reminder(start, hours);
            assert_eq!(start - due_at, TimeDelta::hours(hours.into()), "elapsed hours");
            assert_eq!(shown(zone, due_at), due, "{zone} {start} {hours}");
            assert_eq!(shown(zone, quiet.reminder(start, hours)), kept, "{zone} {start} {hours}");
        }
    }

    /// Places where clocks are set, and the days around which they are; the ends of months among them.
    const CHANGES: [(Tz, &str); 7] = [
        (Asia__Tokyo, "2028-02-29T15:00:00Z"),
        (America__New_York, "2026-03-08T07:00:00Z"),
        (America__New_York, "2026-11-01T06:00:00Z"),
        (Europe__London, "2026-03-29T01:00:00Z"),
        (Australia__Lord_Howe, "2026-10-03T15:30:00Z"),
        (Australia__Lord_Howe, "2026-04-04T15:00:00Z"),
        (Pacific__Apia, "2011-12-30T10:00:00Z"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn a_reminder_is_what_a_walk_over_the_clock_finds(
            place in 0..CHANGES.len(),
            minutes in -3_000..3_000_i64,
            hours in 1..60_u32,
            from in 0..1440_u16,
            length in 1..=960_u16,
        ) {
            let minute = TimeDelta::minutes(1);
            let (zone, around) = CHANGES[place];
            let start = at(around) + minute * i32::try_from(minutes).unwrap();
            let shown = |minutes: u16| format!("{:02}:{:02}", minutes % 1440 / 60, minutes % 60);
            let (from, to) = (shown(from), shown(from + length));
            let quiet = |at: DateTime<Utc>| {
                let now = at.with_timezone(&zone).format("%H:%M").to_string();
                if from < to { from <= now && now < to } else { from <= now || now < to }
            };
            let mut due = start;
            for _ in 0..60 * hours {
                due -= minute;
            }
            let (mut begin, mut end) = (due, due);
            while quiet(end) {
                end += minute;
            }
            while quiet(begin - minute) {
                begin -= minute;
            }
            let expected = if !quiet(due) { due } else if end + minute * 30 <= start { end } else { begin - minute * 60 };
            prop_assert_eq!(rhythm(zone, &from, &to).reminder(start, hours), expected, "{} in {}", start, zone);
        }
    }

    #[test]
    fn what_breaks_the_quiet() {
        use NotificationKind::{BookingCancelled, BookingConfirmed, ChangeRequest, Promotional, Reminder};
        let quiet = rhythm(Asia__Tokyo, "21:00", "08:00");
        let (night, morning, day) =
            (at("2026-03-19T15:00:00Z"), at("2026-03-19T23:00:00Z"), at("2026-03-20T03:00:00Z"));
        let (soon, later) = (morning + LEAD - TimeDelta::minutes(1), morning + LEAD);
        for (kind, start, answers, heard) in [
            (BookingConfirmed, Some(later), true, night),
            (BookingConfirmed, Some(later), false, morning),
            (BookingCancelled, Some(later), false, morning),
            (BookingCancelled, Some(soon), false, night),
            (ChangeRequest, Some(soon), false, night),
            (Reminder, Some(soon), true, morning),
            (Promotional, None, true, morning),
        ] {
            assert_eq!(quiet.heard(kind, start, answers, night), heard, "{kind:?}");
            assert_eq!(quiet.heard(kind, start, answers, day), day);
            assert_eq!(Rhythm { quiet: None, ..quiet }.heard(kind, start, answers, night), night);
        }
    }

    #[test]
    fn what_is_worth_nothing_any_more() {
        use NotificationKind::{BookingConfirmed, Promotional, Reminder};
        let hours = |hours| at("2026-03-20T00:00:00Z") + TimeDelta::hours(hours);
        for (kind, booking, expires) in [
            (Reminder, Some((hours(24), hours(25))), hours(24)),
            (BookingConfirmed, Some((hours(24), hours(25))), hours(25)),
            (BookingConfirmed, Some((hours(240), hours(250))), hours(48)),
            (Promotional, None, hours(72)),
        ] {
            assert_eq!(expiry(kind, booking, hours(0)), expires, "{kind:?}");
        }
    }
}
