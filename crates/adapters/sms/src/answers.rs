//! What an answer of the service means to a sender (Twilio, "Error and Warning Dictionary").

use musubi_kernel::delivery::Outcome;
use musubi_outgoing::answer::Answer;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    sid: Option<String>,
    code: Option<u32>,
}

/// What the service says in words holds the number, so only its code is told.
pub(crate) fn of(answer: &Answer) -> Outcome {
    let said: Said = answer.json().unwrap_or_default();
    match (answer.status.as_u16(), said.code) {
        (200..=299, _) => Outcome::Sent { provider_id: said.sid },
        (_, Some(code @ (14_107 | 20_429 | 21_611 | 63_038))) => {
            answer.later(format!("the service has too much to do (code {code})"))
        }
        (408 | 429, _) => answer.later(format!("the service answers {}", answer.status.as_u16())),
        (_, Some(code)) if let Some(why) = known(code) => Outcome::refused(format!("{why} (code {code})")),
        (401 | 403, _) => Outcome::refused("the service does not take the account's credentials"),
        (status @ 400..=499, Some(code)) => Outcome::refused(format!("the service answers {status} (code {code})")),
        (status @ 400..=499, None) => Outcome::refused(format!("the service answers {status}")),
        (503, _) => answer.later("the service answers 503"),
        // It may have taken the message before it failed, and a second one would not be known as the same.
        (status @ 500.., _) => Outcome::unknown(format!("the service answers {status}")),
        (status, _) => answer.later(format!("the service answers {status}")),
    }
}

/// Refusals that a store can do something about.
const fn known(code: u32) -> Option<&'static str> {
    Some(match code {
        20_003 | 20_005 => "the service does not take the account's credentials",
        21_211 | 21_217 | 21_401 | 21_421 => "there is no such telephone number",
        21_212 | 21_603 | 21_606 | 21_659 | 21_660 => "messages cannot be sent from this sender",
        21_408 => "the account may not send messages to this country",
        21_602 | 21_617 => "the message is empty or too long",
        21_608 => "the account is on trial and sends to verified numbers alone",
        21_610 => "the person has asked for no more messages from this sender",
        21_612 => "messages from this sender do not reach this number",
        21_614 => "the number is not one of a mobile telephone",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_outgoing::StatusCode;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::new(StatusCode::from_u16(status).expect("a status"), body.to_owned())
    }

    #[test]
    fn a_message_that_is_taken_has_the_services_id() {
        let body = r#"{"sid":"SM1f0e8ae6ade43cb3c0ce4525424e404f","status":"queued","to":"+819012345678"}"#;
        let sent = Outcome::Sent { provider_id: Some("SM1f0e8ae6ade43cb3c0ce4525424e404f".to_owned()) };
        assert_eq!(of(&answer(201, body)), sent);
        assert_eq!(of(&answer(201, "no JSON")), Outcome::SENT);
    }

    #[test]
    fn failures_say_whether_to_try_again() {
        for (status, code, kind) in [
            (400, Some(21_211), "refused"),
            (400, Some(21_610), "refused"),
            (400, Some(21_614), "refused"),
            (400, Some(21_408), "refused"),
            (400, Some(99_999), "refused"),
            (400, None, "refused"),
            (401, Some(20_003), "refused"),
            (401, None, "refused"),
            (404, Some(20_404), "refused"),
            (400, Some(21_611), "later"),
            (429, Some(20_429), "later"),
            (429, Some(14_107), "later"),
            (429, None, "later"),
            (408, None, "later"),
            (503, Some(20_503), "later"),
            (503, None, "later"),
            (302, None, "later"),
            (500, Some(20_500), "unknown"),
            (502, None, "unknown"),
            (504, None, "unknown"),
        ] {
            let body =
                code.map_or_else(|| "<html>".to_owned(), |code: u32| format!(r#"{{"code":{code},"status":{status}}}"#));
            let after = Some(Duration::from_secs(5));
            let outcome = of(&Answer { retry_after: after, ..answer(status, &body) });
            assert_eq!(outcome.code(), kind, "{status} {code:?}");
            if let Outcome::Later { after: told, .. } = outcome {
                assert_eq!(told, after, "{status} {code:?}");
            }
        }
    }

    #[test]
    fn no_number_is_told() {
        let body =
            r#"{"code":21211,"message":"The 'To' number +819012345678 is not a valid phone number.","status":400}"#;
        assert_eq!(of(&answer(400, body)), Outcome::refused("there is no such telephone number (code 21211)"));
    }
}
