//! What calendar programs read.

use super::{NOON, Salon};
use crate::app::Answer;
use crate::shop::all_permissions;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The events of a calendar, each with its properties; insists on the form that RFC 5545 wants.
#[track_caller]
fn events(answer: &Answer) -> Vec<BTreeMap<String, String>> {
    assert_eq!(answer.head("content-type"), Some("text/calendar; charset=utf-8"));
    let Value::String(text) = &answer.body else { panic!("{:#}", answer.body) };
    assert!(text.ends_with("\r\nEND:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let unfolded = text.replace("\r\n ", "");
    let mut lines = unfolded.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("BEGIN:VCALENDAR"));
    let (mut events, mut event) = (Vec::new(), None::<BTreeMap<String, String>>);
    for line in lines {
        match (line, event.as_mut()) {
            ("BEGIN:VEVENT", None) => event = Some(BTreeMap::new()),
            ("END:VEVENT", Some(_)) => events.extend(event.take()),
            (line, Some(event)) => {
                let (name, value) = line.split_once(':').expect("a property");
                assert_eq!(event.insert(name.to_owned(), value.to_owned()), None, "{name} twice");
            }
            (line, None) => assert!(!line.starts_with("BEGIN:"), "{line}"),
        }
    }
    events
}

#[tokio::test]
async fn a_booking_is_an_event_with_a_stable_name() {
    let salon = Salon::open().await;
    let shop = &salon.shop;
    salon.menu(&json!({ "name": "Cut, colour; and \\ more ".to_owned() + &"とても長い名前".repeat(8) })).await;
    let mut wish = salon.wish(NOON);
    wish["option_ids"] = json!([shop.option]);
    let booked = salon.post("/bookings", &wish).send().await.is(201);
    let (id, number) = (booked.id(), booked.body["booking_number"].as_str().unwrap().to_owned());
    let path = format!("/bookings/{id}.ics");
    let file = salon.get(&path).send().await.is(200);
    assert_eq!(file.head("content-disposition"), Some(format!("attachment; filename=\"{number}.ics\"").as_str()));
    let event = events(&file).remove(0);
    let summary = format!("Cut\\, colour\\; and \\\\ more {} - HANAKO", "とても長い名前".repeat(8));
    for (name, value) in [
        ("UID", format!("{id}@{}", shop.store).as_str()),
        ("DTSTAMP", "20260320T000000Z"),
        ("DTSTART", "20260320T030000Z"),
        ("DTEND", "20260320T041500Z"),
        ("SEQUENCE", "1"),
        ("STATUS", "CONFIRMED"),
        ("SUMMARY", &summary),
        ("LOCATION", "東京都渋谷区1-2-3\\, 結びビル\\; 2F"),
        ("DESCRIPTION", &format!("{number}\\n+ Head spa\\n花子")),
    ] {
        assert_eq!(event.get(name).map(String::as_str), Some(value), "{name}");
    }
    salon.step(&id, "cancel", &json!({ "reason": "x" })).await.is(200);
    let gone = events(&salon.get(&path).send().await.is(200)).remove(0);
    assert_eq!((&gone["STATUS"], &gone["SEQUENCE"], &gone["UID"]), (&"CANCELLED".into(), &"2".into(), &event["UID"]));

    let link = format!("/v1/public/bookings/{}/calendar.ics", booked.body["manage_token"].as_str().unwrap());
    assert_eq!(events(&salon.app.get(link).anonymous().send().await.is(200)), [gone]);
    salon.app.get(salon.at(&path)).anonymous().send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_feed_is_opened_by_a_key_in_its_address() {
    let salon = Salon::open().await;
    let (app, shop) = (&salon.app, &salon.shop);
    let first = salon.book(NOON).await.is(201).id();
    let second = salon.book("2026-03-23T05:00:00Z").await.is(201).id();
    let key = async |permissions: &[&str]| {
        let new = json!({ "name": "calendar", "store_id": shop.store, "permissions": permissions });
        let issued = app.post("/v1/api-keys", &new).key(&shop.key).send().await.is(201).body;
        issued["secret"].as_str().unwrap().to_owned()
    };
    let good = key(&["booking.read"]).await;
    let weak = key(&all_permissions().into_iter().filter(|code| *code != "booking.read").collect::<Vec<_>>()).await;
    let feed = async |query: &str| app.get(salon.at(&format!("/calendar.ics?{query}"))).anonymous().send().await;
    let found = events(&feed(&format!("token={good}")).await.is(200));
    let uids: Vec<_> = found.iter().map(|event| event["UID"].clone()).collect();
    assert_eq!(uids, [&first, &second].map(|id| format!("{id}@{}", shop.store)));
    assert!(!format!("{found:?}").contains("山田"));
    let none = feed(&format!("token={good}&resource_id={}", shop.menu)).await.is(200);
    assert!(events(&none).is_empty());
    assert_eq!(events(&salon.get("/calendar.ics").send().await.is(200)).len(), 2);

    feed("").await.problem(401, "unauthenticated");
    feed("token=msb_guess").await.problem(401, "bad_credentials");
    feed(&format!("token={weak}")).await.problem(403, "permission_missing");
    let other = crate::shop::Shop::open(app, "other").await;
    feed(&format!("token={}", other.key)).await.problem(404, "not_found");
    // From 30 days back to 180 ahead.
    app.clock.set(crate::app::instant("2026-04-19T00:00:00Z"));
    assert_eq!(events(&feed(&format!("token={good}")).await.is(200)).len(), 2);
    app.clock.set(crate::app::instant("2026-04-20T00:00:00Z"));
    assert_eq!(events(&feed(&format!("token={good}")).await.is(200)).len(), 1);
}
