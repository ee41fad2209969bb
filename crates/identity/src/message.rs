//! Messages to people about their own sign-in.

use crate::locale::Locale;
use async_trait::async_trait;
use musubi_kernel::codes;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Secret;

codes! {
    /// What a message says.
    MessageKind {
        /// "Follow this link to finish your registration." Has a token.
        VerifyEmail = "verify_email",
        /// "Somebody, perhaps you, registered with this address: you have an account already."
        AlreadyRegistered = "already_registered",
        /// "Follow this link to set a new password." Has a token.
        PasswordReset = "password_reset",
        /// "Your password was changed."
        PasswordChanged = "password_changed",
        /// "Follow this link to use this address from now on." Has a token; goes to the new address.
        VerifyNewEmail = "verify_new_email",
        /// "Your address was changed." Goes to the old one.
        EmailChanged = "email_changed",
        /// "A sign-in of yours was used from two devices and has been ended."
        SessionReused = "session_reused",
        /// "You can now sign in by another provider, too."
        AccountLinked = "account_linked",
    }
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub to: EmailAddress,
    /// In which language.
    pub locale: Locale,
    /// What it says.
    pub kind: MessageKind,
    /// What its link carries, if it has one.
    pub token: Option<Secret>,
}

/// Takes messages on their way.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Takes a message to be sent soon, and does not wait until it is: how long this takes must not tell whether there
    /// was something to send. [`StoreError::Unavailable`] when no message can be taken now.
    async fn post(&self, message: Message) -> Result<(), StoreError>;
}
