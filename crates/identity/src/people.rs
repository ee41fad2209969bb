//! The use cases on people: how they come, sign in, stay signed in, and go.
//!
//! | module | use cases |
//! |---|---|
//! | [`register`] | register, and prove the address: only then the person comes into being |
//! | [`sign_in`] | sign in with a password, refresh, authenticate, sign out by either token |
//! | [`second_step`], [`send_code`] | finish a sign-in with a second factor; mail a code for it |
//! | [`two_factor`] | set up an authenticator app, do without, get recovery codes |
//! | [`lost_factor`] | take away a second factor that its person has lost |
//! | [`passkeys`] | add, list, rename and remove passkeys; sign in with one alone |
//! | [`step_up`] | prove again who one is, before what is dangerous |
//! | [`accounts`] | come by a provider's word; list and unlink accounts |
//! | [`by_issuer`] | go to an issuer and come back from there, or bring its ID token |
//! | [`devices`] | list sessions, revoke one or all |
//! | [`password`] | change a password, or set a new one by a link |
//! | [`email`] | change the address |
//! | [`support`] | for those who look after people: look them up, lock, unlock, ban, unban |
//! | [`details`] | change what people say of themselves |
//! | [`delete`] | delete |
//! | [`tries`], `guesses`, `letters` | how often somebody may be wrong, guess, and ask for mails |
//! | [`strangers`] | where it is written what those tried who are nobody here |
//! | [`ports`], [`memory`] | what storage must do, its fake, and those for messages and for sealing |
//!
//! Whether an address is known here is told to nobody but its owner: the answers are the same, and as much is written.
//! Every sign-in, failure and change writes its audit entry and event in its own transaction; a refresh writes none, as
//! there is one every few minutes. Messages are posted after the commit.
//!
//! ```
//! use musubi_identity::ephemeral::memory::EphemeralInMemory;
//! use musubi_identity::locale::Locale;
//! use musubi_identity::passkey::memory::TrustingPasskeys;
//! use musubi_identity::password_hasher::FastHasher;
//! use musubi_identity::people::memory::{Letterbox, PeopleInMemory, PlainCipher};
//! use musubi_identity::people::register::Registration;
//! use musubi_identity::people::second_step::SignIn;
//! use musubi_identity::people::{People, Ports, Settings};
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
//!     ephemeral: Arc::new(EphemeralInMemory::default()),
//!     cipher: Arc::new(PlainCipher),
//!     passkeys: Arc::new(TrustingPasskeys::default()),
//!     clock: Arc::new(SystemClock),
//!     ids: Arc::new(SystemIds),
//!     pause: Arc::new(NoPause),
//! };
//! let people = People::new(ports, Settings::default());
//! let visitor = Caller { actor: Actor::Public, ..Caller::system() };
//!
//! // To register sends a link; the person comes into being when it is shown with the same password.
//! let hanako = Registration {
//!     email: "hanako@example.jp".parse()?,
//!     password: Secret::new("correct horse battery"),
//!     locale: Locale::Ja,
//!     display_name: "花子".into(),
//! };
//! people.register(&visitor, &hanako).await?;
//! let link = letters.empty().remove(0).token.expect("a link");
//! let password = Secret::new("correct horse battery");
//! people.verify_email(&visitor, link.expose(), &password).await?;
//!
//! let SignIn::Done(signed_in) = people.sign_in(&visitor, "hanako@example.jp", &password).await? else {
//!     unreachable!("no second factor was set up")
//! };
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
pub mod by_issuer;
pub mod delete;
pub mod details;
pub mod devices;
pub mod email;
pub mod error;
mod guesses;
mod letters;
pub mod lost_factor;
pub mod memory;
pub mod passkeys;
pub mod password;
pub mod ports;
pub mod register;
pub mod scope;
pub mod second_step;
pub mod send_code;
pub mod sign_in;
pub mod step_up;
pub mod strangers;
pub mod support;
#[cfg(test)]
mod tests;
pub mod tries;
pub mod two_factor;

