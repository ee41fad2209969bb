use super::*;
use proptest::prelude::*;
use serde_json::json;

fn card() -> BookingCard {
    BookingCard {
        language: Language::Japanese,
        occasion: Occasion::Confirmed,
        heading: None,
        note: Some("お気をつけてお越しください。".to_owned()),
        store: "さくら美容室 表参道".to_owned(),
        menu: "カット＋カラー".to_owned(),
        starts_at: "2026-03-20T01:00:00Z".parse().expect("a time"),
        ends_at: "2026-03-20T02:30:00Z".parse().expect("a time"),
        zone: Tz::Asia__Tokyo,
        resource: Some("佐藤 花".to_owned()),
        price: Some(Amount(5_500)),
        number: "260320-XTHYJC8-P".to_owned(),
        colour: "#7c3aed".to_owned(),
        details: Some("https://example.jp/b/token".parse().expect("an address")),
        calendar: Some("https://example.jp/b/token/calendar.ics".parse().expect("an address")),
        cancel: Some("cancel=token".to_owned()),
    }
}

/// All texts and labels, from top to bottom.
fn read(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| read(value, into)),
        Value::Object(members) => {
            into.extend(members.get("text").or(members.get("label")).and_then(Value::as_str).map(str::to_owned));
            for part in ["header", "body", "footer", "contents", "action"] {
                members.get(part).iter().for_each(|part| read(part, into));
            }
        }
        _ => {}
    }
}

fn texts(card: &BookingCard) -> Vec<String> {
    let mut texts = Vec::new();
    read(&card.message().expect("fits").to_json()["contents"], &mut texts);
    texts
}

#[test]
fn a_card_says_all_of_a_booking() {
    let found = texts(&card());
    let expected = [
        "さくら美容室 表参道",
        "ご予約が確定しました",
        "お気をつけてお越しください。",
        "メニュー",
        "カット＋カラー",
        "日時",
        "2026年3月20日(金) 10:00〜11:30",
        "担当・場所",
        "佐藤 花",
        "料金",
        "5,500円",
        "予約番号",
        "260320-XTHYJC8-P",
        "予約の詳細",
        "カレンダーに追加",
        "キャンセルする",
    ];
    assert_eq!(found, expected);
    let alt_text = "ご予約が確定しました | さくら美容室 表参道 | 2026年3月20日(金) 10:00〜11:30 | カット＋カラー";
    assert_eq!(card().message().expect("fits").to_json()["altText"], alt_text);
}

#[test]
fn it_says_so_in_english_and_in_the_stores_zone() {
    let english = BookingCard {
        language: Language::English,
        occasion: Occasion::Reminder,
        zone: Tz::America__New_York,
        note: None,
        ..card()
    };
    let expected = [
        "さくら美容室 表参道",
        "Your booking is coming up",
        "Menu",
        "カット＋カラー",
        "Time",
        "Thu, 19 Mar 2026, 21:00–22:30",
        "Staff / place",
        "佐藤 花",
        "Price",
        "¥5,500",
        "Booking no.",
        "260320-XTHYJC8-P",
        "Details",
        "Add to calendar",
        "Cancel booking",
    ];
    assert_eq!(texts(&english), expected);
}

#[test]
fn what_is_not_there_is_left_out() {
    let bare = BookingCard {
        note: Some(" ".to_owned()),
        resource: None,
        price: None,
        details: None,
        calendar: None,
        cancel: None,
        occasion: Occasion::Cancelled,
        ..card()
    };
    let message = bare.message().expect("fits");
    let bubble = &message.to_json()["contents"];
    assert_eq!(bubble.get("footer"), None);
    assert_eq!(bubble["header"]["backgroundColor"], "#6b7280");
    assert_eq!(texts(&bare).len(), 8, "{:?}", texts(&bare));
}

#[test]
fn buttons_lead_where_they_say() {
    let message = card().message().expect("fits");
    let buttons = &message.to_json()["contents"]["footer"]["contents"];
    let actions: Vec<_> = buttons.as_array().expect("buttons").iter().map(|button| &button["action"]).collect();
    assert_eq!(actions[0]["uri"], "https://example.jp/b/token");
    assert_eq!(actions[1]["uri"], "https://example.jp/b/token/calendar.ics");
    let cancel = json!({"type": "postback", "label": "キャンセルする", "data": "cancel=token",
        "displayText": "キャンセルする"});
    assert_eq!(actions[2], &cancel);
    assert_eq!((&buttons[0]["style"], &buttons[0]["color"]), (&json!("primary"), &json!("#7c3aed")));
}

#[test]
fn an_address_that_a_button_cannot_open_is_an_error() {
    let long = format!("https://example.jp/{}", "x".repeat(1_000));
    let card = BookingCard { details: Some(long.parse().expect("an address")), ..card() };
    assert_eq!(card.message(), Err(Unfit::TooLong { what: "address of a button", limit: 1_000 }));
}

proptest! {
    #[test]
    fn whatever_people_call_things_line_takes_the_card(
        name in prop_oneof![any::<String>(), "[\u{0}-\u{1f}]{0,400}", "(花|🍎|\"|\\\\){0,400}", Just(String::new())],
        note in prop_oneof![any::<String>(), "(花🍎\n){0,600}"],
        price in any::<i64>(),
        english in any::<bool>(),
    ) {
        let card = BookingCard {
            language: if english { Language::English } else { Language::Japanese },
            heading: Some(name.clone()),
            note: Some(note),
            store: name.clone(),
            menu: name.clone(),
            resource: Some(name.clone()),
            number: name,
            price: Some(Amount(price)),
            ..card()
        };
        let message = card.message().expect("fits");
        let json = message.to_json();
        prop_assert!(json["contents"].to_string().len() <= limits::BUBBLE);
        prop_assert!(json["altText"].as_str().expect("text").encode_utf16().count() <= limits::ALT_TEXT);
        prop_assert!(texts(&card).iter().all(|text| !text.trim().is_empty()));
    }
}
