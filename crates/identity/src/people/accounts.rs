//! The ways in which people sign in: coming by a provider's word, and unlinking.

use super::error::PeopleError;
use super::ports::{PeopleUnit, Which, means, usable};
use super::second_step::{Admitted, SignIn};
use super::{ACCOUNT, People, SignedIn, ended};
use crate::challenge::Challenge;
use crate::linking::{Arrival, Holder, Outcome, decide};
use crate::locale::Locale;
use crate::message::MessageKind;
use crate::session::{EndReason, Method};
use crate::sign_in_account::{AccountStatus, Provider, SUBJECT, SignInAccount, may_unlink};
use crate::user::{DISPLAY_NAME, User};
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{SignInAccountId, UserId};
use musubi_kernel::retry::retrying;
use serde_json::json;

/// Whom a provider vouches for. Whoever makes one has checked the provider's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider; not `local`.
    pub provider: Provider,
    /// Who they are there, 1 to [`SUBJECT`] characters.
    pub subject: String,
    /// Their address, if the provider tells it.
    pub email: Option<EmailAddress>,
    /// Whether the provider vouches for the address.
    pub email_verified: bool,
    /// In which language they are addressed, should they be new.
    pub locale: Locale,
    /// What to call them, should they be new, up to [`DISPLAY_NAME`] characters; empty: not known.
    pub display_name: String,
}

impl Identity {
    fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.require(!self.provider.is_local(), "/provider", "not_a_provider", "must be another than ourselves");
        invalid.line("/subject", self.subject.as_str(), 1..=SUBJECT);
        invalid.line("/display_name", self.display_name.as_str(), 0..=DISPLAY_NAME);
        invalid.finish()
    }

    fn account(&self, id: SignInAccountId, user: UserId, now: DateTime<Utc>) -> SignInAccount {
        SignInAccount {
            id,
            user,
            provider: self.provider.clone(),
            subject: Some(self.subject.clone()),
            email: self.email.clone(),
            email_verified: self.email.is_some() && self.email_verified,
            password_hash: None,
            status: AccountStatus::Active,
            created_at: now,
            last_login_at: None,
        }
    }
}

/// What came of somebody's coming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// They are signed in.
    SignedIn(Box<SignedIn>),
    /// They have a second factor: it is asked for.
    SecondFactor(Challenge),
    /// The account is one of theirs from now on, or was already; they were signed in before.
    Linked(UserId),
    /// Their address is a person's: they must sign in as before first.
    ProveFirst,
}

const BELONGS_TO_ANOTHER: &str = "account_belongs_to_another";

/// What came of it, before anything is told.
enum Settled {
    Admitted(Admitted),
    Linked(UserId),
    ProveFirst,
    BelongsToAnother,
}

/// What is to be told, and to whom.
type Letter = Option<(User, MessageKind)>;

