//! Passkeys: adding and removing, signing in with one alone, and as the second factor.

use super::second_step::google;
use super::{HANAKO, House, PASSWORD, acting, record, refused, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_identity::passkey::ceremony::Ceremony;
use musubi_identity::passkey::memory::Device;
use musubi_identity::passkey::port::Registered;
use musubi_identity::passkey::{self, CredentialId, MOST, Passkey, Transport};
use musubi_identity::people::SignedIn;
use musubi_identity::people::accounts::Arrived;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::passkeys::{AddedPasskey, PasskeyAnswer};
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::people::second_step::SecondProof;
use musubi_identity::people::step_up::StepUpProof;
use musubi_identity::session::Method;
use musubi_identity::two_factor::Factor;
use musubi_kernel::error::{ErrorKind, Failure as _, StoreError};
use musubi_kernel::secret::Secret;
use uuid::Uuid;

contract!(
    passkeys_come_back,
    a_passkey_is_added_named_and_removed,
    a_passkey_signs_in_alone,
    wrong_answers_look_alike,
    a_counter_that_goes_back_is_refused_and_noted,
    a_passkey_is_asked_for_after_a_password,
    a_provider_does_not_stand_in_for_a_passkey,
    a_passkey_steps_up,
    what_is_dangerous_asks_for_a_recent_proof,
    an_answer_is_good_for_what_was_asked,
    recovery_codes_live_as_long_as_a_second_factor,
    twenty_are_enough,
    a_credential_is_one_persons,
    who_is_gone_has_no_passkeys,
);

impl House {
    pub(super) async fn try_add(
        &self,
        by: &SignedIn,
        device: &mut Device,
        name: &str,
    ) -> Result<AddedPasskey, PeopleError> {
        self.later(TimeDelta::milliseconds(1));
        let asked = self.people.begin_passkey(&scope(by)).await?;
        let answer = PasskeyAnswer { ceremony: asked.id, credential: device.register(&asked.options) };
        self.people.add_passkey(&acting(by), &scope(by), name, &answer).await
    }

    /// A new person with a passkey on this device, signed in by their password.
    pub(super) async fn person_with_passkey(&self, email: &str, device: &mut Device) -> (SignedIn, AddedPasskey) {
        self.person(email).await;
        let signed_in = self.sign_in(email).await;
        let added = self.try_add(&signed_in, device, "phone").await.expect("a passkey");
        self.letter(MessageKind::TwoFactorChanged, email);
        (signed_in, added)
    }

    async fn come(&self, device: &mut Device) -> Result<SignedIn, PeopleError> {
        self.later(TimeDelta::milliseconds(1));
        let asked = self.people.begin_passkey_sign_in().await?;
        self.people.sign_in_by_passkey(&visitor(), &answer(&asked, device)).await
    }
}

fn answer(asked: &Ceremony, device: &mut Device) -> PasskeyAnswer {
    PasskeyAnswer { ceremony: asked.id, credential: device.answer(&asked.options) }
}

async fn passkeys_come_back(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let made = Registered {
        credential: CredentialId::new((0..=u8::MAX).cycle().take(passkey::CREDENTIAL).collect()).unwrap(),
        key: (0..=255).collect(),
        state: vec![0, 255],
        transports: Transport::ALL.iter().copied().collect(),
        is_backed_up: true,
        sign_count: u32::MAX,
    };
    let full = Passkey::new(Uuid::from_u128(1).into(), user.id, "花子の iPhone 🌸".into(), made, house.now());
    let plain = Passkey {
        id: Uuid::from_u128(2).into(),
        credential: CredentialId::new(vec![0]).unwrap(),
        key: Vec::new(),
        state: Vec::new(),
        name: "a".into(),
        transports: [].into(),
        is_backed_up: false,
        sign_count: 0,
        last_used_at: Some(house.now()),
        ..full.clone()
    };
    let mut unit = house.store.begin().await.unwrap();
    unit.lock(user.id).await.unwrap();
    assert_eq!(unit.has_second_factor(user.id).await, Ok(false));
    for passkey in [&plain, &full] {
        unit.add_passkey(passkey).await.unwrap();
        assert_eq!(unit.has_second_factor(user.id).await, Ok(true));
    }
    assert_eq!(unit.has_second_factor(Uuid::nil().into()).await, Ok(false));
    assert_eq!(unit.passkeys(user.id).await, Ok(vec![full.clone(), plain.clone()]));
    assert_eq!(unit.passkey_of(&full.credential).await, Ok(Some(full.clone())));
    unit.note(Some(user.id), &record(&house, &user));
    unit.commit().await.unwrap();
    assert_eq!(house.store.passkeys(user.id).await, Ok(vec![full.clone(), plain.clone()]));
    assert_eq!(house.store.passkey_of(&plain.credential).await, Ok(Some(plain.clone())));
    let unknown = CredentialId::new(vec![1]).unwrap();
    assert_eq!(house.store.passkey_of(&unknown).await, Ok(None));
    assert_eq!(house.store.passkeys(Uuid::nil().into()).await, Ok(vec![]));

    let changed = Passkey { id: full.id, credential: full.credential.clone(), ..plain.clone() };
    let mut unit = house.store.begin().await.unwrap();
    unit.save_passkey(&changed).await.unwrap();
    unit.remove_passkey(plain.id).await.unwrap();
    assert_eq!(unit.passkeys(user.id).await, Ok(vec![changed.clone()]));
    unit.note(Some(user.id), &record(&house, &user));
    unit.commit().await.unwrap();
    assert_eq!(house.store.passkeys(user.id).await, Ok(vec![changed.clone()]));

    let twin = Passkey { id: Uuid::from_u128(3).into(), ..changed };
    let mut unit = house.store.begin().await.unwrap();
    assert_eq!(unit.add_passkey(&twin).await, Err(StoreError::Conflict));
}

async fn a_passkey_is_added_named_and_removed(world: World) {
    let house = House::of(&world);
    let (signed_in, AddedPasskey { passkey, recovery_codes }) =
        house.person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    let (caller, own) = (acting(&signed_in), scope(&signed_in));
    assert_eq!((passkey.name.as_str(), passkey.last_used_at, recovery_codes.len()), ("phone", None, 10));
    let second = house.try_add(&signed_in, &mut Device::new(b"two"), "laptop").await.unwrap();
    house.letter(MessageKind::TwoFactorChanged, HANAKO);
    assert!(second.recovery_codes.is_empty(), "those shown before are good");
    let status = house.people.two_factor(&own.into()).await.unwrap();
    assert_eq!((status.active_since, status.passkeys, status.recovery_codes_left), (None, 2, 10));

    let renamed = house.people.rename_passkey(&caller, &own, passkey.id, "花子の iPhone").await.unwrap();
    assert_eq!(renamed, Passkey { name: "花子の iPhone".into(), ..passkey.clone() });
    assert_eq!(house.people.passkeys(&own).await, Ok(vec![renamed, second.passkey.clone()]));
    for wrong in ["", "two\nlines"] {
        let renamed = house.people.rename_passkey(&caller, &own, passkey.id, wrong).await.unwrap_err();
        assert_eq!((renamed.kind(), &*renamed.violations()[0].pointer), (ErrorKind::Invalid, "/name"));
        let added = house.try_add(&signed_in, &mut Device::new(b"new"), wrong).await.unwrap_err();
        assert_eq!(added.kind(), ErrorKind::Invalid);
    }
    house.people.remove_passkey(&caller, &own, passkey.id).await.unwrap();
    house.letter(MessageKind::TwoFactorChanged, HANAKO);
    assert_eq!(house.people.passkeys(&own).await, Ok(vec![second.passkey]));
    let gone = Err(PeopleError::NotFound("passkey"));
    assert_eq!(house.people.remove_passkey(&caller, &own, passkey.id).await, gone);
    assert_eq!(house.people.rename_passkey(&caller, &own, passkey.id, "a").await.map(drop), gone);
    assert_eq!(house.letters.empty(), []);
}

async fn a_passkey_signs_in_alone(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (first, AddedPasskey { passkey, .. }) = house.person_with_passkey(HANAKO, &mut device).await;
    let signed_in = house.come(&mut device).await.unwrap();
    assert_eq!((signed_in.user.id, &signed_in.session.methods), (first.user.id, &[Method::HardwareKey].into()));
    assert_eq!(signed_in.session.account, first.session.account);
    assert!(house.is_known(&signed_in.tokens.access).await);
    let used = house.people.passkeys(&scope(&signed_in)).await.unwrap().remove(0);
    assert_eq!((used.last_used_at, used.sign_count), (Some(house.now()), 2));
    assert_eq!(Passkey { last_used_at: None, sign_count: 1, state: passkey.state.clone(), ..used }, passkey);
    // It is a proof of now, and both factors of who has an app besides.
    house.enrol(&signed_in).await;
    let again = house.come(&mut device).await.unwrap();
    assert_eq!(again.session.methods, [Method::HardwareKey].into());
}

async fn wrong_answers_look_alike(world: World) {
    let house = House::of(&world);
    let (mut device, mut other) = (Device::new(b"one"), Device::new(b"two"));
    let (signed_in, _) = house.person_with_passkey(HANAKO, &mut device).await;
    let (_, theirs) = house.person_with_passkey("taro@example.jp", &mut other).await;
    let wrong = Err(PeopleError::WrongPasskey);
    let mut stranger = Device { user: Some(signed_in.user.id), ..Device::new(b"nobody's") };
    assert_eq!(house.come(&mut stranger).await, wrong);
    let mut forger = Device { user: Some(signed_in.user.id), count: 90, ..Device::new(b"two") };
    assert_eq!(house.come(&mut forger).await, wrong, "another person's");
    assert_eq!(house.come(&mut Device { verifies: false, ..device.clone() }).await, wrong);
    assert_eq!(house.come(&mut Device { user: None, ..device.clone() }).await, wrong);
    let asked = house.people.begin_passkey_sign_in().await.unwrap();
    let nonsense = PasskeyAnswer { ceremony: asked.id, credential: serde_json::json!({ "id": 1 }) };
    assert_eq!(house.people.sign_in_by_passkey(&visitor(), &nonsense).await, wrong);

    house.people.lock(&visitor(), &house.support, theirs.passkey.user, "why").await.unwrap();
    assert_eq!(house.come(&mut other).await, wrong);
    house.people.unlock(&visitor(), &house.support, theirs.passkey.user).await.unwrap();
    house.come(&mut other).await.unwrap();
    house.come(&mut device).await.unwrap();
}

async fn a_counter_that_goes_back_is_refused_and_noted(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    house.person_with_passkey(HANAKO, &mut device).await;
    let mut copy = device.clone();
    for _ in 0..3 {
        house.come(&mut device).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(house.come(&mut copy).await, Err(PeopleError::WrongPasskey));
    }
    house.come(&mut copy).await.unwrap();
}

async fn a_passkey_is_asked_for_after_a_password(world: World) {
    let house = House::of(&world);
    let (mut device, mut stranger) = (Device::new(b"one"), Device::new(b"two"));
    let (first, added) = house.person_with_passkey(HANAKO, &mut device).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(waiting.factors, [Factor::Passkey, Factor::RecoveryCode]);
    let token = waiting.token.expose();
    stranger.user = Some(first.user.id);
    for _ in 0..2 {
        let asked = house.people.begin_second_step(token).await.unwrap();
        let wrong = SecondProof::Passkey(answer(&asked, &mut stranger));
        assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
        let used_up = SecondProof::Passkey(answer(&asked, &mut device));
        assert_eq!(house.finish(&waiting, &used_up).await, Err(PeopleError::WrongCode), "a question is asked once");
    }
    let asked = house.people.begin_second_step(token).await.unwrap();
    let right = SecondProof::Passkey(answer(&asked, &mut device));
    let signed_in = house.finish(&waiting, &right).await.unwrap();
    assert_eq!(signed_in.session.methods, [Method::Password, Method::HardwareKey].into());
    for over in [token, "", "mst_"] {
        assert_eq!(house.people.begin_second_step(over).await, Err(PeopleError::ChallengeOver), "{over}");
    }

    // The codes that came with the passkey stand in for it.
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let code = SecondProof::RecoveryCode(added.recovery_codes[0].clone());
    house.finish(&waiting, &code).await.unwrap();
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let no_app = house.finish(&waiting, &SecondProof::App(Secret::new("123456"))).await.unwrap_err();
    assert!(refused("factor_not_open")(&no_app), "{no_app:?}");
}

async fn a_provider_does_not_stand_in_for_a_passkey(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (signed_in, _) = house.person_with_passkey(HANAKO, &mut device).await;
    assert_eq!(house.people.arrive(&visitor(), &google("108"), None).await, Ok(Arrived::ProveFirst));
    let linked = house.people.arrive(&acting(&signed_in), &google("108"), Some(&scope(&signed_in))).await;
    assert_eq!(linked, Ok(Arrived::Linked(signed_in.user.id)));
    let arrived = house.people.arrive(&visitor(), &google("108"), None).await.unwrap();
    let Arrived::SecondFactor(waiting) = arrived else { panic!("{arrived:?}") };
    assert_eq!(waiting.factors, [Factor::Passkey, Factor::RecoveryCode]);
    let asked = house.people.begin_second_step(waiting.token.expose()).await.unwrap();
    let entered = house.finish(&waiting, &SecondProof::Passkey(answer(&asked, &mut device))).await.unwrap();
    assert_eq!(entered.session.methods, [Method::Federated, Method::HardwareKey].into());
}

async fn a_passkey_steps_up(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (signed_in, added) = house.person_with_passkey(HANAKO, &mut device).await;
    let (caller, own) = (acting(&signed_in), scope(&signed_in));
    house.later(TimeDelta::minutes(10));
    let remove = async || house.people.remove_passkey(&caller, &own, added.passkey.id).await;
    assert_eq!(remove().await, Err(PeopleError::StepUpRequired));
    let password = StepUpProof::Password(Secret::new(PASSWORD));
    let alone = house.people.step_up(&caller, &own, &password).await.unwrap_err();
    assert!(refused("second_factor_needed")(&alone), "{alone:?}");

    let asked = house.people.begin_step_up(&own).await.unwrap();
    let proof = StepUpProof::Passkey(answer(&asked, &mut device));
    let until = house.now() + TimeDelta::minutes(10);
    assert_eq!(house.people.step_up(&caller, &own, &proof).await, Ok(until));
    let again = house.people.step_up(&caller, &own, &proof).await.unwrap_err();
    assert!(refused("wrong_proof")(&again), "{again:?}");
    remove().await.unwrap();
    let none = house.people.begin_step_up(&own).await.unwrap_err();
    assert!(refused("no_second_factor")(&none), "{none:?}");
}

async fn what_is_dangerous_asks_for_a_recent_proof(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (signed_in, added) = house.person_with_passkey(HANAKO, &mut device).await;
    let (caller, own) = (acting(&signed_in), scope(&signed_in));
    house.later(TimeDelta::minutes(8));
    let asked = house.people.begin_passkey(&own).await.unwrap();
    house.later(TimeDelta::minutes(2));
    let made = PasskeyAnswer { ceremony: asked.id, credential: Device::new(b"two").register(&asked.options) };
    let late = house.people.add_passkey(&caller, &own, "a", &made).await;
    assert_eq!(late, Err(PeopleError::StepUpRequired), "asked in time, answered too late");
    assert_eq!(house.people.begin_passkey(&own).await, Err(PeopleError::StepUpRequired));
    let removed = house.people.remove_passkey(&caller, &own, added.passkey.id).await;
    assert_eq!(removed, Err(PeopleError::StepUpRequired));
    house.people.rename_passkey(&caller, &own, added.passkey.id, "b").await.unwrap();
}

async fn an_answer_is_good_for_what_was_asked(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (signed_in, _) = house.person_with_passkey(HANAKO, &mut device).await;
    let (caller, own) = (acting(&signed_in), scope(&signed_in));
    let over = Err(PeopleError::ChallengeOver);

    let asked = house.people.begin_passkey_sign_in().await.unwrap();
    let used = answer(&asked, &mut device);
    house.people.sign_in_by_passkey(&visitor(), &used).await.unwrap();
    assert_eq!(house.people.sign_in_by_passkey(&visitor(), &used).await, over, "once");
    let asked = house.people.begin_passkey_sign_in().await.unwrap();
    assert_eq!(asked.expires_at, house.now() + TimeDelta::minutes(5));
    house.later(TimeDelta::minutes(5));
    assert_eq!(house.people.sign_in_by_passkey(&visitor(), &answer(&asked, &mut device)).await, over, "in time");

    // What was asked of somebody signed in opens no session, and the other way round.
    let asked = house.people.begin_step_up(&own).await.unwrap();
    assert_eq!(house.people.sign_in_by_passkey(&visitor(), &answer(&asked, &mut device)).await, over);
    let asked = house.people.begin_passkey_sign_in().await.unwrap();
    let proof = StepUpProof::Passkey(answer(&asked, &mut device));
    let wrong = house.people.step_up(&caller, &own, &proof).await.unwrap_err();
    assert!(refused("wrong_proof")(&wrong), "{wrong:?}");

    // Nor does a passkey that was begun in one session come into being in another.
    let there = house.come(&mut device).await.unwrap();
    let asked = house.people.begin_passkey(&scope(&there)).await.unwrap();
    let made = PasskeyAnswer { ceremony: asked.id, credential: Device::new(b"two").register(&asked.options) };
    let elsewhere = house.people.add_passkey(&caller, &own, "a", &made).await.unwrap_err();
    assert!(refused("ceremony_over")(&elsewhere), "{elsewhere:?}");
    let other = house.people.begin_passkey(&scope(&there)).await.unwrap();
    let mixed = PasskeyAnswer { ceremony: other.id, ..made };
    let mixed = house.people.add_passkey(&acting(&there), &scope(&there), "a", &mixed).await.unwrap_err();
    assert!(refused("passkey_refused")(&mixed), "{mixed:?}");
}

async fn recovery_codes_live_as_long_as_a_second_factor(world: World) {
    let house = House::of(&world);
    let (signed_in, added) = house.person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    let (caller, own) = (acting(&signed_in), scope(&signed_in));
    let left = async || house.people.two_factor(&own.into()).await.unwrap().recovery_codes_left;
    house.people.begin_two_factor(&caller, &own).await.unwrap();
    house.people.begin_two_factor(&caller, &own).await.unwrap();
    assert_eq!(left().await, 10, "an app that is not confirmed changes nothing");
    house.enrol(&signed_in).await;
    house.people.disable_two_factor(&caller, &own).await.unwrap();
    assert_eq!(left().await, 10, "the passkey is still asked for");
    assert_eq!(house.people.renew_recovery_codes(&caller, &own).await.unwrap().len(), 10);
    house.people.remove_passkey(&caller, &own, added.passkey.id).await.unwrap();
    assert_eq!(left().await, 0);
    house.letters.empty();
    house.sign_in(HANAKO).await;
    let none = house.people.renew_recovery_codes(&caller, &own).await;
    assert_eq!(none, Err(PeopleError::NotFound("two_factor")));

    house.enrol(&signed_in).await;
    let added = house.try_add(&signed_in, &mut Device::new(b"two"), "a").await.unwrap();
    assert!(added.recovery_codes.is_empty(), "there are those of the app");
    house.people.remove_passkey(&caller, &own, added.passkey.id).await.unwrap();
    assert_eq!(left().await, 10, "the app is still asked for");
}

async fn twenty_are_enough(world: World) {
    let house = House::of(&world);
    let (signed_in, _) = house.person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    for n in 2..=MOST {
        house.try_add(&signed_in, &mut Device::new(&n.to_be_bytes()), "a").await.unwrap();
    }
    let more = house.try_add(&signed_in, &mut Device::new(b"more"), "a").await.unwrap_err();
    assert!(refused("too_many_passkeys")(&more), "{more:?}");
    assert_eq!(house.people.passkeys(&scope(&signed_in)).await.unwrap().len(), MOST);
}

async fn a_credential_is_one_persons(world: World) {
    let house = House::of(&world);
    house.person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    house.person("taro@example.jp").await;
    let taro = house.sign_in("taro@example.jp").await;
    let taken = house.try_add(&taro, &mut Device::new(b"one"), "a").await.unwrap_err();
    assert!(refused("passkey_taken")(&taken), "{taken:?}");
    assert_eq!(house.people.passkeys(&scope(&taro)).await, Ok(vec![]));
}

async fn who_is_gone_has_no_passkeys(world: World) {
    let house = House::of(&world);
    let mut device = Device::new(b"one");
    let (signed_in, _) = house.person_with_passkey(HANAKO, &mut device).await;
    let own = PeopleScope::from(scope(&signed_in));
    house.people.delete(&acting(&signed_in), &own).await.unwrap();
    assert_eq!(house.store.passkeys(signed_in.user.id).await, Ok(vec![]));
    assert_eq!(house.come(&mut device).await, Err(PeopleError::WrongPasskey));
    // The device may be another's by now.
    house.person_with_passkey("taro@example.jp", &mut device).await;
}
