//! Bad input is told all at once, and changes nothing.

use super::{NOON, Salon};
use crate::app::TestApp;
use crate::shop::Shop;
use serde_json::{Value, json};

fn sorted(mut errors: Vec<(&str, &str)>) -> Vec<(String, String)> {
    errors.sort_unstable();
    errors.into_iter().map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).collect()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn a_bad_new_booking_is_told_what_is_wrong_with_it() {
    let salon = Salon::open().await;
    let with = |more: Value| {
        let mut body = salon.wish(NOON);
        for (name, value) in more.as_object().unwrap() {
            if value == "-" {
                body.as_object_mut().unwrap().remove(name)
            } else {
                body.as_object_mut().unwrap().insert(name.clone(), value.clone())
            };
        }
        body
    };
    let held = || json!({ "hold_token": "x".repeat(43), "menu_id": "-", "start": "-" });
    let holding = |more: Value| {
        let mut all = held();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with(all)
    };
    let before = (salon.bookings().await, salon.shop.everything(&salon.app).await);
    let table: Vec<(Value, Vec<(&str, &str)>)> = vec![
        (json!([]), vec![("", "wrong_type")]),
        (json!({}), vec![("/customer", "missing"), ("/hold_token", "missing")]),
        (
            with(json!({ "menu_id": 7, "start": "24:61", "party_size": "2", "colour": "red" })),
            vec![
                ("/menu_id", "wrong_type"),
                ("/start", "bad_format"),
                ("/party_size", "wrong_type"),
                ("/colour", "unknown_field"),
            ],
        ),
        (
            with(json!({ "menu_id": "x", "resource_id": "y", "option_ids": ["z"] })),
            vec![("/menu_id", "bad_format"), ("/resource_id", "bad_format"), ("/option_ids/0", "bad_format")],
        ),
        (with(json!({ "start": "2026-03-20T24:61:00Z" })), vec![("/start", "bad_format")]),
        (with(json!({ "start": "2026-03-20 12:00" })), vec![("/start", "bad_format")]),
        (with(json!({ "start": "2026-03-20T03:00:30Z" })), vec![("/start", "not_a_whole_minute")]),
        (with(json!({ "start": "2026-03-20T03:00:00.5Z" })), vec![("/start", "not_a_whole_minute")]),
        (with(json!({ "start": "0001-01-01T00:00:00Z" })), vec![("/start", "out_of_range")]),
        (with(json!({ "start": "9999-12-31T00:00:00Z" })), vec![("/start", "out_of_range")]),
        (with(json!({ "start": "-" })), vec![("/start", "missing")]),
        (with(json!({ "menu_id": "-" })), vec![("/menu_id", "missing")]),
        (with(json!({ "party_size": 0 })), vec![("/party_size", "too_small")]),
        (with(json!({ "party_size": -1 })), vec![("/party_size", "too_small")]),
        (with(json!({ "party_size": 5_000_000_000_i64 })), vec![("/party_size", "too_large")]),
        (with(json!({ "source": "fax" })), vec![("/source", "not_one_of")]),
        (with(json!({ "hold_token": "x" })), vec![("/menu_id", "not_allowed"), ("/start", "not_allowed")]),
        (
            holding(json!({ "party_size": 1, "resource_id": salon.shop.resource, "option_ids": [], "source": "line" })),
            vec![
                ("/party_size", "not_allowed"),
                ("/resource_id", "not_allowed"),
                ("/option_ids", "not_allowed"),
                ("/source", "not_allowed"),
            ],
        ),
        (with(json!({ "customer": { "name": "x" } })), vec![("/customer", "not_allowed")]),
        (with(json!({ "customer_id": "-" })), vec![("/customer", "missing")]),
        (with(json!({ "customer_id": "-", "customer": {} })), vec![("/customer/name", "required")]),
        (
            with(
                json!({ "customer_id": "-", "customer": { "name": " ", "phone": "call me", "email": "nobody", "birthday": "1850-01-01",
                "name_kana": "ア".repeat(256), "line_user_id": "x".repeat(101) }, "customer_notes": "a\u{7}", "menu_id": "-" }),
            ),
            vec![
                ("/menu_id", "missing"),
                ("/customer_notes", "control_character"),
                ("/customer/name", "blank"),
                ("/customer/phone", "bad_phone"),
                ("/customer/email", "bad_email"),
                ("/customer/birthday", "out_of_range"),
                ("/customer/name_kana", "too_long"),
                ("/customer/line_user_id", "too_long"),
            ],
        ),
        (
            with(
                json!({ "customer_id": "-", "customer": { "name": 1, "birthday": "2026-02-30", "gender": "x", "rank": "vip" } }),
            ),
            vec![
                ("/customer/name", "wrong_type"),
                ("/customer/birthday", "bad_format"),
                ("/customer/gender", "not_one_of"),
                ("/customer/rank", "unknown_field"),
            ],
        ),
        (with(json!({ "internal_notes": "x".repeat(16_384) })), vec![("/internal_notes", "too_long")]),
        (
            with(json!({ "preferred_times": [NOON, "2026-03-20T03:00:01Z", NOON] })),
            vec![("/preferred_times/1", "not_a_whole_minute"), ("/preferred_times/2", "repeated")],
        ),
        (with(json!({ "preferred_times": vec![NOON; 6] })), vec![("/preferred_times", "too_many")]),
        // Such a booking is confirmed at once.
        (with(json!({ "preferred_times": ["2026-03-20T06:00:00Z"] })), vec![("/preferred_times", "not_supported")]),
    ];
    for (body, expected) in table {
        let errors = salon.post("/bookings", &body).send().await.problem(400, "invalid_request");
        assert_eq!(errors, sorted(expected), "{body}");
    }
    salon.post("/bookings", &holding(json!({}))).send().await.problem(409, "hold_expired");
    assert_eq!((salon.bookings().await, salon.shop.everything(&salon.app).await), before);
}

