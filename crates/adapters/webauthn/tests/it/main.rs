//! Passkeys from question to answer, with a device without hardware, honest and not.

use chrono::DateTime;
use musubi_identity::locale::Locale;
use musubi_identity::passkey::port::{Asked, Flaw, PasskeyError, Passkeys as _, Used};
use musubi_identity::passkey::{Passkey, Transport};
use musubi_identity::user::User;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_webauthn::WebauthnPasskeys;
use musubi_webauthn::relying_party::RelyingParty;
use musubi_webauthn::testing::Authenticator;
use serde_json::{Value, json};

const ORIGIN: &str = "https://book.example.jp";
const APP: &str = "android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

fn passkeys() -> WebauthnPasskeys {
    let party = RelyingParty::new("example.jp", &[ORIGIN.to_owned(), APP.to_owned()]).expect("a relying party");
    WebauthnPasskeys::new(party)
}

fn person(display_name: &str) -> User {
    let (id, email) = (SystemIds.uuid(DateTime::UNIX_EPOCH).into(), "hanako@example.jp".parse().ok());
    User::new(id, Locale::Ja, email, display_name.to_owned(), DateTime::UNIX_EPOCH)
}

fn flaw<T: std::fmt::Debug>(result: Result<T, PasskeyError>) -> Flaw {
    match result {
        Err(PasskeyError::Wrong(flaw)) => flaw,
        other => panic!("{other:?}"),
    }
}

/// What a device is told to do wrong.
type Lie = fn(&mut Authenticator);

/// A person with a passkey on a device.
struct Owner {
    user: User,
    device: Authenticator,
    passkey: Passkey,
}

fn owner() -> Owner {
    let (user, mut device) = (person("花子"), Authenticator::new(ORIGIN));
    let asked = passkeys().begin_registration(&user, &[]).expect("a question");
    let made = passkeys().finish_registration(&asked.kept, &device.create(&asked.options)).expect("a passkey");
    let id = SystemIds.uuid(DateTime::UNIX_EPOCH).into();
    let passkey = Passkey::new(id, user.id, "a".to_owned(), made, DateTime::UNIX_EPOCH);
    Owner { user, device, passkey }
}

impl Owner {
    /// Asks for this passkey, or for any.
    fn ask(&self, alone: bool) -> Asked {
        let one = [self.passkey.clone()];
        passkeys().begin_assertion(if alone { Some(&one) } else { None }).expect("a question")
    }

    fn check(&self, asked: &Asked, answer: &Value) -> Result<Used, PasskeyError> {
        passkeys().finish_assertion(&asked.kept, answer, &self.passkey)
    }

    /// What comes of a device that was told to lie.
    fn answer(&mut self, alone: bool, lie: impl FnOnce(&mut Authenticator)) -> Result<Used, PasskeyError> {
        let asked = self.ask(alone);
        lie(&mut self.device);
        let answer = self.device.get(&asked.options);
        self.check(&asked, &answer)
    }
}

#[test]
fn what_a_device_is_asked_for_a_new_passkey() {
    let present = owner();
    let asked = passkeys().begin_registration(&present.user, std::slice::from_ref(&present.passkey)).unwrap();
    let Value::Object(options) = asked.options else { panic!() };
    assert_eq!(options["rp"]["id"], "example.jp");
    assert_eq!(
        (&options["user"]["name"], &options["user"]["displayName"]),
        (&json!("hanako@example.jp"), &json!("花子"))
    );
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(options["attestation"], "none");
    let algorithms: Vec<_> = options["pubKeyCredParams"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
    assert_eq!(algorithms, [-8, -7, -35, -257]);
    let exclude = json!([{
        "type": "public-key",
        "id": present.passkey.credential.to_text(),
        "transports": options["excludeCredentials"][0]["transports"],
    }]);
    assert_eq!(options["excludeCredentials"], exclude);
    assert!(asked.kept.is_ascii() && asked.kept.len() < 8192);
}

#[test]
fn names_that_the_standard_has_no_form_for_are_left_out() {
    for name in ["", "\u{200f}", "a\u{0}b"] {
        let user = User { email: None, ..person(name) };
        let options = passkeys().begin_registration(&user, &[]).unwrap().options;
        assert_eq!(options["user"]["name"], json!(user.id.to_string()), "{name:?}");
    }
}

#[test]
fn a_passkey_is_made_and_answers() {
    let mut owner = owner();
    assert_eq!(owner.passkey.credential.as_bytes(), owner.device.credential);
    assert_eq!(owner.passkey.transports, [Transport::Internal, Transport::Hybrid].into());
    for (turn, alone) in (1..).zip([true, false, true]) {
        let asked = owner.ask(alone);
        assert_eq!(asked.options["rpId"], "example.jp");
        assert_eq!(asked.options["userVerification"], "required");
        let allowed = asked.options["allowCredentials"].as_array().map_or(0, Vec::len);
        assert_eq!(allowed, usize::from(alone));
        owner.device.is_backed_up = turn == 3;
        let answer = owner.device.get(&asked.options);
        assert_eq!(passkeys().claim(&answer).unwrap(), owner.passkey.credential);
        let used = owner.check(&asked, &answer).unwrap();
        assert_eq!((used.sign_count, used.is_backed_up), (turn, turn == 3));
        owner.passkey = owner.passkey.used(used, DateTime::UNIX_EPOCH);
    }
}

#[test]
fn an_app_may_answer_too() {
    let mut owner = owner();
    assert!(owner.answer(false, |device| device.origin = APP.to_owned()).is_ok());
}

#[test]
fn devices_that_lie_make_no_passkey() {
    let lies: [(Flaw, Lie); 6] = [
        (Flaw::Origin, |device| device.origin = "https://example.jp.evil.com".to_owned()),
        (Flaw::Origin, |device| device.origin = "http://book.example.jp".to_owned()),
        (Flaw::Origin, |device| device.origin = "https://other.example.jp".to_owned()),
        (Flaw::RelyingParty, |device| device.party = Some("evil.com".to_owned())),
        (Flaw::CrossOrigin, |device| device.cross_origin = true),
        (Flaw::UserNotVerified, |device| device.verifies = false),
    ];
    for (expected, lie) in lies {
        let mut device = Authenticator::new(ORIGIN);
        lie(&mut device);
        let asked = passkeys().begin_registration(&person("花子"), &[]).unwrap();
        let made = passkeys().finish_registration(&asked.kept, &device.create(&asked.options));
        assert_eq!(flaw(made), expected);
    }
}

#[test]
fn devices_that_lie_are_not_believed() {
    let lies: [(Flaw, Lie); 6] = [
        (Flaw::Origin, |device| device.origin = "https://evil.com".to_owned()),
        (Flaw::RelyingParty, |device| device.party = Some("evil.com".to_owned())),
        (Flaw::CrossOrigin, |device| device.cross_origin = true),
        (Flaw::UserNotVerified, |device| device.verifies = false),
        (Flaw::Credential, |device| device.user = Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned())),
        (Flaw::Credential, |device| device.credential = vec![7; 32]),
    ];
    for (expected, lie) in lies {
        for alone in [true, false] {
            assert_eq!(flaw(owner().answer(alone, lie)), expected, "{alone}");
        }
    }
}

