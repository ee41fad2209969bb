//! Held against LINE's own library, the npm package `@line/bot-sdk`: signatures, the shapes of messages and events, and
//! requests as its client makes them. `MUSUBI_TEST_NODE=off` leaves these tests out.

use crate::stub::{Asked, Stub};
use chrono::{DateTime, Utc};
use musubi_kernel::money::Amount;
use musubi_kernel::secret::Secret;
use musubi_kernel::zone::Tz;
use musubi_line::Push;
use musubi_line::card::{BookingCard, Language, Occasion};
use musubi_line::message::{Choice, Message};
use musubi_line::webhook::{Event, Source, Webhook, What, is_signed};
use musubi_node_testing::{Programs, run};
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

const PROGRAMS: Programs = Programs {
    name: "line",
    sources: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk"),
    files: &[
        "package.json",
        "package-lock.json",
        "types.js",
        "shapes.js",
        "signatures.js",
        "events.ts",
        "events.js",
        "client.js",
    ],
    target: env!("CARGO_TARGET_TMPDIR"),
};

const SECRET: &str = "8c570fa6dd201bb328f1c1eac23a96d8";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Cards of every kind, whole and bare.
fn cards() -> Vec<Message> {
    let occasions =
        [Occasion::Received, Occasion::Confirmed, Occasion::Cancelled, Occasion::Reminder, Occasion::ChangeRequest];
    let each = occasions.into_iter().flat_map(|occasion| {
        [Language::Japanese, Language::English].map(|language| BookingCard {
            language,
            occasion,
            heading: None,
            note: Some("お気をつけて\nお越しください。".to_owned()),
            store: "さくら美容室 表参道".to_owned(),
            menu: "カット \"&\" カラー".to_owned(),
            starts_at: at("2026-03-20T01:00:00Z"),
            ends_at: at("2026-03-20T02:30:00Z"),
            zone: Tz::Asia__Tokyo,
            resource: Some("佐藤 花".to_owned()),
            price: Some(Amount(5_500)),
            number: "260320-XTHYJC8-P".to_owned(),
            colour: "#7c3aed".to_owned(),
            details: Some("https://example.jp/b/token".parse().expect("an address")),
            calendar: Some("https://example.jp/b/token.ics".parse().expect("an address")),
            cancel: Some("cancel=token".to_owned()),
        })
    });
    let whole: Vec<_> = each.collect();
    let bare = whole.iter().cloned().map(|card| BookingCard {
        note: None,
        resource: None,
        price: None,
        details: None,
        calendar: None,
        cancel: None,
        ..card
    });
    whole.iter().cloned().chain(bare).map(|card| card.message().expect("fits")).collect()
}

fn messages() -> Vec<Message> {
    let choice = |label, data| Choice { label, data };
    let confirmation = Message::confirmation("本当に?", choice("はい", "y"), choice("いいえ", "n")).expect("fits");
    let text = Message::text("こんにちは \"🍎\"\n").expect("fits");
    cards().into_iter().chain([confirmation, text]).collect()
}

fn faults(folder: &Path, messages: &[Value]) -> Vec<Option<String>> {
    serde_json::from_str(&run(folder, &["shapes.js"], &json!(messages).to_string())).expect("JSON")
}

#[test]
fn messages_have_the_shape_that_lines_library_gives_them() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let mut checked: Vec<_> = messages().iter().map(|message| message.to_json().clone()).collect();
    let (all, card) = (checked.len(), checked[0].clone());
    // The check is one only if it finds what is wrong.
    let spoilt = |pointer: &str, to: Value| {
        let mut spoilt = card.clone();
        *spoilt.pointer_mut(pointer).expect("a place") = to;
        spoilt
    };
    let mut unknown = card.clone();
    unknown["contents"]["body"]["colour"] = json!("#ffffff");
    checked.extend([
        spoilt("/contents/body/layout", json!("diagonal")),
        spoilt("/contents/footer/contents/0/action/type", json!("urx")),
        spoilt("/contents/footer/contents/0/style", json!("loud")),
        spoilt("/contents/body/contents", json!("text")),
        unknown,
        json!({"type": "text"}),
    ]);
    let found = faults(&folder, &checked);
    for (message, fault) in checked.iter().zip(&found).take(all) {
        assert_eq!(fault, &None, "{message:#}");
    }
    for (message, fault) in checked.iter().zip(&found).skip(all) {
        assert!(fault.is_some(), "nothing was found wrong with {message:#}");
    }
}

