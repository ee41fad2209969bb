//! The second half of a sign-in.

use super::error::PeopleError;
use super::passkeys::{Answer, PasskeyAnswer};
use super::ports::{PeopleUnit, means, usable};
use super::tries;
use super::{Entry, People, SignedIn};
use crate::challenge::{Challenge, ChallengeToken, HalfSignIn, TRIES};
use crate::mailed_code::{self, MailedCode};
use crate::message::MessageKind;
use crate::passkey::ceremony::{Ceremony, Purpose};
use crate::session::Method;
use crate::sign_in_account::SignInAccount;
use crate::two_factor::{Factor, Means, open_factors};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What came of the first half of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// They are signed in.
    Done(Box<SignedIn>),
    /// They have a second factor: it is asked for, and nothing is open to them yet.
    SecondFactor(Challenge),
}

/// What somebody enters to finish a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondProof {
    /// A code of the authenticator app.
    App(Secret),
    /// An answer to [`People::begin_second_step`].
    Passkey(PasskeyAnswer),
    /// A recovery code.
    RecoveryCode(Secret),
    /// The code that was mailed.
    EmailCode(Secret),
}

impl SecondProof {
    /// Its factor.
    pub const fn factor(&self) -> Factor {
        match self {
            Self::App(_) => Factor::App,
            Self::Passkey(_) => Factor::Passkey,
            Self::RecoveryCode(_) => Factor::RecoveryCode,
            Self::EmailCode(_) => Factor::EmailCode,
        }
    }

    /// Says of `/code`, `/recovery_code` or `/email_code` what none can look like. That is no try.
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::App(code) => tries::six_digits_at("/code", code),
            Self::RecoveryCode(code) => tries::recovery_code_at("/recovery_code", code),
            Self::EmailCode(code) => tries::six_digits_at("/email_code", code),
            Self::Passkey(_) => Ok(()),
        }
    }
}

/// What came of the first half, before anything is told.
pub(super) enum Admitted {
    In(Box<SignedIn>),
    /// Of whom, by this account, and with what it can be finished.
    Asked(Box<User>, SignInAccount, Method, Vec<Factor>),
}

