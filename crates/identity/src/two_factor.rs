//! A person's second factor: an authenticator app or passkeys, and what may stand in for them.

use crate::passkey::Passkey;
use crate::recovery_codes::RecoveryCodes;
use crate::session::Method;
use crate::totp::{TimeStep, TotpSecret};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::id::{TwoFactorId, UserId};
use serde_json::{Value, json};

/// After this many wrong codes in a row no code of six digits is taken any more (SP 800-63B-4, 3.2.2: at most 100).
pub const MOST_WRONG_CODES: u32 = 100;

codes! {
    /// With what a sign-in is finished.
    Factor {
        /// A code of the authenticator app.
        App = "totp",
        /// An answer of a passkey.
        Passkey = "passkey",
        /// A recovery code.
        RecoveryCode = "recovery_code",
        /// A code that is mailed.
        EmailCode = "email_code",
    }
}

impl Factor {
    /// What it proves.
    pub const fn method(self) -> Method {
        match self {
            Self::App | Self::RecoveryCode | Self::EmailCode => Method::OneTimePassword,
            Self::Passkey => Method::HardwareKey,
        }
    }
}

/// What a person has besides a password or a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// Whose.
    pub user: UserId,
    /// Their authenticator app, if it is active.
    pub app: Option<TwoFactor>,
    /// Their recovery codes.
    pub codes: RecoveryCodes,
    /// Their passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
}

impl Means {
    /// Whether a second factor is asked for.
    pub const fn is_asked_for(&self) -> bool {
        self.app.is_some() || !self.passkeys.is_empty()
    }
}

/// The authenticator app of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoFactor {
    /// Id.
    pub id: TwoFactorId,
    /// Whose.
    pub user: UserId,
    /// What the app and we share.
    pub secret: TotpSecret,
    /// When the person showed a code of it; `None`: not yet, and it is not asked for.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The step whose code was taken last: no code up to it is taken again.
    pub last_step: Option<TimeStep>,
    /// How many wrong codes of six digits there were in a row.
    pub wrong_codes: u32,
    /// When the password was reset by mail; `None`: not since the person proved another factor than their mailbox.
    pub password_reset_at: Option<DateTime<Utc>>,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When this was last changed.
    pub updated_at: DateTime<Utc>,
}

