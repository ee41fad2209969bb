//! Passkeys of people: adding, removing, and signing in with one alone.
//!
//! A passkey is also taken as the second factor of a sign-in ([`second_step`](super::second_step)) and as a proof of who
//! somebody is ([`step_up`](super::step_up)).

use super::error::PeopleError;
use super::ports::{PeopleUnit, means, remove_codes};
use super::second_step::Judged;
use super::{Entry, People, SignedIn, Told};
use crate::message::MessageKind;
use crate::passkey::ceremony::{self, Ceremony, Purpose};
use crate::passkey::port::{Asked, Flaw, PasskeyError};
use crate::passkey::{Passkey, check_name, is_room};
use crate::session::Method;
use crate::sign_in_account::SignInAccount;
use crate::two_factor::TwoFactor;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CeremonyId, PasskeyId, UserId};
use musubi_kernel::record::Record;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::{Value, json};

const PASSKEY: &str = "passkey";

/// What a device answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyAnswer {
    /// What it answers.
    pub ceremony: CeremonyId,
    /// The answer, as `PublicKeyCredential.toJSON()` has it.
    pub credential: Value,
}

/// A passkey that was just added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// Recovery codes, if the person had none left; they are shown this once.
    pub recovery_codes: Vec<Secret>,
}

/// An answer with the question that was kept; `None`: there is none, so the answer is wrong.
pub(super) struct Answer<'a> {
    asked: Option<String>,
    credential: &'a Value,
}

impl People {
    /// A person's passkeys, the oldest first; at most [`MOST`](crate::passkey::MOST).
    pub async fn passkeys(&self, scope: &PersonScope) -> Result<Vec<Passkey>, PeopleError> {
        Ok(self.store.passkeys(scope.user()).await?)
    }

    /// Asks a device for a new passkey. Asks for a recent proof.
    pub async fn begin_passkey(&self, scope: &PersonScope) -> Result<Ceremony, PeopleError> {
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let user = self.recent_person(&mut *unit, scope, now).await?;
        let present = unit.passkeys(user.id).await?;
        drop(unit);
        if !is_room(present.len()) {
            return Err(too_many());
        }
        let asked = self.passkeys.begin_registration(&user, &present).map_err(refused)?;
        self.keep(asked, Purpose::Add(user.id, scope.session()), now).await
    }