/// A proof on its way under the lock of the person.
pub(super) enum Shown<'a> {
    App(&'a Secret),
    Passkey(Answer<'a>),
    RecoveryCode(&'a Secret),
    /// What came of comparing the code with the one that was mailed.
    EmailCode(Judged),
}

/// What came of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is right, and used up.
    Right,
    /// It was compared, and is wrong.
    Wrong,
    /// There was nothing to compare it with: nobody was any nearer to a right one.
    Moot,
}

/// A person with a sign-in that waits, under their lock.
pub(super) struct Waiting {
    pub(super) user: User,
    pub(super) account: SignInAccount,
    pub(super) means: Means,
    pub(super) open: Vec<Factor>,
}

impl People {
    /// Opens a session, unless a second factor is to be asked for. Under the lock of the person.
    pub(super) async fn admit(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        user: User,
        account: SignInAccount,
        first: Method,
        now: DateTime<Utc>,
    ) -> Result<Admitted, StoreError> {
        if !unit.has_second_factor(user.id).await? {
            let entered = self.open_session(unit, caller, user, Entry::at_once(&account, first), now).await?;
            return Ok(Admitted::In(Box::new(entered)));
        }
        let open = open_factors(&user, &means(unit, user.id).await?, first);
        let what = json!({ "provider": account.provider, "factors": open });
        unit.note(Some(user.id), &self.about("sign_in.second_factor_asked", caller, Some(user.id), what, now));
        Ok(Admitted::Asked(Box::new(user), account, first, open))
    }

    /// What is told of the first half, after it was written.
    pub(super) async fn answer(&self, admitted: Admitted, now: DateTime<Utc>) -> Result<SignIn, StoreError> {
        let (user, account, first, factors) = match admitted {
            Admitted::In(signed_in) => return Ok(SignIn::Done(signed_in)),
            Admitted::Asked(user, account, first, factors) => (user, account, first, factors),
        };
        let token = ChallengeToken::new(account.user, &*self.ids);
        let expires_at = now + self.settings.lifetimes.second_factor;
        let pending = HalfSignIn::new(&token, &user, &account, first);
        self.ephemeral.put(&token.key(), &pending.value(), expires_at, now).await?;
        Ok(SignIn::SecondFactor(Challenge { token: token.into_secret(), expires_at, factors }))
    }

    /// Finishes a sign-in that [`People::sign_in`] or [`People::arrive`] left half done. Five proofs may be tried for one
    /// sign-in, and [ten of a person](super::tries) within 15 minutes be wrong; of all right ones that are shown at once, one
    /// lets in. What cannot be right, whatever is kept, is no try. Of a recovery code that was used the person is told.
    pub async fn second_step(
        &self,
        caller: &Caller,
        token: &str,
        proof: &SecondProof,
    ) -> Result<SignedIn, PeopleError> {
        let now = self.clock.now();
        let token = ChallengeToken::read(token).ok_or(PeopleError::ChallengeOver)?;
        proof.check()?;
        let kept = self.ephemeral.attempt(&token.key(), TRIES, now).await?;
        let pending = kept.and_then(|kept| HalfSignIn::read(&kept, &token)).ok_or(PeopleError::ChallengeOver)?;
        if let Err(full) = self.count_try(token.user, now).await {
            self.forget_tries([token.key()], now).await;
            return Err(full);
        }
        let tried = [token.key(), tries::key(token.user)];
        match self.finish(caller, &token, &pending, proof, now).await {
            Ok((Judged::Right, Some(entered))) => {
                // It is good for nothing more, and ends by itself should this fail.
                let _ = self.ephemeral.remove(&token.key()).await;
                self.forgive_try(token.user, now).await;
                if let SecondProof::RecoveryCode(_) = proof {
                    self.tell(&entered.user, MessageKind::RecoveryCodeUsed, None).await;
                }
                Ok(entered)
            }
            Ok((Judged::Moot, _)) => {
                self.forget_tries(tried, now).await;
                Err(PeopleError::WrongCode)
            }
            Ok(_) => Err(PeopleError::WrongCode),
            Err(error) => {
                if is_moot(&error) {
                    self.forget_tries(tried, now).await;
                }
                Err(error)
            }
        }
    }

    /// With a session, if the proof is right.
    async fn finish(
        &self,
        caller: &Caller,
        token: &ChallengeToken,
        pending: &HalfSignIn,
        proof: &SecondProof,
        now: DateTime<Utc>,
    ) -> Result<(Judged, Option<SignedIn>), PeopleError> {
        let shown = match proof {
            SecondProof::App(code) => Shown::App(code),
            SecondProof::Passkey(answer) => {
                Shown::Passkey(self.answer_of(answer, Purpose::SecondStep(token.user, token.id()), now).await?)
            }
            SecondProof::RecoveryCode(code) => Shown::RecoveryCode(code),
            SecondProof::EmailCode(code) => Shown::EmailCode(self.redeem_mailed(token, code, now).await?),
        };
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let waiting = self.waiting(&mut *unit, token, pending).await?;
            let Waiting { user, account, means, open } = waiting.ok_or(PeopleError::ChallengeOver)?;
            if !open.contains(&proof.factor()) {
                let detail = "this sign-in cannot be finished in this way";
                return Err(PeopleError::Refused { code: "factor_not_open", detail });
            }
            let judged = self.prove(&mut *unit, caller, means, &shown, now).await?;
            let entered = match judged {
                Judged::Right => {
                    let methods = [pending.first, proof.factor().method()].into();
                    let entry = Entry { account: &account, methods, challenge: Some(token.digest()) };
                    Some(self.open_session(&mut *unit, caller, user, entry, now).await?)
                }
                Judged::Wrong => {
                    let how = json!({ "provider": account.provider, "factor": proof.factor() });
                    let record = self.about("sign_in.second_factor_failed", caller, Some(user.id), how, now);
                    unit.note(Some(user.id), &record);
                    None
                }
                Judged::Moot => return Ok((judged, None)),
            };
            unit.commit().await?;
            Ok((judged, entered))
        })
        .await
    }

    /// Asks the passkeys of a person whose sign-in waits.
    pub async fn begin_second_step(&self, token: &str) -> Result<Ceremony, PeopleError> {
        let now = self.clock.now();
        let token = ChallengeToken::read(token).ok_or(PeopleError::ChallengeOver)?;
        let kept = self.ephemeral.get(&token.key(), now).await?;
        let pending = kept.and_then(|kept| HalfSignIn::read(&kept, &token)).ok_or(PeopleError::ChallengeOver)?;
        let mut unit = self.store.begin().await?;
        let waiting = self.waiting(&mut *unit, &token, &pending).await?.ok_or(PeopleError::ChallengeOver)?;
        drop(unit);
        self.ask_one_of(&waiting.means.passkeys, Purpose::SecondStep(token.user, token.id()), now).await
    }

    /// How a sign-in that waits stands by now, under the lock of its person; `None`: it is void, as they have finished it,
    /// were locked, changed their password, or have no second factor any more.
    pub(super) async fn waiting(
        &self,
        unit: &mut dyn PeopleUnit,
        token: &ChallengeToken,
        pending: &HalfSignIn,
    ) -> Result<Option<Waiting>, StoreError> {
        let Some(user) = unit.lock(token.user).await?.filter(User::is_active) else { return Ok(None) };
        if unit.has_begun(&token.digest()).await? {
            return Ok(None);
        }
        let account = usable(unit, user.id, pending.account).await?.filter(|account| pending.stands(&user, account));
        let means = means(unit, user.id).await?;
        let Some(account) = account.filter(|_| means.is_asked_for()) else { return Ok(None) };
        let open = open_factors(&user, &means, pending.first);
        Ok(Some(Waiting { user, account, means, open }))
    }

    /// Whether a proof is right, under the lock of the person. What was compared is written.
    pub(super) async fn prove(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        means: Means,
        shown: &Shown<'_>,
        now: DateTime<Utc>,
    ) -> Result<Judged, StoreError> {
        let Means { user, app, codes, passkeys } = means;
        let (after, judged) = match shown {
            Shown::App(code) => match app.clone().and_then(|app| app.take(code.expose(), now)) {
                Some(taken) => (Some(taken), Judged::Right),
                None => (app.map(|app| app.mistaken(now)), Judged::Wrong),
            },
            Shown::EmailCode(Judged::Right) => (app.map(|app| app.proven_by_mail(now)), Judged::Right),
            Shown::EmailCode(Judged::Wrong) => (app.map(|app| app.mistaken(now)), Judged::Wrong),
            Shown::EmailCode(Judged::Moot) => return Ok(Judged::Moot),
            Shown::Passkey(answer) => match self.judge_answer(unit, caller, &passkeys, answer, now).await? {
                Judged::Right => (app.map(|app| app.proven(now)), Judged::Right),
                other => return Ok(other),
            },
            Shown::RecoveryCode(_) if codes.left() == 0 => return Ok(Judged::Moot),
            Shown::RecoveryCode(code) => {
                let Some(left) = codes.clone().redeem(code.expose(), &*self.cipher, now) else {
                    return Ok(Judged::Wrong);
                };
                for used in left.kept().iter().filter(|code| !codes.kept().contains(code)) {
                    unit.use_recovery_code(user, &used.digest, now).await?;
                }
                (app.map(|app| app.proven(now)), Judged::Right)
            }
        };
        if let Some(after) = after {
            unit.save_two_factor(&after).await?;
        }
        Ok(judged)
    }

    /// Whether this is the code that was mailed for this sign-in. Of all who show it at once, one is right.
    async fn redeem_mailed(
        &self,
        token: &ChallengeToken,
        code: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Judged, StoreError> {
        let key = MailedCode::key(token.user);
        // A code for another sign-in is not tried, so nobody uses up the tries of another's.
        let present = self.ephemeral.get(&key, now).await?;
        if present.and_then(|kept| MailedCode::read(&kept, token.id())).is_none() {
            return Ok(Judged::Moot);
        }
        let Some(kept) = self.ephemeral.attempt(&key, mailed_code::TRIES, now).await? else {
            return Ok(Judged::Moot);
        };
        let fits = |kept: &String| {
            let read = MailedCode::read(kept, token.id());
            read.is_some_and(|read| read.fits(token.user, code.expose(), &*self.cipher))
        };
        let right = fits(&kept) && self.ephemeral.take(&key, now).await? == Some(kept);
        Ok(if right { Judged::Right } else { Judged::Wrong })
    }
}

/// Whether this says that a proof was not compared, and not that something else failed afterwards.
pub(super) fn is_moot(error: &PeopleError) -> bool {
    !matches!(error, PeopleError::Store(_))
}
