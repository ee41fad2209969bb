//! Settings, wordings, lists and marks, as their callers meet them.

use super::{START, Salon};
use crate::app::instant;
use crate::person::Person;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};

on_each_engine!(
    a_store_decides_what_it_tells,
    a_customer_decides_what_they_are_told,
    the_same_rules_hold_wherever_settings_are_set,
    a_store_says_it_in_its_own_words,
    who_may_not_reach_customers_sees_masks,
    what_has_failed_is_sent_again_by_hand,
    a_person_has_their_own_list,
);

async fn a_store_decides_what_it_tells(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let path = salon.shop.at("/notification-settings");
    let usual = app.get(&path).key(key).send().await.is(200);
    assert_eq!(
        (&usual.body["reminder_hours_before"], &usual.body["notification_settings"]),
        (&json!(24), &Value::Null)
    );
    let tag = usual.head("etag").unwrap().to_owned();
    let in_force = &usual.body["in_force"];
    let kinds = &in_force["kinds"];
    assert_eq!(in_force["quiet_hours"], json!({ "from": "21:00", "to": "08:00" }));
    assert_eq!(kinds["reminder"], json!({ "enabled": true, "channels": ["line", "email", "sms"] }));
    assert_eq!(kinds["promotional"]["channels"], json!(["line", "email"]));
    let wrong = json!({ "reminder_hours_before": 721,
        "notification_settings": { "colour": "red", "channels": ["fax"], "quiet_hours": { "from": "9" } } });
    let wrong = app.put(&path, &wrong).key(key).header("accept-language", "ja").send().await;
    let wrong = wrong.problem(400, "invalid_request");
    let pointers: Vec<_> = wrong.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert!(pointers.contains(&"/reminder_hours_before"), "{pointers:?}");
    for pointer in ["colour", "channels", "quiet_hours/from", "quiet_hours/to"] {
        assert!(pointers.contains(&format!("/notification_settings/{pointer}").as_str()), "{pointer}: {pointers:?}");
    }
    let silent = json!({ "send_booking_notifications": false, "reminder_hours_before": 2,
        "notification_settings": { "language": "en" } });
    let set = app.put(&path, &silent).key(key).header("if-match", &tag).send().await.is(200);
    assert_eq!(set.body["notification_settings"]["language"], "en");
    let in_force = &set.body["in_force"];
    assert_eq!(
        (&in_force["language"], &in_force["kinds"]["booking_confirmed"]["enabled"]),
        (&json!("en"), &json!(false))
    );
    app.put(&path, &silent).key(key).header("if-match", &tag).send().await.problem(412, "stale_version");
    salon.book(START).await;
    salon.work_off().await;
    assert_eq!(salon.standing().await, [("reminder", "pending")]);
    let planned = salon.planned().await;
    assert_eq!((planned[0].scheduled_at, planned[0].language.code()), (instant("2026-03-23T03:00:00Z"), "en"));
}

async fn a_customer_decides_what_they_are_told(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let path = salon.shop.at(&format!("/customers/{}/notification-settings", salon.customer));
    let usual = app.get(&path).key(key).send().await.is(200);
    assert_eq!(usual.body["channels"], json!({ "line": true, "email": true, "sms": true }));
    assert_eq!(usual.body["kinds"], json!({ "reminder": true, "promotional": false }));
    let wrong = json!({ "kinds": { "booking_cancelled": false } });
    let wrong = app.put(&path, &wrong).key(key).send().await.violation();
    assert_eq!(wrong, ("/kinds/booking_cancelled".to_owned(), "not_declinable".to_owned()));
    let decided = json!({ "language": "en", "channels": { "line": false }, "kinds": { "reminder": false } });
    let set = app.put(&path, &decided).key(key).send().await.is(200);
    assert_eq!((&set.body["language"], &set.body["channels"]["line"]), (&json!("en"), &json!(false)));
    salon.book(START).await;
    salon.work_off().await;
    assert_eq!(salon.standing().await, [("booking_confirmed", "sent")]);
    assert_eq!((salon.ways.line.told().len(), salon.ways.mails().len()), (0, 1));
    app.put(&path, &json!({})).key(key).send().await.is(200);
    assert_eq!(app.get(&path).key(key).send().await.body["channels"]["line"], true);
}