    /// Adds the passkey that a device made. From now on it, or another second factor, is asked for after a password. Gives
    /// recovery codes to who has none left. Asks for a recent proof.
    pub async fn add_passkey(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        name: &str,
        answer: &PasskeyAnswer,
    ) -> Result<AddedPasskey, PeopleError> {
        check_name(name)?;
        let now = self.clock.now();
        let purpose = Purpose::Add(scope.user(), scope.session());
        let asked = ceremony::take(&*self.ephemeral, answer.ceremony, purpose, now).await?;
        let asked = asked.ok_or(PeopleError::Refused {
            code: "ceremony_over",
            detail: "the passkey was asked too long ago, or has answered already: begin anew",
        })?;
        let made = self.passkeys.finish_registration(&asked, &answer.credential).map_err(refused)?;
        let passkey = Passkey::new(PasskeyId::new(&*self.ids, now), scope.user(), name.to_owned(), made, now);
        let (user, recovery_codes) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            let means = means(&mut *unit, user.id).await?;
            if !is_room(means.passkeys.len()) {
                return Err(too_many());
            }
            if unit.passkey_of(&passkey.credential).await?.is_some() {
                let detail = "this passkey is here already: remove it first";
                return Err(PeopleError::Refused { code: "passkey_taken", detail });
            }
            unit.add_passkey(&passkey).await?;
            let codes = if means.codes.left() == 0 { self.issue_codes(&mut *unit, &user).await? } else { Vec::new() };
            unit.note(Some(user.id), &self.of_passkey("passkey.added", caller, &passkey, now));
            unit.commit().await?;
            Ok((user, codes))
        })
        .await?;
        self.tell(&user, MessageKind::TwoFactorChanged, None).await;
        Ok(AddedPasskey { passkey, recovery_codes })
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        id: PasskeyId,
        name: &str,
    ) -> Result<Passkey, PeopleError> {
        check_name(name)?;
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = unit.lock(scope.user()).await?.filter(User::is_active);
            let user = user.ok_or(PeopleError::NotFound("user"))?;
            let passkey = own(&mut *unit, user.id, id).await?;
            let passkey = Passkey { name: name.to_owned(), ..passkey };
            unit.save_passkey(&passkey).await?;
            unit.note(Some(user.id), &self.of_passkey("passkey.renamed", caller, &passkey, now));
            unit.commit().await?;
            Ok(passkey)
        })
        .await
    }

    /// Removes a passkey; with the last one recovery codes are void, unless there is an authenticator app. Asks for a
    /// recent proof.
    pub async fn remove_passkey(&self, caller: &Caller, scope: &PersonScope, id: PasskeyId) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let user = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = self.recent_person(&mut *unit, scope, now).await?;
            let passkey = own(&mut *unit, user.id, id).await?;
            unit.remove_passkey(passkey.id).await?;
            if !means(&mut *unit, user.id).await?.is_asked_for() {
                remove_codes(&mut *unit, user.id).await?;
            }
            unit.note(Some(user.id), &self.of_passkey("passkey.removed", caller, &passkey, now));
            unit.commit().await?;
            Ok::<_, PeopleError>(user)
        })
        .await?;
        self.tell(&user, MessageKind::TwoFactorChanged, None).await;
        Ok(())
    }

    /// Asks any passkey that the device holds, for a sign-in without a name.
    pub async fn begin_passkey_sign_in(&self) -> Result<Ceremony, PeopleError> {
        let asked = self.passkeys.begin_assertion(None).map_err(refused)?;
        self.keep(asked, Purpose::SignIn, self.clock.now()).await
    }

    /// Signs in whoever's passkey answered. That is both factors, so no other is asked for. To locked people, to passkeys of
    /// nobody and to wrong answers the answer is the same.
    ///
    /// The session belongs to the person's local account, or else to their oldest one.
    pub async fn sign_in_by_passkey(&self, caller: &Caller, answer: &PasskeyAnswer) -> Result<SignedIn, PeopleError> {
        let now = self.clock.now();
        let asked = ceremony::take(&*self.ephemeral, answer.ceremony, Purpose::SignIn, now).await?;
        let answer = Answer { asked: Some(asked.ok_or(PeopleError::ChallengeOver)?), credential: &answer.credential };
        let known = match self.passkeys.claim(answer.credential) {
            Ok(claimed) => self.store.passkey_of(&claimed).await?,
            Err(PasskeyError::Wrong(_)) => None,
            Err(PasskeyError::Store(error)) => return Err(error.into()),
        };
        let person = known.map(|passkey| passkey.user);
        let entered = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let entered = match person {
                Some(person) => self.enter_by_passkey(&mut *unit, caller, person, &answer, now).await?,
                None => None,
            };
            if entered.is_none() {
                let how = json!({ "provider": PASSKEY });
                unit.note(person, &self.about("sign_in.failed", caller, person, how, now));
            }
            unit.commit().await?;
            Ok::<_, PeopleError>(entered)
        })
        .await?;
        entered.ok_or(PeopleError::WrongPasskey)
    }

    async fn enter_by_passkey(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        person: UserId,
        answer: &Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(user) = unit.lock(person).await?.filter(User::is_active) else { return Ok(None) };
        let mut accounts = unit.accounts(user.id).await?;
        accounts.retain(SignInAccount::is_usable);
        let account = accounts.iter().find(|account| account.provider.is_local()).or(accounts.first()).cloned();
        let Some(account) = account else { return Ok(None) };
        let passkeys = unit.passkeys(user.id).await?;
        if self.judge_answer(unit, caller, &passkeys, answer, now).await? != Judged::Right {
            return Ok(None);
        }
        if let Some(app) = unit.two_factor(user.id).await?.filter(TwoFactor::is_active) {
            unit.save_two_factor(&app.proven(now)).await?;
        }
        self.open_session(unit, caller, user, Entry::at_once(&account, Method::HardwareKey), now).await.map(Some)
    }

    /// Asks one of a person's passkeys.
    pub(super) async fn ask_one_of(
        &self,
        passkeys: &[Passkey],
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Ceremony, PeopleError> {
        if passkeys.is_empty() {
            let detail = "this person has no such second factor";
            return Err(PeopleError::Refused { code: "no_second_factor", detail });
        }
        self.keep(self.passkeys.begin_assertion(Some(passkeys)).map_err(refused)?, purpose, now).await
    }

    /// What was asked, which is used up by this.
    pub(super) async fn answer_of<'a>(
        &self,
        answer: &'a PasskeyAnswer,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Answer<'a>, StoreError> {
        let asked = ceremony::take(&*self.ephemeral, answer.ceremony, purpose, now).await?;
        Ok(Answer { asked, credential: &answer.credential })
    }

    /// Whether one of these passkeys, which are all of a person, gave this answer; under their lock. A right one is written.
    pub(super) async fn judge_answer(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        passkeys: &[Passkey],
        answer: &Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Judged, StoreError> {
        let Some(asked) = &answer.asked else { return Ok(Judged::Moot) };
        let claimed = match self.passkeys.claim(answer.credential) {
            Ok(claimed) => claimed,
            Err(PasskeyError::Wrong(_)) => return Ok(Judged::Moot),
            Err(PasskeyError::Store(error)) => return Err(error),
        };
        let Some(passkey) = passkeys.iter().find(|passkey| passkey.credential == claimed) else {
            return Ok(Judged::Wrong);
        };
        match self.passkeys.finish_assertion(asked, answer.credential, passkey) {
            Ok(used) => unit.save_passkey(&passkey.clone().used(used, now)).await.map(|()| Judged::Right),
            Err(PasskeyError::Wrong(flaw)) => {
                let kind = if flaw == Flaw::Counter { "passkey.counter_regressed" } else { "passkey.answer_refused" };
                let what = json!({ "passkey_id": passkey.id, "flaw": flaw });
                unit.note(Some(passkey.user), &self.about(kind, caller, Some(passkey.user), what, now));
                Ok(Judged::Wrong)
            }
            Err(PasskeyError::Store(error)) => Err(error),
        }
    }

    async fn keep(&self, asked: Asked, purpose: Purpose, now: DateTime<Utc>) -> Result<Ceremony, PeopleError> {
        let (id, expires_at) = (CeremonyId::new(&*self.ids, now), now + self.settings.lifetimes.passkey);
        Ok(ceremony::keep(&*self.ephemeral, id, purpose, asked, expires_at, now).await?)
    }

    fn of_passkey(&self, kind: &'static str, caller: &Caller, passkey: &Passkey, at: DateTime<Utc>) -> Record {
        let (subject, after) = (passkey.id.0, Some(passkey.public_record()));
        self.record(&Told { kind, subject_kind: PASSKEY, subject, before: None, after, caller, at })
    }
}

async fn own(unit: &mut dyn PeopleUnit, user: UserId, id: PasskeyId) -> Result<Passkey, PeopleError> {
    let own = unit.passkeys(user).await?.into_iter().find(|passkey| passkey.id == id);
    own.ok_or(PeopleError::NotFound(PASSKEY))
}

const fn too_many() -> PeopleError {
    PeopleError::Refused { code: "too_many_passkeys", detail: "this person has 20 passkeys: remove one first" }
}

/// What is told of a passkey that cannot be asked, or was made in a way that is not taken.
fn refused(error: PasskeyError) -> PeopleError {
    let flaw = match error {
        PasskeyError::Wrong(flaw) => flaw,
        PasskeyError::Store(error) => return error.into(),
    };
    let detail = match flaw {
        Flaw::Malformed => "this is not a passkey as PublicKeyCredential.toJSON() has it",
        Flaw::Challenge => "this passkey was made for another request",
        Flaw::Origin | Flaw::CrossOrigin => "this passkey was made on a page or in an app that is not ours",
        Flaw::RelyingParty => "this passkey was made for another service",
        Flaw::UserNotVerified => "the device did not ask for a finger, a face or a code",
        Flaw::Algorithm => "this device's kind of key is not known here",
        Flaw::Credential | Flaw::Signature | Flaw::Counter | Flaw::Other => "this passkey breaks the standard",
    };
    PeopleError::Refused { code: "passkey_refused", detail }
}
