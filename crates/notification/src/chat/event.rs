//! What somebody did in their chat with a store.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name of an event, and of who did it.
const LONGEST: usize = 100;

/// Something that somebody did in a chat with the store alone. Sealed where it is stored; its debug form shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEvent {
    /// What LINE calls it: the same when it is told again.
    pub key: String,
    /// When it happened: they may be told in another order.
    pub at: DateTime<Utc>,
    /// Who did it: a user id on LINE, as the store's channel knows them.
    pub user: String,
    /// What to answer it with, once and within a minute; `None`: it is not to be answered.
    pub reply_token: Option<String>,
    /// What was done.
    pub deed: Deed,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The store was added as a friend, or is no longer blocked.
    Follow,
    /// The store was blocked.
    Unfollow,
    /// Something was written.
    Text(String),
    /// A button was tapped: what it sends back.
    Tap(String),
}

impl ChatEvent {
    /// Whether it can be kept: LINE's names are far shorter than this.
    pub fn is_plain(&self) -> bool {
        let plain =
            |name: &str| (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        plain(&self.key) && plain(&self.user)
    }
}

impl fmt::Debug for ChatEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.deed {
            Deed::Follow => "follow",
            Deed::Unfollow => "unfollow",
            Deed::Text(_) => "text(…)",
            Deed::Tap(_) => "tap(…)",
        };
        write!(f, "ChatEvent({}, {deed})", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_does_not_show_and_odd_names_are_left_out() {
        let event = ChatEvent {
            key: "01FZ74A0TDDPYRVKNK77XKC3ZR".into(),
            at: DateTime::UNIX_EPOCH,
            user: "U4af4980629".into(),
            reply_token: Some("nHuyWiB7yP5Zw52".into()),
            deed: Deed::Text("秘密".into()),
        };
        assert_eq!(format!("{event:?}"), "ChatEvent(01FZ74A0TDDPYRVKNK77XKC3ZR, text(…))");
        assert!(event.is_plain());
        for odd in ["", "U 1", "U\0", "花", &"U".repeat(101)] {
            assert!(!ChatEvent { user: odd.into(), ..event.clone() }.is_plain(), "{odd:?}");
            assert!(!ChatEvent { key: odd.into(), ..event.clone() }.is_plain(), "{odd:?}");
        }
    }
}