#[test]
fn signatures_are_what_lines_library_takes_them_for() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let calls = calls(&folder);
    let mut cases = Vec::new();
    for (body, right) in &calls {
        // In base 64: Node.js passes over what is none, and Musubi refuses it.
        let changed = format!("{}{}", if right.starts_with('A') { 'B' } else { 'A' }, &right[1..]);
        let other = &calls[(body.len() + 1) % calls.len()].1;
        for signature in [right.as_str(), "", "AAAA", &changed, &right[4..], other] {
            for secret in [SECRET, "another"] {
                for body in [body.clone(), format!("{body} "), body.replace("destination", "Destination")] {
                    cases.push(json!({"secret": secret, "body": body, "signature": signature}));
                }
            }
        }
    }
    let theirs: Vec<bool> =
        serde_json::from_str(&run(&folder, &["signatures.js"], &json!(cases).to_string())).expect("JSON");
    let text = |case: &Value, name: &str| case[name].as_str().expect("text").to_owned();
    for (case, theirs) in cases.iter().zip(&theirs) {
        let body = text(case, "body");
        let ours = is_signed(&Secret::new(text(case, "secret")), &text(case, "signature"), body.as_bytes());
        assert_eq!(ours, *theirs, "{case}");
    }
    assert!(theirs.iter().filter(|valid| **valid).count() >= calls.len());
}

/// Calls with their signatures.
fn calls(folder: &Path) -> Vec<(String, String)> {
    let said = run(folder, &["events.js"], SECRET);
    let call = |line: &str| {
        let call: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| call[name].as_str().expect("text").to_owned();
        (text("body"), text("signature"))
    };
    said.lines().map(call).collect()
}

#[test]
fn events_of_every_type_of_lines_library_are_understood() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let open = |(body, signature): &(String, String)| {
        Webhook::open(&Secret::new(SECRET), signature, body.as_bytes()).expect("LINE's")
    };
    let webhooks: Vec<_> = calls(&folder).iter().map(open).collect();
    assert!(webhooks[0].events.is_empty());
    assert_eq!(webhooks[1].unreadable, 0);
    let events = &webhooks[1].events;
    let what: Vec<_> = events.iter().map(|event| event.what.clone()).collect();
    let text = |id: &str, text: &str| What::Text { id: id.to_owned(), text: text.to_owned() };
    let postback = |data: &str| What::Postback { data: data.to_owned() };
    let other = |kind: &str| What::Other { kind: kind.to_owned() };
    let expected = [
        What::Follow { unblocked: false },
        What::Follow { unblocked: true },
        What::Unfollow,
        text("444573844083572737", "明日は空いていますか？ 🍎 \"\\"),
        postback("cancel=260320-XTHYJC8-P"),
        postback("day"),
        other("message/sticker"),
        other("message/location"),
        other("join"),
        text("3", "みんな"),
        other("accountLink"),
        other("leave"),
        other("unsend"),
    ];
    assert_eq!(what, expected);
    let second = Event {
        id: "01FZ74A0TDDPYRVKNK77XKC1".to_owned(),
        at: at("2026-03-20T09:46:40.001Z"),
        redelivery: true,
        standby: false,
        source: Some(Source::User("U4af4980629aa0b4d3a1f0c0b0a5f3e2d".to_owned())),
        reply_token: Some("nHuyWiB7yP5Zw52FIkcQobQuGDXCTA".to_owned()),
        what: What::Follow { unblocked: true },
    };
    assert_eq!(events[1], second);
    assert!(matches!(events[9].source, Some(Source::Group { user: Some(_) })));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_those_that_lines_client_makes() {
    let Some(folder) = PROGRAMS.installed() else { return };
    let (theirs, ours) = (Stub::start().await, Stub::start().await);
    let (messages, key, token) = (&messages()[..2], Uuid::from_u128(7), "a-token");
    let json: Vec<_> = messages.iter().map(Message::to_json).collect();
    let input = json!({
        "base": theirs.base,
        "token": token,
        "push": {"to": "U1", "messages": json},
        "retryKey": key,
        "reply": {"replyToken": "r", "messages": json},
    });
    let told = tokio::task::spawn_blocking(move || run(&folder, &["client.js"], &input.to_string())).await;
    assert_eq!(told.expect("it ends").trim(), r#"["1","2"]"#, "the server speaks as LINE does");

    let push = Push { to: "U1", messages, retry_key: key };
    ours.line().push(&Secret::new(token), push).await;
    ours.line().reply(&Secret::new(token), "r", messages).await;
    assert_eq!(
        ours.asked().iter().map(essence).collect::<Vec<_>>(),
        theirs.asked().iter().map(essence).collect::<Vec<_>>()
    );
}

/// What LINE looks at.
fn essence(asked: &Asked) -> Asked {
    let looked_at = ["authorization", "content-type", "x-line-retry-key"];
    let mut asked = asked.clone();
    asked.headers.retain(|name, _| looked_at.contains(&name.as_str()));
    asked
}
