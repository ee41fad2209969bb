//! Whose account at the service, and from whom messages are.

use musubi_kernel::secret::Secret;
use std::str::FromStr;
use url::Url;

/// An account at the service.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where the service is: [`BASE_URL`](crate::BASE_URL), or another that speaks as it does.
    pub base: Url,
    /// The account's id, such as `AC` and 32 hexadecimal digits.
    pub sid: String,
    /// Who asks: the account's id again, or that of an API key.
    pub user: String,
    /// The account's token, or the API key's secret.
    pub password: Secret,
    /// From whom messages are.
    pub from: From,
}

/// From whom messages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A number, a short code, or a name of up to 11 letters where networks let one through.
    Sender(String),
    /// A messaging service, which chooses among its numbers: `MG` and 32 hexadecimal digits.
    Service(String),
}

/// It says from nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number after E.164, a short code, a name of 1 to 11 letters, or the id of a messaging service")]
pub struct NoSender;

impl From {
    /// The field of the request, and what stands in it.
    pub(crate) fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Sender(sender) => ("From", sender),
            Self::Service(service) => ("MessagingServiceSid", service),
        }
    }
}

impl FromStr for From {
    type Err = NoSender;

    fn from_str(text: &str) -> Result<Self, NoSender> {
        let service = text.strip_prefix("MG").is_some_and(|id| id.len() == 32 && id.bytes().all(is_hexadecimal));
        let short_code = (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let name = (1..=11).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if service {
            Ok(Self::Service(text.to_owned()))
        } else if crate::is_e164(text) || short_code || name {
            Ok(Self::Sender(text.to_owned()))
        } else {
            Err(NoSender)
        }
    }
}

const fn is_hexadecimal(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

impl Account {
    /// Where messages are handed over.
    pub(crate) fn messages(&self) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["2010-04-01", "Accounts", &self.sid, "Messages.json"]);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_numbers_codes_names_and_services() {
        let sender = |text: &str| Ok(From::Sender(text.to_owned()));
        let service = "MG0123456789abcdef0123456789abcdef";
        for text in ["+815012345678", "12345", "MUSUBI", "Sakura 1", "MG012"] {
            assert_eq!(text.parse(), sender(text), "{text}");
        }
        assert_eq!(service.parse(), Ok(From::Service(service.to_owned())));
        for text in ["", "0901234567890", "さくら", "twelveletters", "+0", "12", "a,b"] {
            assert_eq!(text.parse::<From>(), Err(NoSender), "{text}");
        }
    }

    #[test]
    fn an_account_has_its_own_address() {
        for base in ["https://api.twilio.com", "https://api.twilio.com/"] {
            let account = account(base, "AC1");
            assert_eq!(account.messages().as_str(), "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
        }
        let below = account("https://gate.example.jp/sms/", "../x").messages();
        assert_eq!(below.as_str(), "https://gate.example.jp/sms/2010-04-01/Accounts/..%2Fx/Messages.json");
    }

    fn account(base: &str, sid: &str) -> Account {
        Account {
            base: base.parse().expect("an address"),
            sid: sid.to_owned(),
            user: sid.to_owned(),
            password: Secret::new("token"),
            from: From::Sender("MUSUBI".to_owned()),
        }
    }
}
