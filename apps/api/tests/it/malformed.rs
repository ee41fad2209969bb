//! Input that is wrong gets the right 4xx, with pointer and code, and changes nothing.

use crate::app::{Answer, TestApp};
use crate::booked::Booked;
use crate::shop::{Shop, new_store};
use crate::staff::hire;
use axum::http::Method;
use musubi_kernel::page::Cursor;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn menu() -> Value {
    json!({ "name": "Cut", "base_duration": 60, "base_price": 5500 })
}

fn resource() -> Value {
    json!({ "name": "花子" })
}

async fn one_thing_wrong_is_one_violation(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let (menus, resources, stores) = (shop.at("/menus"), shop.at("/resources"), "/v1/stores".to_owned());
    let (customers, absences) = (shop.at("/customers"), shop.at(&format!("/resources/{}/absences", shop.resource)));
    let absence = || json!({ "from": "2026-04-01T00:00:00Z", "to": "2026-04-01T01:00:00Z" });
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        (&menus, with(menu(), "/name", json!(7)), "/name", "wrong_type"),
        (&menus, with(menu(), "/name", Value::Null), "/name", "wrong_type"),
        (&menus, with(menu(), "/name", json!("")), "/name", "blank"),
        (&menus, with(menu(), "/name", json!("x".repeat(256))), "/name", "too_long"),
        (&menus, with(menu(), "/name", json!("a\u{0}b")), "/name", "nul_character"),
        (&menus, with(menu(), "/name", json!("two\nlines")), "/name", "control_character"),
        (&menus, with(menu(), "/colour", json!("red")), "/colour", "unknown_field"),
        (&menus, with(menu(), "/id", json!(shop.menu)), "/id", "unknown_field"),
        (&menus, with(menu(), "/a~1b", json!(1)), "/a~01b", "unknown_field"),
        (&menus, json!({ "name": "Cut", "base_price": 1 }), "/base_duration", "missing"),
        (&menus, with(menu(), "/base_duration", json!(-60)), "/base_duration", "out_of_range"),
        (&menus, with(menu(), "/base_duration", json!(0)), "/base_duration", "out_of_range"),
        (&menus, with(menu(), "/base_duration", json!(60.5)), "/base_duration", "wrong_type"),
        (&menus, with(menu(), "/base_duration", json!("60")), "/base_duration", "wrong_type"),
        (&menus, with(menu(), "/base_duration", json!(4_000_000_000_u64)), "/base_duration", "too_large"),
        (&menus, with(menu(), "/base_price", json!(1e300)), "/base_price", "too_large"),
        (&menus, with(menu(), "/base_price", json!(u64::MAX)), "/base_price", "too_large"),
        (&menus, with(menu(), "/is_active", json!("yes")), "/is_active", "wrong_type"),
        (&menus, with(menu(), "/service_type", json!("solo")), "/service_type", "not_one_of"),
        (&menus, with(menu(), "/tags", json!("a,b")), "/tags", "wrong_type"),
        (&menus, with(menu(), "/resource_ids", json!(["nobody"])), "/resource_ids/0", "bad_format"),
        (&menus, with(menu(), "/resource_ids", json!([shop.menu])), "/resource_ids/0", "unknown_resource"),
        (
            &menus,
            with(
                menu(),
                "/time_based_pricing",
                json!([{ "days": ["sat"], "from": "24:61", "to": "26:00",
            "kind": "percent", "value": 10 }]),
            ),
            "/time_based_pricing/0/from",
            "bad_format",
        ),
        (&menus, with(menu(), "/min_age", json!(-1)), "/min_age", "out_of_range"),
        (&menus, json!([]), "", "wrong_type"),
        (&menus, json!(null), "", "wrong_type"),
        (&resources, with(resource(), "/capacity", json!(11)), "/capacity", "out_of_range"),
        (&resources, with(resource(), "/efficiency_rate", json!(0)), "/efficiency_rate", "too_small"),
        (
            &resources,
            with(resource(), "/working_hours", json!({ "mon": [{ "open": "19:00", "close": "10:00" }] })),
            "/working_hours/mon/0",
            "open_not_before_close",
        ),
        (
            &resources,
            with(resource(), "/working_hours", json!({ "mon": [{ "open": "10:00" }] })),
            "/working_hours/mon/0/close",
            "missing",
        ),
        (
            &resources,
            with(resource(), "/working_hours", json!({ "funday": [] })),
            "/working_hours/funday",
            "unknown_field",
        ),
        (
            &resources,
            with(resource(), "/working_hours", json!({ "mon": [{ "open": "24:61", "close": "26:00" }] })),
            "/working_hours/mon/0/open",
            "bad_format",
        ),
        (&stores, with(new_store("x1"), "/slug", json!("Not A Slug")), "/slug", "bad_slug"),
        (&stores, with(new_store("x1"), "/time_zone", json!("Mars/Base")), "/time_zone", "invalid_value"),
        (
            &stores,
            with(new_store("x1"), "/business_hours/mon/0/close", json!("30:01")),
            "/business_hours/mon/0/close",
            "bad_format",
        ),
        (
            &stores,
            with(with(new_store("x1"), "/longitude", json!(139)), "/latitude", json!(91)),
            "/latitude",
            "out_of_range",
        ),
        (&stores, with(new_store("x1"), "/tenant_id", json!("x")), "/tenant_id", "bad_format"),
        (&customers, json!({ "name": "a", "birthday": "2026-02-30" }), "/birthday", "bad_format"),
        (&customers, json!({ "name": "a", "birthday": "1990-1-1" }), "/birthday", "bad_format"),
        (&customers, json!({ "name": "a", "phone": "call me" }), "/phone", "invalid_value"),
        (&customers, json!({ "name": "a", "restriction_until": "tomorrow" }), "/restriction_until", "bad_format"),
        (&absences, with(absence(), "/to", json!("2026-03-31T00:00:00Z")), "/to", "from_not_before_to"),
        (&absences, with(absence(), "/from", json!("2026-04-01 00:00")), "/from", "bad_format"),
    ];
    let before = shop.everything(&app).await;
    for (path, body, pointer, code) in cases {
        let found = app.post(path, &body).key(&shop.key).send().await.problem(400, "invalid_request");
        assert!(found.contains(&(pointer.to_owned(), code.to_owned())), "{path} {body}: {found:?}");
        assert!(found.iter().all(|(at, _)| at.starts_with(pointer)), "{path} {body}: {found:?}");
    }
    assert_eq!(shop.everything(&app).await, before);
}

