//! The wordings that come with Musubi: files in `crates/notification/templates`.
//!
//! Each is put together of what is said of the kind, and of parts that all kinds share: what was booked, how it is changed,
//! and who writes.

use crate::channel::Channel;
use crate::kind::NotificationKind;
use musubi_kernel::locale::Locale;
use serde::Serialize;

/// A wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wording {
    /// Subject of an e-mail, title in a person's own list.
    pub subject: Option<&'static str>,
    /// Text.
    pub content: &'static str,
    /// The same as HTML.
    pub html: Option<&'static str>,
}

macro_rules! file {
    ($($path:literal),+) => { include_str!(concat!("../../templates/", $($path),+)) };
}

/// A kind's wordings in a language. The last word says which shared parts follow: `booked`, with the ways to change it;
/// `told`, without; `offered`, neither.
macro_rules! wordings {
    ($channel:expr, $language:literal, $kind:literal, booked) => {
        wordings!($channel, $language, $kind,
            (file!($language, "/details.txt"), file!($language, "/change.txt")),
            (file!($language, "/details.html"), file!($language, "/change.html")),
            (file!($language, "/details.line.txt"), file!($language, "/change.line.txt")))
    };
    ($channel:expr, $language:literal, $kind:literal, told) => {
        wordings!($channel, $language, $kind,
            (file!($language, "/details.txt")),
            (file!($language, "/details.html")),
            (file!($language, "/details.line.txt")))
    };
    ($channel:expr, $language:literal, $kind:literal, offered) => {
        wordings!($channel, $language, $kind, (""), (""), (""))
    };
    ($channel:expr, $language:literal, $kind:literal, ($($text:expr),+), ($($html:expr),+), ($($line:expr),+)) => {
        match $channel {
            Channel::Line => plain(concat!(file!($language, "/", $kind, "/line.txt"), $($line),+)),
            Channel::Sms => plain(file!($language, "/", $kind, "/sms.txt")),
            Channel::InApp => with_subject(file!($language, "/", $kind, "/in_app.txt")),
            Channel::Email => Wording {
                html: Some(concat!(
                    file!("head.html"), file!($language, "/", $kind, "/email.html"), $($html,)+ file!("foot.html")
                )),
                ..with_subject(concat!(file!($language, "/", $kind, "/email.txt"), $($text,)+ file!("foot.txt")))
            },
        }
    };
}

/// The wording of a kind.
pub fn shipped(kind: NotificationKind, channel: Channel, language: Locale) -> Wording {
    use NotificationKind::{BookingCancelled, BookingConfirmed, BookingReceived, ChangeRequest, Promotional, Reminder};
    match (language, kind) {
        (Locale::Ja, BookingReceived) => wordings!(channel, "ja", "booking_received", booked),
        (Locale::Ja, BookingConfirmed) => wordings!(channel, "ja", "booking_confirmed", booked),
        (Locale::Ja, BookingCancelled) => wordings!(channel, "ja", "booking_cancelled", told),
        (Locale::Ja, Reminder) => wordings!(channel, "ja", "reminder", booked),
        (Locale::Ja, ChangeRequest) => wordings!(channel, "ja", "change_request", booked),
        (Locale::Ja, Promotional) => wordings!(channel, "ja", "promotional", offered),
        (Locale::En, BookingReceived) => wordings!(channel, "en", "booking_received", booked),
        (Locale::En, BookingConfirmed) => wordings!(channel, "en", "booking_confirmed", booked),
        (Locale::En, BookingCancelled) => wordings!(channel, "en", "booking_cancelled", told),
        (Locale::En, Reminder) => wordings!(channel, "en", "reminder", booked),
        (Locale::En, ChangeRequest) => wordings!(channel, "en", "change_request", booked),
        (Locale::En, Promotional) => wordings!(channel, "en", "promotional", offered),
    }
}

