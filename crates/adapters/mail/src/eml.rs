//! Letters as e-mails (RFC 5322, MIME).

use crate::address::address;
use crate::failed::Failed;
use crate::letter::Letter;
use crate::notice::{File, Unsubscribe};
use crate::settings::Sender;
use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, MessageBuilder, MultiPart, SinglePart};
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
            .from(from.mailbox())
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
            .from(from.named(sender_name))
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

    proptest! {
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
