//! People, their accounts, sessions and one-time tokens: the use cases over every store of them.

mod admins;
mod alike;
mod by_issuer;
mod come;
mod details;
mod kept;
mod leave;
mod passkey_race;
mod passkeys;
mod provider;
mod race;
mod second_factor;
mod second_race;
mod second_step;
mod seen;
mod staff;
mod stay;
mod step_up;
mod wordpress;

use crate::contract::World;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::challenge::Challenge;
use musubi_identity::ephemeral::Ephemeral;
use musubi_identity::locale::Locale;
use musubi_identity::message::{Message, MessageKind};
use musubi_identity::passkey::memory::TrustingPasskeys;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::memory::Letterbox;
use musubi_identity::people::ports::PeopleStore;
use musubi_identity::people::register::Registration;
use musubi_identity::people::second_step::{SecondProof, SignIn};
use musubi_identity::people::{People, Ports, Settings, SignedIn};
use musubi_identity::totp::TotpSecret;
use musubi_identity::user::User;
use musubi_kernel::access::{Actor, Caller, ModeratorScope, OperatorScope, PersonScope, SupportScope};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{NoPause, Pause};
use musubi_kernel::secret::Secret;
use musubi_sql_testing::key_ring;
use std::sync::Arc;

const HANAKO: &str = "hanako@example.jp";
const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "quiet lake of stones";

/// The use cases with what lies around them.
struct House {
    people: People,
    store: Arc<dyn PeopleStore>,
    letters: Arc<Letterbox>,
    clock: Arc<ManualClock>,
    operator: OperatorScope,
    support: SupportScope,
    moderator: ModeratorScope,
}

impl House {
    fn of(world: &World) -> Self {
        let kept = (world.people.clone(), world.ephemeral.clone());
        Self::with(kept, world.clock.clone(), world.ids.clone(), Arc::new(NoPause))
    }

    fn with(
        (store, ephemeral): (Arc<dyn PeopleStore>, Arc<dyn Ephemeral>),
        clock: Arc<ManualClock>,
        ids: Arc<dyn IdGen>,
        pause: Arc<dyn Pause>,
    ) -> Self {
        let letters = Arc::new(Letterbox::default());
        let ports = Ports {
            store: store.clone(),
            passwords: Arc::new(FastHasher::default()),
            courier: letters.clone(),
            ephemeral,
            cipher: Arc::new(key_ring()),
            passkeys: Arc::new(TrustingPasskeys::default()),
            clock: clock.clone(),
            ids,
            pause,
        };
        let operator = Actor::System.as_operator().expect("the system is one");
        let support = Actor::System.as_support().expect("the system is one");
        let moderator = Actor::System.as_moderator().expect("the system is one");
        Self { people: People::new(ports, Settings::default()), store, letters, clock, operator, support, moderator }
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
        self.people.register(&visitor(), &registration(email)).await.expect("a registration");
        self.link(MessageKind::VerifyEmail, email)
    }

    /// A new person, whose password is [`PASSWORD`].
    async fn person(&self, email: &str) -> User {
        self.later(TimeDelta::milliseconds(1));
        let token = self.ask(email).await;
        self.verify(&token).await.expect("a person")
    }

    /// Shows a link with [`PASSWORD`].
    async fn verify(&self, token: &str) -> Result<User, PeopleError> {
        self.people.verify_email(&visitor(), token, &Secret::new(PASSWORD)).await
    }

    async fn try_sign_in(&self, email: &str, password: &str) -> Result<SignedIn, PeopleError> {
        self.later(TimeDelta::milliseconds(1));
        match self.people.sign_in(&visitor(), email, &Secret::new(password)).await? {
            SignIn::Done(signed_in) => Ok(*signed_in),
            SignIn::SecondFactor(challenge) => panic!("{challenge:?}"),
        }
    }

    async fn sign_in(&self, email: &str) -> SignedIn {
        self.try_sign_in(email, PASSWORD).await.expect("a sign-in")
    }

    /// The first half of a sign-in of somebody with a second factor.
    async fn challenge(&self, email: &str, password: &str) -> Challenge {
        self.later(TimeDelta::milliseconds(1));
        match self.people.sign_in(&visitor(), email, &Secret::new(password)).await.expect("half a sign-in") {
            SignIn::SecondFactor(challenge) => challenge,
            SignIn::Done(signed_in) => panic!("{signed_in:?}"),
        }
    }

    /// A new person with an authenticator app, signed in.
    async fn person_with_app(&self, email: &str) -> Guarded {
        self.person(email).await;
        let signed_in = self.sign_in(email).await;
        self.enrol(&signed_in).await
    }

    async fn enrol(&self, signed_in: &SignedIn) -> Guarded {
        let (caller, own) = (acting(signed_in), scope(signed_in));
        let enrolment = self.people.begin_two_factor(&caller, &own).await.expect("an enrolment");
        let app = TotpSecret::from_base32(enrolment.secret.expose()).expect("a secret");
        let code = app.code_at(self.now());
        let codes = self.people.confirm_two_factor(&caller, &own, &code).await.expect("codes");
        if let Some(email) = &signed_in.user.email {
            self.letter(MessageKind::TwoFactorChanged, email.as_str());
        }
        Guarded { signed_in: signed_in.clone(), app, codes }
    }

    /// A code of the app that was never used.
    fn fresh_code(&self, app: &TotpSecret) -> SecondProof {
        self.later(TimeDelta::seconds(30));
        SecondProof::App(app.code_at(self.now()))
    }

    async fn finish(&self, challenge: &Challenge, proof: &SecondProof) -> Result<SignedIn, PeopleError> {
        self.people.second_step(&visitor(), challenge.token.expose(), proof).await
    }

    async fn is_known(&self, access: &Secret) -> bool {
        self.people.authenticate(access.expose()).await.expect("an answer").is_some()
    }
}

/// Somebody with an authenticator app.
struct Guarded {
    signed_in: SignedIn,
    app: TotpSecret,
    codes: Vec<Secret>,
}

/// A code of six digits that the app does not show now.
fn wrong_code(app: &TotpSecret, now: DateTime<Utc>) -> SecondProof {
    let shown =
        |code: &String| [-30, 0, 30].iter().any(|away| app.code_at(now + TimeDelta::seconds(*away)).expose() == code);
    let code = (0..10).map(|code| format!("{code:06}")).find(|code| !shown(code)).expect("of ten one is wrong");
    SecondProof::App(Secret::new(code))
}

fn email(text: &str) -> EmailAddress {
    text.parse().expect("an address")
}

/// Somebody who has not signed in.
fn visitor() -> Caller {
    let (ip, user_agent) = ("2001:db8::7".parse().ok(), Some("Mozilla/5.0 🌸".to_owned()));
    Caller { actor: Actor::Public, ip, user_agent, request_id: "r-1".to_owned() }
}

fn registration(address: &str) -> Registration {
    Registration {
        email: email(address),
        password: Secret::new(PASSWORD),
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

/// Something that became of a person.
fn record(house: &House, person: &User) -> Record {
    let change = Change {
        kind: "user.changed".into(),
        subject_kind: "user",
        subject: person.id.0,
        tenant: None,
        store: None,
        caller: &Caller::system(),
        at: house.now(),
    };
    Record::of(&SystemIds, &change, None::<&()>, None::<&()>)
}
