//! Messages within LINE's limits.

use serde_json::{Value, json};

/// The most of each part that LINE takes. It counts UTF-16 code units; in labels and shown texts what a reader takes for
/// one character, which is never more.
pub mod limits {
    /// A text message.
    pub const TEXT: usize = 5_000;
    /// What is shown in lists of chats and on locked screens instead of a flex message. LINE takes 1,500 by now; as a
    /// line to be read at a glance 400, its former limit, is plenty.
    pub const ALT_TEXT: usize = 400;
    /// What a button says.
    pub const LABEL: usize = 20;
    /// What comes back of a button.
    pub const DATA: usize = 300;
    /// What a button opens.
    pub const URI: usize = 1_000;
    /// The question of a confirmation.
    pub const QUESTION: usize = 240;
    /// Bytes of a bubble as JSON.
    pub const BUBBLE: usize = 30 * 1024;
}

/// A message that LINE takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Value);

/// Why LINE would not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It says nothing.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Too long.
    #[error("the {what} is longer than {limit} characters, as LINE counts them")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// How many characters it may have.
        limit: usize,
    },
    /// A flex message has too much in it.
    #[error("the flex message is larger than {0} bytes")]
    TooLarge(usize),
}

/// A button that sends something back.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// What it says.
    pub label: &'a str,
    /// What comes back: see [`What::Postback`](crate::webhook::What::Postback).
    pub data: &'a str,
}

impl Message {
    /// A text. Addresses in it can be tapped.
    pub fn text(text: &str) -> Result<Self, Unfit> {
        fits("text", text, limits::TEXT)?;
        Ok(Self(json!({"type": "text", "text": text})))
    }

    /// A question with two answers, for what should not happen by a slip of a finger.
    pub fn confirmation(question: &str, yes: Choice<'_>, no: Choice<'_>) -> Result<Self, Unfit> {
        fits("question", question, limits::QUESTION)?;
        let actions = [yes, no].map(|choice| postback(choice.label, choice.data));
        let [yes, no] = actions;
        Ok(Self(json!({
            "type": "template",
            "altText": question,
            "template": {"type": "confirm", "text": question, "actions": [yes?, no?]},
        })))
    }

    /// A flex message of one bubble.
    pub fn bubble(alt_text: &str, bubble: &Value) -> Result<Self, Unfit> {
        fits("alternative text", alt_text, limits::ALT_TEXT)?;
        if bubble.to_string().len() > limits::BUBBLE {
            return Err(Unfit::TooLarge(limits::BUBBLE));
        }
        Ok(Self(json!({"type": "flex", "altText": alt_text, "contents": bubble})))
    }

    /// The message as LINE's reference has it.
    pub fn to_json(&self) -> &Value {
        &self.0
    }
}

/// A button's action that sends something back; what the person chose is shown as if they had said it.
pub(crate) fn postback(label: &str, data: &str) -> Result<Value, Unfit> {
    fits("label", label, limits::LABEL)?;
    fits("data of a button", data, limits::DATA)?;
    Ok(json!({"type": "postback", "label": label, "data": data, "displayText": label}))
}

/// A button's action that opens an address.
pub(crate) fn open(label: &str, uri: &str) -> Result<Value, Unfit> {
    fits("label", label, limits::LABEL)?;
    fits("address of a button", uri, limits::URI)?;
    Ok(json!({"type": "uri", "label": label, "uri": uri}))
}

/// A text that is no longer than so many UTF-16 code units, and no part of a character.
pub(crate) fn clipped(text: &str, limit: usize) -> String {
    if units(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let kept = text.chars().take_while(|letter| {
        let fits = letter.len_utf16() <= left;
        left = left.saturating_sub(letter.len_utf16());
        fits
    });
    kept.chain(['…']).collect()
}

fn fits(what: &'static str, text: &str, limit: usize) -> Result<(), Unfit> {
    if text.trim().is_empty() {
        return Err(Unfit::Empty(what));
    }
    if units(text) > limit { Err(Unfit::TooLong { what, limit }) } else { Ok(()) }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_counted_as_line_does() {
        assert!(Message::text(&"花".repeat(5_000)).is_ok());
        let too_long = Err(Unfit::TooLong { what: "text", limit: 5_000 });
        assert_eq!(Message::text(&"花".repeat(5_001)), too_long);
        assert!(Message::text(&"🍎".repeat(2_500)).is_ok());
        assert_eq!(Message::text(&"🍎".repeat(2_501)), too_long);
        assert_eq!(Message::text(" \n"), Err(Unfit::Empty("text")));
    }

    #[test]
    fn a_confirmation_has_two_answers() {
        let choice = |label, data| Choice { label, data };
        let question = Message::confirmation("本当に?", choice("はい", "yes=1"), choice("いいえ", "no=1"));
        let template = &question.expect("fits").0["template"];
        assert_eq!((&template["type"], &template["actions"][1]["data"]), (&json!("confirm"), &json!("no=1")));
        let long = "x".repeat(301);
        let unfit = Message::confirmation("?", choice("はい", &long), choice("いいえ", "n"));
        assert_eq!(unfit, Err(Unfit::TooLong { what: "data of a button", limit: 300 }));
        let unfit = Message::confirmation("?", choice(&long[..21], "y"), choice("いいえ", "n"));
        assert_eq!(unfit, Err(Unfit::TooLong { what: "label", limit: 20 }));
    }

    proptest! {
        #[test]
        fn a_clipped_text_fits_and_is_the_beginning(text in "\\PC{0,40}", limit in 1usize..40) {
            let clipped = clipped(&text, limit);
            prop_assert!(units(&clipped) <= limit);
            match clipped.strip_suffix('…') {
                Some(beginning) if clipped != text => {
                    prop_assert!(text.starts_with(beginning));
                    let next = text[beginning.len()..].chars().next().expect("more");
                    prop_assert!(units(beginning) + next.len_utf16() + 1 > limit, "as long as may be");
                }
                _ => prop_assert_eq!(&clipped, &text),
            }
        }
    }
}