async fn everything_wrong_is_told_at_once(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let body = json!({ "name": 1, "base_duration": "x", "colour": "red", "resource_ids": ["a", "b"], "min_age": 1.5 });
    let found = app.post(shop.at("/menus"), &body).send().await.problem(400, "invalid_request");
    let expected = [
        ("/base_duration", "wrong_type"),
        ("/base_price", "missing"),
        ("/colour", "unknown_field"),
        ("/min_age", "wrong_type"),
        ("/name", "wrong_type"),
        ("/resource_ids/0", "bad_format"),
        ("/resource_ids/1", "bad_format"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

async fn strange_texts_are_kept_as_they_are(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    for name in [
        "Robert'); DROP TABLE menus;--",
        "\" OR \"\"=\"",
        "💇‍♀️ カット 🎀",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "%s%n{0}${7*7}",
        "\u{202e}evil",
        "ｶｯﾄ é e\u{301}",
    ] {
        let made = app.post(shop.at("/menus"), &with(menu(), "/name", json!(name))).send().await.is(201);
        let read = app.get(shop.at(&format!("/menus/{}", made.id()))).send().await.is(200);
        assert_eq!(read.body["name"], name);
        let encoded = name.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
        app.get(shop.at(&format!("/menus?category={encoded}"))).send().await.is(200);
        app.get(shop.at(&format!("/customers?name={encoded}"))).send().await.is(200);
    }
}

async fn a_body_that_is_not_json_is_malformed(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let send = async |text: Vec<u8>| {
        let call = app.call(Method::POST, shop.at("/menus")).body(text);
        call.header("content-type", "application/json").send().await
    };
    let before = shop.everything(&app).await;
    let deep = "[".repeat(100_000);
    for text in
        ["", "{", "{\"name\":}", "nonsense", "{\"a\":1}x", "{'a':1}", "[1,]", "{\"a\":1e999}", "\u{feff}{}", &deep]
    {
        send(text.as_bytes().to_vec()).await.problem(400, "malformed_json");
    }
    send(b"{\"name\":\"\xff\"}".to_vec()).await.problem(400, "malformed_json");
    let at = send(b"{\n  \"name\": oops }".to_vec()).await;
    assert!(at.body["detail"].as_str().unwrap().contains("line 2"), "{:#}", at.body);
    let doubled = send(br#"{"name":"a","name":"b"}"#.to_vec()).await;
    assert_eq!(doubled.violation(), ("/name".to_owned(), "duplicate_field".to_owned()));
    assert_eq!(shop.everything(&app).await, before);
}

async fn an_answer_never_repeats_megabytes(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let long = "x".repeat(200_000);
    let many: serde_json::Map<String, Value> = (0..5000).map(|n| (format!("field{n}"), json!(n))).collect();
    for body in [json!({ &long: 1 }), json!({ "name": long, "base_duration": long }), Value::Object(many)] {
        let answer = app.post(shop.at("/menus"), &body).send().await;
        answer.problem(400, "invalid_request");
        assert!(answer.body.to_string().len() < 20_000, "{} bytes", answer.body.to_string().len());
    }
}

async fn the_content_type_must_be_json(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let text = menu().to_string();
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json"]
    {
        let call = app.call(Method::POST, shop.at("/menus")).body(text.clone());
        call.header("content-type", wrong).send().await.problem(415, "unsupported_media_type");
    }
    let without = app.call(Method::POST, shop.at("/menus")).body(text.clone()).send().await;
    without.problem(415, "unsupported_media_type");
    let good = app.call(Method::POST, shop.at("/menus")).body(text);
    good.header("content-type", "application/json; charset=UTF-8").send().await.is(201);
}

async fn ids_and_dates_in_paths_are_checked(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    for bad in ["1", "x", "0190a7a0", "%00", "%FF", "..%2F", "0190a7a0-0000-7000-8000-00000000000g", "%F0%9F%92%87"] {
        let answer = app.get(format!("/v1/stores/{bad}")).send().await;
        let (pointer, code) = answer.violation();
        assert!(pointer == "{store_id}" || pointer == "{}", "{bad}: {pointer}");
        assert_eq!(code, "bad_format", "{bad}");
        app.get(shop.at(&format!("/menus/{bad}"))).send().await.problem(400, "invalid_request");
    }
    for bad in
        ["2026-02-30", "2026-3-1", "20260301", "today", "+002026-01-01", "2026-13-01", "0000-01-01", "-001-01-01"]
    {
        let answer = app.put(shop.at(&format!("/calendar/{bad}")), &json!({})).send().await;
        assert_eq!(answer.violation(), ("{date}".to_owned(), "bad_format".to_owned()), "{bad}");
        for answer in [app.get(shop.at(&format!("/calendar/{bad}"))), app.delete(shop.at(&format!("/calendar/{bad}")))]
        {
            assert_eq!(answer.send().await.violation().1, "bad_format", "{bad}");
        }
    }
    let nothing = "0190a7a0-0000-7000-8000-000000000000";
    app.get(format!("/v1/stores/{nothing}")).send().await.problem(404, "not_found");
    app.get(shop.at(&format!("/menus/{nothing}"))).send().await.problem(404, "not_found");
    // An id of another kind is nobody's.
    app.get(shop.at(&format!("/menus/{}", shop.resource))).send().await.problem(404, "not_found");
}

async fn queries_are_checked(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let violation = async |query: &str| -> (String, String) {
        let answer: Answer = app.get(shop.at(query)).send().await;
        answer.violation()
    };
    for (query, pointer, code) in [
        ("/menus?limit=0", "?limit", "too_small"),
        ("/menus?limit=201", "?limit", "too_large"),
        ("/menus?limit=x", "?limit", "wrong_type"),
        ("/menus?limit=99999999999999999999", "?limit", "wrong_type"),
        ("/menus?limit=1&limit=2", "?limit", "repeated"),
        ("/menus?cursor=%25%25", "?cursor", "bad_cursor"),
        ("/menus?cursor=eyJhIjoxfQ", "?cursor", "bad_cursor"),
        ("/menus?cursor=", "?cursor", "bad_cursor"),
        ("/menus?colour=red", "?colour", "unknown_parameter"),
        ("/menus?include_inactive=1", "?include_inactive", "wrong_type"),
        ("/menus?category=%00", "?category", "nul_character"),
        ("/menus?category=%FF", "?", "bad_format"),
        ("/resources?type=robot", "?type", "not_one_of"),
        ("/calendar?from=2026-02-30", "?from", "bad_format"),
        ("/calendar?from=-001-01-01", "?from", "bad_format"),
        ("/calendar?to=0000-01-01", "?to", "bad_format"),
        ("/bookings?date_from=-001-01-01", "?date_from", "bad_format"),
        ("/bookings?date_to=0000-12-31", "?date_to", "bad_format"),
        ("/holidays", "?year", "missing"),
        ("/holidays?year=1969", "?year", "too_small"),
        ("/customers?phone=abc", "?phone", "bad_phone"),
        ("/customers?email=abc", "?email", "bad_email"),
    ] {
        assert_eq!(violation(query).await, (pointer.to_owned(), code.to_owned()), "{query}");
    }
}

async fn nothing_reaches_beyond_the_calendar(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let absences = format!("/resources/{}/absences", shop.resource);
    for at in ["+262142-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"] {
        let (date, id) = (at.split_once('T').unwrap().0, shop.menu.as_str());
        for (list, key) in [
            (absences.as_str(), json!([at, id])),
            ("/bookings", json!([at, id])),
            ("/bookings", json!({ "start": at, "id": id })),
            ("/calendar", json!([date, id])),
        ] {
            let forged = Cursor::after(&key);
            let answer = app.get(shop.at(&format!("{list}?cursor={}", forged.as_str()))).send().await;
            assert_eq!(answer.violation(), ("?cursor".to_owned(), "bad_cursor".to_owned()), "{list} {key}");
        }
    }
    for at in ["0000-06-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"] {
        let answer = app.get(shop.at(&format!("{absences}?from={at}"))).send().await;
        assert_eq!(answer.violation(), ("?from".to_owned(), "bad_format".to_owned()), "{at}");
    }
    // The edges themselves are only empty, or refused for what they ask.
    for day in ["0001-01-01", "9999-12-31"] {
        for list in [
            format!("/bookings?date_from={day}&date_to={day}"),
            format!("/calendar?from={day}&to={day}"),
            format!("{absences}?from={day}T00:00:00Z&to={day}T23:59:59Z"),
        ] {
            app.get(shop.at(&list)).send().await.is(200);
        }
        let slots = format!("from={day}&to={day}&menu_id={}", shop.menu);
        for place in [shop.at("/slots"), format!("/v1/public/stores/{}/slots", shop.slug)] {
            let answer = app.get(format!("{place}?{slots}")).send().await;
            assert!(answer.status.as_u16() < 500, "{place} {day}: {answer:#?}");
        }
        for start in [format!("{day}T00:00:00Z"), format!("{day}T23:59:00Z")] {
            let body = json!({ "menu_id": shop.menu, "start": start });
            let answer = app.post(shop.at("/holds"), &body).send().await;
            assert!((400..500).contains(&answer.status.as_u16()), "{start}: {answer:#?}");
        }
    }
}

async fn patches_are_checked_as_a_whole(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let address = shop.at(&format!("/menus/{}", shop.menu));
    let before = shop.everything(&app).await;
    for (patch, pointer, code) in [
        (json!({ "name": null }), "/name", "missing"),
        (json!({ "name": 5 }), "/name", "wrong_type"),
        (json!({ "colour": null }), "/colour", "unknown_field"),
        (json!({ "id": null }), "/id", "unknown_field"),
        (json!({ "pricing_options": { "colour": null } }), "/pricing_options/colour", "unknown_field"),
        (json!({ "id": shop.menu }), "/id", "unknown_field"),
        (json!({ "version": 9 }), "/version", "unknown_field"),
        (json!({ "created_at": "2026-01-01T00:00:00Z" }), "/created_at", "unknown_field"),
        (
            json!({ "pricing_options": { "rank_percent": { "vip": -101 } } }),
            "/pricing_options/rank_percent/vip",
            "out_of_range",
        ),
        (json!({ "base_duration": -1 }), "/base_duration", "out_of_range"),
        (json!([]), "", "wrong_type"),
    ] {
        let answer = app.patch(&address, &patch).send().await;
        assert_eq!(answer.violation(), (pointer.to_owned(), code.to_owned()), "{patch}");
    }
    let twice = app.patch(&address, &json!({ "colour": null, "sound": 1, "name": 5 })).send().await;
    let told: BTreeMap<_, _> = twice.problem(400, "invalid_request").into_iter().collect();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["/colour", "/name", "/sound"], "each once, and all of them");
    let text = app.call(Method::PATCH, &address).body("{}").header("content-type", "text/plain");
    text.send().await.problem(415, "unsupported_media_type");
    assert_eq!(shop.everything(&app).await, before);
}

async fn every_patch_that_takes_back_what_there_is_not_is_refused(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Booked::open(&app, "shop").await;
    let (person, account) = hire(&app, &shop, "hanako@example.jp", "staff").await;
    let before = shop.everything(&app).await;
    let mut seen = 0;
    for (method, path, operation) in crate::openapi::operations() {
        // A passkey takes a browser; its name is read by the same patch.
        if method != "PATCH" || path.contains("{passkey_id}") {
            continue;
        }
        let path = path.replace("{staff_id}", &account);
        let call = app.call(Method::PATCH, shop.address(&path)).json(&json!({ "no_such_field": null }));
        let call = if operation["tags"][0] == "me" { call.key(&person.access) } else { call };
        let answer = call.send().await;
        assert_eq!(answer.violation(), ("/no_such_field".to_owned(), "unknown_field".to_owned()), "{path}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
    assert_eq!(shop.everything(&app).await, before);
}

async fn every_body_of_a_wrong_type_is_refused_everywhere(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Booked::open(&app, "shop").await;
    let (person, account) = hire(&app, &shop, "hanako@example.jp", "staff").await;
    let wish = json!({ "menu_id": shop.menu, "start": "2026-03-20T07:00:00Z" });
    let own = app.post(shop.at("/bookings"), &wish).key(&person.access).send().await.is(201).id();
    let before = shop.everything(&app).await;
    for (method, path, operation) in crate::openapi::operations() {
        if operation.get("requestBody").is_none() {
            continue;
        }
        // Whoever cannot sign learns nothing of what a body may be.
        let carriers = operation["tags"][0] == "carriers";
        let (status, code) = if carriers { (401, "bad_signature") } else { (400, "invalid_request") };
        let path = path.replace("{staff_id}", &account).replace("{user_id}", &person.id);
        let path = path.replace("/me/bookings/{booking_id}", &format!("/me/bookings/{own}"));
        for body in [json!([]), json!(7), json!("x"), json!({ "no_such_field": 1 })] {
            let call = app.call(method.parse().unwrap(), shop.address(&path)).json(&body);
            let call = if operation["tags"][0] == "me" { call.key(&person.access) } else { call };
            call.send().await.problem(status, code);
        }
    }
    assert_eq!(shop.everything(&app).await, before);
}

on_each_engine!(
    one_thing_wrong_is_one_violation,
    everything_wrong_is_told_at_once,
    strange_texts_are_kept_as_they_are,
    a_body_that_is_not_json_is_malformed,
    an_answer_never_repeats_megabytes,
    the_content_type_must_be_json,
    ids_and_dates_in_paths_are_checked,
    queries_are_checked,
    nothing_reaches_beyond_the_calendar,
    patches_are_checked_as_a_whole,
    every_patch_that_takes_back_what_there_is_not_is_refused,
    every_body_of_a_wrong_type_is_refused_everywhere,
);