use crate::ephemeral::Ephemeral;
use crate::lifetimes::Lifetimes;
use crate::message::{Courier, Message, MessageKind};
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::passkey::port::Passkeys;
use crate::password::PasswordRules;
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
use musubi_kernel::secret::{Cipher, Secret};
use ports::{PeopleStore, PeopleUnit};
use serde_json::{Value, json};
use std::collections::BTreeSet;
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
    /// Keeps what lasts for minutes.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Makes the digests of codes that are too short for a plain one.
    pub cipher: Arc<dyn Cipher>,
    /// Asks passkeys, and checks their answers.
    pub passkeys: Arc<dyn Passkeys>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and tokens come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// How an installation wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long things last.
    pub lifetimes: Lifetimes,
    /// Which passwords may be chosen.
    pub password_rules: PasswordRules,
    /// By which name authenticator apps show us.
    pub issuer: String,
    /// Whether one client may be wrong, and ask for mails, only [so often](crate::throttle) over all accounts. Not where many
    /// come from one address.
    pub limits_clients: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let (lifetimes, password_rules) = (Lifetimes::default(), PasswordRules::default());
        Self { lifetimes, password_rules, issuer: "Musubi".to_owned(), limits_clients: true }
    }
}

/// The use cases on people.
#[derive(Clone)]
pub struct People {
    store: Arc<dyn PeopleStore>,
    passwords: Arc<dyn PasswordHasher>,
    courier: Arc<dyn Courier>,
    ephemeral: Arc<dyn Ephemeral>,
    cipher: Arc<dyn Cipher>,
    passkeys: Arc<dyn Passkeys>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
    settings: Settings,
}

/// How somebody comes in.
struct Entry<'a> {
    account: &'a SignInAccount,
    methods: BTreeSet<Method>,
    /// What a second factor answered.
    challenge: Option<TokenDigest>,
}

impl<'a> Entry<'a> {
    /// By what is enough by itself.
    fn at_once(account: &'a SignInAccount, method: Method) -> Self {
        Self { account, methods: [method].into(), challenge: None }
    }
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
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let Ports { store, passwords, courier, ephemeral, cipher, passkeys, clock, ids, pause } = ports;
        Self { store, passwords, courier, ephemeral, cipher, passkeys, clock, ids, pause, settings }
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
        entry: Entry<'_>,
        now: DateTime<Utc>,
    ) -> Result<SignedIn, StoreError> {
        let (signed_in, record) = self.new_session(caller, user, entry, now);
        unit.add_session(&signed_in.session).await?;
        unit.note(Some(signed_in.user.id), &record);
        Ok(signed_in)
    }

    /// A session that is not kept yet, and its record.
    fn new_session(
        &self,
        caller: &Caller,
        user: User,
        Entry { account, methods, challenge }: Entry<'_>,
        now: DateTime<Utc>,
    ) -> (SignedIn, Record) {
        let refresh = RefreshToken::first(&*self.ids);
        let (access, access_digest) = token::new(ACCESS_PREFIX, &*self.ids);
        let session = Session::begin(
            SessionId::new(&*self.ids, now),
            user.id,
            account.id,
            refresh.session(),
            Fresh { refresh: refresh.digest(), access: access_digest },
            methods,
            caller,
            &self.settings.lifetimes,
            now,
        );
        let session = Session { challenge, ..session };
        let record = self.of_session("session.created", caller, &session, now);
        let tokens = tokens_of(&session, access, refresh);
        (SignedIn { user, session, tokens }, record)
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
            expires_at: now + kind.lifetime(&self.settings.lifetimes),
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

    /// Tells a person something, if they have an address. What it tells of is done, and its event says so: that the message
    /// cannot be posted must neither take the answer from the caller nor tell them who has an account.
    async fn tell(&self, user: &User, kind: MessageKind, token: Option<Secret>) {
        let Some(to) = user.email.clone() else { return };
        let _ = self.courier.post(Message { to, locale: user.locale, kind, token, invited: None }).await;
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