#[test]
fn an_answer_answers_one_question() {
    let mut owner = owner();
    for alone in [true, false] {
        let (asked, other) = (owner.ask(alone), owner.ask(alone));
        let answer = owner.device.get(&asked.options);
        assert_eq!(flaw(owner.check(&other, &answer)), Flaw::Challenge);
        assert!(owner.check(&asked, &answer).is_ok());
    }
    let new = passkeys().begin_registration(&owner.user, &[]).unwrap();
    assert_eq!(
        flaw(owner.answer(false, |_| ()).and_then(|_| {
            let answer = owner.device.get(&new.options);
            owner.check(&owner.ask(false), &answer)
        })),
        Flaw::Challenge
    );
}

#[test]
fn another_key_or_person_does_not_answer_for_this_one() {
    for alone in [true, false] {
        let (owner, mut other) = (owner(), self::owner());
        let asked = owner.ask(alone);
        let answer = other.device.get(&asked.options);
        assert_eq!(flaw(owner.check(&asked, &answer)), Flaw::Credential);
        // With the names of this one, the signature is wrong.
        other.device.credential.clone_from(&owner.device.credential);
        other.device.user.clone_from(&owner.device.user);
        let answer = other.device.get(&asked.options);
        assert_eq!(flaw(owner.check(&asked, &answer)), Flaw::Signature);
    }
    let (mut owner, mut other) = (owner(), self::owner());
    let asked = owner.ask(true);
    let mut answer = owner.device.get(&asked.options);
    // What was signed is not what is shown.
    other.device.count = Some(5);
    answer["response"]["authenticatorData"] = other.device.get(&asked.options)["response"]["authenticatorData"].take();
    assert_eq!(flaw(owner.check(&asked, &answer)), Flaw::Signature);
}

#[test]
fn a_counter_that_goes_back_shows_a_copy() {
    let mut owner = owner();
    let used = owner.answer(false, |device| device.count = Some(6)).unwrap();
    owner.passkey = owner.passkey.used(used, DateTime::UNIX_EPOCH);
    for (before, expected) in [(5, false), (6, false), (7, true)] {
        let result = owner.answer(false, |device| device.count = Some(before));
        if expected { assert!(result.is_ok()) } else { assert_eq!(flaw(result), Flaw::Counter, "{before}") }
    }
    // A device that never counts is none the worse.
    let mut still = self::owner();
    for _ in 0..3 {
        let used = still.answer(false, |device| device.count = None).unwrap();
        still.passkey = still.passkey.used(used, DateTime::UNIX_EPOCH);
        assert_eq!(still.passkey.sign_count, 0);
    }
}

#[test]
fn whatever_is_sent_is_no_answer() {
    let owner = owner();
    let asked = owner.ask(false);
    let new = passkeys().begin_registration(&owner.user, &[]).unwrap();
    let texts =
        ["null", "[]", "{}", "1", r#"{"id":"AAAA"}"#, r#"{"response":{}}"#, r#"{"response":{"clientDataJSON":""}}"#];
    for text in texts {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(flaw(passkeys().claim(&value)), Flaw::Malformed, "{text}");
        assert_eq!(flaw(owner.check(&asked, &value)), Flaw::Malformed, "{text}");
        assert_eq!(flaw(passkeys().finish_registration(&new.kept, &value)), Flaw::Malformed, "{text}");
    }
}

#[test]
fn what_cannot_be_read_back_is_corrupt() {
    let mut owner = owner();
    let asked = owner.ask(false);
    let answer = owner.device.get(&asked.options);
    for kept in ["", "any.", "any.!", "one.AAAA", "new.AAAA"] {
        let checked = passkeys().finish_assertion(kept, &answer, &owner.passkey);
        assert!(matches!(checked, Err(PasskeyError::Store(StoreError::Corrupt(_)))), "{kept}: {checked:?}");
    }
    for broken in
        [Passkey { key: vec![1], ..owner.passkey.clone() }, Passkey { state: vec![1], ..owner.passkey.clone() }]
    {
        let checked = passkeys().finish_assertion(&asked.kept, &answer, &broken);
        assert!(matches!(checked, Err(PasskeyError::Store(StoreError::Corrupt(_)))), "{checked:?}");
    }
}
