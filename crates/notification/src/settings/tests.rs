//! What a store can say, and what it cannot.

use super::*;
use serde_json::{Value, json};

fn broken(settings: &Value) -> Vec<(String, &'static str)> {
    let broken = StoreSettings::check(settings.as_object().unwrap(), "/notification_settings");
    let broken = broken.err().map(Invalid::into_violations).unwrap_or_default();
    let below = |pointer: &str| pointer.strip_prefix("/notification_settings").unwrap().to_owned();
    broken.into_iter().map(|found| (below(&found.pointer), found.code)).collect()
}

fn of(settings: &Value) -> StoreSettings {
    StoreSettings::of(settings.as_object(), Columns::default())
}

#[test]
fn a_store_that_says_nothing_has_the_defaults() {
    let settings = StoreSettings::default();
    assert_eq!(settings, of(&json!({})));
    assert_eq!(settings, of(&json!({ "language": null, "kinds": {}, "quiet_hours": null })));
    assert_eq!((settings.language, settings.rate_per_minute), (Locale::Ja, 120));
    assert_eq!(settings.quiet_hours, Some(QuietHours::customary()));
    for kind in NotificationKind::ALL {
        assert!(settings.tells(*kind));
    }
    assert_eq!(settings.channels(NotificationKind::Reminder), Channel::OUTWARD);
    assert_eq!(settings.channels(NotificationKind::Promotional), [Channel::Line, Channel::Email]);
}

#[test]
fn what_a_store_says_holds() {
    let settings = of(&json!({
        "language": "en",
        "sender_name": "Salon Hanako",
        "channels": ["email", "line"],
        "kinds": {
            "reminder": { "channels": ["sms"] },
            "promotional": { "enabled": false },
        },
        "quiet_hours": { "from": "22:30", "to": "07:15" },
        "rate_per_minute": 7,
    }));
    assert_eq!(settings.language, Locale::En);
    assert_eq!(settings.sender_name.as_deref(), Some("Salon Hanako"));
    assert_eq!(settings.channels(NotificationKind::BookingConfirmed), [Channel::Email, Channel::Line]);
    assert_eq!(settings.channels(NotificationKind::Promotional), [Channel::Email, Channel::Line]);
    assert_eq!(settings.channels(NotificationKind::Reminder), [Channel::Sms]);
    assert!(!settings.tells(NotificationKind::Promotional) && settings.tells(NotificationKind::Reminder));
    let quiet = settings.quiet_hours.map(|quiet| (quiet.from().to_string(), quiet.to().to_string()));
    assert_eq!(quiet, Some(("22:30".into(), "07:15".into())));
    assert_eq!(settings.rate_per_minute, 7);
    assert_eq!(of(&json!({ "quiet_hours": false })).quiet_hours, None);
}

#[test]
fn columns_switch_kinds_off() {
    let told = |columns: Columns| {
        let settings = StoreSettings::of(None, columns);
        let told = NotificationKind::ALL.iter().filter(|kind| settings.tells(**kind));
        told.map(|kind| kind.code()).collect::<Vec<_>>()
    };
    let all = Columns::default();
    assert_eq!(told(Columns { send_booking_notifications: false, ..all }), ["reminder", "promotional"]);
    let but_reminders = ["booking_received", "booking_confirmed", "booking_cancelled", "change_request", "promotional"];
    assert_eq!(told(Columns { send_reminder_notifications: false, ..all }), but_reminders);
    assert_eq!(told(Columns { reminder_hours_before: 0, ..all }), but_reminders);
}

#[test]
fn every_broken_rule_is_named_and_what_is_broken_counts_as_absent() {
    for (settings, expected) in [
        (json!({ "colour": "red" }), vec![("/colour", "unknown_member")]),
        (json!({ "a/b~c": 1 }), vec![("/a~1b~0c", "unknown_member")]),
        (json!({ "language": "fr" }), vec![("/language", "unknown_language")]),
        (json!({ "language": 1 }), vec![("/language", "unknown_language")]),
        (json!({ "sender_name": " " }), vec![("/sender_name", "blank")]),
        (json!({ "sender_name": "a\nBcc: x" }), vec![("/sender_name", "control_character")]),
        (json!({ "sender_name": "a".repeat(71) }), vec![("/sender_name", "too_long")]),
        (json!({ "sender_name": 1 }), vec![("/sender_name", "not_a_text")]),
        (json!({ "channels": [] }), vec![("/channels", "bad_channels")]),
        (json!({ "channels": ["line", "line"] }), vec![("/channels", "bad_channels")]),
        (json!({ "channels": ["in_app"] }), vec![("/channels", "bad_channels")]),
        (json!({ "channels": ["fax"] }), vec![("/channels", "bad_channels")]),
        (json!({ "channels": "line" }), vec![("/channels", "bad_channels")]),
        (json!({ "kinds": [] }), vec![("/kinds", "not_an_object")]),
        (json!({ "kinds": { "birthday": {} } }), vec![("/kinds/birthday", "unknown_member")]),
        (json!({ "kinds": { "reminder": false } }), vec![("/kinds/reminder", "not_an_object")]),
        (
            json!({ "kinds": { "reminder": { "enabled": 1, "channels": [7], "x": 0 } } }),
            vec![
                ("/kinds/reminder/x", "unknown_member"),
                ("/kinds/reminder/enabled", "not_a_boolean"),
                ("/kinds/reminder/channels", "bad_channels"),
            ],
        ),
        (json!({ "quiet_hours": true }), vec![("/quiet_hours", "bad_quiet_hours")]),
        (
            json!({ "quiet_hours": { "from": "9pm" } }),
            vec![("/quiet_hours/from", "bad_format"), ("/quiet_hours/to", "required")],
        ),
        (json!({ "quiet_hours": { "from": "08:00", "to": "08:00" } }), vec![("/quiet_hours", "empty")]),
        (json!({ "quiet_hours": { "from": "08:00", "to": "07:00" } }), vec![("/quiet_hours", "too_long")]),
        (json!({ "rate_per_minute": 0 }), vec![("/rate_per_minute", "out_of_range")]),
        (json!({ "rate_per_minute": 1.5 }), vec![("/rate_per_minute", "out_of_range")]),
        (
            json!({ "rate_per_minute": 60_001, "language": "tlh" }),
            vec![("/language", "unknown_language"), ("/rate_per_minute", "out_of_range")],
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(pointer, code)| (pointer.to_owned(), code)).collect();
        assert_eq!(broken(&settings), expected, "{settings}");
        assert_eq!(of(&settings), StoreSettings::default(), "{settings}");
    }
}