impl People {
    /// Somebody comes by a provider's word; `signed_in`: on a device where a person is signed in, to link the account, which
    /// asks for a recent proof. What happens is decided by [`crate::linking`]. An account that would be linked to a person
    /// with a second factor, as they have its address, is not: they are to sign in as before and link it then. Of several who come at once with one account or address, one makes the
    /// person.
    pub async fn arrive(
        &self,
        caller: &Caller,
        identity: &Identity,
        signed_in: Option<&PersonScope>,
    ) -> Result<Arrived, PeopleError> {
        identity.check()?;
        let now = self.clock.now();
        let (settled, told) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let done = self.settle(&mut *unit, caller, identity, signed_in, now).await?;
            unit.commit().await?;
            Ok::<_, PeopleError>(done)
        })
        .await?;
        if let Some((user, kind)) = told {
            self.tell(&user, kind, None).await;
        }
        match settled.ok_or(PeopleError::WrongCredentials)? {
            Settled::Linked(user) => Ok(Arrived::Linked(user)),
            Settled::ProveFirst => Ok(Arrived::ProveFirst),
            Settled::BelongsToAnother => Err(PeopleError::Refused {
                code: BELONGS_TO_ANOTHER,
                detail: "another person here signs in with this account",
            }),
            Settled::Admitted(admitted) => Ok(match self.answer(admitted, now).await? {
                SignIn::Done(signed_in) => Arrived::SignedIn(signed_in),
                SignIn::SecondFactor(challenge) => Arrived::SecondFactor(challenge),
            }),
        }
    }

    /// Without an arrival: the person may not sign in, and the failure is written.
    async fn settle(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        identity: &Identity,
        signed_in: Option<&PersonScope>,
        now: DateTime<Utc>,
    ) -> Result<(Option<Settled>, Letter), PeopleError> {
        if let Some(scope) = signed_in {
            self.recent_person(unit, scope, now).await?;
        }
        let known = unit.account_of(&identity.provider, &identity.subject).await?;
        let holder = match &identity.email {
            Some(email) => unit.user_by_email(email).await?,
            None => None,
        };
        let outcome = decide(&Arrival {
            signed_in: signed_in.map(PersonScope::user),
            owner: known.as_ref().map(|account| account.user),
            holder: holder.map(|user| Holder { user: user.id, verified: user.verified_email().is_some() }),
            vouched: identity.email_verified,
        });
        match (outcome, known) {
            (Outcome::SignIn(user), Some(_)) if signed_in.is_some() => Ok((Some(Settled::Linked(user)), None)),
            (Outcome::SignIn(user), known) => {
                let entered = self.enter_by(unit, caller, user, known, now).await?;
                Ok((entered.map(Settled::Admitted), None))
            }
            (Outcome::Create { with_email }, _) => {
                let email = identity.email.clone().filter(|_| with_email);
                let name = identity.display_name.clone();
                let user = User::new(UserId::new(&*self.ids, now), identity.locale, email, name, now);
                unit.add_user(&user).await?;
                unit.note(Some(user.id), &self.of_user("user.created", caller, None, &user, now));
                let account = self.link(unit, caller, identity, user.id, now).await?;
                let entered = self.admit(unit, caller, user, account, Method::Federated, now).await?;
                Ok((Some(Settled::Admitted(entered)), None))
            }
            (Outcome::Link(user), _) => {
                let Some(user) = unit.lock(user).await?.filter(User::is_active) else {
                    return Ok((self.refuse(unit, caller, Some(user), identity, now), None));
                };
                if signed_in.is_none() && user.verified_email() != identity.email.as_ref() {
                    // The address has changed hands since it was looked up.
                    return Err(StoreError::Conflict.into());
                }
                if signed_in.is_none() && means(unit, user.id).await?.is_asked_for() {
                    return Ok((Some(self.defer(unit, caller, identity, user.id, now)), None));
                }
                let account = self.link(unit, caller, identity, user.id, now).await?;
                let told = Some((user.clone(), MessageKind::AccountLinked));
                if signed_in.is_some() {
                    return Ok((Some(Settled::Linked(user.id)), told));
                }
                let entered = self.admit(unit, caller, user, account, Method::Federated, now).await?;
                Ok((Some(Settled::Admitted(entered)), told))
            }
            (Outcome::ProveFirst(user), _) => Ok((Some(self.defer(unit, caller, identity, user, now)), None)),
            (Outcome::BelongsToAnother, _) => {
                let person = signed_in.map(PersonScope::user);
                let how = json!({ "provider": identity.provider, "code": BELONGS_TO_ANOTHER });
                unit.note(person, &self.about("sign_in_account.link_failed", caller, person, how, now));
                Ok((Some(Settled::BelongsToAnother), None))
            }
        }
    }

    /// Signs a person in by an account of theirs; `None`: they may not, and the failure is written.
    async fn enter_by(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        user: UserId,
        known: Option<SignInAccount>,
        now: DateTime<Utc>,
    ) -> Result<Option<Admitted>, StoreError> {
        let Some(known) = known else { return Ok(None) };
        if let Some(user) = unit.lock(user).await?.filter(User::is_active)
            && let Some(account) = usable(unit, user.id, known.id).await?
        {
            return self.admit(unit, caller, user, account, Method::Federated, now).await.map(Some);
        }
        let how = json!({ "provider": known.provider });
        unit.note(Some(user), &self.about("sign_in.failed", caller, Some(user), how, now));
        Ok(None)
    }

    fn refuse(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        person: Option<UserId>,
        identity: &Identity,
        now: DateTime<Utc>,
    ) -> Option<Settled> {
        let how = json!({ "provider": identity.provider });
        unit.note(person, &self.about("sign_in.failed", caller, person, how, now));
        None
    }

    fn defer(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        identity: &Identity,
        person: UserId,
        now: DateTime<Utc>,
    ) -> Settled {
        let how = json!({ "provider": identity.provider, "outcome": "prove_first" });
        unit.note(Some(person), &self.about("sign_in.deferred", caller, Some(person), how, now));
        Settled::ProveFirst
    }

    async fn link(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        identity: &Identity,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<SignInAccount, StoreError> {
        let account = identity.account(SignInAccountId::new(&*self.ids, now), user, now);
        unit.add_account(&account).await?;
        unit.note(Some(user), &self.of_account("sign_in_account.linked", caller, &account, now));
        Ok(account)
    }

    /// A person's accounts, the oldest first.
    pub async fn accounts(&self, scope: &PersonScope) -> Result<Vec<SignInAccount>, PeopleError> {
        Ok(self.store.accounts(scope.user()).await?)
    }

    /// Unlinks an account of a person; not the last one that can sign in. Sessions that began with it end, this one too if it
    /// did. Asks for a recent proof.
    pub async fn unlink(&self, caller: &Caller, scope: &PersonScope, id: SignInAccountId) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let person = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let person = self.recent_person(&mut *unit, scope, now).await?;
            let accounts = unit.accounts(scope.user()).await?;
            let account = accounts.iter().find(|account| account.id == id).cloned();
            let account = account.ok_or(PeopleError::NotFound(ACCOUNT))?;
            if !may_unlink(&accounts, id) {
                let detail = "this is the last account with which this person can sign in";
                return Err(PeopleError::Refused { code: "last_account", detail });
            }
            let account = account.deleted();
            unit.save_account(&account).await?;
            unit.note(Some(scope.user()), &self.of_account("sign_in_account.unlinked", caller, &account, now));
            let count = unit.end_sessions(scope.user(), Which::Of(id), EndReason::Revoked, now).await?;
            if count > 0 {
                let record = self.about("session.ended", caller, Some(scope.user()), ended(count), now);
                unit.note(Some(scope.user()), &record);
            }
            unit.commit().await?;
            Ok::<_, PeopleError>(person)
        })
        .await?;
        self.tell(&person, MessageKind::AccountUnlinked, None).await;
        Ok(())
    }
}