#[tokio::test]
async fn bad_queries_are_told_what_is_wrong_with_them() {
    let salon = Salon::open().await;
    for (query, expected) in [
        ("", vec![("?menu_id", "missing"), ("?from", "missing"), ("?to", "missing")]),
        (
            "menu_id=x&from=2026-02-30&to=1&party_size=0&resource_id=y&option_ids=z,&source=fax&customer_id=1&explain=yes&a=b",
            vec![
                ("?menu_id", "bad_format"),
                ("?from", "bad_format"),
                ("?to", "bad_format"),
                ("?party_size", "too_small"),
                ("?resource_id", "bad_format"),
                ("?option_ids", "bad_format"),
                ("?source", "not_one_of"),
                ("?customer_id", "bad_format"),
                ("?explain", "wrong_type"),
                ("?a", "unknown_parameter"),
            ],
        ),
        ("menu_id=ID&from=2026-03-20&to=2026-03-19", vec![("?to", "before_from")]),
        ("menu_id=ID&from=2026-03-20&to=2026-05-21", vec![("?to", "too_many_days")]),
        (
            "menu_id=ID&from=0001-01-01&to=9999-12-31",
            vec![("?to", "too_many_days"), ("?from", "out_of_range"), ("?to", "out_of_range")],
        ),
    ] {
        let path = format!("/slots?{}", query.replace("ID", &salon.shop.menu));
        let errors = salon.get(&path).send().await.problem(400, "invalid_request");
        assert_eq!(errors, sorted(expected), "{query}");
    }
    let longest = format!("/slots?menu_id={}&from=2026-03-20&to=2026-05-20", salon.shop.menu);
    salon.get(&longest).send().await.is(200);
    let query = "status=done,pending&date_from=x&booking_number=260320-AAAAAAA-A&limit=201&cursor=%21";
    let errors = salon.get(&format!("/bookings?{query}")).send().await.problem(400, "invalid_request");
    let expected = vec![
        ("?status", "not_one_of"),
        ("?date_from", "bad_format"),
        ("?booking_number", "bad_number"),
        ("?limit", "too_large"),
    ];
    assert_eq!(errors, sorted(expected));
    let cursor = salon.get("/bookings?cursor=abc").send().await;
    assert_eq!(cursor.violation(), ("?cursor".into(), "bad_cursor".into()));
    for id in ["x", "x.ics", ".ics", "0190a7a0-0000-7000-8000-000000000001.icsx"] {
        let answer = salon.get(&format!("/bookings/{id}")).send().await;
        assert_eq!(answer.violation(), ("{booking_id}".into(), "bad_format".into()), "{id}");
    }
}

