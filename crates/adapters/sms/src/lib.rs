//! Short messages to telephones, through a service that speaks as Twilio does (its "Messages resource", 2010-04-01).
//!
//! | module | what it does |
//! |---|---|
//! | [`account`] | whose account at the service, and from whom messages are |
//! | [`segments`] | how many messages a text is, as networks count them |
//! | [`report`] | what the service tells later of a message |
//! | `answers` | what an answer of the service means to a sender |
//!
//! The service knows no key by which a message sent twice is sent once. What it was handed and did not answer is
//! [`Outcome::Unknown`]: another attempt may make the telephone ring twice, none may leave the person without word.
//!
//! ```
//! use musubi_sms::segments::Segments;
//! assert_eq!(Segments::of("Your booking: 20 Mar, 10:00").count, 1);
//! assert_eq!(Segments::of(&"ご予約".repeat(30)).count, 2);
//! ```

pub mod account;
mod answers;
pub mod report;
pub mod segments;

use account::Account;
use musubi_kernel::delivery::Outcome;
use musubi_outgoing::Outgoing;
use musubi_outgoing::answer::{Answer, Failure};
use musubi_outgoing::call::Call;
use musubi_outgoing::limits::Limits;
use std::sync::Arc;
use std::time::Duration;
use url::form_urlencoded;

/// Where Twilio is.
pub const BASE_URL: &str = "https://api.twilio.com";

/// How many characters a message has at most (Twilio error 21617).
pub const LONGEST: usize = 1_600;

/// Bounds for the service. Each message has a connection of its own: one that the service closes just as it is used again
/// would leave open whether it took the message.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    whole: Duration::from_secs(15),
    body: Duration::from_secs(15),
    bytes: 64 * 1024,
    idle: Duration::ZERO,
};

/// The service.
#[derive(Clone)]
pub struct Sms {
    http: Arc<Outgoing>,
    account: Account,
}

impl Sms {
    /// The service, with an account there. `http` has [`LIMITS`].
    pub fn new(http: Arc<Outgoing>, account: Account) -> Self {
        Self { http, account }
    }

    /// Sends a text to a telephone, whose number is written after E.164: `+819012345678`. `reports`: the address at which the service tells
    /// what becomes of it, see [`report`].
    pub async fn send(&self, to: &str, text: &str, reports: Option<&str>) -> Outcome {
        if !is_e164(to) {
            return Outcome::refused("the telephone number is not one after E.164");
        }
        if text.trim().is_empty() || text.chars().count() > LONGEST {
            return Outcome::refused(format!("a message has 1 to {LONGEST} characters"));
        }
        match self.post(to, text, reports).await {
            Ok(answer) => answers::of(&answer),
            Err(failure) => failure.into(),
        }
    }

    async fn post(&self, to: &str, text: &str, reports: Option<&str>) -> Result<Answer, Failure> {
        let (sender, from) = self.account.from.field();
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("To", to), (sender, from), ("Body", text)])
            .extend_pairs(reports.map(|address| ("StatusCallback", address)))
            .finish();
        let call = Call::post(self.account.messages(), "application/x-www-form-urlencoded", form);
        self.http.send(call.with_basic(&self.account.user, &self.account.password)?).await
    }
}

fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_e164;

    #[test]
    fn numbers_are_international() {
        for number in ["+819012345678", "+14155552671", "+442071838750", "+123456789012345"] {
            assert!(is_e164(number), "{number}");
        }
        for number in
            ["09012345678", "819012345678", "+0901234567", "+1234567890123456", "+1", "+", "", "+81 90", "+８１９０"]
        {
            assert!(!is_e164(number), "{number}");
        }
    }
}