impl TwoFactor {
    /// An app that has yet to show a code.
    pub const fn begin(id: TwoFactorId, user: UserId, secret: TotpSecret, now: DateTime<Utc>) -> Self {
        Self {
            id,
            user,
            secret,
            confirmed_at: None,
            last_step: None,
            wrong_codes: 0,
            password_reset_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it is asked for.
    pub const fn is_active(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Whether codes of six digits are no longer taken, as too many were wrong.
    pub const fn is_blocked(&self) -> bool {
        self.wrong_codes >= MOST_WRONG_CODES
    }

    /// Asked for from now on; `None`: this is no code of it.
    #[must_use]
    pub fn confirm(self, code: &str, now: DateTime<Utc>) -> Option<Self> {
        self.take(code, now).map(|taken| Self { confirmed_at: Some(now), ..taken })
    }

    /// With a code of the app used up; `None`: it is none of now, or was used before.
    #[must_use]
    pub fn take(self, code: &str, now: DateTime<Utc>) -> Option<Self> {
        let step = self.secret.check(code, now, self.last_step)?;
        Some(Self { last_step: Some(step), ..self.proven(now) })
    }

    /// After a right code of another kind than those of a mailbox.
    #[must_use]
    pub fn proven(self, now: DateTime<Utc>) -> Self {
        Self { wrong_codes: 0, password_reset_at: None, ..self.revised(now) }
    }

    /// After a right code out of the mailbox.
    #[must_use]
    pub fn proven_by_mail(self, now: DateTime<Utc>) -> Self {
        Self { wrong_codes: 0, ..self.revised(now) }
    }

    /// After a wrong code of six digits.
    #[must_use]
    pub fn mistaken(self, now: DateTime<Utc>) -> Self {
        Self { wrong_codes: self.wrong_codes.saturating_add(1), ..self.revised(now) }
    }

    /// After a password that was reset by mail.
    #[must_use]
    pub fn after_reset(self, now: DateTime<Utc>) -> Self {
        Self { password_reset_at: Some(now), ..self.revised(now) }
    }

    fn revised(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    /// How it stands in events and audit entries: without the secret.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "user_id": self.user,
            "confirmed_at": self.confirmed_at,
            "version": self.version,
        })
    }
}

/// With what a person can finish a sign-in whose first half was `first`.
///
/// | factor | as long as |
/// |---|---|
/// | the app | it is active, and fewer than [`MOST_WRONG_CODES`] codes in a row were wrong |
/// | a passkey | there is one |
/// | a recovery code | there is one |
/// | a mailed code | as for the app; their address is proven; the first half was a password, which was not reset by mail |
///
/// Whoever has a mailbox can reset a password, and often use the provider's account of that address: then a code to the same
/// mailbox would be no second factor. Who has passkeys alone gets no mailed codes: such codes can be asked out of somebody
/// on a forged page, and passkeys cannot.
pub fn open_factors(user: &User, means: &Means, first: Method) -> Vec<Factor> {
    let app = means.app.as_ref().filter(|app| !app.is_blocked());
    let by_mail = app.is_some_and(|app| app.password_reset_at.is_none())
        && user.verified_email().is_some()
        && first == Method::Password;
    [
        (Factor::App, app.is_some()),
        (Factor::Passkey, !means.passkeys.is_empty()),
        (Factor::RecoveryCode, means.codes.left() > 0),
        (Factor::EmailCode, by_mail),
    ]
    .into_iter()
    .filter_map(|(factor, is_open)| is_open.then_some(factor))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;
    use crate::recovery_codes::KeptCode;
    use uuid::Uuid;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn begun() -> TwoFactor {
        let (id, user) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        TwoFactor::begin(id, user, TotpSecret::from_bytes(SECRET), at(0))
    }

    /// The codes of RFC 4226, appendix D, of the steps from 0 on.
    const CODES: [&str; 4] = ["755224", "287082", "359152", "969429"];

    #[test]
    fn a_code_makes_it_active_and_is_used_up_by_that() {
        assert!(!begun().is_active() && begun().confirm("000000", at(30)).is_none());
        let active = begun().confirm(CODES[1], at(30)).unwrap();
        assert_eq!((active.confirmed_at, active.last_step, active.version), (Some(at(30)), Some(TimeStep(1)), 2));
        for spent in [CODES[0], CODES[1]] {
            assert_eq!(active.clone().take(spent, at(31)), None, "{spent}");
        }
        let next = active.take(CODES[2], at(60)).unwrap();
        assert_eq!((next.last_step, next.confirmed_at), (Some(TimeStep(2)), Some(at(30))));
    }

    #[test]
    fn wrong_codes_are_counted_until_one_is_right() {
        let mut app = begun().confirm(CODES[0], at(0)).unwrap();
        for wrong in 0..MOST_WRONG_CODES {
            assert_eq!((app.wrong_codes, app.is_blocked()), (wrong, false));
            app = app.mistaken(at(1));
        }
        assert!(app.is_blocked());
        let reset = app.clone().after_reset(at(2));
        assert_eq!((reset.wrong_codes, reset.password_reset_at), (MOST_WRONG_CODES, Some(at(2))));
        let by_mail = reset.clone().proven_by_mail(at(3));
        assert_eq!((by_mail.wrong_codes, by_mail.password_reset_at), (0, Some(at(2))));
        let proven = reset.proven(at(3));
        assert_eq!((proven.wrong_codes, proven.password_reset_at), (0, None));
        assert_eq!(app.take(CODES[1], at(30)).map(|app| app.wrong_codes), Some(0));
    }

    #[test]
    fn what_may_stand_in_for_the_app() {
        use Factor::{App, EmailCode, Passkey, RecoveryCode};
        use Method::{Federated, Password};
        let user = User::new(begun().user, Locale::Ja, "a@example.jp".parse().ok(), "A".into(), at(0));
        let unproven = User { email_verified_at: None, ..user.clone() };
        let app = begun().confirm(CODES[0], at(0)).unwrap();
        let reset = app.clone().after_reset(at(1));
        let blocked = TwoFactor { wrong_codes: MOST_WRONG_CODES, ..app.clone() };
        let of = |used_at| RecoveryCodes::from_kept(user.id.0, vec![KeptCode { digest: [1; 32], used_at }]);
        let (some, none) = (of(None), of(Some(at(0))));
        let means = |app: &TwoFactor, codes: &RecoveryCodes| {
            let (app, codes, passkeys) = (Some(app.clone()), codes.clone(), Vec::new());
            Means { user: user.id, app, codes, passkeys }
        };
        let with = |means: Means| Means { passkeys: vec![crate::passkey::tests::passkey("a")], ..means };
        let alone = |codes| Means { app: None, ..with(means(&app, codes)) };
        let cases: [(&User, Means, Method, &[Factor]); 13] = [
            (&user, means(&app, &some), Password, &[App, RecoveryCode, EmailCode]),
            (&user, means(&app, &none), Password, &[App, EmailCode]),
            (&unproven, means(&app, &some), Password, &[App, RecoveryCode]),
            (&user, means(&app, &some), Federated, &[App, RecoveryCode]),
            (&user, means(&reset, &some), Password, &[App, RecoveryCode]),
            (&user, means(&reset, &none), Federated, &[App]),
            (&user, means(&blocked, &some), Password, &[RecoveryCode]),
            (&user, means(&blocked, &none), Password, &[]),
            (&user, with(means(&app, &some)), Password, &[App, Passkey, RecoveryCode, EmailCode]),
            (&user, with(means(&blocked, &none)), Password, &[Passkey]),
            (&user, with(means(&reset, &none)), Federated, &[App, Passkey]),
            (&user, alone(&some), Password, &[Passkey, RecoveryCode]),
            (&user, alone(&none), Federated, &[Passkey]),
        ];
        for (user, means, first, expected) in cases {
            assert!(means.is_asked_for());
            assert_eq!(open_factors(user, &means, first), expected);
        }
        assert!(!Means { passkeys: Vec::new(), ..alone(&some) }.is_asked_for());
    }

    #[test]
    fn records_hold_no_secret() {
        let record = begun().public_record().to_string();
        assert!(!record.contains("GEZDGNBV") && !format!("{:?}", begun()).contains("GEZDGNBV"), "{record}");
    }
}
