//! What cannot be seen from the answers. That the use cases do what they say is tested over every store, with the SQL
//! adapter.

mod guesses;
mod meanwhile;

use super::accounts::Identity;
use super::by_issuer::{Back, ByIssuer};
use super::memory::{Letterbox, PeopleInMemory, PlainCipher};
use super::passkeys::PasskeyAnswer;
use super::ports::PeopleStore as _;
use super::register::Registration;
use super::second_step::{SecondProof, SignIn};
use super::send_code::{BETWEEN, MOST_A_DAY};
use super::step_up::StepUpProof;
use super::{People, Ports, Settings};
use crate::ephemeral::memory::EphemeralInMemory;
use crate::issuer::memory::IssuersInMemory;
use crate::issuer::pending::Callback;
use crate::issuer::redirects::Redirects;
use crate::locale::Locale;
use crate::passkey::memory::{Device, TrustingPasskeys};
use crate::password_hasher::{FastHasher, PasswordHasher};
use crate::throttle::DAY;
use crate::totp::TotpSecret;
use chrono::{DateTime, TimeDelta};
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::error::Failure as _;
use musubi_kernel::id::{CountingIds, SystemIds, UserId};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

struct World {
    people: People,
    store: Arc<PeopleInMemory>,
    letters: Arc<Letterbox>,
    hasher: Arc<FastHasher>,
    ephemeral: Arc<EphemeralInMemory>,
    clock: Arc<ManualClock>,
}

fn world() -> World {
    let hasher = Arc::new(FastHasher::default());
    World { hasher: hasher.clone(), ..world_with(Arc::default(), hasher) }
}

/// Something that became of a person.
fn change_of(person: UserId) -> Record {
    let change = Change {
        kind: "user.changed".into(),
        subject_kind: "user",
        subject: person.0,
        tenant: None,
        store: None,
        caller: &Caller::system(),
        at: DateTime::UNIX_EPOCH,
    };
    Record::of(&SystemIds, &change, None::<&()>, None::<&()>)
}

/// Where passwords are compared like this; `hasher` is another one.
fn world_with(store: Arc<PeopleInMemory>, passwords: Arc<dyn PasswordHasher>) -> World {
    let (letters, hasher) = (Arc::new(Letterbox::default()), Arc::default());
    let ephemeral = Arc::new(EphemeralInMemory::default());
    let clock = Arc::new(ManualClock::at("2026-03-20T01:02:03Z".parse().unwrap()));
    let ports = Ports {
        store: store.clone(),
        passwords,
        courier: letters.clone(),
        ephemeral: ephemeral.clone(),
        cipher: Arc::new(PlainCipher),
        passkeys: Arc::new(TrustingPasskeys::default()),
        clock: clock.clone(),
        ids: Arc::new(CountingIds::default()),
        pause: Arc::new(NoPause),
    };
    World { people: People::new(ports, Settings::default()), store, letters, hasher, ephemeral, clock }
}

fn visitor() -> Caller {
    Caller { actor: Actor::Public, ..Caller::system() }
}

fn hanako() -> Registration {
    Registration {
        email: "hanako@example.jp".parse().unwrap(),
        password: Secret::new("secret of hers"),
        locale: Locale::Ja,
        display_name: "花子".into(),
    }
}

#[tokio::test]
async fn as_much_is_written_for_known_and_unknown_addresses() {
    let World { people, store, letters, .. } = world();
    people.register(&visitor(), &hanako()).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    people.verify_email(&visitor(), link.expose(), &hanako().password).await.unwrap();

    let nobody = Registration { email: "nobody@example.jp".parse().unwrap(), ..hanako() };
    let mut written = Vec::new();
    for newcomer in [hanako(), nobody] {
        let before = (store.rows(), store.records().len());
        people.register(&visitor(), &newcomer).await.unwrap();
        people.ask_reset(&visitor(), &newcomer.email).await.unwrap();
        let wrong = Secret::new("wrong");
        people.sign_in(&visitor(), newcomer.email.as_str(), &wrong).await.unwrap_err();
        written.push((store.rows() - before.0, store.records().len() - before.1));
    }
    assert_eq!(written, [(2, 3), (2, 3)]);
}

