//! The use cases on people: how they come, sign in, stay signed in, and go.
//!
//! | module | use cases |
//! |---|---|
//! | [`register`] | register, and prove the address: only then the person comes into being |
//! | [`sign_in`] | sign in with a password, refresh, authenticate, sign out |
//! | [`accounts`] | come by a provider's word; list and unlink accounts |
//! | [`devices`] | list sessions, revoke one or all |
//! | [`password`] | change a password, or set a new one by a link |
//! | [`email`] | change the address |
//! | [`standing`] | lock, unlock, delete |
//! | [`ports`], [`memory`] | what storage must do, its fake, and one for messages |
//!
//! Whether an address is known here is told to nobody but its owner: the answers are the same, and as much is written.
//! Every sign-in, failure and change writes its audit entry and event in its own transaction; a refresh writes none, as
//! there is one every few minutes. Messages are posted after the commit.
//!
//! ```
//! use musubi_identity::lifetimes::Lifetimes;
//! use musubi_identity::locale::Locale;
//! use musubi_identity::one_time_token::Newcomer;
//! use musubi_identity::people::memory::{Letterbox, PeopleInMemory};
//! use musubi_identity::password_hasher::FastHasher;
//! use musubi_identity::people::{People, Ports};
//! use musubi_kernel::access::{Actor, Caller};
//! use musubi_kernel::clock::SystemClock;
//! use musubi_kernel::id::SystemIds;
//! use musubi_kernel::retry::NoPause;
//! use musubi_kernel::secret::Secret;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let letters = Arc::new(Letterbox::default());
//! let ports = Ports {
//!     store: Arc::new(PeopleInMemory::default()),
//!     passwords: Arc::new(FastHasher::default()),
//!     courier: letters.clone(),
//!     clock: Arc::new(SystemClock),
//!     ids: Arc::new(SystemIds),
//!     pause: Arc::new(NoPause),
//! };
//! let people = People::new(ports, Lifetimes::default());
//! let visitor = Caller { actor: Actor::Public, ..Caller::system() };
//!
//! // To register sends a link; the person comes into being when it is followed.
//! let hanako = Newcomer {
//!     email: "hanako@example.jp".parse()?,
//!     password_hash: FastHasher::hashed("correct horse battery"),
//!     locale: Locale::Ja,
//!     display_name: "花子".into(),
//! };
//! people.register(&visitor, &hanako).await?;
//! let link = letters.empty().remove(0).token.expect("a link");
//! people.verify_email(&visitor, link.expose()).await?;
//!
//! let password = Secret::new("correct horse battery");
//! let signed_in = people.sign_in(&visitor, "hanako@example.jp", &password).await?;
//! let actor = people.authenticate(signed_in.tokens.access.expose()).await?.expect("somebody known");
//! assert_eq!(actor.as_person()?.user(), signed_in.user.id);
//!
//! // A refresh replaces both tokens.
//! let next = people.refresh(&visitor, signed_in.tokens.refresh.expose()).await?;
//! assert_eq!(people.authenticate(signed_in.tokens.access.expose()).await?, None);
//! assert!(people.authenticate(next.access.expose()).await?.is_some());
//! # Ok(())
//! # }
//! ```

pub mod accounts;
pub mod devices;
pub mod email;
pub mod error;
pub mod memory;
pub mod password;
pub mod ports;
pub mod register;
pub mod scope;
pub mod sign_in;
pub mod standing;
#[cfg(test)]
mod tests;

use crate::lifetimes::Lifetimes;
use crate::message::{Courier, Message, MessageKind};
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::password_hasher::PasswordHasher;
use crate::session::{Fresh, Method, Session};
use crate::sign_in_account::SignInAccount;
use crate::token::{self, ACCESS_PREFIX, ONE_TIME_PREFIX, RefreshToken, TokenDigest};
use crate::user::User;
use chrono::{DateTime, Utc};
use error::PeopleError;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{IdGen, OneTimeTokenId, SessionId, UserId};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::Pause;
use musubi_kernel::secret::Secret;
use ports::{PeopleStore, PeopleUnit};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const USER: &str = "user";
const SESSION: &str = "session";
const ACCOUNT: &str = "sign_in_account";

/// What a device gets: there is no other time to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Shown with every call.
    pub access: Secret,
    /// When it ends.
    pub access_expires_at: DateTime<Utc>,
    /// Shown once, for the next pair.
    pub refresh: Secret,
    /// When the session ends, unless it is refreshed before.
    pub refresh_expires_at: DateTime<Utc>,
}

/// Somebody who just signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// On which device.
    pub session: Session,
    /// What the device gets.
    pub tokens: Tokens,
}

/// The ports of [`People`].
#[derive(Clone)]
pub struct Ports {
    /// Where people are kept.
    pub store: Arc<dyn PeopleStore>,
    /// Compares passwords and hashes them anew.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Takes messages.
    pub courier: Arc<dyn Courier>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and tokens come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// The use cases on people.
#[derive(Clone)]
pub struct People {
    store: Arc<dyn PeopleStore>,
    passwords: Arc<dyn PasswordHasher>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
    lifetimes: Lifetimes,
}

/// What is told of a change.
struct Told<'a> {
    kind: &'static str,
    subject_kind: &'static str,
    subject: Uuid,
    before: Option<Value>,
    after: Option<Value>,
    caller: &'a Caller,
    at: DateTime<Utc>,
}

impl People {
    /// Use cases over these ports.
    pub fn new(ports: Ports, lifetimes: Lifetimes) -> Self {
        let Ports { store, passwords, courier, clock, ids, pause } = ports;
        Self { store, passwords, courier, clock, ids, pause, lifetimes }
    }

