//! What a store has decided about its notifications.

pub(crate) mod read;
#[cfg(test)]
mod tests;

use crate::channel::Channel;
use crate::kind::NotificationKind;
use crate::quiet::QuietHours;
use musubi_kernel::check::JsonObject;
use musubi_kernel::error::Invalid;
use musubi_kernel::locale::Locale;
use read::read;
use std::ops::RangeInclusive;

/// How many messages a store may send in a minute where it says nothing.
const RATE: u32 = 120;
const RATES: RangeInclusive<u64> = 1..=60_000;
/// The most characters of a sender's name.
const SENDER_NAME: usize = 70;

/// What is said in columns of their own (seed 003: `stores`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Whether customers are told what becomes of their bookings.
    pub send_booking_notifications: bool,
    /// Whether customers are reminded.
    pub send_reminder_notifications: bool,
    /// How many hours before a booking they are; 0: not at all.
    pub reminder_hours_before: u32,
}

impl Default for Columns {
    fn default() -> Self {
        Self { send_booking_notifications: true, send_reminder_notifications: true, reminder_hours_before: 24 }
    }
}

/// What a store has decided about its notifications: the object `notification_settings` and the columns beside it.
///
/// | member | meaning | where absent |
/// |---|---|---|
/// | `language` | of who has not chosen one: `ja`, `en` | `ja` |
/// | `sender_name` | what messages are signed with | the store's name |
/// | `channels` | which are used, in this order: `line`, `email`, `sms` | all three |
/// | `kinds` | by kind: `enabled`, and `channels` of its own | enabled; offers do not go by `sms` |
/// | `quiet_hours` | `from` and `to` as `HH:MM`, or `false` | 21:00 to 08:00 |
/// | `rate_per_minute` | the most messages of a minute, 1 to 60,000 | 120 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The language of who has not chosen one.
    pub language: Locale,
    /// What messages are signed with, if not with the store's name.
    pub sender_name: Option<String>,
    /// When nobody's telephone should ring.
    pub quiet_hours: Option<QuietHours>,
    /// The most messages of a minute.
    pub rate_per_minute: u32,
    /// How many hours before a booking customers are reminded; 0: not at all.
    pub reminder_hours_before: u32,
    kinds: [KindSettings; NotificationKind::ALL.len()],
}

/// What a store has decided about one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KindSettings {
    enabled: bool,
    channels: Vec<Channel>,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self::of(None, Columns::default())
    }
}

impl StoreSettings {
    /// What a store has decided, as far as it obeys the rules: what does not counts as absent, as it may have been kept
    /// before there were rules.
    pub fn of(object: Option<&JsonObject>, columns: Columns) -> Self {
        read(object, columns, "", &mut Invalid::default())
    }

    /// Every rule that an object breaks which stands at `pointer`.
    pub fn check(object: &JsonObject, pointer: &str) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        read(Some(object), Columns::default(), pointer, &mut invalid);
        invalid.finish()
    }

    /// Whether customers are told such things.
    pub fn tells(&self, kind: NotificationKind) -> bool {
        self.kinds[kind as usize].enabled
    }

    /// By which channels, in this order.
    pub fn channels(&self, kind: NotificationKind) -> &[Channel] {
        &self.kinds[kind as usize].channels
    }
}

impl Columns {
    /// Whether customers are told such things, as far as the columns say.
    pub(crate) const fn allow(self, kind: NotificationKind) -> bool {
        match kind {
            NotificationKind::Reminder => self.send_reminder_notifications && self.reminder_hours_before > 0,
            NotificationKind::Promotional => true,
            _ => self.send_booking_notifications,
        }
    }
}