#[tokio::test]
async fn what_happens_is_recorded_with_who_did_it() {
    let World { people, store, letters, .. } = world();
    people.register(&visitor(), &hanako()).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    let user = people.verify_email(&visitor(), link.expose(), &hanako().password).await.unwrap();
    people.sign_in(&visitor(), "hanako@example.jp", &Secret::new("wrong")).await.unwrap_err();
    let SignIn::Done(signed_in) = people.sign_in(&visitor(), "hanako@example.jp", &hanako().password).await.unwrap()
    else {
        panic!("no second factor was set up")
    };
    let scope = signed_in.session.actor().as_person().unwrap();
    let caller = Caller { actor: signed_in.session.actor(), ..visitor() };
    people.refresh(&caller, signed_in.tokens.refresh.expose()).await.unwrap();
    people.change_password(&caller, &scope, &hanako().password, &Secret::new("next secret")).await.unwrap();
    people.delete(&caller, &scope.into()).await.unwrap();

    let told: Vec<_> =
        store.records().into_iter().map(|record| (record.event.kind, record.audit.caller.actor)).collect();
    let expected = [
        ("user.registration_asked", Actor::Public),
        ("user.created", Actor::Public),
        ("sign_in.failed", Actor::Public),
        ("session.created", Actor::Public),
        ("user.password_changed", caller.actor.clone()),
        ("session.ended", caller.actor.clone()),
        ("user.deleted", caller.actor.clone()),
    ];
    assert_eq!(told, expected.map(|(kind, actor)| (Cow::from(kind), actor)));
    assert_eq!(caller.actor.id(), Some(user.id.0));
}

/// Hanako, who has registered and signed in.
async fn signed_in(world: &World) -> Caller {
    let World { people, letters, .. } = world;
    people.register(&visitor(), &hanako()).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    people.verify_email(&visitor(), link.expose(), &hanako().password).await.unwrap();
    let signed_in = people.sign_in(&visitor(), "hanako@example.jp", &hanako().password).await.unwrap();
    let SignIn::Done(signed_in) = signed_in else { panic!("no second factor was set up") };
    Caller { actor: signed_in.session.actor(), ..visitor() }
}

/// A person with an authenticator app, and the token of a sign-in of theirs that waits.
async fn guarded(world: &World) -> (Caller, TotpSecret, Vec<Secret>) {
    let World { people, letters, clock, .. } = world;
    let caller = signed_in(world).await;
    let own = caller.actor.as_person().unwrap();
    let enrolment = people.begin_two_factor(&caller, &own).await.unwrap();
    let app = TotpSecret::from_base32(enrolment.secret.expose()).unwrap();
    let codes = people.confirm_two_factor(&caller, &own, &app.code_at(clock.now())).await.unwrap();
    letters.empty();
    (caller, app, codes)
}

async fn waiting(world: &World) -> Secret {
    match world.people.sign_in(&visitor(), "hanako@example.jp", &hanako().password).await.unwrap() {
        SignIn::SecondFactor(challenge) => challenge.token,
        SignIn::Done(signed_in) => panic!("{signed_in:?}"),
    }
}

