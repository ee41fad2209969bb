use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

fn secret() -> Secret {
    Secret::new("8c570fa6dd201bb328f1c1eac23a96d8")
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret().expose().as_bytes()).expect("any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn opened(events: &Value) -> Webhook {
    let body = json!({"destination": "U8e742f61d673b39c7fff3cecb7536ef0", "events": events}).to_string();
    Webhook::open(&secret(), &signature(body.as_bytes()), body.as_bytes()).expect("LINE's")
}

fn event(kind: &str, more: &Value) -> Value {
    let mut event = json!({
        "type": kind,
        "mode": "active",
        "timestamp": 1_462_629_479_859_i64,
        "source": {"type": "user", "userId": "U4af4980629"},
        "webhookEventId": "01FZ74A0TDDPYRVKNK77XKC3ZR",
        "deliveryContext": {"isRedelivery": false},
        "replyToken": "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

#[test]
fn the_example_of_the_documentation_is_signed() {
    // "Verify webhook signature": channel secret, body and signature as they stand there.
    let body = br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;
    let signature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";
    let webhook = Webhook::open(&secret(), signature, body).expect("LINE's");
    assert_eq!(webhook.destination, "U8e742f61d673b39c7fff3cecb7536ef0");
    assert_eq!((webhook.events, webhook.unreadable), (Vec::new(), 0));
}

#[test]
fn another_signature_opens_nothing() {
    let body = br#"{"destination":"U","events":[]}"#;
    let right = signature(body);
    for wrong in ["", "x", "====", &right[1..], &right.to_lowercase(), &format!("{right} "), &signature(b"{}")] {
        assert_eq!(Webhook::open(&secret(), wrong, body), Err(NotLine::Signature), "{wrong}");
    }
    assert_eq!(Webhook::open(&Secret::new("another"), &right, body), Err(NotLine::Signature));
    assert!(Webhook::open(&secret(), &right, body).is_ok());
    // What anybody can make where no secret is set.
    let unkeyed = Hmac::<Sha256>::new_from_slice(b"").expect("any length").chain_update(body).finalize();
    let unkeyed = STANDARD.encode(unkeyed.into_bytes());
    assert_eq!(Webhook::open(&Secret::new(""), &unkeyed, body), Err(NotLine::Signature));
}

#[test]
fn what_people_do_is_told() {
    let kinds = [
        event("follow", &json!({"follow": {"isUnblocked": true}})),
        event("follow", &json!({})),
        event("unfollow", &json!({"replyToken": null})),
        event("message", &json!({"message": {"type": "text", "id": "444573844083572737", "text": "明日は？"}})),
        event("postback", &json!({"postback": {"data": "cancel=x", "params": {"date": "2026-03-20"}}})),
    ];
    let found: Vec<_> = opened(&json!(kinds)).events.into_iter().map(|event| event.what).collect();
    let text = What::Text { id: "444573844083572737".to_owned(), text: "明日は？".to_owned() };
    let postback = What::Postback { data: "cancel=x".to_owned() };
    let expected =
        [What::Follow { unblocked: true }, What::Follow { unblocked: false }, What::Unfollow, text, postback];
    assert_eq!(found, expected);
}

#[test]
fn an_event_says_who_when_and_whether_again() {
    let [event] = &opened(&json!([event("unfollow", &json!({"deliveryContext": {"isRedelivery": true}}))])).events[..]
    else {
        panic!("one event")
    };
    assert_eq!(event.id, "01FZ74A0TDDPYRVKNK77XKC3ZR");
    assert_eq!(event.at.to_rfc3339(), "2016-05-07T13:57:59.859+00:00");
    assert!(event.redelivery && !event.standby);
    assert_eq!(event.source, Some(Source::User("U4af4980629".to_owned())));
    assert_eq!(event.reply_token.as_deref(), Some("nHuyWiB7yP5Zw52FIkcQobQuGDXCTA"));
}

#[test]
fn a_group_is_no_private_chat_and_standby_is_told() {
    let group = json!({"mode": "standby", "source": {"type": "group", "groupId": "C1", "userId": "U1"}});
    let room = json!({"source": {"type": "room", "roomId": "R1"}});
    let events = opened(&json!([event("postback", &group), event("join", &room)])).events;
    assert_eq!(events[0].source, Some(Source::Group { user: Some("U1".to_owned()) }));
    assert!(events[0].standby);
    assert_eq!(events[1].source, Some(Source::Group { user: None }));
}

#[test]
fn what_is_not_known_does_no_harm() {
    let events = [
        event("message", &json!({"message": {"type": "sticker", "id": "1", "stickerId": "2"}})),
        event("somethingNew", &json!({"somethingNew": {"a": [1]}})),
        event("message", &json!({"message": {"type": "text", "id": "1"}})),
        json!({"type": "follow"}),
        json!("event"),
        event("unfollow", &json!({"timestamp": i64::MAX})),
        event("unfollow", &json!({})),
    ];
    let webhook = opened(&json!(events));
    let kinds: Vec<_> = webhook.events.into_iter().map(|event| event.what).collect();
    let other = |kind: &str| What::Other { kind: kind.to_owned() };
    assert_eq!(kinds, [other("message/sticker"), other("somethingNew"), other("message/text"), What::Unfollow]);
    assert_eq!(webhook.unreadable, 3);
}

#[test]
fn what_cannot_be_read_takes_no_other_event_along() {
    let good = event("unfollow", &json!({})).to_string();
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let with = |name: &str, raw: &str| good.replacen('{', &format!("{{\"{name}\":{raw},"), 1).into_bytes();
    let text = |raw: &[u8]| {
        let [before, after] = ["{\"type\":\"text\",\"id\":\"1\",\"text\":\"", "\"}"].map(str::as_bytes);
        let message = [before, raw, after].concat();
        let event = event("message", &json!({ "message": "HERE" })).to_string();
        let (start, end) = event.split_once("\"HERE\"").expect("its place");
        [start.as_bytes(), &message, end.as_bytes()].concat()
    };
    for (odd, unreadable) in [
        (text(br"\ud83d"), 1),
        (text(b"\xff\xfe"), 0),
        (with("timestamp", "1e999"), 1),
        (with("something", "1e999"), 0),
        (with("something", &deep), 0),
        (with("message", &deep), 1),
        (deep.clone().into_bytes(), 1),
    ] {
        let (first, last) = (good.as_bytes(), good.as_bytes());
        let body = [b"{\"events\":[".as_slice(), first, b",", &odd, b",", last, b"]}"].concat();
        let webhook = Webhook::open(&secret(), &signature(&body), &body).expect("LINE's");
        let shown = String::from_utf8_lossy(&odd);
        assert_eq!((webhook.unreadable, webhook.events.len()), (unreadable, 3 - unreadable), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_body_does_harm(body in prop_oneof![any::<Vec<u8>>(), "\\{\"events\":\\[(\\{\"type\":\"[a-z]{0,9}\"\\}|,|1){0,4}\\]\\}".prop_map(String::into_bytes)]) {
        let opened = Webhook::open(&secret(), &signature(&body), &body);
        prop_assert_ne!(opened, Err(NotLine::Signature));
        if !body.is_empty() {
            let mut changed = body.clone();
            changed[0] ^= 1;
            prop_assert_eq!(Webhook::open(&secret(), &signature(&body), &changed), Err(NotLine::Signature));
        }
    }
}
