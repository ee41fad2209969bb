//! People, their accounts, sessions and one-time tokens: the use cases over every store of them.

mod come;
mod kept;
mod leave;
mod provider;
mod race;
mod stay;

use crate::contract::World;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::{Message, MessageKind};
use musubi_identity::one_time_token::Newcomer;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::memory::{Letterbox, PlainPasswords};
use musubi_identity::people::ports::PeopleStore;
use musubi_identity::people::{People, Ports, SignedIn};
use musubi_identity::user::User;
use musubi_kernel::access::{Actor, Caller, OperatorScope, PersonScope};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::{NoPause, Pause};
use musubi_kernel::secret::Secret;
use std::sync::Arc;

const HANAKO: &str = "hanako@example.jp";
const PASSWORD: &str = "correct horse battery";

/// The use cases with what lies around them.
struct House {
    people: People,
    store: Arc<dyn PeopleStore>,
    letters: Arc<Letterbox>,
    clock: Arc<ManualClock>,
    operator: OperatorScope,
}

impl House {
    fn of(world: &World) -> Self {
        Self::with(world.people.clone(), world.clock.clone(), world.ids.clone(), Arc::new(NoPause))
    }

    fn with(store: Arc<dyn PeopleStore>, clock: Arc<ManualClock>, ids: Arc<dyn IdGen>, pause: Arc<dyn Pause>) -> Self {
        let letters = Arc::new(Letterbox::default());
        let ports = Ports {
            store: store.clone(),
            passwords: Arc::new(PlainPasswords),
            courier: letters.clone(),
            clock: clock.clone(),
            ids,
            pause,
        };
        let operator = Actor::System.as_operator().expect("the system is one");
        Self { people: People::new(ports, Lifetimes::default()), store, letters, clock, operator }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// The only letter that was posted since this was last asked.
    fn letter(&self, kind: MessageKind, to: &str) -> Message {
        let letters = self.letters.empty();
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!((letter.kind, letter.to.as_str()), (kind, to));
        letter.clone()
    }

    /// What the link in the only letter carries.
    fn link(&self, kind: MessageKind, to: &str) -> String {
        self.letter(kind, to).token.expect("a link").expose().to_owned()
    }

    /// Asks for a registration; the token of the link.
    async fn ask(&self, email: &str) -> String {
        self.people.register(&visitor(), &newcomer(email)).await.expect("a registration");
        self.link(MessageKind::VerifyEmail, email)
    }

    /// A new person, whose password is [`PASSWORD`].
    async fn person(&self, email: &str) -> User {
        self.later(TimeDelta::milliseconds(1));
        let token = self.ask(email).await;
        self.people.verify_email(&visitor(), &token).await.expect("a person")
    }

    async fn try_sign_in(&self, email: &str, password: &str) -> Result<SignedIn, PeopleError> {
        self.later(TimeDelta::milliseconds(1));
        self.people.sign_in(&visitor(), email, &Secret::new(password)).await
    }

    async fn sign_in(&self, email: &str) -> SignedIn {
        self.try_sign_in(email, PASSWORD).await.expect("a sign-in")
    }

    async fn is_known(&self, access: &Secret) -> bool {
        self.people.authenticate(access.expose()).await.expect("an answer").is_some()
    }
}

fn email(text: &str) -> EmailAddress {
    text.parse().expect("an address")
}

/// Somebody who has not signed in.
fn visitor() -> Caller {
    let (ip, user_agent) = ("2001:db8::7".parse().ok(), Some("Mozilla/5.0 🌸".to_owned()));
    Caller { actor: Actor::Public, ip, user_agent, request_id: "r-1".to_owned() }
}

fn newcomer(address: &str) -> Newcomer {
    Newcomer {
        email: email(address),
        password_hash: PlainPasswords::hash(PASSWORD),
        locale: Locale::En,
        display_name: "花子 🌸".to_owned(),
    }
}

/// A person who acts by a sign-in.
fn scope(signed_in: &SignedIn) -> PersonScope {
    signed_in.session.actor().as_person().expect("a person")
}

fn acting(signed_in: &SignedIn) -> Caller {
    Caller { actor: signed_in.session.actor(), ..visitor() }
}

fn refused(code: &'static str) -> impl Fn(&PeopleError) -> bool {
    move |error| matches!(error, PeopleError::Refused { code: found, .. } if *found == code)
}
