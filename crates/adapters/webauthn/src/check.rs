//! What devices answer.

use crate::relying_party::RelyingParty;
use crate::stored::{Question, corrupt, handle, key, state, transports};
use musubi_identity::passkey::port::{Flaw, PasskeyError, Registered, Used};
use musubi_identity::passkey::{CredentialId, Passkey};
use musubi_kernel::error::StoreError;
use serde_json::Value;
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::RegistrationVerificationOptions;
use webauthn_rp::response::Backup;
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::DynamicState;
use webauthn_rp::response::register::error::RegCeremonyErr;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    NonDiscoverableAuthentication16, NonDiscoverableAuthenticationServerState, Registration, RegistrationServerState,
};

const fn wrong(flaw: Flaw) -> PasskeyError {
    PasskeyError::Wrong(flaw)
}

/// The answer as the bytes of its JSON: the crate reads it in its own way, and refuses what is there twice.
fn json(credential: &Value) -> Vec<u8> {
    credential.to_string().into_bytes()
}

/// Checks the making of a passkey.
pub(crate) fn made(party: &RelyingParty, kept: &str, credential: &Value) -> Result<Registered, PasskeyError> {
    let (_, bytes) = Question::read(kept, &[Question::New])?;
    let question = RegistrationServerState::<16>::decode(bytes.as_slice()).map_err(|_| corrupt("a question"))?;
    let answer = Registration::from_json_relaxed(&json(credential)).map_err(|_| wrong(Flaw::Malformed))?;
    let options = RegistrationVerificationOptions::<String, String> {
        allowed_origins: &party.origins,
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let made = question.verify(&party.id, &answer, &options).map_err(|error| wrong(flaw_of_making(&error)))?;
    let now = made.dynamic_state();
    let id = made.id();
    let Ok(key) = made.static_state().encode();
    Ok(Registered {
        credential: CredentialId::new(id.as_ref().to_vec()).ok_or(wrong(Flaw::Malformed))?,
        key,
        state: encoded(now),
        transports: transports(made.transports())?,
        is_backed_up: now.backup == Backup::Exists,
        sign_count: now.sign_count,
    })
}

/// Of which passkey the answer says to be.
pub(crate) fn claim(credential: &Value) -> Result<CredentialId, PasskeyError> {
    let answer =
        NonDiscoverableAuthentication16::from_json_relaxed(&json(credential)).map_err(|_| wrong(Flaw::Malformed))?;
    CredentialId::new(answer.raw_id().as_ref().to_vec()).ok_or(wrong(Flaw::Malformed))
}

/// Checks an answer of a passkey.
pub(crate) fn answer(
    party: &RelyingParty,
    kept: &str,
    credential: &Value,
    passkey: &Passkey,
) -> Result<Used, PasskeyError> {
    let (kind, bytes) = Question::read(kept, &[Question::Any, Question::OneOf])?;
    let unreadable = || corrupt("a question");
    let options = AuthenticationVerificationOptions::<String, String> {
        allowed_origins: &party.origins,
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    let id = webauthn_rp::response::CredentialId::<&[u8]>::decode(passkey.credential.as_bytes())
        .map_err(|_| corrupt("a credential's id"))?;
    let user = handle(passkey.user);
    let mut known = AuthenticatedCredential::new(id, &user, key(passkey)?, state(passkey)?)
        .map_err(|error| StoreError::Corrupt(format!("passkeys: {error}")))?;
    let json = json(credential);
    let checked = if kind == Question::Any {
        let question = DiscoverableAuthenticationServerState::decode(&bytes).map_err(|_| unreadable())?;
        let answer = DiscoverableAuthentication16::from_json_relaxed(&json).map_err(|_| wrong(Flaw::Malformed))?;
        question.verify(&party.id, &answer, &mut known, &options)
    } else {
        let question = NonDiscoverableAuthenticationServerState::decode(&bytes).map_err(|_| unreadable())?;
        let answer = NonDiscoverableAuthentication16::from_json_relaxed(&json).map_err(|_| wrong(Flaw::Malformed))?;
        question.verify(&party.id, &answer, &mut known, &options)
    };
    checked.map_err(|error| wrong(flaw_of_answer(&error)))?;
    let now = known.dynamic_state();
    Ok(Used { state: encoded(now), is_backed_up: now.backup == Backup::Exists, sign_count: now.sign_count })
}

fn encoded(state: DynamicState) -> Vec<u8> {
    let Ok(bytes) = state.encode();
    bytes.to_vec()
}

fn flaw_of_making(error: &RegCeremonyErr) -> Flaw {
    match error {
        RegCeremonyErr::CollectedClientData(_)
        | RegCeremonyErr::CollectedClientDataRelaxed(_)
        | RegCeremonyErr::AttestationObject(_) => Flaw::Malformed,
        RegCeremonyErr::ChallengeMismatch => Flaw::Challenge,
        RegCeremonyErr::OriginMismatch => Flaw::Origin,
        RegCeremonyErr::CrossOrigin | RegCeremonyErr::TopOriginMismatch => Flaw::CrossOrigin,
        RegCeremonyErr::RpIdHashMismatch => Flaw::RelyingParty,
        RegCeremonyErr::UserNotPresent | RegCeremonyErr::UserNotVerified => Flaw::UserNotVerified,
        RegCeremonyErr::AttestationSignature => Flaw::Signature,
        RegCeremonyErr::PubKey(_) | RegCeremonyErr::PublicKeyAlgorithmMismatch => Flaw::Algorithm,
        _ => Flaw::Other,
    }
}

fn flaw_of_answer(error: &AuthCeremonyErr) -> Flaw {
    match error {
        AuthCeremonyErr::CollectedClientData(_)
        | AuthCeremonyErr::CollectedClientDataRelaxed(_)
        | AuthCeremonyErr::AuthenticatorData(_) => Flaw::Malformed,
        AuthCeremonyErr::ChallengeMismatch => Flaw::Challenge,
        AuthCeremonyErr::OriginMismatch => Flaw::Origin,
        AuthCeremonyErr::CrossOrigin | AuthCeremonyErr::TopOriginMismatch => Flaw::CrossOrigin,
        AuthCeremonyErr::RpIdHashMismatch => Flaw::RelyingParty,
        AuthCeremonyErr::UserNotVerified => Flaw::UserNotVerified,
        AuthCeremonyErr::AssertionSignature => Flaw::Signature,
        AuthCeremonyErr::SignatureCounter => Flaw::Counter,
        AuthCeremonyErr::UserHandleMismatch
        | AuthCeremonyErr::CredentialIdMismatch
        | AuthCeremonyErr::NoMatchingAllowedCredential
        | AuthCeremonyErr::MissingUserHandle => Flaw::Credential,
        _ => Flaw::Other,
    }
}