#[tokio::test]
async fn every_step_of_a_second_factor_is_recorded() {
    let world = world();
    let (caller, app, codes) = guarded(&world).await;
    let World { people, store, clock, .. } = &world;
    let own = caller.actor.as_person().unwrap();
    let before = store.records().len();
    let token = waiting(&world).await;
    let wrong = SecondProof::RecoveryCode(Secret::new("00000-00000"));
    people.second_step(&visitor(), token.expose(), &wrong).await.unwrap_err();
    people.send_code(&visitor(), token.expose()).await.unwrap();
    people.second_step(&visitor(), token.expose(), &SecondProof::RecoveryCode(codes[0].clone())).await.unwrap();
    clock.advance(TimeDelta::minutes(10));
    let malformed = StepUpProof::App(Secret::new("12"));
    assert_eq!(people.step_up(&caller, &own, &malformed).await.unwrap_err().violations()[0].pointer, "/code");
    let wrong = StepUpProof::RecoveryCode(Secret::new("00000-00000"));
    people.step_up(&caller, &own, &wrong).await.unwrap_err();
    people.step_up(&caller, &own, &StepUpProof::App(app.code_at(clock.now()))).await.unwrap();
    people.renew_recovery_codes(&caller, &own).await.unwrap();
    people.disable_two_factor(&caller, &own).await.unwrap();

    let records = store.records();
    let told: Vec<&str> = records[before..].iter().map(|record| record.event.kind.as_ref()).collect();
    let expected = [
        "sign_in.second_factor_asked",
        "sign_in.second_factor_failed",
        "sign_in.code_sent",
        "session.created",
        "session.step_up_failed",
        "session.stepped_up",
        "two_factor.recovery_codes_renewed",
        "two_factor.disabled",
    ];
    assert_eq!(told, expected);
    let earlier: Vec<&str> = records[..before].iter().map(|record| record.event.kind.as_ref()).collect();
    assert!(earlier.ends_with(&["two_factor.begun", "two_factor.enabled"]), "{earlier:?}");
}

#[tokio::test]
async fn so_many_codes_are_mailed_within_a_day() {
    let world = world();
    guarded(&world).await;
    let begun = world.clock.now();
    for n in 0..MOST_A_DAY {
        let token = waiting(&world).await;
        assert!(world.people.send_code(&visitor(), token.expose()).await.is_ok(), "{n}");
        let soon = world.people.send_code(&visitor(), token.expose()).await.unwrap_err();
        assert_eq!((soon.code(), soon.retry_at()), ("code_sent_recently", Some(world.clock.now() + BETWEEN)));
        world.clock.advance(BETWEEN);
    }
    assert_eq!(world.letters.empty().len(), MOST_A_DAY as usize);
    let full = world.people.send_code(&visitor(), waiting(&world).await.expose()).await.unwrap_err();
    assert_eq!((full.code(), full.retry_at()), ("too_many_codes", Some(begun + DAY)));
    // What was refused as too many has not begun another minute's wait.
    world.clock.set(begun + DAY);
    world.people.send_code(&visitor(), waiting(&world).await.expose()).await.unwrap();
}

#[tokio::test]
async fn what_lasts_for_minutes_holds_no_secret() {
    let world = world();
    let (.., codes) = guarded(&world).await;
    let token = waiting(&world).await;
    world.people.send_code(&visitor(), token.expose()).await.unwrap();
    let mailed = world.letters.empty().remove(0).token.unwrap();
    let entries = world.ephemeral.entries();
    let kinds: Vec<&str> = entries.iter().filter_map(|(key, _)| key.split(':').next()).collect();
    // At the registration, and at the account.
    assert_eq!(
        kinds,
        [
            "guesses-at",
            "guesses-at",
            "guesses-by",
            "mails-by",
            "otp-day",
            "otp-sent",
            "otp",
            "registrations-to",
            "registrations",
            "session"
        ]
    );
    for (key, value) in &entries {
        for secret in [&token.expose()[26..], hanako().password.expose(), codes[0].expose(), hanako().email.as_str()] {
            assert!(!key.contains(secret) && !value.contains(secret), "{key} {value}");
        }
        // Six digits may stand in an id by chance, but not alone.
        assert!(!value.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == mailed.expose()), "{value}");
    }
    // Lost, it lets nobody in.
    world.ephemeral.flush();
    let proof = SecondProof::RecoveryCode(codes[0].clone());
    let lost = world.people.second_step(&visitor(), token.expose(), &proof).await;
    assert_eq!(lost, Err(super::error::PeopleError::ChallengeOver));
    world.people.second_step(&visitor(), waiting(&world).await.expose(), &proof).await.unwrap();
}