/// However they are set: with the rest of a store or a customer, or by themselves.
async fn the_same_rules_hold_wherever_settings_are_set(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let customers = salon.shop.at("/customers");
    let customer = format!("{customers}/{}", salon.customer);
    let settings = |settings: &Value| json!({ "notification_settings": settings });
    let named = |settings: &Value| json!({ "name": "鈴木", "notification_settings": settings });
    let mut store = crate::shop::new_store("second");
    let cases = [
        (json!({ "colour": "red" }), "colour", "unknown_member", true),
        (json!({ "channels": ["fax"] }), "channels", "bad_channels", true),
        (json!({ "rate_per_minute": 0 }), "rate_per_minute", "out_of_range", true),
        (json!({ "kinds": { "booking_cancelled": false } }), "kinds/booking_cancelled", "not_declinable", false),
        (json!({ "channels": { "fax": true } }), "channels/fax", "unknown_member", false),
    ];
    for (wrong, pointer, code, of_store) in cases {
        let answers = if of_store {
            store["notification_settings"] = wrong.clone();
            [
                app.patch(salon.shop.at(""), &settings(&wrong)).key(key).send().await,
                app.post("/v1/stores", &store).key(key).send().await,
                app.put(salon.shop.at("/notification-settings"), &settings(&wrong)).key(key).send().await,
            ]
        } else {
            [
                app.patch(&customer, &settings(&wrong)).key(key).send().await,
                app.post(&customers, &named(&wrong)).key(key).send().await,
                app.put(format!("{customer}/notification-settings"), &wrong).key(key).send().await,
            ]
        };
        for answer in &answers {
            let (found, broken) = answer.violation();
            assert!(found.ends_with(pointer), "{found} for {wrong}");
            assert_eq!(broken, code, "{wrong}");
        }
        assert_eq!(answers[0].violation().0, format!("/notification_settings/{pointer}"));
    }
    let good = json!({ "language": "en", "channels": { "line": false } });
    let set = app.patch(&customer, &settings(&good)).key(key).send().await.is(200).body;
    assert_eq!(set["notification_settings"], good);
    let good = json!({ "language": "en", "channels": ["email"] });
    assert_eq!(
        app.patch(salon.shop.at(""), &settings(&good)).key(key).send().await.is(200).body["notification_settings"],
        good
    );
}

async fn a_store_says_it_in_its_own_words(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let path = salon.shop.at("/notification-templates");
    let own = |content: &str| json!({ "template_type": "booking_confirmed", "channel": "line", "name": "own", "content": content });
    for (content, code) in [("{{ nobody }}", "unknown_variable"), ("{{ day", "template_syntax"), (" ", "blank")] {
        let wrong = app.post(&path, &own(content)).key(key).send().await.problem(400, "invalid_request");
        assert!(wrong.iter().any(|(pointer, found)| pointer == "/content" && found == code), "{wrong:?}");
        let wrong = app.post(format!("{path}/preview"), &own(content)).key(key).send().await;
        assert!(wrong.problem(400, "invalid_request").iter().any(|(_, found)| found == code));
    }
    let words = own("{{ customer_name }} 様、{{ day }}{{ time }}に。");
    let preview = app.post(format!("{path}/preview"), &words).key(key).send().await.is(200).body;
    assert!(preview["text"].as_str().is_some_and(|text| text.starts_with("山田 花子 様、明日14:00")), "{preview:#}");
    let made = app.post(&path, &words).key(key).send().await.is(201);
    salon.book(START).await;
    salon.work_off().await;
    let told = salon.ways.line.told();
    assert!(told[0].text().starts_with("山田 花子 様、"), "{told:#?}");
    assert_eq!(told[0].body["messages"].as_array().map(Vec::len), Some(1), "shown as it is");
    assert_eq!(app.get(format!("{path}?type=booking_confirmed")).key(key).send().await.is(200).ids(), [made.id()]);
    app.delete(format!("{path}/{}", made.id())).key(key).send().await.is(204);
    salon.book("2026-03-23T07:00:00Z").await;
    salon.work_off().await;
    let told = salon.ways.line.told();
    assert!(told[1].text().contains("ご予約が確定いたしました"), "{told:#?}");
    let shipped =
        app.get(salon.shop.at("/notification-wording?type=reminder&language=en")).key(key).send().await.is(200);
    assert!(shipped.body["variables"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "day")));
}

