//! What a customer has decided about what they are told.

use crate::channel::Channel;
use crate::kind::NotificationKind;
use crate::members::Members;
use crate::settings::read::language;
use musubi_kernel::check::JsonObject;
use musubi_kernel::error::Invalid;
use musubi_kernel::locale::Locale;
use std::collections::BTreeSet;

/// What a customer has decided: the object `notification_settings` of their record. What is absent is undecided.
///
/// | member | meaning | where absent |
/// |---|---|---|
/// | `language` | in which language they are addressed: `ja`, `en` | the store's |
/// | `channels` | by channel (`line`, `email`, `sms`): whether they are told by it | yes |
/// | `kinds` | `reminder`: whether they are reminded; `promotional`: whether they agree to hear of offers | yes; no |
///
/// What becomes of a booking that somebody has made they must come to know, so those kinds cannot be declined. A channel
/// can be, each of them if it must be: nobody is told by a way that they do not want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// In which language they are addressed.
    pub language: Option<Locale>,
    /// By which channels they are not told.
    pub declined_channels: BTreeSet<Channel>,
    /// Whether they do not want to be reminded.
    pub declines_reminders: bool,
    /// Whether they agree to hear of offers.
    pub agrees_to_offers: Option<bool>,
}

impl Preferences {
    /// What a customer has decided, as far as it obeys the rules: what does not counts as absent, as it may have been kept
    /// before there were rules.
    pub fn of(object: Option<&JsonObject>) -> Self {
        read(object, "", &mut Invalid::default())
    }

    /// Every rule that an object breaks which stands at `pointer`.
    pub fn check(object: &JsonObject, pointer: &str) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        read(Some(object), pointer, &mut invalid);
        invalid.finish()
    }

    /// The same object of a customer who does not agree to hear of offers any more; whatever else it holds stays as it is.
    pub fn without_offers(object: Option<&JsonObject>) -> JsonObject {
        let mut object = object.cloned().unwrap_or_default();
        let kinds = object.remove("kinds").and_then(|kinds| kinds.as_object().cloned());
        let mut kinds = kinds.unwrap_or_default();
        kinds.insert(NotificationKind::Promotional.code().to_owned(), false.into());
        object.insert("kinds".to_owned(), kinds.into());
        object
    }

    /// Whether they may be told by this channel.
    pub fn take(&self, channel: Channel) -> bool {
        !self.declined_channels.contains(&channel)
    }
}

fn read(object: Option<&JsonObject>, pointer: &str, invalid: &mut Invalid) -> Preferences {
    let mut members = Members::of(object, pointer, &["language", "channels", "kinds"], invalid);
    let language = language(&mut members);
    let codes = Channel::OUTWARD.map(Channel::code);
    let mut channels = members.within("channels", &codes);
    let declined = Channel::OUTWARD.into_iter().filter(|channel| channels.flag(channel.code()) == Some(false));
    let declined_channels = declined.collect();
    let codes: Vec<&str> = NotificationKind::ALL.iter().map(|kind| kind.code()).collect();
    let mut kinds = members.within("kinds", &codes);
    for kind in NotificationKind::ALL.iter().filter(|kind| kind.tells_a_change()) {
        if kinds.flag(kind.code()) == Some(false) {
            let detail = "what becomes of a booking can be declined by channel alone";
            kinds.wrong(kind.code(), "not_declinable", detail);
        }
    }
    Preferences {
        language,
        declined_channels,
        declines_reminders: kinds.flag(NotificationKind::Reminder.code()) == Some(false),
        agrees_to_offers: kinds.flag(NotificationKind::Promotional.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(preferences: &Value) -> Preferences {
        Preferences::of(preferences.as_object())
    }

    #[test]
    fn who_takes_their_consent_back_keeps_the_rest() {
        for (before, after) in [
            (json!(null), json!({ "kinds": { "promotional": false } })),
            (json!({ "kinds": 7 }), json!({ "kinds": { "promotional": false } })),
            (
                json!({ "language": "en", "kinds": { "reminder": false, "promotional": true } }),
                json!({ "language": "en", "kinds": { "reminder": false, "promotional": false } }),
            ),
        ] {
            let left = Value::Object(Preferences::without_offers(before.as_object()));
            assert_eq!(left, after);
            assert_eq!(of(&left).agrees_to_offers, Some(false));
        }
    }

    #[test]
    fn what_is_said_holds_and_the_rest_is_undecided() {
        let all = of(&json!({
            "language": "en",
            "channels": { "line": true, "email": false, "sms": null },
            "kinds": { "reminder": false, "promotional": true, "booking_confirmed": true },
        }));
        let expected = Preferences {
            language: Some(Locale::En),
            declined_channels: [Channel::Email].into(),
            declines_reminders: true,
            agrees_to_offers: Some(true),
        };
        assert_eq!(all, expected);
        assert!(all.take(Channel::Line) && !all.take(Channel::Email) && all.take(Channel::InApp));
        assert_eq!(of(&json!({})), Preferences::default());
        assert_eq!(Preferences::of(None), Preferences::default());
    }

    #[test]
    fn every_broken_rule_is_named_and_what_is_broken_counts_as_absent() {
        for (preferences, expected) in [
            (json!({ "mail_to": "hanako@example.jp" }), vec![("/p/mail_to", "unknown_member")]),
            (json!({ "language": "fr" }), vec![("/p/language", "unknown_language")]),
            (json!({ "channels": ["line"] }), vec![("/p/channels", "not_an_object")]),
            (json!({ "channels": { "in_app": false } }), vec![("/p/channels/in_app", "unknown_member")]),
            (json!({ "channels": { "line": "no" } }), vec![("/p/channels/line", "not_a_boolean")]),
            (json!({ "kinds": { "reminder": 0 } }), vec![("/p/kinds/reminder", "not_a_boolean")]),
            (
                json!({ "kinds": { "booking_cancelled": false, "change_request": false } }),
                vec![("/p/kinds/booking_cancelled", "not_declinable"), ("/p/kinds/change_request", "not_declinable")],
            ),
        ] {
            let broken = Preferences::check(preferences.as_object().unwrap(), "/p");
            let broken = broken.err().map(Invalid::into_violations).unwrap_or_default();
            let broken: Vec<_> = broken.iter().map(|found| (found.pointer.as_str(), found.code)).collect();
            assert_eq!(broken, expected, "{preferences}");
            assert_eq!(of(&preferences), Preferences::default(), "{preferences}");
        }
    }
}