    fn record(&self, told: &Told<'_>) -> Record {
        let change = Change {
            kind: told.kind.into(),
            subject_kind: told.subject_kind,
            subject: told.subject,
            tenant: None,
            store: None,
            caller: told.caller,
            at: told.at,
        };
        Record::of(&*self.ids, &change, told.before.as_ref(), told.after.as_ref())
    }

    /// The record of what became of a person.
    fn of_user(
        &self,
        kind: &'static str,
        caller: &Caller,
        before: Option<&User>,
        after: &User,
        at: DateTime<Utc>,
    ) -> Record {
        let (before, after_data) = (before.map(User::public_record), Some(after.public_record()));
        let subject = after.id.0;
        self.record(&Told { kind, subject_kind: USER, subject, before, after: after_data, caller, at })
    }

    /// The record of something about a person, or about somebody who is none here.
    fn about(
        &self,
        kind: &'static str,
        caller: &Caller,
        person: Option<UserId>,
        after: Value,
        at: DateTime<Utc>,
    ) -> Record {
        let subject = person.map_or(Uuid::nil(), |person| person.0);
        self.record(&Told { kind, subject_kind: USER, subject, before: None, after: Some(after), caller, at })
    }

    /// The record of what became of an account.
    fn of_account(&self, kind: &'static str, caller: &Caller, account: &SignInAccount, at: DateTime<Utc>) -> Record {
        let (subject, after) = (account.id.0, Some(account.public_record()));
        self.record(&Told { kind, subject_kind: ACCOUNT, subject, before: None, after, caller, at })
    }

    /// The record of what became of a session.
    fn of_session(&self, kind: &'static str, caller: &Caller, session: &Session, at: DateTime<Utc>) -> Record {
        let (subject, after) = (session.id.0, Some(session.public_record()));
        self.record(&Told { kind, subject_kind: SESSION, subject, before: None, after, caller, at })
    }

    /// Begins a session, under the lock of the person.
    async fn open_session(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        user: User,
        account: &SignInAccount,
        method: Method,
        now: DateTime<Utc>,
    ) -> Result<SignedIn, StoreError> {
        let refresh = RefreshToken::first(&*self.ids);
        let (access, access_digest) = token::new(ACCESS_PREFIX, &*self.ids);
        let session = Session::begin(
            SessionId::new(&*self.ids, now),
            user.id,
            account.id,
            refresh.session(),
            Fresh { refresh: refresh.digest(), access: access_digest },
            [method].into(),
            caller,
            &self.lifetimes,
            now,
        );
        unit.add_session(&session).await?;
        unit.save_account(&SignInAccount { last_login_at: Some(now), ..account.clone() }).await?;
        unit.note(Some(user.id), &self.of_session("session.created", caller, &session, now));
        let tokens = tokens_of(&session, access, refresh);
        Ok(SignedIn { user, session, tokens })
    }

    /// A one-time token, and what its holder shows.
    fn one_time(
        &self,
        kind: TokenKind,
        user: Option<UserId>,
        payload: Secret,
        now: DateTime<Utc>,
    ) -> (OneTimeToken, Secret) {
        let (shown, digest) = token::new(ONE_TIME_PREFIX, &*self.ids);
        let token = OneTimeToken {
            id: OneTimeTokenId::new(&*self.ids, now),
            kind,
            digest,
            user,
            payload: Some(payload),
            created_at: now,
            expires_at: now + kind.lifetime(&self.lifetimes),
            used_at: None,
        };
        (token, shown)
    }

    /// A token that was never good for anything: it is written where there is nobody to send one to, so that this takes
    /// as long.
    fn decoy(&self, kind: TokenKind, now: DateTime<Utc>) -> OneTimeToken {
        let (token, _) = self.one_time(kind, None, Secret::new("{}"), now);
        OneTimeToken { used_at: Some(now), ..token }
    }

    /// Tells a person something, if they have an address.
    async fn tell(&self, user: &User, kind: MessageKind, token: Option<Secret>) -> Result<(), StoreError> {
        let Some(to) = user.email.clone() else { return Ok(()) };
        self.courier.post(Message { to, locale: user.locale, kind, token }).await
    }
}

fn tokens_of(session: &Session, access: Secret, refresh: RefreshToken) -> Tokens {
    Tokens {
        access,
        access_expires_at: session.newest.access_expires_at,
        refresh: refresh.into_secret(),
        refresh_expires_at: session.idle_expires_at,
    }
}

/// The digest of a one-time token that somebody shows.
fn one_time_shown(text: &str) -> Result<TokenDigest, PeopleError> {
    token::shown(ONE_TIME_PREFIX, text).ok_or(PeopleError::SpentToken)
}

/// The live token of this kind that somebody shows, and what it carries.
async fn live_token(
    unit: &mut dyn PeopleUnit,
    kind: TokenKind,
    shown: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<(OneTimeToken, Secret), PeopleError> {
    let token = unit.token(shown).await?.filter(|token| token.is_live(kind, now));
    let token = token.ok_or(PeopleError::SpentToken)?;
    let payload = token.payload.clone().ok_or_else(|| unreadable(&token))?;
    Ok((token, payload))
}

fn unreadable(token: &OneTimeToken) -> StoreError {
    StoreError::Corrupt(format!("one_time_tokens.payload: not that of {}", token.kind.code()))
}

fn ended(count: u64) -> Value {
    json!({ "sessions_ended": count })
}
