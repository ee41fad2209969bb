//! Messages to a server in LINE's place.

use crate::stub::{Stub, line_at};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::secret::Secret;
use musubi_line::Push;
use musubi_line::message::Message;
use serde_json::json;
use uuid::Uuid;

const KEY: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

fn token() -> Secret {
    Secret::new("the-stores-token")
}

fn hello() -> [Message; 1] {
    [Message::text("こんにちは").expect("fits")]
}

fn sent(id: &str) -> Outcome {
    Outcome::Sent { provider_id: Some(id.to_owned()) }
}

#[tokio::test]
async fn a_message_is_pushed_once_whatever_the_number_of_attempts() {
    let stub = Stub::start().await;
    let line = stub.line();
    for _ in 0..3 {
        let push = Push { to: "U1", messages: &hello(), retry_key: KEY };
        assert_eq!(line.push(&token(), push).await, sent("1"));
    }
    let another = Push { to: "U1", messages: &hello(), retry_key: Uuid::from_u128(2) };
    assert_eq!(line.push(&token(), another).await, sent("4"));
    let asked = stub.asked();
    assert_eq!(asked[0].path, "/v2/bot/message/push");
    assert_eq!(asked[0].headers["authorization"], "Bearer the-stores-token");
    assert_eq!(asked[0].headers["x-line-retry-key"], "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!(asked[0].body, json!({"to": "U1", "messages": [{"type": "text", "text": "こんにちは"}]}));
    assert_eq!(asked[0], asked[2]);
}

#[tokio::test]
async fn an_event_is_answered_without_a_retry_key() {
    let stub = Stub::start().await;
    let outcome = stub.line().reply(&token(), "a-reply-token", &hello()).await;
    assert_eq!(outcome, sent("1"));
    let asked = &stub.asked()[0];
    assert_eq!(asked.path, "/v2/bot/message/reply");
    assert!(!asked.headers.contains_key("x-line-retry-key"), "LINE answers 400 to one");
    assert_eq!(asked.body["replyToken"], "a-reply-token");
}

#[tokio::test]
async fn no_message_and_more_than_five_are_not_even_sent() {
    let stub = Stub::start().await;
    for messages in [Vec::new(), vec![hello()[0].clone(); 6]] {
        let push = Push { to: "U1", messages: &messages, retry_key: KEY };
        assert!(matches!(stub.line().push(&token(), push).await, Outcome::Refused { .. }));
        let reply = stub.line().reply(&token(), "a-reply-token", &messages).await;
        assert!(matches!(reply, Outcome::Refused { .. }));
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_unsent() {
    let stub = Stub::start().await;
    let push = Push { to: "U1", messages: &hello(), retry_key: KEY };
    let outcome = stub.line().push(&Secret::new("two\nlines"), push).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn failures_of_line_are_told_apart() {
    let stub = Stub::start().await;
    let line = stub.line();
    let (token, hello) = (token(), hello());
    let push = Push { to: "U1", messages: &hello, retry_key: KEY };
    stub.says(500, json!({}));
    let outcome = line.push(&token, push).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    stub.says(429, json!({"message": "You have reached your monthly limit."}));
    let outcome = line.push(&token, push).await;
    assert_eq!(outcome, Outcome::refused("the store's messages at LINE are used up for this month"));
    stub.says(401, json!({"message": "Authentication failed"}));
    let outcome = line.push(&token, push).await;
    assert_eq!(outcome, Outcome::refused("LINE does not take the store's access token"));
    let away = line_at("http://127.0.0.1:1").push(&token, push).await;
    assert!(matches!(away, Outcome::Later { .. }), "{away:?}");
}

#[tokio::test]
async fn a_base_address_may_have_a_path() {
    let stub = Stub::start().await;
    for base in ["/line", "/line/"] {
        let line = line_at(&format!("{}{base}", stub.base));
        let outcome = line.reply(&token(), "a-reply-token", &hello()).await;
        assert!(matches!(outcome, Outcome::Sent { .. }));
    }
    assert!(stub.asked().iter().all(|asked| asked.path == "/line/v2/bot/message/reply"), "{:?}", stub.asked());
}
