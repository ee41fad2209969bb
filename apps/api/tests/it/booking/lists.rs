//! Lists of bookings.

use super::{NOON, Salon};
use serde_json::json;

#[tokio::test]
async fn pages_stay_as_they_are_while_others_book() {
    let salon = Salon::open().await;
    let start = |n: i64| (crate::app::instant(NOON) + chrono::TimeDelta::hours(n)).to_rfc3339();
    let mut expected = Vec::new();
    for n in [4, 1, 7, 3, 9, 5, 11] {
        expected.push((n, salon.book(&start(n)).await.is(201).id()));
    }
    expected.sort_unstable();
    let mut seen = Vec::new();
    let mut next = "/bookings?limit=3".to_owned();
    for late in [0, 2, 6] {
        let page = salon.get(&next).send().await.is(200);
        seen.extend(page.ids());
        if let Some(cursor) = page.body["next_cursor"].as_str() {
            next = format!("/bookings?limit=3&cursor={cursor}");
            // Before the place that was reached: it moves nothing.
            let early = if late < 4 { start(late) } else { start(2) };
            salon.book(&early).await;
        }
    }
    assert_eq!(seen, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

#[tokio::test]
async fn lists_are_filtered() {
    let salon = Salon::open().await;
    let friday = salon.book(NOON).await.is(201);
    let night = salon.book("2026-03-20T16:00:00Z").await.is(201).id();
    let monday = salon.post("/bookings", &salon.public_wish("2026-03-23T05:00:00Z")).send().await.is(201).id();
    salon.step(&night, "cancel", &json!({ "reason": "x" })).await.is(200);
    let number = friday.body["booking_number"].as_str().unwrap().to_lowercase().replace('-', "");
    let friday = friday.id();
    let of = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    for (query, expected) in [
        (String::new(), of(&[&friday, &night, &monday])),
        // 01:00 on Saturday belongs to Friday.
        ("date_from=2026-03-20&date_to=2026-03-20".into(), of(&[&friday, &night])),
        ("date_from=2026-03-21".into(), of(&[&monday])),
        ("status=cancelled".into(), of(&[&night])),
        ("status=confirmed,pending".into(), of(&[&friday, &monday])),
        (format!("resource_id={}", salon.shop.resource), of(&[&friday, &night, &monday])),
        (format!("resource_id={}", salon.shop.menu), of(&[])),
        (format!("customer_id={}&status=confirmed", salon.shop.customer), of(&[&friday])),
        (format!("booking_number={number}"), of(&[&friday])),
    ] {
        assert_eq!(salon.get(&format!("/bookings?{query}")).send().await.is(200).ids(), expected, "{query}");
    }
}