#[tokio::test]
async fn another_shops_things_cannot_be_booked() {
    let salon = Salon::open().await;
    let theirs = Shop::open(&salon.app, "theirs").await;
    let id = salon.book(NOON).await.is(201).id();
    let before = (salon.bookings().await, salon.shop.everything(&salon.app).await, theirs.everything(&salon.app).await);
    let with = |field: &str, value: &Value| {
        let mut body = salon.wish("2026-03-20T06:00:00Z");
        body[field] = value.clone();
        body
    };
    for (body, status, code) in [
        (with("menu_id", &json!(theirs.menu)), 404, "not_found"),
        (with("customer_id", &json!(theirs.customer)), 404, "not_found"),
        (with("resource_id", &json!(theirs.resource)), 422, "resource_not_allowed"),
        (with("option_ids", &json!([theirs.option])), 422, "option_not_available"),
    ] {
        salon.post("/bookings", &body).send().await.problem(status, code);
    }
    // Not by their key, nor under their store.
    let at_theirs = |path: &str| salon.app.get(theirs.at(path)).key(&theirs.key);
    at_theirs(&format!("/bookings/{id}")).send().await.problem(404, "not_found");
    at_theirs(&format!("/bookings/{id}.ics")).send().await.problem(404, "not_found");
    at_theirs(&format!("/bookings/{id}/changes")).send().await.problem(404, "not_found");
    let cancel =
        salon.app.post(theirs.at(&format!("/bookings/{id}/cancel")), &json!({ "reason": "x" })).key(&theirs.key);
    cancel.send().await.problem(404, "not_found");
    let slots = format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20", salon.shop.menu);
    at_theirs(&slots).send().await.problem(404, "not_found");
    let patron =
        format!("/slots?menu_id={}&from=2026-03-20&to=2026-03-20&customer_id={}", salon.shop.menu, theirs.customer);
    salon.get(&patron).send().await.problem(404, "not_found");
    let (found, filtered) = (salon.get(&format!("/bookings?customer_id={}", theirs.customer)), salon.get("/bookings"));
    assert_eq!((found.send().await.ids().len(), filtered.send().await.ids()), (0, vec![id]));
    let after = (salon.bookings().await, salon.shop.everything(&salon.app).await, theirs.everything(&salon.app).await);
    assert_eq!(after, before);
}

#[tokio::test]
async fn notes_alone_can_be_patched_over_the_version_that_was_seen() {
    let salon = Salon::open().await;
    let mut wish = salon.wish(NOON);
    wish["customer_notes"] = json!("窓側で");
    let id = salon.post("/bookings", &wish).send().await.is(201).id();
    let path = salon.at(&format!("/bookings/{id}"));
    let app: &TestApp = &salon.app;
    let patched =
        app.patch(&path, &json!({ "staff_notes": "金\n髪" })).header("if-match", "\"1\"").send().await.is(200);
    assert_eq!((patched.head("etag"), &patched.body["staff_notes"]), (Some("\"2\""), &json!("金\n髪")));
    assert_eq!(patched.body["customer_notes"], "窓側で");
    let late = app.patch(&path, &json!({ "staff_notes": "late" })).header("if-match", "\"1\"").send().await;
    late.problem(412, "stale_version");
    for (patch, pointer, code) in [
        (json!({ "status": "completed" }), "/status", "unknown_field"),
        (json!({ "total_price": 0 }), "/total_price", "unknown_field"),
        (json!({ "internal_notes": 7 }), "/internal_notes", "wrong_type"),
        (json!({ "internal_notes": "a\u{1}" }), "/internal_notes", "control_character"),
    ] {
        assert_eq!(app.patch(&path, &patch).send().await.violation(), (pointer.into(), code.into()), "{patch}");
    }
    let cleared = app.patch(&path, &json!({ "customer_notes": null })).send().await.is(200).body;
    assert_eq!((&cleared["customer_notes"], &cleared["version"]), (&json!(null), &json!(3)));
    app.get(&path).header("if-none-match", "\"3\"").send().await.is(304);
}
