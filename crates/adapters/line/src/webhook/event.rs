//! One event.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Something that a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's id: the same when it is told again.
    pub id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whether it may have been told before.
    pub redelivery: bool,
    /// Whether another of the store's programs is in charge of the chat: then nothing is to be sent.
    pub standby: bool,
    /// Who did it, where that is said.
    pub source: Option<Source>,
    /// What to answer it with, once and soon.
    pub reply_token: Option<String>,
    /// What was done.
    pub what: What,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A person in a chat with the store alone.
    User(String),
    /// Somebody in a group or room, where others read what is said.
    Group {
        /// The person, where that is said.
        user: Option<String>,
    },
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The store was added as a friend, or is no longer blocked.
    Follow {
        /// Whether it had been blocked.
        unblocked: bool,
    },
    /// The store was blocked.
    Unfollow,
    /// Something was written.
    Text {
        /// The message's id.
        id: String,
        /// What was written.
        text: String,
    },
    /// A button was tapped.
    Postback {
        /// What the button sends back.
        data: String,
    },
    /// Anything else.
    Other {
        /// What LINE calls it, such as `message/sticker`.
        kind: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    #[serde(rename = "type")]
    kind: String,
    timestamp: i64,
    webhook_event_id: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    delivery_context: DeliveryContext,
    source: Option<ReadSource>,
    reply_token: Option<String>,
    message: Option<ReadMessage>,
    postback: Option<ReadPostback>,
    follow: Option<ReadFollow>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DeliveryContext {
    is_redelivery: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadSource {
    #[serde(rename = "type")]
    kind: String,
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct ReadMessage {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct ReadPostback {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadFollow {
    #[serde(default)]
    is_unblocked: bool,
}

impl Event {
    /// The event; `None`: it cannot be read, or lacks what every event has.
    pub(crate) fn read(raw: &RawValue) -> Option<Self> {
        let read: Read = serde_json::from_str(raw.get()).ok()?;
        let source = read.source.and_then(|source| match (source.kind.as_str(), source.user_id) {
            ("user", user) => user.map(Source::User),
            (_, user) => Some(Source::Group { user }),
        });
        let what = match (read.kind.as_str(), read.message, read.postback) {
            ("follow", ..) => What::Follow { unblocked: read.follow.is_some_and(|follow| follow.is_unblocked) },
            ("unfollow", ..) => What::Unfollow,
            ("message", Some(ReadMessage { kind, id, text: Some(text) }), _) if kind == "text" => {
                What::Text { id, text }
            }
            ("message", Some(message), _) => What::Other { kind: format!("message/{}", message.kind) },
            ("postback", _, Some(postback)) => What::Postback { data: postback.data },
            _ => What::Other { kind: read.kind },
        };
        Some(Self {
            id: read.webhook_event_id,
            at: DateTime::from_timestamp_millis(read.timestamp)?,
            redelivery: read.delivery_context.is_redelivery,
            standby: read.mode == "standby",
            source,
            reply_token: read.reply_token,
            what,
        })
    }
}
