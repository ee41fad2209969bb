//! What the public page may do.

use super::{NOON, Salon};
use crate::shop::all_permissions;
use serde_json::{Value, json};

#[tokio::test]
async fn somebody_on_the_public_page_searches_holds_and_books() {
    let salon = Salon::open().await;
    let (app, shop) = (&salon.app, &salon.shop);
    let slots =
        salon.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20&source=web&explain=true", shop.menu));
    let slots = app.get(&slots).anonymous().send().await.is(200).body;
    assert!(slots["items"].as_array().unwrap().iter().any(|slot| slot["start"] == NOON));
    assert_eq!(slots["refused"][0]["code"], "outside_opening_hours");
    let new_hold = json!({ "menu_id": shop.menu, "start": NOON, "source": "web" });
    let held = app.post(salon.at("/holds"), &new_hold).anonymous().send().await.is(201).body;
    let claimed = json!({ "hold_token": held["hold_token"], "customer": { "name": "花子", "line_user_id": "U1" } });
    let refused = app.post(salon.at("/bookings"), &claimed).anonymous().send().await;
    assert_eq!(refused.violation(), ("/customer/line_user_id".to_owned(), "not_allowed".to_owned()));
    let new = json!({ "hold_token": held["hold_token"], "customer": { "name": "花子" }, "customer_notes": "hi" });
    let booked = app.post(salon.at("/bookings"), &new).anonymous().send().await.is(201);
    for hidden in ["staff_notes", "internal_notes", "customer_id"] {
        assert!(booked.body.get(hidden).is_none(), "{hidden}");
    }
    assert_eq!((&booked.body["source"], &booked.body["customer_name"]), (&json!("web"), &json!("花子")));
    let history = salon.get(&format!("/bookings/{}/changes", booked.id())).send().await.is(200).body;
    let made = &history["items"][0];
    assert_eq!((&made["changed_by_type"], &made["changed_by_id"]), (&json!("customer"), &json!(null)));

    // Given back by whoever has the token.
    let new_hold = json!({ "menu_id": shop.menu, "start": "2026-03-20T06:00:00Z" });
    let held = app.post(salon.at("/holds"), &new_hold).anonymous().send().await.is(201).body;
    let token = held["hold_token"].as_str().unwrap();
    app.delete(salon.at(&format!("/holds/{token}"))).anonymous().send().await.is(204);
}

#[tokio::test]
async fn who_may_only_write_bookings_learns_nothing_of_the_customer() {
    let salon = Salon::open().await;
    let (app, shop) = (&salon.app, &salon.shop);
    let body = json!({ "name": "bot", "permissions": ["booking.write"], "store_id": shop.store });
    let made = app.post("/v1/api-keys", &body).key(&shop.key).send().await.is(201).body;
    let new = json!({ "menu_id": shop.menu, "start": NOON, "source": "staff", "customer_id": shop.customer });
    let booked = app.post(salon.at("/bookings"), &new).key(made["secret"].as_str().unwrap()).send().await.is(201);
    for hidden in ["customer_id", "staff_notes", "internal_notes", "manage_token"] {
        assert!(booked.body.get(hidden).is_none(), "{hidden}");
    }
    assert_eq!((&booked.body["customer_name"], &booked.body["customer_phone"]), (&json!(null), &json!(null)));
    let read = salon.get(&format!("/bookings/{}", booked.id())).send().await.is(200).body;
    assert!(read["customer_name"].is_string(), "who may read bookings sees who comes");
}

#[tokio::test]
async fn what_staff_may_needs_credentials() {
    let salon = Salon::open().await;
    let (app, shop) = (&salon.app, &salon.shop);
    let slots = |more: &str| salon.at(&format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20{more}", shop.menu));
    for more in ["&source=phone", "&source=staff", &format!("&customer_id={}", shop.customer)] {
        app.get(slots(more)).anonymous().send().await.problem(401, "unauthenticated");
        app.get(slots(more)).key(&shop.key).send().await.is(200);
    }
    let book = async |more: Value| {
        let mut body = salon.public_wish(NOON);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.post(salon.at("/bookings"), &body).anonymous().send().await
    };
    book(json!({ "source": "walk_in" })).await.problem(401, "unauthenticated");
    book(json!({ "customer": null, "customer_id": shop.customer })).await.problem(401, "unauthenticated");
    let notes = book(json!({ "staff_notes": "x", "internal_notes": "y", "customer": {} })).await;
    assert_eq!(
        notes.problem(400, "invalid_request"),
        [("/customer/name", "required"), ("/internal_notes", "not_allowed"), ("/staff_notes", "not_allowed")]
            .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
    );
    let new_hold = json!({ "menu_id": shop.menu, "start": NOON, "source": "phone" });
    app.post(salon.at("/holds"), &new_hold).anonymous().send().await.problem(401, "unauthenticated");
    app.get(salon.at("/bookings")).anonymous().send().await.problem(401, "unauthenticated");

    // Somebody known needs the permission even for what is public.
    let permissions: Vec<_> = all_permissions().into_iter().filter(|code| *code != "booking.write").collect();
    let weak = json!({ "name": "weak", "tenant_id": shop.tenant, "permissions": permissions });
    let weak = app.post("/v1/api-keys", &weak).send().await.is(201).body;
    let weak = weak["secret"].as_str().unwrap();
    app.get(slots("")).key(weak).send().await.is(200);
    app.post(salon.at("/holds"), &json!({})).key(weak).send().await.problem(403, "permission_missing");

    salon.patch("", &json!({ "is_public": false })).await;
    app.get(slots("")).anonymous().send().await.problem(404, "not_found");
    book(json!({})).await.problem(404, "not_found");
    assert_eq!(salon.bookings().await["items"], json!([]));
}

#[tokio::test]
async fn who_names_a_known_number_is_taken_for_that_customer_and_learns_nothing() {
    let salon = Salon::open().await;
    let new = json!({ "menu_id": salon.shop.menu, "start": NOON, "customer": { "name": "誰か", "phone": "+81 90 1234 5678" } });
    let booked = salon.app.post(salon.at("/bookings"), &new).anonymous().send().await.is(201);
    assert!(!booked.body.to_string().contains("山田"), "{:#}", booked.body);
    let seen = salon.get(&format!("/bookings/{}", booked.id())).send().await.is(200).body;
    assert_eq!((&seen["customer_id"], &seen["customer_name"]), (&json!(salon.shop.customer), &json!("誰か")));
    let customer = salon.get(&format!("/customers/{}", salon.shop.customer)).send().await.is(200).body;
    assert_eq!(customer["name"], "山田 花子");
}
