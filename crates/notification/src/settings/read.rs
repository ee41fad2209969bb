//! Reading the object `notification_settings` of a store.

use super::{Columns, KindSettings, RATE, RATES, SENDER_NAME, StoreSettings};
use crate::channel::Channel;
use crate::kind::NotificationKind;
use crate::members::Members;
use crate::quiet::QuietHours;
use musubi_kernel::check::JsonObject;
use musubi_kernel::error::Invalid;
use musubi_kernel::locale::Locale;
use musubi_kernel::wall_time::WallTime;
use serde_json::Value;

/// What an object says. What breaks a rule is noted and counts as absent.
pub(super) fn read(
    object: Option<&JsonObject>,
    columns: Columns,
    pointer: &str,
    invalid: &mut Invalid,
) -> StoreSettings {
    let known = ["language", "sender_name", "channels", "kinds", "quiet_hours", "rate_per_minute"];
    let mut members = Members::of(object, pointer, &known, invalid);
    let channels = channels(&mut members);
    let kinds = kinds(&mut members, channels.as_deref(), columns);
    StoreSettings {
        language: language(&mut members).unwrap_or_default(),
        sender_name: sender_name(&mut members),
        quiet_hours: quiet_hours(&mut members),
        rate_per_minute: rate(&mut members).unwrap_or(RATE),
        reminder_hours_before: columns.reminder_hours_before,
        kinds,
    }
}

pub(crate) fn language(members: &mut Members<'_>) -> Option<Locale> {
    let known = |value: &Value| Locale::from_code(value.as_str()?);
    members.read("language", "unknown_language", "must be one of ja, en", known)
}

fn sender_name(members: &mut Members<'_>) -> Option<String> {
    let name = members.read("sender_name", "not_a_text", "must be a text", Value::as_str)?;
    let mut invalid = Invalid::default();
    invalid.line(&members.at("sender_name"), name, 1..=SENDER_NAME);
    let fine = invalid.violations().is_empty();
    members.invalid().join(invalid);
    fine.then(|| name.to_owned())
}

fn rate(members: &mut Members<'_>) -> Option<u32> {
    let within =
        |value: &Value| value.as_u64().filter(|rate| RATES.contains(rate)).and_then(|rate| rate.try_into().ok());
    members.read("rate_per_minute", "out_of_range", "must be a whole number between 1 and 60000", within)
}

fn channels(members: &mut Members<'_>) -> Option<Vec<Channel>> {
    let detail = "must name line, email and sms, each once at most, and one at least";
    members.read("channels", "bad_channels", detail, |value| {
        let named = value.as_array()?.iter();
        let named: Vec<Channel> = named.map(|code| Channel::from_code(code.as_str()?)).collect::<Option<_>>()?;
        let once = |(index, channel): (usize, &Channel)| channel.is_outward() && !named[..index].contains(channel);
        (!named.is_empty() && named.iter().enumerate().all(once)).then_some(named)
    })
}

fn kinds(
    members: &mut Members<'_>,
    usual: Option<&[Channel]>,
    columns: Columns,
) -> [KindSettings; NotificationKind::ALL.len()] {
    let codes: Vec<&str> = NotificationKind::ALL.iter().map(|kind| kind.code()).collect();
    let mut kinds = members.within("kinds", &codes);
    let mut of = |kind: NotificationKind| {
        let mut own = kinds.within(kind.code(), &["enabled", "channels"]);
        let enabled = own.flag("enabled").unwrap_or(true);
        let channels = channels(&mut own).unwrap_or_else(|| usual_of(kind, usual));
        KindSettings { enabled: enabled && columns.allow(kind), channels }
    };
    std::array::from_fn(|index| of(NotificationKind::ALL[index]))
}

/// Offers do not go by text message unless the store says so: each one costs.
fn usual_of(kind: NotificationKind, usual: Option<&[Channel]>) -> Vec<Channel> {
    match usual {
        Some(usual) => usual.to_vec(),
        None if kind == NotificationKind::Promotional => vec![Channel::Line, Channel::Email],
        None => Channel::OUTWARD.to_vec(),
    }
}

fn quiet_hours(members: &mut Members<'_>) -> Option<QuietHours> {
    match members.member("quiet_hours") {
        None => return Some(QuietHours::customary()),
        Some(Value::Bool(false)) => return None,
        Some(Value::Object(_)) => (),
        Some(_) => {
            members.wrong("quiet_hours", "bad_quiet_hours", "must be false or an object with from and to");
            return Some(QuietHours::customary());
        }
    }
    let pointer = members.at("quiet_hours");
    let mut quiet = members.within("quiet_hours", &["from", "to"]);
    let (from, to) = (wall_time(&mut quiet, "from"), wall_time(&mut quiet, "to"));
    let (Some(from), Some(to)) = (from, to) else { return Some(QuietHours::customary()) };
    let hours = QuietHours::between(from, to, &pointer);
    Some(hours.unwrap_or_else(|broken| {
        members.invalid().join(broken);
        QuietHours::customary()
    }))
}

fn wall_time(members: &mut Members<'_>, name: &str) -> Option<WallTime> {
    if members.member(name).is_none() {
        members.wrong(name, "required", "must be a time such as 21:00");
    }
    members.read(name, "bad_format", "must be a time such as 21:00", |value| value.as_str()?.parse().ok())
}
