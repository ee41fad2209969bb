//! Proving again who one is, before what is dangerous.
//!
//! Whoever finds an open device, or has stolen a token, can do what its person does every day. What would take the account
//! away from its person, and what staff and admins decide about others, asks for a proof that is not older than
//! [`Lifetimes::step_up`](crate::lifetimes::Lifetimes): a sign-in, or one of these.

use super::People;
use super::error::PeopleError;
use super::passkeys::PasskeyAnswer;
use super::password::COMPARISONS;
use super::ports::{PeopleUnit, means, usable};
use super::scope::PeopleScope;
use super::second_step::{Judged, Shown, is_moot};
use super::tries;
use crate::message::MessageKind;
use crate::passkey::Passkey;
use crate::passkey::ceremony::{Ceremony, Purpose};
use crate::sign_in_account::SignInAccount;
use crate::two_factor::TwoFactor;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What somebody who is signed in enters to prove again who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepUpProof {
    /// Their password. Not enough for who has a second factor.
    Password(Secret),
    /// A code of the authenticator app.
    App(Secret),
    /// An answer to [`People::begin_step_up`].
    Passkey(PasskeyAnswer),
    /// A recovery code.
    RecoveryCode(Secret),
}

impl StepUpProof {
    const fn code(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::App(_) => "totp",
            Self::Passkey(_) => "passkey",
            Self::RecoveryCode(_) => "recovery_code",
        }
    }

    /// Says of `/code` or `/recovery_code` what none can look like. That is no try.
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::App(code) => tries::six_digits_at("/code", code),
            Self::RecoveryCode(code) => tries::recovery_code_at("/recovery_code", code),
            Self::Password(_) | Self::Passkey(_) => Ok(()),
        }
    }
}

impl People {
    /// Proves again who a person is, in the session by which they act; until when that opens what is dangerous. Wrong
    /// proofs [are counted](super::tries) as those of sign-ins are. Of a recovery code that was used the person is told. Who has neither a password nor a second factor signs
    /// in anew.
    pub async fn step_up(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        proof: &StepUpProof,
    ) -> Result<DateTime<Utc>, PeopleError> {
        proof.check()?;
        let (now, user) = (self.clock.now(), scope.user());
        let app = self.store.two_factor(user).await?.filter(TwoFactor::is_active);
        suits(proof, app.as_ref(), &self.store.passkeys(user).await?)?;
        let accounts = self.store.accounts(user).await?;
        let mut local = accounts.into_iter().find(|account| account.provider.is_local() && account.is_usable());
        if matches!(proof, StepUpProof::Password(_)) && local.is_none() {
            return Err(PeopleError::Refused {
                code: "no_password",
                detail: "this person signs in by a provider and has no password",
            });
        }
        self.count_try(user, now).await?;
        let (code, detail) = ("wrong_proof", "this is not right, or was used before");
        let mut compared = 1;
        let tried = loop {
            match self.try_to_step_up(caller, scope, proof, local.as_ref(), now).await {
                Ok(None) if compared < COMPARISONS => local = self.as_it_is_now(local).await?,
                Ok(None) => break Err(StoreError::Conflict.into()),
                Ok(Some(judged)) => break Ok(judged),
                Err(error) => break Err(error),
            }
            compared += 1;
        };
        match tried {
            Ok(Judged::Right) => {
                self.forgive_try(user, now).await;
                if let StepUpProof::RecoveryCode(_) = proof
                    && let Ok(Some(person)) = self.store.user(user).await
                {
                    self.tell(&person, MessageKind::RecoveryCodeUsed, None).await;
                }
                Ok(now + self.settings.lifetimes.step_up)
            }
            Ok(Judged::Wrong) => Err(PeopleError::Refused { code, detail }),
            Ok(Judged::Moot) => {
                self.forget_tries([tries::key(user)], now).await;
                Err(PeopleError::Refused { code, detail })
            }
            Err(error) => {
                if is_moot(&error) {
                    self.forget_tries([tries::key(user)], now).await;
                }
                Err(error)
            }
        }
    }

