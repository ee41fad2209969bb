//! What messages say, in Japanese and English.
//!
//! The texts are the files of `crates/adapters/mail/letters`: the first line is the subject, a blank line parts
//! paragraphs, and `{…}` stands for a value. HTML is made from the same text.

mod lifetime;
mod template;
mod texts;

use crate::settings::PublicUrl;
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::message::{Message, MessageKind};
use template::{Template, Value};

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// A message lacks what its text speaks of, such as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message lacks its {0}")]
pub struct Lacking(&'static str);

/// The front end's page to which the link of such a message leads, as its path; `None`: it has no link.
pub const fn page(kind: MessageKind) -> Option<&'static str> {
    match kind {
        MessageKind::VerifyEmail => Some("verify-email"),
        MessageKind::PasswordReset => Some("reset-password"),
        MessageKind::VerifyNewEmail => Some("confirm-email"),
        MessageKind::Invitation => Some("invitation"),
        MessageKind::AlreadyRegistered
        | MessageKind::PasswordChanged
        | MessageKind::EmailChanged
        | MessageKind::SessionReused
        | MessageKind::AccountLinked
        | MessageKind::AccountUnlinked
        | MessageKind::SignInCode
        | MessageKind::TwoFactorChanged
        | MessageKind::TwoFactorRemoved
        | MessageKind::RecoveryCodesRenewed
        | MessageKind::RecoveryCodeUsed
        | MessageKind::Banned
        | MessageKind::Unbanned => None,
    }
}

impl Letter {
    /// The letter for a message. Values are put in so that they stay what they are: in one line, and no HTML.
    pub fn of(message: &Message, public_url: &PublicUrl, lifetimes: &Lifetimes) -> Result<Self, Lacking> {
        let Message { locale, kind, token, invited, .. } = message;
        let mut values = Vec::new();
        if let Some(token) = token {
            values.push(("token", Value::Code(token.expose().to_owned())));
            if let Some(page) = page(*kind) {
                values.push(("link", Value::Link(public_url.link(page, token.expose()))));
            }
        }
        if let Some(good_for) = kind.lifetime(lifetimes) {
            values.push(("lifetime", Value::Words(lifetime::in_words(good_for, *locale))));
        }
        if let Some(invited) = invited {
            values.push(("store", Value::Words(invited.store.clone())));
            values.push(("role", Value::Words(invited.role.clone())));
        }
        let template = Template { text: texts::of(*kind, *locale), language: locale.code() };
        template.fill(&values).map_err(Lacking)
    }
}
