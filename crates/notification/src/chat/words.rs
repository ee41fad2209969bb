//! What the store's channel says by itself, in Japanese and English.

use crate::facts::{BookingFacts, BookingStatus, House};
use crate::message::{Choice, Reply};
use crate::words::Words;
use musubi_kernel::locale::Locale;

/// What is said in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saying {
    /// The code is none, or is over.
    UnknownCode,
    /// They are another customer of the store already.
    Taken,
    /// There is no such booking of theirs.
    NoBooking,
    /// They are told of it from now on.
    Linked,
    /// It is called off already, or over.
    Over,
    /// The time for that is over.
    TooLate,
    /// It is called off.
    CalledOff,
    /// It stays.
    Kept,
}

/// Where a store can be asked: its telephone number, if it has one.
fn ask(house: &House, language: Locale) -> String {
    match (language, house.phone.as_deref()) {
        (Locale::Ja, Some(phone)) => format!("お手数ですが、店舗（{phone}）までお問い合わせください。"),
        (Locale::Ja, None) => "お手数ですが、店舗までお問い合わせください。".to_owned(),
        (Locale::En, Some(phone)) => format!("Please ask the store: {phone}."),
        (Locale::En, None) => "Please ask the store.".to_owned(),
    }
}

/// A sentence, about a booking where there is one.
pub(super) fn say(saying: Saying, house: &House, booking: Option<&BookingFacts>, language: Locale) -> Reply {
    let number = booking.map(|booking| booking.number.as_str()).unwrap_or_default();
    let ask = ask(house, language);
    let over = booking.is_some_and(|booking| booking.now.status != BookingStatus::Cancelled);
    let japanese = language == Locale::Ja;
    let text = match saying {
        Saying::UnknownCode if japanese => {
            "このコードは無効か、有効期限が切れています。予約の画面で新しいコードを発行してください。".to_owned()
        }
        Saying::UnknownCode => {
            "This code is none, or is over. Ask for a new one where you see your booking.".to_owned()
        }
        Saying::Taken if japanese => format!("このLINEアカウントは、すでに別のお客様情報と連携されています。{ask}"),
        Saying::Taken => format!("This LINE account belongs to another customer of ours already. {ask}"),
        Saying::NoBooking if japanese => format!("お客様のご予約が見つかりませんでした。{ask}"),
        Saying::NoBooking => format!("We have found no such booking of yours. {ask}"),
        Saying::Linked if japanese => format!("ご予約（{number}）のご連絡を、このLINEでお届けします。"),
        Saying::Linked => format!("You will hear of your booking {number} here on LINE."),
        Saying::Over if japanese && over => format!("ご予約（{number}）は、すでに終了しています。"),
        Saying::Over if japanese => format!("ご予約（{number}）は、すでにキャンセルされています。"),
        Saying::Over if over => format!("Your booking {number} is over."),
        Saying::Over => format!("Your booking {number} is cancelled already."),
        Saying::TooLate if japanese => format!("ご予約（{number}）のキャンセル受付期限を過ぎています。{ask}"),
        Saying::TooLate => format!("It is too late to cancel your booking {number} here. {ask}"),
        Saying::CalledOff if japanese => format!("ご予約（{number}）のキャンセルを承りました。"),
        Saying::CalledOff => format!("Your booking {number} is cancelled."),
        Saying::Kept if japanese => "ご予約はそのままです。ご来店をお待ちしております。".to_owned(),
        Saying::Kept => "Your booking stays as it is. We look forward to seeing you.".to_owned(),
    };
    Reply::Text(text)
}

/// Whether a booking is really to be called off.
pub(super) fn question(house: &House, booking: &BookingFacts, language: Locale, yes: String, no: String) -> Reply {
    let words = Words { language, zone: house.zone };
    let terms = &booking.now.terms;
    let when = words.moment(terms.start);
    let menu: String = terms.menu_name.chars().take(60).collect();
    let (text, yes_label, no_label) = match language {
        Locale::Ja => (format!("{when} {menu}のご予約をキャンセルしますか？"), "キャンセルする", "キャンセルしない"),
        Locale::En => (format!("Cancel your booking of {menu} at {when}?"), "Cancel it", "Keep it"),
    };
    Reply::Question { text, choices: [Choice { label: yes_label, data: yes }, Choice { label: no_label, data: no }] }
}
