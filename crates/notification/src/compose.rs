//! Writing a message: the wording, filled in with what is known.

mod calendar;
mod card;

use crate::channel::Channel;
use crate::due::Now;
use crate::limits;
use crate::message::{CalendarFile, Card};
use crate::template::TemplateDetails;
use crate::template::engine::{Fault, Form, render};
use crate::template::shipped::shipped;
use crate::template::variables::{Occasion, Variables};
use std::fmt::Write as _;

/// What is said, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Subject, one line, where the channel has one.
    pub subject: Option<String>,
    /// Text.
    pub text: String,
    /// The same as HTML, of an e-mail.
    pub html: Option<String>,
    /// The booking for a calendar, with an e-mail.
    pub calendar: Option<CalendarFile>,
    /// The booking as a card, on LINE.
    pub card: Option<Card>,
}

/// What is said on a channel: by the store's own wording, if there is one and it can be filled in, or else by the one that comes
/// with Musubi. With it, what was wrong with the store's own: nobody waits for a message because of that.
pub fn compose(
    occasion: &Occasion<'_>,
    channel: Channel,
    own: Option<&TemplateDetails>,
) -> Result<(Written, Option<Fault>), Fault> {
    let variables = occasion.variables();
    let tried = own.map(|own| {
        let parts = (own.subject.as_deref(), own.content.as_str(), own.html.as_deref());
        fill_in(channel, parts, &variables)
    });
    let (written, fault) = match tried {
        Some(Ok(written)) => return Ok((with_calendar(occasion, channel, written), None)),
        other => {
            let wording = shipped(occasion.kind, channel, occasion.language);
            let parts = (wording.subject, wording.content, wording.html);
            (fill_in(channel, parts, &variables)?, other.and_then(Result::err))
        }
    };
    let card = card::of(occasion).filter(|_| channel == Channel::Line);
    Ok((with_calendar(occasion, channel, Written { card, ..written }), fault))
}

fn fill_in(
    channel: Channel,
    (subject, content, html): (Option<&str>, &str, Option<&str>),
    variables: &Variables,
) -> Result<Written, Fault> {
    let text = printable(render(content, Form::Text, variables)?);
    within(&text, limits::text(channel))?;
    let subject = subject.filter(|_| channel.has_subject());
    let subject = subject.map(|subject| render(subject, Form::Text, variables)).transpose()?;
    let subject = subject.map(|subject| one_line(&subject));
    let html = match (channel, html) {
        (Channel::Email, Some(html)) => Some(printable(render(html, Form::Html, variables)?)),
        (Channel::Email, None) => Some(as_html(&text)),
        _ => None,
    };
    within(html.as_deref().unwrap_or_default(), limits::HTML)?;
    Ok(Written { subject, text, html, calendar: None, card: None })
}

fn within(text: &str, longest: usize) -> Result<(), Fault> {
    if limits::length(text) <= longest {
        return Ok(());
    }
    Err(Fault { code: "too_long", what: format!("it has more than {longest} characters"), place: None })
}

/// A text without control characters but line ends and tabs, which a wording can write by their numbers.
fn printable(mut text: String) -> String {
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    text
}

/// One line of as many characters as a subject may have.
fn one_line(text: &str) -> String {
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    line.collect::<Vec<_>>().join(" ").chars().take(limits::SUBJECT).collect()
}

/// A text as HTML: paragraphs, and lines as they are.
fn as_html(text: &str) -> String {
    let mut html = String::from("<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let escaped = paragraph.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(html, "<p>{}</p>", escaped.replace('\n', "<br>\n"));
    }
    html.push_str("</body></html>\n");
    html
}

fn with_calendar(occasion: &Occasion<'_>, channel: Channel, written: Written) -> Written {
    let calendar = match occasion.known {
        Now::Booking(facts) if channel == Channel::Email => Some(calendar::of(occasion, facts)),
        _ => None,
    };
    Written { calendar, ..written }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::NotificationKind;
    use crate::template::examples::{Example, house};
    use crate::testing::at;
    use musubi_kernel::locale::Locale;
    use musubi_kernel::zone::Tz;

    fn example(kind: NotificationKind) -> Example {
        Example::of(kind, Locale::Ja, Tz::Asia__Tokyo, at("2026-03-19T03:00:00Z"))
    }

    fn own(channel: Channel, subject: Option<&str>, content: &str) -> TemplateDetails {
        TemplateDetails {
            kind: NotificationKind::Reminder,
            channel,
            language: Locale::Ja,
            name: "Own".into(),
            subject: subject.map(str::to_owned),
            content: content.into(),
            html: None,
            is_default: true,
            is_active: true,
        }
    }

    #[test]
    fn control_characters_that_a_wording_writes_by_number_are_not_said() {
        let (house, example) = (house(), example(NotificationKind::Reminder));
        let details = own(Channel::Line, None, "a{{ '\\u0000' }}b{{ '\\u001b' }}\n\tc");
        let (written, fault) = compose(&example.occasion(&house), Channel::Line, Some(&details)).unwrap();
        assert_eq!((written.text.as_str(), fault), ("ab\n\tc", None));
    }

    #[test]
    fn a_stores_own_wording_is_used_as_it_is() {
        let (house, example) = (house(), example(NotificationKind::Reminder));
        let occasion = example.occasion(&house);
        let details = own(Channel::Email, Some("{{ day }}\n{{ time }}"), "{{ menu_name }}\n<b>\n\n{{ store_name }}");
        let (written, fault) = compose(&occasion, Channel::Email, Some(&details)).unwrap();
        assert_eq!((fault, written.subject.as_deref()), (None, Some("明日 14:00")));
        assert_eq!(written.text, "カット＆カラー\n<b>\n\nサロン花子");
        let body = "<p>カット＆カラー<br>\n&lt;b&gt;</p>\n<p>サロン花子</p>";
        assert!(written.html.as_ref().is_some_and(|html| html.contains(body)), "{:?}", written.html);
        assert!(written.calendar.is_some());
        let (on_line, _) = compose(&occasion, Channel::Line, Some(&own(Channel::Line, None, "{{ day }}"))).unwrap();
        assert_eq!((on_line.text.as_str(), on_line.card), ("明日", None));
    }

    #[test]
    fn a_wording_that_fails_is_replaced() {
        let (house, example) = (house(), example(NotificationKind::Reminder));
        let occasion = example.occasion(&house);
        let (usual, none) = compose(&occasion, Channel::Line, None).unwrap();
        let (written, fault) =
            compose(&occasion, Channel::Line, Some(&own(Channel::Line, None, "{{ gone }}"))).unwrap();
        assert_eq!((written, none), (usual, None));
        assert_eq!(fault.map(|fault| fault.code), Some("unknown_variable"));
        let long = own(Channel::Sms, None, &"{{ date }}".repeat(200));
        assert_eq!(compose(&occasion, Channel::Sms, Some(&long)).unwrap().1.map(|fault| fault.code), Some("too_long"));
    }

    #[test]
    fn only_what_a_channel_knows_goes_with_it() {
        let house = house();
        for kind in NotificationKind::ALL {
            let example = example(*kind);
            for channel in Channel::ALL {
                let (written, _) = compose(&example.occasion(&house), *channel, None).unwrap();
                let is_email = *channel == Channel::Email;
                assert_eq!(written.subject.is_some(), channel.has_subject());
                assert_eq!(written.html.is_some(), is_email);
                assert_eq!(written.calendar.is_some(), is_email && kind.is_about_a_booking(), "{kind:?}");
                assert_eq!(written.card.is_some(), *channel == Channel::Line && kind.is_about_a_booking());
            }
        }
    }
}
