//! What is offered can be booked, and nothing else.

use super::{Salon, list, merge, text};
use serde_json::{Value, json};

/// Books every start of the grid of Friday to Monday: the offered ones succeed and are called off again, the others are
/// refused with the code that the search gives.
async fn agrees(salon: &Salon, query: &str, wish: &Value) -> (usize, usize) {
    let path = format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-23&explain=true&{query}", salon.shop.menu);
    let found = salon.get(&path).send().await.is(200).body;
    let (offered, refused) = (list(&found["items"]), list(&found["refused"]));
    let book = async |start: &Value| {
        let mut body = salon.wish(text(start));
        merge(&mut body, wish);
        salon.post("/bookings", &body).send().await
    };
    for slot in offered {
        let booked = book(&slot["start"]).await.is(201);
        for (shown, kept) in [("end", "end"), ("business_date", "business_date"), ("price", "total_price")] {
            assert_eq!(booked.body[kept], slot[shown], "{shown} of {slot:#}");
        }
        let primary = booked.body["resources"][0]["id"].clone();
        assert!(list(&slot["resources"]).iter().any(|one| one["id"] == primary), "{slot:#}");
        salon.step(&booked.id(), "cancel", &json!({ "reason": "next" })).await.is(200);
    }
    for one in refused {
        let code = text(&one["code"]);
        let status = if code == "slot_taken" { 409 } else { 422 };
        book(&one["start"]).await.problem(status, code);
        assert!(one["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    assert_eq!(salon.get(&path).send().await.is(200).body, found, "nothing is left of it");
    (offered.len(), refused.len())
}

#[tokio::test]
async fn search_and_booking_agree_on_a_small_shop() {
    let salon = Salon::open().await;
    let shop = &salon.shop;
    let taro = json!({ "name": "太郎", "type": "staff", "efficiency_rate": 1.5, "hourly_rate_diff": 300,
        "working_hours": { "fri": [{ "open": "15:00", "close": "24:30" }], "mon": [{ "open": "11:15", "close": "16:00" }] } });
    let taro = salon.post("/resources", &taro).send().await.is(201).id();
    let room = salon.post("/resources", &json!({ "name": "個室", "type": "room" })).send().await.is(201).id();
    salon
        .menu(&json!({
            "resource_ids": [shop.resource, taro], "price_varies_by_resource": true, "cleanup_duration": 10,
            "buffer_duration": 5, "required_resources": [{ "type": "room", "quantity": 1, "resource_ids": [room] }]
        }))
        .await;
    salon.book("2026-03-20T03:30:00Z").await.is(201);
    salon.book("2026-03-23T05:00:00Z").await.is(201);
    let hold = json!({ "menu_id": shop.menu, "start": "2026-03-20T08:00:00Z" });
    salon.post("/holds", &hold).send().await.is(201);

    let (offered, refused) = agrees(&salon, "", &json!({})).await;
    // 32 starts on Friday, 18 on Monday.
    assert_eq!(offered + refused, 50);
    assert!(offered > 15 && refused > 10, "{offered} offered, {refused} refused");
    agrees(&salon, &format!("resource_id={taro}"), &json!({ "resource_id": taro })).await;
    agrees(&salon, &format!("option_ids={}", shop.option), &json!({ "option_ids": [shop.option] })).await;
    agrees(&salon, "source=phone", &json!({ "source": "phone" })).await;
    let (none, all) = agrees(&salon, "party_size=2", &json!({ "party_size": 2 })).await;
    assert_eq!((none, all), (0, 50));
}

#[tokio::test]
async fn no_two_of_many_at_once_get_the_same_seat() {
    let salon = Salon::open().await;
    let starts = ["2026-03-20T03:00:00Z", "2026-03-20T03:30:00Z", "2026-03-20T04:00:00Z"];
    let wishes: Vec<_> = (0..12).map(|n| salon.wish(starts[n % 3])).collect();
    let calls = wishes.iter().map(|wish| salon.post("/bookings", wish).send());
    let answers = futures_util::future::join_all(calls).await;
    let mut windows: Vec<(String, String)> = Vec::new();
    for answer in answers {
        match answer.status.as_u16() {
            201 => windows.push((answer.body["start"].to_string(), answer.body["end"].to_string())),
            _ => assert!(answer.problem(409, "slot_taken").is_empty()),
        }
    }
    windows.sort();
    assert!(!windows.is_empty());
    assert!(windows.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{windows:?}");
}
