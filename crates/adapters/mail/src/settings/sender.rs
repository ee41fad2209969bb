//! From whom messages are.

use super::WrongSetting;
use crate::address::address;
use lettre::Address;
use lettre::message::Mailbox;
use musubi_kernel::email::EmailAddress;
use std::str::FromStr;

/// The most characters of a name.
const NAME: usize = 100;

const WRONG: WrongSetting =
    WrongSetting("must be an e-mail address, with or without a name: Sakura <no-reply@example.jp>");

/// From whom messages are: an address, and a name to display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: Address,
}

impl Sender {
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The same address under another name.
    pub(crate) fn named(&self, name: &str) -> Mailbox {
        Mailbox::new(Some(name.to_owned()), self.address.clone())
    }

    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.name.clone(), self.address.clone())
    }
}

impl FromStr for Sender {
    type Err = WrongSetting;

    fn from_str(text: &str) -> Result<Self, WrongSetting> {
        let (name, email) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, email)) => (unquoted(name.trim()), email),
            None => ("", text),
        };
        let email: EmailAddress = email.parse().map_err(|_| WRONG)?;
        let address = address(&email).map_err(|_| WRONG)?;
        if name.chars().any(char::is_control) || name.chars().count() > NAME {
            return Err(WRONG);
        }
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address })
    }
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_an_address_and_perhaps_a_name() {
        for (text, name, address) in [
            ("no-reply@example.jp", None, "no-reply@example.jp"),
            (" <No-Reply@Example.jp> ", None, "no-reply@example.jp"),
            ("Sakura <no-reply@example.jp>", Some("Sakura"), "no-reply@example.jp"),
            ("\"Sakura, Shibuya\" <no-reply@example.jp>", Some("Sakura, Shibuya"), "no-reply@example.jp"),
            ("美容室さくら <no-reply@example.jp>", Some("美容室さくら"), "no-reply@example.jp"),
        ] {
            let sender: Sender = text.parse().unwrap();
            assert_eq!((sender.name.as_deref(), sender.address.to_string().as_str()), (name, address));
        }
    }

    #[test]
    fn what_is_no_sender_is_refused() {
        for text in [
            "",
            "Sakura",
            "Sakura <>",
            "Sakura <no-reply@example.jp",
            "no-reply@example.jp, other@example.jp",
            "Sakura\r\nBcc: all@example.jp <no-reply@example.jp>",
            "Sakura <no-reply@example.jp\r\nBcc: all@example.jp>",
            &format!("{} <no-reply@example.jp>", "a".repeat(NAME + 1)),
        ] {
            assert_eq!(text.parse::<Sender>(), Err(WRONG), "{text}");
        }
    }
}