    /// `None`: the password's hash has been changed since it was compared.
    async fn try_to_step_up(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        proof: &StepUpProof,
        local: Option<&SignInAccount>,
        now: DateTime<Utc>,
    ) -> Result<Option<Judged>, PeopleError> {
        let user = scope.user();
        let known = match (proof, local) {
            (StepUpProof::Password(entered), Some(local)) => {
                self.is_right(entered, local.password_hash.as_ref()).await?
            }
            _ => false,
        };
        let shown = match proof {
            StepUpProof::Password(_) => None,
            StepUpProof::App(code) => Some(Shown::App(code)),
            StepUpProof::RecoveryCode(code) => Some(Shown::RecoveryCode(code)),
            StepUpProof::Passkey(answer) => {
                Some(Shown::Passkey(self.answer_of(answer, Purpose::StepUp(user, scope.session()), now).await?))
            }
        };
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let person = unit.lock(user).await?.filter(User::is_active).ok_or(PeopleError::NotFound("user"))?;
            unit.proven_at(person.id, scope.session(), now).await?.ok_or(PeopleError::SessionEnded)?;
            let means = means(&mut *unit, person.id).await?;
            suits(proof, means.app.as_ref(), &means.passkeys)?;
            let judged = match (&shown, local) {
                (Some(shown), _) => self.prove(&mut *unit, caller, means, shown, now).await?,
                (None, Some(local)) => match usable(&mut *unit, person.id, local.id).await? {
                    Some(present) if known && present.password_hash != local.password_hash => return Ok(None),
                    Some(_) if known => Judged::Right,
                    _ => Judged::Wrong,
                },
                (None, None) => Judged::Moot,
            };
            let kind = match judged {
                Judged::Right => "session.stepped_up",
                Judged::Wrong => "session.step_up_failed",
                Judged::Moot => return Ok(Some(judged)),
            };
            if judged == Judged::Right {
                unit.prove_session(scope.session(), now).await?;
            }
            let what = json!({ "session_id": scope.session(), "proof": proof.code() });
            unit.note(Some(person.id), &self.about(kind, caller, Some(person.id), what, now));
            unit.commit().await?;
            Ok(Some(judged))
        })
        .await
    }

    /// Asks the passkeys of a person who is to prove again who they are.
    pub async fn begin_step_up(&self, scope: &PersonScope) -> Result<Ceremony, PeopleError> {
        let passkeys = self.store.passkeys(scope.user()).await?;
        self.ask_one_of(&passkeys, Purpose::StepUp(scope.user(), scope.session()), self.clock.now()).await
    }

    /// Refuses a person whose last proof in this session is older than [`Lifetimes::step_up`](crate::lifetimes::Lifetimes), for
    /// what is not their own: what staff and admins decide about others.
    pub async fn require_recent_proof(&self, scope: &PersonScope) -> Result<(), PeopleError> {
        let mut unit = self.store.begin().await?;
        self.require_recent(&mut *unit, scope, self.clock.now()).await
    }

    /// The person, under their lock, if they proved who they are not long ago.
    pub(super) async fn recent_person(
        &self,
        unit: &mut dyn PeopleUnit,
        scope: &PersonScope,
        now: DateTime<Utc>,
    ) -> Result<User, PeopleError> {
        let user = unit.lock(scope.user()).await?.filter(User::is_active);
        let user = user.ok_or(PeopleError::NotFound("user"))?;
        self.require_recent(unit, scope, now).await?;
        Ok(user)
    }

    /// Refuses a person whose last proof in this session is older than [`Lifetimes::step_up`](crate::lifetimes::Lifetimes).
    pub(super) async fn require_recent(
        &self,
        unit: &mut dyn PeopleUnit,
        scope: &PersonScope,
        now: DateTime<Utc>,
    ) -> Result<(), PeopleError> {
        let proven_at = unit.proven_at(scope.user(), scope.session(), now).await?.ok_or(PeopleError::SessionEnded)?;
        if now < proven_at + self.settings.lifetimes.step_up { Ok(()) } else { Err(PeopleError::StepUpRequired) }
    }

    /// As [`People::require_recent`], of a person; the operator needs none.
    pub(super) async fn require_recent_of(
        &self,
        unit: &mut dyn PeopleUnit,
        scope: &PeopleScope,
        now: DateTime<Utc>,
    ) -> Result<(), PeopleError> {
        match scope {
            PeopleScope::Own(own) => self.require_recent(unit, own, now).await,
            PeopleScope::Operator(..) => Ok(()),
        }
    }

    /// As [`People::require_recent`], of who has a second factor: theirs is asked for, not the password alone.
    pub(super) async fn require_recent_second(
        &self,
        unit: &mut dyn PeopleUnit,
        scope: &PersonScope,
        now: DateTime<Utc>,
    ) -> Result<(), PeopleError> {
        if means(unit, scope.user()).await?.is_asked_for() {
            return self.require_recent(unit, scope, now).await;
        }
        Ok(())
    }
}

/// Whether this kind of proof is enough.
fn suits(proof: &StepUpProof, app: Option<&TwoFactor>, passkeys: &[Passkey]) -> Result<(), PeopleError> {
    let has_second = app.is_some() || !passkeys.is_empty();
    let (code, detail) = match proof {
        StepUpProof::Password(_) if has_second => {
            ("second_factor_needed", "this person has a second factor: prove that one")
        }
        StepUpProof::Password(_) => return Ok(()),
        StepUpProof::App(_) if app.is_some_and(TwoFactor::is_blocked) => {
            ("factor_not_open", "too many codes of the app were wrong: use a passkey or a recovery code")
        }
        StepUpProof::App(_) if app.is_some() => return Ok(()),
        StepUpProof::Passkey(_) if !passkeys.is_empty() => return Ok(()),
        StepUpProof::RecoveryCode(_) if has_second => return Ok(()),
        StepUpProof::App(_) | StepUpProof::Passkey(_) | StepUpProof::RecoveryCode(_) => {
            ("no_second_factor", "this person has no such second factor")
        }
    };
    Err(PeopleError::Refused { code, detail })
}