#[tokio::test]
async fn what_an_issuer_refuses_is_recorded_without_what_came_with_it() {
    const WAY_BACK: &str = "https://shop.example.jp/back";
    let World { people, store, .. } = world();
    let redirects = Redirects::new([WAY_BACK.to_owned()]).unwrap();
    let by = ByIssuer::new(people, Arc::new(IssuersInMemory::named(&["line"])), redirects);
    let out = by.set_out("line", WAY_BACK, None).await.unwrap();
    assert_eq!(store.records().len(), 0);
    let (state, code) = (Some(out.state), Some(Secret::new("the-code")));
    let answer = Callback { state, code, error: Some("made-up\r\nline".to_owned()), ..Callback::default() };
    let back = Back { answer, binding: Some(out.binding), locale: None };
    for _ in 0..2 {
        by.sign_in(&visitor(), "line", &back).await.unwrap_err();
    }
    by.sign_in(&visitor(), "no-such-issuer", &back).await.unwrap_err();
    by.sign_in_by_token(&visitor(), "line", &Secret::new("the-token"), None, None).await.unwrap_err();

    let told: Vec<_> = store.records().into_iter().map(|record| (record.event.kind, record.event.payload)).collect();
    let found: Vec<_> = told.iter().map(|(kind, payload)| (&**kind, &payload["provider"], &payload["code"])).collect();
    let line = json!("line");
    let failed = "sign_in.failed";
    assert_eq!(
        found,
        [
            (failed, &line, &json!("sign_in_refused")),
            (failed, &json!(null), &json!("sign_in_state")),
            (failed, &line, &json!("id_token_signature")),
        ]
    );
    let text = format!("{told:?}");
    for secret in ["the-code", "the-token", "made-up", "msi_"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn a_link_to_anothers_account_is_refused_and_recorded() {
    let world = world();
    let World { people, store, letters, .. } = &world;
    let identity = Identity {
        provider: "line".parse().unwrap(),
        subject: "U1".into(),
        email: None,
        email_verified: false,
        locale: Locale::Ja,
        display_name: String::new(),
    };
    people.arrive(&visitor(), &identity, None).await.unwrap();
    let caller = signed_in(&world).await;
    let own = caller.actor.as_person().unwrap();
    for _ in 0..2 {
        let refused = people.arrive(&caller, &identity, Some(&own)).await.unwrap_err();
        assert_eq!(refused.code(), "account_belongs_to_another");
        let last = store.records().pop().unwrap();
        assert_eq!((&*last.event.kind, last.audit.caller.actor), ("sign_in_account.link_failed", caller.actor.clone()));
        let payload = last.event.payload;
        assert_eq!((&payload["provider"], &payload["code"]), (&json!("line"), &json!("account_belongs_to_another")));
    }
    assert_eq!(store.accounts(own.user()).await.unwrap().len(), 1);
    assert!(letters.empty().is_empty());
}

#[tokio::test]
async fn every_step_of_a_passkey_is_recorded_without_its_name() {
    let world = world();
    let World { people, store, .. } = &world;
    let caller = signed_in(&world).await;
    let own = caller.actor.as_person().unwrap();
    let before = store.records().len();

    let mut device = Device::new(b"one");
    let asked = people.begin_passkey(&own).await.unwrap();
    let made = PasskeyAnswer { ceremony: asked.id, credential: device.register(&asked.options) };
    let added = people.add_passkey(&caller, &own, "HANAKO-PHONE", &made).await.unwrap();
    let mut copy = device.clone();
    people.rename_passkey(&caller, &own, added.passkey.id, "HANAKO-LAPTOP").await.unwrap();
    for (device, is_known) in [(&mut device, true), (&mut copy, false), (&mut Device::new(b"two"), false)] {
        let asked = people.begin_passkey_sign_in().await.unwrap();
        let answer = PasskeyAnswer { ceremony: asked.id, credential: device.answer(&asked.options) };
        assert_eq!(people.sign_in_by_passkey(&visitor(), &answer).await.is_ok(), is_known);
    }
    people.remove_passkey(&caller, &own, added.passkey.id).await.unwrap();

    let records = store.records();
    let told: Vec<&str> = records[before..].iter().map(|record| record.event.kind.as_ref()).collect();
    let expected = [
        "passkey.added",
        "passkey.renamed",
        "session.created",
        "passkey.counter_regressed",
        "sign_in.failed",
        "sign_in.failed",
        "passkey.removed",
    ];
    assert_eq!(told, expected);
    assert!(!format!("{records:?}").contains("HANAKO-"));
}
