//! What is wrong with a wording: found when it is saved, not when somebody waits for it.

use super::TemplateDetails;
use super::engine::{Fault, Form, names, render, word_in_a_tag};
use super::examples::variants;
use super::variables::Variables;
use crate::channel::Channel;
use crate::kind::NotificationKind;
use crate::limits;
use musubi_kernel::error::Invalid;

/// The most faults that are named of one part of a wording.
const MOST: usize = 20;

/// Every rule that a wording breaks. It is read, its names are looked up, and it is filled in with examples: with everything
/// there, and with each thing missing that can be.
pub fn check(details: &TemplateDetails) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.line("/name", details.name.as_str(), 1..=255);
    subject(details, &mut invalid);
    invalid.prose("/content", details.content.as_str());
    invalid.require(!details.content.trim().is_empty(), "/content", "blank", "must not be blank");
    invalid.prose("/html", details.html.as_deref());
    let html_fits = details.html.is_none() || details.channel == Channel::Email;
    invalid.require(html_fits, "/html", "not_for_channel", "only an e-mail has HTML");
    if invalid.violations().is_empty() {
        wording(details, &mut invalid);
    }
    invalid.finish()
}

fn subject(details: &TemplateDetails, invalid: &mut Invalid) {
    match (details.channel.has_subject(), &details.subject) {
        (true, None) => invalid.add("/subject", "required", "an e-mail has a subject, an entry of a list a title"),
        (true, Some(subject)) => invalid.line("/subject", subject.as_str(), 1..=255),
        (false, Some(_)) => invalid.add("/subject", "not_for_channel", "a message of this channel has no subject"),
        (false, None) => (),
    }
}

fn wording(details: &TemplateDetails, invalid: &mut Invalid) {
    let examples = variants(details.kind, details.language);
    let TemplateDetails { kind, channel, .. } = *details;
    if let Some(subject) = &details.subject {
        part("/subject", subject, Form::Text, kind, &examples, limits::SUBJECT, invalid);
    }
    part("/content", &details.content, Form::Text, kind, &examples, limits::text(channel), invalid);
    if let Some(html) = &details.html {
        part("/html", html, Form::Html, kind, &examples, limits::HTML, invalid);
    }
}

fn part(
    pointer: &str,
    source: &str,
    form: Form,
    kind: NotificationKind,
    examples: &[Variables],
    longest: usize,
    invalid: &mut Invalid,
) {
    let mut faults = match names(source, form) {
        Ok(names) => unknown(source, &names, kind, examples),
        Err(fault) => vec![fault],
    };
    if faults.is_empty() {
        for variables in examples {
            match render(source, form, variables) {
                Err(fault) => faults.push(fault),
                Ok(text) if text.is_empty() && form == Form::Text => faults.push(Fault {
                    code: "says_nothing",
                    what: "says nothing when something is missing that can be: try the preview".to_owned(),
                    place: None,
                }),
                Ok(text) if limits::length(&text) > longest => faults.push(Fault {
                    code: "too_long",
                    what: format!("must have at most {longest} characters when it is filled in"),
                    place: None,
                }),
                Ok(_) => (),
            }
        }
        faults.sort_by_key(|fault| fault.place);
        faults.dedup();
    }
    for fault in faults.into_iter().take(MOST) {
        invalid.add(pointer, fault.code, fault.to_string());
    }
}

fn unknown(source: &str, names: &[String], kind: NotificationKind, examples: &[Variables]) -> Vec<Fault> {
    let Some(known) = examples.first() else { return Vec::new() };
    let all = || known.keys().copied().collect::<Vec<_>>().join(", ");
    let unknown = names.iter().filter(|name| !known.contains_key(name.as_str()));
    let faults = unknown.map(|name| Fault {
        code: "unknown_variable",
        what: format!("`{name}` is no variable of {}; there are {}", kind.code(), all()),
        place: word_in_a_tag(source, name),
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::locale::Locale;

    fn sms(content: &str) -> TemplateDetails {
        TemplateDetails {
            kind: NotificationKind::Reminder,
            channel: Channel::Sms,
            language: Locale::Ja,
            name: "Short".into(),
            subject: None,
            content: content.into(),
            html: None,
            is_default: false,
            is_active: true,
        }
    }

    fn email(subject: &str, content: &str, html: Option<&str>) -> TemplateDetails {
        let html = html.map(str::to_owned);
        TemplateDetails { channel: Channel::Email, subject: Some(subject.into()), html, ..sms(content) }
    }

    fn broken(details: &TemplateDetails) -> Vec<(String, &'static str, String)> {
        let broken = check(details).err().map(Invalid::into_violations).unwrap_or_default();
        broken.into_iter().map(|found| (found.pointer, found.code, found.detail.into_owned())).collect()
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let told = |details: TemplateDetails| {
            let broken = broken(&details).into_iter();
            broken.map(|(pointer, code, detail)| format!("{pointer} {code} {detail}")).collect::<Vec<_>>().join("\n")
        };
        let mut wrong = Vec::new();
        let content = "{{ day }} {{ customer }}\n{% if old_date %}{{ datum }}{% endif %}";
        for (details, expected) in [
            (sms("{{ day }}{{ time }}"), vec![]),
            (email("{{ date }}", "{{ date }}", Some("<p>{{ date }}</p>")), vec![]),
            (
                sms(content),
                vec![
                    "/content unknown_variable line 1, column 14: `customer` is no variable of reminder",
                    "/content unknown_variable line 2, column 21: `datum` is no variable of reminder",
                    "/content unknown_variable line 2, column 7: `old_date` is no variable of reminder",
                ],
            ),
            (sms("a\n{{ day"), vec!["/content template_syntax line 2, column 4: "]),
            (sms("{{ day | shout }}"), vec!["/content unknown_function line 1, column 10: "]),
            (sms("a{% if not price %}{{ day | shout }}{% endif %}"), vec!["/content unknown_function "]),
            (sms("{{ price }}"), vec!["/content says_nothing "]),
            (sms(&"{{ day }}".repeat(500)), vec!["/content too_long must have at most 660 characters"]),
            (sms("{{ 'x' * 9000000 }}"), vec!["/content template_syntax line 1, column 8: "]),
            (sms(" "), vec!["/content blank "]),
            (TemplateDetails { name: " ".into(), ..sms("a") }, vec!["/name blank "]),
            (TemplateDetails { subject: Some("a".into()), ..sms("a") }, vec!["/subject not_for_channel "]),
            (TemplateDetails { html: Some("a".into()), ..sms("a") }, vec!["/html not_for_channel "]),
            (TemplateDetails { subject: None, ..email("", "a", None) }, vec!["/subject required "]),
            (email("a\nb", "a", None), vec!["/subject control_character "]),
            (
                email("{{ nope }}", "{{", Some("{{ neither }}")),
                vec![
                    "/subject unknown_variable line 1, column 4: ",
                    "/content template_syntax ",
                    "/html unknown_variable ",
                ],
            ),
        ] {
            let told = told(details.clone());
            let begun = told.lines().zip(&expected).map(|(line, begin)| line.get(..begin.len()).unwrap_or(line));
            wrong.extend(
                (told.lines().count() != expected.len() || !begun.eq(expected.iter().copied())).then_some(told),
            );
        }
        assert_eq!(wrong, [] as [String; 0]);
    }
}
