//! Messages to people by the LINE Messaging API, and what LINE tells of them.
//!
//! | module | what it does |
//! |---|---|
//! | [`message`] | texts, confirmations and flex messages, within LINE's limits |
//! | [`card`] | a booking as a flex message, in Japanese and English |
//! | [`webhook`] | what people did at LINE: signature and events |
//! | `answers` | what an answer of LINE means to a sender |
//!
//! Every store has a channel of its own, so each call is told the store's access token.
//!
//! ```
//! use musubi_line::message::Message;
//! let message = Message::text("ご予約を承りました").expect("within the limits");
//! assert_eq!(message.to_json()["type"], "text");
//! ```

mod answers;
pub mod card;
pub mod message;
pub mod webhook;

use message::Message;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::secret::Secret;
use musubi_outgoing::answer::{Answer, Failure};
use musubi_outgoing::call::Call;
use musubi_outgoing::header::HeaderName;
use musubi_outgoing::{Outgoing, Url};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Where LINE's Messaging API is.
pub const BASE_URL: &str = "https://api.line.me";

/// How many messages one call takes.
const AT_ONCE: usize = 5;

const RETRY_KEY: HeaderName = HeaderName::from_static("x-line-retry-key");

/// The Messaging API.
#[derive(Clone)]
pub struct Line {
    http: Arc<Outgoing>,
    base: Url,
}

/// Messages to somebody who has said nothing just now.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// Whom: the id of a user, as events of the same channel's provider have it.
    pub to: &'a str,
    /// What: one to five messages, shown in this order.
    pub messages: &'a [Message],
    /// The same at each attempt. LINE takes what comes with one key once, and knows the key for 24 hours.
    pub retry_key: Uuid,
}

impl Line {
    /// The Messaging API at an address: [`BASE_URL`], or a proxy's.
    pub fn new(http: Arc<Outgoing>, base: Url) -> Self {
        Self { http, base }
    }

    /// Sends messages. They count against the store's monthly limit.
    pub async fn push(&self, token: &Secret, push: Push<'_>) -> Outcome {
        let Some(messages) = in_one_call(push.messages) else { return number_refused() };
        let body = json!({"to": push.to, "messages": messages});
        let key = push.retry_key.hyphenated().to_string();
        match self.post("/v2/bot/message/push", token, &body, Some(&key)).await {
            Ok(answer) => answers::of_push(&answer),
            Err(failure) => failure.into(),
        }
    }

    /// Answers an event. It costs nothing, and a reply token is good once, for about a minute: an attempt after one of
    /// which nothing was heard is refused where that one was taken.
    pub async fn reply(&self, token: &Secret, reply_token: &str, messages: &[Message]) -> Outcome {
        let Some(messages) = in_one_call(messages) else { return number_refused() };
        let body = json!({"replyToken": reply_token, "messages": messages});
        match self.post("/v2/bot/message/reply", token, &body, None).await {
            Ok(answer) => answers::of_reply(&answer),
            Err(failure) => failure.into(),
        }
    }

    async fn post(&self, path: &str, token: &Secret, body: &Value, key: Option<&str>) -> Result<Answer, Failure> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let mut call = Call::post(url, "application/json", body.to_string()).with_bearer(token)?;
        if let Some(key) = key {
            call = call.with(RETRY_KEY, key)?;
        }
        self.http.send(call).await
    }
}

fn in_one_call(messages: &[Message]) -> Option<Vec<&Value>> {
    let fits = !messages.is_empty() && messages.len() <= AT_ONCE;
    fits.then(|| messages.iter().map(Message::to_json).collect())
}

fn number_refused() -> Outcome {
    Outcome::refused("LINE takes one to five messages at once")
}
