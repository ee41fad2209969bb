//! What an answer of LINE means to a sender (Messaging API reference, "Status codes", "Error messages", and "Retry failed
//! API requests").

use crate::message::clipped;
use musubi_kernel::delivery::Outcome;
use musubi_outgoing::StatusCode;
use musubi_outgoing::answer::Answer;
use serde::Deserialize;

/// How much of LINE's own words is told.
const TOLD: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Said {
    message: String,
    details: Vec<Detail>,
    sent_messages: Vec<SentMessage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    message: String,
    property: String,
}

#[derive(Debug, Deserialize)]
struct SentMessage {
    id: String,
}

impl Said {
    fn of(answer: &Answer) -> Self {
        answer.json().unwrap_or_default()
    }

    fn sent(&self) -> Outcome {
        Outcome::Sent { provider_id: self.sent_messages.first().map(|sent| sent.id.clone()) }
    }

    /// LINE's own words: they name properties of the request, never what is in them.
    fn words(&self) -> String {
        let first = self.details.first().map(|detail| format!(" ({}: {})", detail.property, detail.message));
        clipped(&format!("{}{}", self.message, first.unwrap_or_default()), TOLD)
    }
}

pub(crate) fn of_push(answer: &Answer) -> Outcome {
    let said = Said::of(answer);
    if answer.status == StatusCode::CONFLICT {
        // It was taken before under the same key. Any other conflict is none that the reference knows.
        let before = answer.header("x-line-accepted-request-id").is_some() || said.message.contains("retry key");
        return if before { said.sent() } else { answer.later(format!("LINE answers 409: {}", said.words())) };
    }
    of(answer, &said)
}

pub(crate) fn of_reply(answer: &Answer) -> Outcome {
    of(answer, &Said::of(answer))
}

fn of(answer: &Answer, said: &Said) -> Outcome {
    match answer.status.as_u16() {
        200..=299 => said.sent(),
        401 => Outcome::refused("LINE does not take the store's access token"),
        403 => Outcome::refused(format!("LINE does not let the store's channel do this: {}", said.words())),
        408 => answer.later("LINE answers 408"),
        // Nothing is sent of a request that is answered so. The month may be long: another channel is the better way.
        429 if said.message.to_ascii_lowercase().contains("monthly limit") => {
            Outcome::refused("the store's messages at LINE are used up for this month")
        }
        429 => answer.later("LINE is being asked too often"),
        status @ 400..=499 => Outcome::refused(format!("LINE answers {status}: {}", said.words())),
        // "Even if you get such an error, there is a possibility that your message was delivered."
        status @ 500.. => Outcome::unknown(format!("LINE answers {status}")),
        status => answer.later(format!("LINE answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::new(StatusCode::from_u16(status).expect("a status"), body.to_owned())
    }

    fn sent(id: &str) -> Outcome {
        Outcome::Sent { provider_id: Some(id.to_owned()) }
    }

    #[test]
    fn what_is_taken_has_lines_id() {
        let body = r#"{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7b"},{"id":"2"}]}"#;
        assert_eq!(of_push(&answer(200, body)), sent("461230966842064897"));
        assert_eq!(of_push(&answer(200, "{}")), Outcome::SENT);
        let cut_off = Answer { whole: false, ..answer(200, body) };
        assert_eq!(of_push(&cut_off), Outcome::SENT, "taken, whatever became of the answer's body");
    }

    #[test]
    fn what_was_taken_before_is_sent() {
        let body = r#"{"message":"The retry key is already accepted","sentMessages":[{"id":"7"}]}"#;
        assert_eq!(of_push(&answer(409, body)), sent("7"));
        let mut by_header = answer(409, "");
        by_header.headers.insert("x-line-accepted-request-id", "a".parse().expect("a value"));
        assert_eq!(of_push(&by_header), Outcome::SENT);
        assert!(matches!(of_push(&answer(409, r#"{"message":"?"}"#)), Outcome::Later { .. }));
        assert!(matches!(of_reply(&answer(409, body)), Outcome::Refused { .. }), "a reply has no retry key");
    }

    #[test]
    fn failures_say_whether_to_try_again() {
        let invalid = r#"{"message":"The request body has 1 error(s)","details":
            [{"message":"May not be empty","property":"messages[0].text"}]}"#;
        let monthly = r#"{"message":"You have reached your monthly limit."}"#;
        let often = r#"{"message":"The API rate limit has been exceeded. Try again later."}"#;
        for (status, body, kind) in [
            (400, invalid, "refused"),
            (400, r#"{"message":"Invalid reply token"}"#, "refused"),
            (400, r#"{"message":"Failed to send messages"}"#, "refused"),
            (401, "", "refused"),
            (403, "", "refused"),
            (404, "", "refused"),
            (413, "", "refused"),
            (408, "", "later"),
            (429, monthly, "refused"),
            (429, often, "later"),
            (429, "no JSON", "later"),
            (302, "", "later"),
            (500, "", "unknown"),
            (502, "<html>", "unknown"),
            (503, "", "unknown"),
        ] {
            for outcome in [of_push(&answer(status, body)), of_reply(&answer(status, body))] {
                assert_eq!(outcome.code(), kind, "{status} {body}");
            }
        }
        let why = "LINE answers 400: The request body has 1 error(s) (messages[0].text: May not be empty)";
        assert_eq!(of_push(&answer(400, invalid)), Outcome::refused(why));
        let wait = Some(Duration::from_secs(3));
        let patient = Answer { retry_after: wait, ..answer(429, often) };
        assert!(matches!(of_push(&patient), Outcome::Later { after, .. } if after == wait));
    }

    #[test]
    fn lines_words_are_bounded() {
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(10_000));
        let outcome = of_push(&answer(400, &long));
        assert!(outcome.why().is_some_and(|why| why.len() < 250), "{outcome:?}");
    }
}