async fn who_may_not_reach_customers_sees_masks(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, shop) = (&salon.app, &salon.shop);
    salon.ways.line.says(403, json!({}));
    let booking = salon.book(START).await;
    salon.work_off().await;
    let weak = json!({ "name": "weak", "tenant_id": shop.tenant, "permissions": ["customer.read"] });
    let weak = app.post("/v1/api-keys", &weak).send().await.is(201).body["secret"].as_str().unwrap().to_owned();
    let path = shop.at(&format!("/notifications?booking_id={booking}&status=sent"));
    let clear = app.get(&path).key(&shop.key).send().await.is(200);
    let masked = app.get(&path).key(&weak).send().await.is(200);
    let (clear, masked) = (&clear.body["items"][0], &masked.body["items"][0]);
    assert_eq!((&clear["recipient"], &masked["recipient"]), (&json!("hanako@example.jp"), &json!("h•••@•••")));
    assert!(clear["message_content"].is_string() && clear["customer_id"] == json!(salon.customer));
    assert_eq!((masked.get("message_content"), masked.get("customer_id"), masked.get("subject")), (None, None, None));
    assert_eq!((&masked["status"], &masked["channel"]), (&json!("sent"), &json!("email")));
    assert_eq!(masked["given_up"][0]["channel"], "line");
    let one = shop.at(&format!("/notifications/{}", masked["id"].as_str().unwrap()));
    assert_eq!(app.get(&one).key(&weak).send().await.is(200).body["recipient"], "h•••@•••");
    let of_customer = shop.at(&format!("/notifications?customer_id={}", salon.customer));
    app.get(&of_customer).key(&weak).send().await.problem(403, "permission_missing");
    assert_eq!(app.get(&of_customer).key(&shop.key).send().await.is(200).ids().len(), 2);
    app.post(format!("{one}/resend"), &json!({})).key(&weak).send().await.problem(403, "permission_missing");
}

async fn what_has_failed_is_sent_again_by_hand(test: TestDb) {
    let salon = Salon::open(&test).await;
    let (app, key) = (&salon.app, salon.shop.key.as_str());
    let path = salon.shop.at(&format!("/customers/{}/notification-settings", salon.customer));
    app.put(&path, &json!({ "channels": { "email": false } })).key(key).send().await.is(200);
    salon.ways.line.says(403, json!({ "message": "no" }));
    salon.book(START).await;
    salon.work_off().await;
    let path = salon.shop.at("/notifications");
    let of_bookings = format!("{path}?type=booking_confirmed");
    let failed = app.get(&of_bookings).key(key).send().await.is(200).body["items"][0].clone();
    assert_eq!((&failed["status"], failed["error_message"].is_string()), (&json!("failed"), true));
    let one = format!("{path}/{}", failed["id"].as_str().unwrap());
    salon.ways.line.takes();
    let again = app.call(axum::http::Method::POST, format!("{one}/resend")).key(key).send().await.is(200);
    assert_eq!(again.body["status"], "pending");
    salon.work_off().await;
    assert_eq!(app.get(&one).key(key).send().await.is(200).body["status"], "sent");
    let told = salon.ways.line.told();
    assert_eq!(told.len(), 2);
    assert_ne!(told[0].key, told[1].key);
    let twice = app.call(axum::http::Method::POST, format!("{one}/resend")).key(key).send().await;
    twice.problem(422, "not_failed");
}

async fn a_person_has_their_own_list(test: TestDb) {
    let salon = Salon::open(&test).await;
    let app = &salon.app;
    let hanako = Person::sign_up(app, "hanako2@example.jp").await;
    let taro = Person::sign_up(app, "taro@example.jp").await;
    for start in [START, "2026-03-23T07:00:00Z"] {
        let wish = json!({ "menu_id": salon.shop.menu, "start": start });
        app.post(salon.shop.at("/bookings"), &wish).key(&hanako.access).send().await.is(201);
    }
    salon.work_off().await;
    let list =
        async |query: &str| app.get(format!("/v1/me/notifications{query}")).key(&hanako.access).send().await.is(200);
    let unread =
        async || app.get("/v1/me/notifications/unread").key(&hanako.access).send().await.is(200).body["unread"].clone();
    let all = list("").await;
    assert_eq!((all.ids().len(), unread().await), (2, json!(2)));
    let entry = &all.body["items"][0];
    assert_eq!((&entry["kind"], &entry["store_name"]), (&json!("booking_confirmed"), &json!("結び美容室")));
    assert!(entry["title"].as_str().is_some_and(|title| !title.is_empty()) && entry["read_at"].is_null());
    let read = format!("/v1/me/notifications/{}/read", all.ids()[0]);
    let mark = |who: &str| app.call(axum::http::Method::POST, &read).key(who);
    mark(&taro.access).send().await.problem(404, "not_found");
    for _ in 0..2 {
        mark(&hanako.access).send().await.is(204);
    }
    assert_eq!((unread().await, list("?unread=true").await.ids()), (json!(1), vec![all.ids()[1].clone()]));
    let until = json!({ "until": "2026-03-20T00:00:00Z" });
    let marked = app.post("/v1/me/notifications/read", &until).key(&hanako.access).send().await.is(200);
    assert_eq!((&marked.body["marked"], unread().await), (&json!(1), json!(0)));
    assert_eq!(app.get("/v1/me/notifications").key(&taro.access).send().await.is(200).ids(), [""; 0]);
}
