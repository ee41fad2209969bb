//! Letters as e-mails (RFC 5322, MIME).

use crate::address::address;
use crate::failed::Failed;
use crate::letter::Letter;
use crate::notice::{File, Unsubscribe};
use crate::settings::Sender;
use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use musubi_kernel::email::EmailAddress;
use uuid::Uuid;

/// An e-mail, ready to go.
#[derive(Debug, Clone)]
pub(crate) struct Eml {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// What is on the envelope, and when it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cover<'a> {
    /// The same at each attempt, so that a message that arrives twice can be known again.
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) from: &'a Sender,
    pub(crate) to: &'a EmailAddress,
}

impl Eml {
    /// The e-mail. Equal letters with equal covers give equal bytes.
    pub(crate) fn of(cover: Cover<'_>, letter: Letter) -> Result<Self, Failed> {
        let Cover { id, at, from, to } = cover;
        let to = address(to).map_err(|_| Failed::for_good("the address is none that a mail server takes"))?;
        let part = |kind, text| SinglePart::builder().header(kind).body(text);
        let both = MultiPart::alternative()
            .boundary(format!("musubi-{}", id.simple()))
            .singlepart(part(ContentType::TEXT_PLAIN, letter.text))
            .singlepart(part(ContentType::TEXT_HTML, letter.html));
        let envelope = Envelope::new(Some(from.address().clone()), vec![to.clone()]);
        let envelope = envelope.map_err(|error| Failed::for_good(error.to_string()))?;
        let message = MessageBuilder::new()
            .date(at.into())
            .message_id(Some(format!("<{id}@{}>", from.address().domain())))
            .mailbox_from(from.mailbox())
            .to(to.into())
            .subject(letter.subject)
            // RFC 3834, 5: nobody's absence answers it.
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .envelope(envelope)
            .multipart(both)
            .map_err(|error| Failed::for_good(error.to_string()))?;
        Ok(Self { envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// What a notice is handed over with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoticeCover<'a> {
    pub(crate) cover: Cover<'a>,
    /// The name beside the sender's address.
    pub(crate) sender_name: &'a str,
    pub(crate) reply_to: Option<&'a EmailAddress>,
    pub(crate) unsubscribe: Option<Unsubscribe<'a>>,
}

impl Eml {
    /// The e-mail by which a store tells a customer something, perhaps with a file. Equal ones give equal bytes.
    pub(crate) fn notice(
        NoticeCover { cover, sender_name, reply_to, unsubscribe }: NoticeCover<'_>,
        letter: Letter,
        file: Option<&File<'_>>,
    ) -> Result<Self, Failed> {
        let Cover { id, at, from, to } = cover;
        let to = address(to).map_err(|_| Failed::for_good("the address is none that a mail server takes"))?;
        let part = |kind, text| SinglePart::builder().header(kind).body(text);
        let both = MultiPart::alternative()
            .boundary(format!("musubi-{}", id.simple()))
            .singlepart(part(ContentType::TEXT_PLAIN, letter.text))
            .singlepart(part(ContentType::TEXT_HTML, letter.html));
        let body = match file {
            None => both,
            Some(file) => {
                let kind = ContentType::parse(file.kind).map_err(|error| Failed::for_good(error.to_string()))?;
                let attached = Attachment::new(file.name.to_owned()).body(file.text.to_owned(), kind);
                let whole = MultiPart::mixed().boundary(format!("musubi-{}-files", id.simple()));
                whole.multipart(both).singlepart(attached)
            }
        };
        let envelope = Envelope::new(Some(from.address().clone()), vec![to.clone()]);
        let envelope = envelope.map_err(|error| Failed::for_good(error.to_string()))?;
        let mut message = MessageBuilder::new()
            .date(at.into())
            .message_id(Some(format!("<{id}@{}>", from.address().domain())))
            .mailbox_from(from.named(sender_name))
            .to(to.into())
            .subject(letter.subject)
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if let Some(Ok(reply_to)) = reply_to.map(address) {
            message = message.reply_to(reply_to.into());
        }
        if let Some(unsubscribe) = unsubscribe {
            let (Unsubscribe::Page(address) | Unsubscribe::OneClick(address)) = unsubscribe;
            message = message.raw_header(raw("List-Unsubscribe", &format!("<{address}>")));
            if matches!(unsubscribe, Unsubscribe::OneClick(_)) {
                message = message.raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
            }
        }
        let message =
            message.envelope(envelope).multipart(body).map_err(|error| Failed::for_good(error.to_string()))?;
        Ok(Self { envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// Says from whom a message is.
trait From {
    /// From this mailbox, its name as RFC 5322 has it.
    fn mailbox_from(self, mailbox: Mailbox) -> Self;
}

impl From for MessageBuilder {
    fn mailbox_from(self, mailbox: Mailbox) -> Self {
        // lettre writes a dot bare, which is no part of an atom (3.2.3). Where it quotes or encodes a name it does so well.
        let bare = |name: &&String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let dotted = mailbox.name.as_ref().filter(bare).filter(|name| name.contains('.'));
        let quoted = dotted.map(|name| format!("\"{name}\" <{}>", mailbox.email));
        let this = self.from(mailbox);
        match quoted {
            None => this,
            Some(quoted) => {
                let name = HeaderName::new_from_ascii_str("From");
                this.raw_header(HeaderValue::dangerous_new_pre_encoded(name, quoted.clone(), quoted))
            }
        }
    }
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_identity::lifetimes::Lifetimes;
    use musubi_identity::locale::Locale;
    use musubi_identity::message::{Invited, Message, MessageKind};
    use musubi_kernel::secret::Secret;
    use proptest::prelude::*;

    const EXPECTED: &str = "\
Date: Wed, 01 Apr 2026 03:04:05 +0000
Message-ID: <00000000-0000-0000-0000-000000000007@example.jp>
From: =?utf-8?b?6Iqx5a2Q?= <no-reply@example.jp>
To: \"hana..ko.\"@docomo.ne.jp
Subject: Your way
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary=\"musubi-00000000000000000000000000000007\"

--musubi-00000000000000000000000000000007
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

.A dot
--musubi-00000000000000000000000000000007
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+6Iqx5a2QPC9wPg==
--musubi-00000000000000000000000000000007--
";

    fn eml(letter: Letter) -> String {
        let to = "hana..ko.@docomo.ne.jp".parse().expect("an address");
        let from = "花子 <no-reply@example.jp>".parse().expect("a sender");
        let at = "2026-04-01T03:04:05.678Z".parse().expect("a time");
        let cover = Cover { id: Uuid::from_u128(7), at, from: &from, to: &to };
        let eml = Eml::of(cover, letter).expect("an e-mail");
        assert_eq!(eml.envelope.to()[0].to_string(), "\"hana..ko.\"@docomo.ne.jp");
        String::from_utf8(eml.bytes).expect("ASCII")
    }

    #[test]
    fn an_e_mail_has_its_headers_and_both_texts() {
        let letter = Letter { subject: "Your way".into(), text: ".A dot".into(), html: "<p>花子</p>".into() };
        assert_eq!(eml(letter).replace("\r\n", "\n"), EXPECTED);
    }

    /// The names of the headers, with the lines that go on with them left out.
    fn names(eml: &str) -> Vec<&str> {
        let head = eml.split("\r\n\r\n").next().unwrap_or_default();
        let first = |line: &&str| !line.starts_with([' ', '\t']);
        head.split("\r\n").filter(first).map(|line| line.split(':').next().unwrap_or_default()).collect()
    }

    /// What stands after `From:` in an e-mail from somebody of this name.
    fn from_line(name: &str) -> String {
        let to = "hanako@example.jp".parse().expect("an address");
        let from = "no-reply@example.jp".parse().expect("a sender");
        let cover = Cover { id: Uuid::from_u128(7), at: DateTime::UNIX_EPOCH, from: &from, to: &to };
        let letter = Letter { subject: "x".into(), text: "x".into(), html: "x".into() };
        let notice = NoticeCover { cover, sender_name: name, reply_to: None, unsubscribe: None };
        let eml = String::from_utf8(Eml::notice(notice, letter, None).expect("an e-mail").bytes).expect("ASCII");
        let head = eml.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let line = head.split("\r\n").find_map(|line| line.strip_prefix("From: "));
        line.expect("a sender").to_owned()
    }

    #[test]
    fn a_name_is_a_phrase() {
        for (name, written) in [
            ("Sakura", "Sakura"),
            (".", "\".\""),
            ("...", "\"...\""),
            ("St.Mary", "\"St.Mary\""),
            ("Dr. No", "\"Dr. No\""),
            ("A \"B\" \\C", "\"A \\\"B\\\" \\\\C\""),
            ("花子.", "=?utf-8?b?6Iqx5a2QLg==?="),
        ] {
            assert_eq!(from_line(name), format!("{written} <no-reply@example.jp>"), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_name_is_read_back(name in "[a-zA-Z0-9._-]{1,40}") {
            let read: Mailbox = from_line(&name).parse().expect("a mailbox");
            let email = read.email.to_string();
            prop_assert_eq!((read.name.as_deref(), email.as_str()), (Some(name.as_str()), "no-reply@example.jp"));
            // Outside of quotes there is nothing but an atom (RFC 5322, 3.2.3).
            let line = from_line(&name);
            let phrase = line.rsplit_once(" <").expect("an address").0;
            let atom = phrase.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            prop_assert!(atom || phrase.starts_with('"') && phrase.ends_with('"') || phrase.starts_with("=?"), "{}", line);
        }

        #[test]
        fn no_name_makes_a_header(
            store in "(\\PC|[\r\n\t \"<>:=?_@,;\u{0}\u{2028}]|Bcc: a@b.jp){0,80}",
            role in any::<String>(),
        ) {
            let message = Message {
                to: "hanako@example.jp".parse().expect("an address"),
                locale: Locale::Ja,
                kind: MessageKind::Invitation,
                token: Some(Secret::new("token")),
                invited: Some(Invited { store, role }),
            };
            let public_url = "https://example.jp".parse().expect("an address");
            let letter = Letter::of(&message, &public_url, &Lifetimes::default()).expect("a letter");
            let eml = eml(letter);
            prop_assert!(eml.is_ascii());
            prop_assert!(!eml.replace("\r\n", "").contains(['\r', '\n']), "{eml}");
            let usual =
                ["Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"];
            prop_assert_eq!(names(&eml), usual, "{}", eml);
        }
    }
}
