//! Every letter, word by word.

use crate::ground::message;
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_mail::letter::Letter;
use std::fmt::Write as _;
use std::path::Path;

fn letter(kind: MessageKind, locale: Locale) -> Letter {
    let public_url = "https://example.jp".parse().expect("an address");
    Letter::of(&message(kind, locale), &public_url, &Lifetimes::default()).expect("a letter")
}

#[test]
fn letters_read_as_they_were_approved() {
    for locale in Locale::ALL {
        let mut real = String::new();
        for kind in MessageKind::ALL {
            let Letter { subject, text, html } = letter(*kind, *locale);
            write!(real, "===== {}\n{subject}\n-----\n{text}-----\n{html}", kind.code()).unwrap();
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/letters/{}.txt", locale.code()));
        if std::env::var_os("MUSUBI_BLESS").is_some() {
            std::fs::write(&file, &real).unwrap();
        }
        let approved = std::fs::read_to_string(&file).unwrap_or_default();
        let first = real.lines().zip(approved.lines()).find(|(real, approved)| real != approved);
        assert!(
            approved == real,
            "{} differs: {first:?}; look at the change, then run the tests with MUSUBI_BLESS=1",
            file.display()
        );
    }
}

#[test]
fn every_letter_says_what_its_message_carries() {
    for locale in Locale::ALL {
        for kind in MessageKind::ALL {
            let (message, letter) = (message(*kind, *locale), letter(*kind, *locale));
            let Letter { subject, text, html } = &letter;
            assert!(!subject.is_empty() && subject.lines().count() == 1, "{kind:?}");
            assert!(!format!("{subject}{text}{html}").contains(['{', '}']), "{kind:?} {locale:?}: {letter:?}");
            if let Some(token) = message.token {
                let token = token.expose();
                assert!(text.lines().any(|line| line == token), "{kind:?}: the bare token, to be copied");
                assert!(html.contains(&format!(">{token}</code>")), "{kind:?}");
                assert!(!subject.contains(token), "{kind:?}: previews show subjects");
                assert!(!html.contains(&format!("?token={token}")), "{kind:?}: a query reaches logs");
            }
        }
    }
}
