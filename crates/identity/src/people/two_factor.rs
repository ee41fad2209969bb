//! Setting up an authenticator app, and doing without.

use super::error::PeopleError;
use super::ports::{PeopleUnit, means, remove_codes};
use super::scope::PeopleScope;
use super::{People, Told};
use crate::message::MessageKind;
use crate::recovery_codes::RecoveryCodes;
use crate::totp::TotpSecret;
use crate::two_factor::TwoFactor;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::TwoFactorId;
use musubi_kernel::record::Record;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

const TWO_FACTOR: &str = "two_factor";

/// What an authenticator app needs; shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: Secret,
    /// The `otpauth://` address, to be shown as a QR code.
    pub uri: Secret,
}

/// How a person's second factor stands: asked for are the app and passkeys, whichever the person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoFactorStatus {
    /// Since when the app is asked for; `None`: it is not.
    pub active_since: Option<DateTime<Utc>>,
    /// How many passkeys there are.
    pub passkeys: usize,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// Whether codes of the app are no longer taken, as too many in a row were wrong.
    pub is_blocked: bool,
}

impl People {
    /// How a person's second factor stands.
    pub async fn two_factor(&self, scope: &PeopleScope) -> Result<TwoFactorStatus, PeopleError> {
        let app = self.store.two_factor(scope.user()).await?;
        Ok(TwoFactorStatus {
            active_since: app.as_ref().and_then(|app| app.confirmed_at),
            passkeys: self.store.passkeys(scope.user()).await?.len(),
            recovery_codes_left: self.store.recovery_codes(scope.user()).await?.left(),
            is_blocked: app.is_some_and(|app| app.is_blocked()),
        })
    }

    /// Begins to set up an app. It is asked for once [`People::confirm_two_factor`] has seen a code of it; until then this
    /// may be done again, and gives another secret. Asks for a recent proof.
    pub async fn begin_two_factor(&self, caller: &Caller, scope: &PersonScope) -> Result<Enrolment, PeopleError> {
        let now = self.clock.now();
        let (user, secret) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            match unit.two_factor(user.id).await? {
                Some(present) if present.is_active() => {
                    let detail = "there is an authenticator app already: disable it first";
                    return Err(PeopleError::Refused { code: "two_factor_active", detail });
                }
                Some(_) => unit.remove_two_factor(user.id).await?,
                None => {}
            }
            let secret = TotpSecret::generate(&*self.ids);
            let app = TwoFactor::begin(TwoFactorId::new(&*self.ids, now), user.id, secret, now);
            unit.add_two_factor(&app).await?;
            unit.note(Some(user.id), &self.of_two_factor("two_factor.begun", caller, &app, now));
            unit.commit().await?;
            Ok((user, app.secret))
        })
        .await?;
        let account = user.email.as_ref().map_or(user.display_name.as_str(), |email| email.as_str());
        Ok(Enrolment { secret: secret.to_base32(), uri: secret.uri(&self.settings.issuer, account) })
    }

    /// The app is asked for from now on, if this is a code of it. Gives recovery codes, which are shown this once. Asks
    /// for a recent proof.
    pub async fn confirm_two_factor(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        code: &Secret,
    ) -> Result<Vec<Secret>, PeopleError> {
        let now = self.clock.now();
        let (user, codes) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            let app = unit.two_factor(user.id).await?.filter(|app| !app.is_active());
            let app = app.ok_or(PeopleError::NotFound(TWO_FACTOR))?;
            let active = app.confirm(code.expose(), now).ok_or(PeopleError::Refused {
                code: "wrong_code",
                detail: "the app shows another code at this moment: is the phone's clock right?",
            })?;
            unit.save_two_factor(&active).await?;
            let codes = self.issue_codes(&mut *unit, &user).await?;
            unit.note(Some(user.id), &self.of_two_factor("two_factor.enabled", caller, &active, now));
            unit.commit().await?;
            Ok::<_, PeopleError>((user, codes))
        })
        .await?;
        self.tell(&user, MessageKind::TwoFactorChanged, None).await;
        Ok(codes)
    }

    /// The app is not asked for any more, and recovery codes are void unless there are passkeys. Sessions go on. Asks for a
    /// recent proof; for who has lost it there is [`People::remove_second_factor`].
    pub async fn disable_two_factor(&self, caller: &Caller, scope: &PersonScope) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let user = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            let app = unit.two_factor(user.id).await?.filter(TwoFactor::is_active);
            let app = app.ok_or(PeopleError::NotFound(TWO_FACTOR))?;
            unit.remove_two_factor(user.id).await?;
            if unit.passkeys(user.id).await?.is_empty() {
                remove_codes(&mut *unit, user.id).await?;
            }
            unit.note(Some(user.id), &self.of_two_factor("two_factor.disabled", caller, &app, now));
            unit.commit().await?;
            Ok::<_, PeopleError>(user)
        })
        .await?;
        self.tell(&user, MessageKind::TwoFactorChanged, None).await;
        Ok(())
    }

    /// New recovery codes in the place of all earlier ones; shown this once, and the person is told. Asks for a recent proof.
    pub async fn renew_recovery_codes(&self, caller: &Caller, scope: &PersonScope) -> Result<Vec<Secret>, PeopleError> {
        let now = self.clock.now();
        let (user, codes) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            if !means(&mut *unit, user.id).await?.is_asked_for() {
                return Err(PeopleError::NotFound(TWO_FACTOR));
            }
            let codes = self.issue_codes(&mut *unit, &user).await?;
            let kind = "two_factor.recovery_codes_renewed";
            unit.note(Some(user.id), &self.about(kind, caller, Some(user.id), json!({ "codes": codes.len() }), now));
            unit.commit().await?;
            Ok((user, codes))
        })
        .await?;
        self.tell(&user, MessageKind::RecoveryCodesRenewed, None).await;
        Ok(codes)
    }

    pub(super) async fn issue_codes(&self, unit: &mut dyn PeopleUnit, user: &User) -> Result<Vec<Secret>, StoreError> {
        let (kept, shown) = RecoveryCodes::issue(user.id.0, &*self.ids, &*self.cipher);
        unit.replace_recovery_codes(user.id, &kept).await?;
        Ok(shown)
    }

    fn of_two_factor(&self, kind: &'static str, caller: &Caller, app: &TwoFactor, at: DateTime<Utc>) -> Record {
        let (subject, after) = (app.id.0, Some(app.public_record()));
        self.record(&Told { kind, subject_kind: TWO_FACTOR, subject, before: None, after, caller, at })
    }

    /// The password was reset by mail: see [`crate::two_factor::open_factors`].
    pub(super) async fn note_reset(
        &self,
        unit: &mut dyn PeopleUnit,
        user: &User,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match unit.two_factor(user.id).await? {
            Some(app) => unit.save_two_factor(&app.after_reset(now)).await,
            None => Ok(()),
        }
    }
}
