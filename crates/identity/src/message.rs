//! Messages to people about their own sign-in.

use crate::lifetimes::Lifetimes;
use crate::locale::Locale;
use crate::one_time_token::TokenKind;
use async_trait::async_trait;
use chrono::TimeDelta;
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
        /// "You can no longer sign in by that provider."
        AccountUnlinked = "account_unlinked",
        /// "Your code to sign in is this." Its token is the code.
        SignInCode = "sign_in_code",
        /// "A second factor was added to your sign-in, or removed."
        TwoFactorChanged = "two_factor_changed",
        /// "The operator removed your second factor, and you are signed out everywhere."
        TwoFactorRemoved = "two_factor_removed",
        /// "You have new recovery codes; the earlier ones are void."
        RecoveryCodesRenewed = "recovery_codes_renewed",
        /// "A recovery code of yours was used."
        RecoveryCodeUsed = "recovery_code_used",
        /// "You were banned: nobody signs in with your account any more."
        Banned = "banned",
        /// "You are no longer banned, and can sign in again."
        Unbanned = "unbanned",
        /// "You are invited to a store." Has a token, and says to what.
        Invitation = "invitation",
    }
}

impl MessageKind {
    /// How long the token of such a message is good; `None`: it has none.
    pub const fn lifetime(self, lifetimes: &Lifetimes) -> Option<TimeDelta> {
        match self {
            Self::VerifyEmail => Some(TokenKind::VerifyEmail.lifetime(lifetimes)),
            Self::VerifyNewEmail => Some(TokenKind::ChangeEmail.lifetime(lifetimes)),
            Self::PasswordReset => Some(TokenKind::PasswordReset.lifetime(lifetimes)),
            Self::Invitation => Some(TokenKind::Invitation.lifetime(lifetimes)),
            Self::SignInCode => Some(lifetimes.mailed_code),
            Self::AlreadyRegistered
            | Self::PasswordChanged
            | Self::EmailChanged
            | Self::SessionReused
            | Self::AccountLinked
            | Self::AccountUnlinked
            | Self::TwoFactorChanged
            | Self::TwoFactorRemoved
            | Self::RecoveryCodesRenewed
            | Self::RecoveryCodeUsed
            | Self::Banned
            | Self::Unbanned => None,
        }
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
    /// What its link carries, if it has one, or its code.
    pub token: Option<Secret>,
    /// To what it invites, if it does.
    pub invited: Option<Invited>,
}

/// To what a message invites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Name of the store.
    pub store: String,
    /// As what, in words of the message's language.
    pub role: String,
}

/// Takes messages on their way.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Takes a message to be sent soon, and does not wait until it is: how long this takes must not tell whether there
    /// was something to send. [`StoreError::Unavailable`] when no message can be taken now.
    async fn post(&self, message: Message) -> Result<(), StoreError>;
}
