//! The texts, inside the program.

use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;

macro_rules! texts {
    ($($kind:ident $file:literal),+ $(,)?) => {
        /// The text of such messages in a language.
        pub(super) const fn of(kind: MessageKind, locale: Locale) -> &'static str {
            match (kind, locale) {$(
                (MessageKind::$kind, Locale::Ja) => include_str!(concat!("../../letters/", $file, ".ja.txt")),
                (MessageKind::$kind, Locale::En) => include_str!(concat!("../../letters/", $file, ".en.txt")),
            )+}
        }
    };
}

texts! {
    VerifyEmail "verify_email",
    AlreadyRegistered "already_registered",
    PasswordReset "password_reset",
    PasswordChanged "password_changed",
    VerifyNewEmail "verify_new_email",
    EmailChanged "email_changed",
    SessionReused "session_reused",
    AccountLinked "account_linked",
    AccountUnlinked "account_unlinked",
    SignInCode "sign_in_code",
    TwoFactorChanged "two_factor_changed",
    TwoFactorRemoved "two_factor_removed",
    RecoveryCodesRenewed "recovery_codes_renewed",
    RecoveryCodeUsed "recovery_code_used",
    Banned "banned",
    Unbanned "unbanned",
    Invitation "invitation",
}