const fn plain(content: &'static str) -> Wording {
    Wording { subject: None, content, html: None }
}

/// A wording whose first line is `Subject: …`, and its second empty.
fn with_subject(file: &'static str) -> Wording {
    let (first, content) = file.split_once("\n\n").unwrap_or(("", file));
    Wording { subject: first.strip_prefix("Subject: "), content, html: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::template::TemplateDetails;
    use crate::template::check::check;
    use crate::template::engine::{Form, render};
    use crate::template::examples::variants;

    fn all() -> impl Iterator<Item = (NotificationKind, Channel, Locale)> {
        let kinds = NotificationKind::ALL.iter().copied();
        let channels = |kind| Channel::ALL.iter().map(move |channel| (kind, *channel));
        kinds.flat_map(channels).flat_map(|(kind, channel)| Locale::ALL.iter().map(move |of| (kind, channel, *of)))
    }

    #[test]
    fn they_obey_the_rules_for_a_stores_own() {
        for (kind, channel, language) in all() {
            let Wording { subject, content, html } = shipped(kind, channel, language);
            let own = |text: &str| text.to_owned();
            let details = TemplateDetails {
                kind,
                channel,
                language,
                name: "Shipped".into(),
                subject: subject.map(own),
                content: own(content),
                html: html.map(own),
                is_default: true,
                is_active: true,
            };
            assert_eq!(check(&details), Ok(()), "{kind:?} {channel:?} {language:?}");
        }
    }

    #[test]
    fn they_say_what_must_be_said() {
        for (kind, channel, language) in all() {
            let variables = &variants(kind, language)[0];
            let Wording { subject, content, html } = shipped(kind, channel, language);
            let text = render(content, Form::Text, variables).unwrap();
            let said =
                format!("{} {text}", subject.map_or_else(String::new, |s| render(s, Form::Text, variables).unwrap()));
            let value = |name: &str| variables[name].as_str().unwrap().to_owned();
            let mut must = vec![value("store_name")];
            if kind.is_about_a_booking() {
                must.extend([value("booking_number"), value("time")]);
            } else {
                must.push(value("headline"));
            }
            if matches!(channel, Channel::Line | Channel::Email) {
                if kind.is_about_a_booking() {
                    must.extend([value("date"), value("menu_name"), value("store_address"), value("price")]);
                } else {
                    must.extend([value("body"), value("unsubscribe_url")]);
                }
                if kind.is_about_a_booking() && kind != NotificationKind::BookingCancelled {
                    must.extend([value("manage_url"), value("calendar_url")]);
                }
            }
            let html = html.map(|html| render(html, Form::Html, variables).unwrap());
            for words in must {
                assert!(said.contains(&words), "{kind:?} {channel:?} {language:?}: {words} is not in {said}");
                let escaped = words.replace('&', "&amp;").replace('/', "&#x2f;");
                assert!(html.as_ref().is_none_or(|html| html.contains(&escaped)), "{words} is not in {html:?}");
            }
            assert!(!said.contains("{{") && !said.contains("{%") && !said.contains("\n\n\n"), "{said}");
        }
    }

    #[test]
    fn a_text_message_is_one_text_message() {
        for kind in NotificationKind::ALL.iter().filter(|kind| kind.is_about_a_booking()) {
            for language in Locale::ALL {
                for mut variables in variants(*kind, *language) {
                    // A name in the letters of the language, as 70 characters have room for any letters and 160 for some.
                    let longest = if *language == Locale::Ja { 70 } else { 160 };
                    if *language == Locale::En {
                        variables.insert("store_name", "Salon Hanako".into());
                    }
                    let text = render(shipped(*kind, Channel::Sms, *language).content, Form::Text, &variables).unwrap();
                    assert!(limits::length(&text) <= longest, "{} of {text}", limits::length(&text));
                    assert!(*language == Locale::Ja || text.is_ascii(), "{text}");
                }
            }
        }
    }
}
