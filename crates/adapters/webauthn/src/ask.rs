//! What devices are asked.

use crate::relying_party::RelyingParty;
use crate::stored::{Question, descriptor, handle};
use musubi_identity::passkey::Passkey;
use musubi_identity::passkey::port::{Asked, PasskeyError};
use musubi_identity::user::User;
use musubi_kernel::error::StoreError;
use serde_json::Value;
use std::fmt::Display;
use webauthn_rp::bin::Encode as _;
use webauthn_rp::request::auth::{AllowedCredentials, PublicKeyCredentialRequestOptions};
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialUserEntity, ResidentKeyRequirement, Username,
};
use webauthn_rp::request::{Credentials as _, ExtensionInfo, UserVerificationRequirement};
use webauthn_rp::{
    DiscoverableCredentialRequestOptions, NonDiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions,
};

/// A defect: the settings and what is stored are checked before.
fn internal(error: &dyn Display) -> StoreError {
    StoreError::Internal(format!("a passkey cannot be asked: {error}"))
}

fn asked(question: Question, kept: &[u8], options: Result<Value, serde_json::Error>) -> Result<Asked, PasskeyError> {
    let options = options.map_err(|error| internal(&error))?;
    Ok(Asked { kept: question.keep(kept), options })
}

/// A new passkey of a person, who is asked for; one that can be found without their name, if the device can.
pub(crate) fn for_new(party: &RelyingParty, owner: &User, present: &[Passkey]) -> Result<Asked, PasskeyError> {
    let id = handle(owner.id);
    let own = owner.id.to_string();
    // Names that the standard has no form for: the device shows the id instead.
    let name = owner.email.as_ref().and_then(|email| Username::try_from(email.as_str()).ok());
    let user = PublicKeyCredentialUserEntity {
        name: name.map_or_else(|| Username::try_from(own.as_str()), Ok).map_err(|error| internal(&error))?,
        id: &id,
        display_name: Nickname::try_from(owner.display_name.as_str()).ok(),
    };
    let exclude = present.iter().map(descriptor).collect::<Result<_, _>>()?;
    let mut options = PublicKeyCredentialCreationOptions::passkey(&party.id, user, exclude);
    options.authenticator_selection.resident_key = ResidentKeyRequirement::Preferred;
    options.authenticator_selection.user_verification = UserVerificationRequirement::Required;
    options.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
    let (server, client) = options.start_ceremony().map_err(|error| internal(&error))?;
    let kept = server.encode().map_err(|error| internal(&error))?;
    asked(Question::New, &kept, serde_json::to_value(&client))
}

/// Any passkey that the device can find by itself.
pub(crate) fn for_any(party: &RelyingParty) -> Result<Asked, PasskeyError> {
    let options = DiscoverableCredentialRequestOptions::passkey(&party.id);
    let (server, client) = options.start_ceremony().map_err(|error| internal(&error))?;
    let kept = server.encode().map_err(|error| internal(&error))?;
    asked(Question::Any, &kept, serde_json::to_value(&client))
}

/// One of these passkeys.
pub(crate) fn for_one_of(party: &RelyingParty, of: &[Passkey]) -> Result<Asked, PasskeyError> {
    let mut allowed = AllowedCredentials::with_capacity(of.len());
    for passkey in of {
        allowed.push(descriptor(passkey)?.into());
    }
    let mut options =
        NonDiscoverableCredentialRequestOptions::second_factor(&party.id, allowed).map_err(|error| internal(&error))?;
    *options.options() = PublicKeyCredentialRequestOptions::passkey(&party.id);
    let (server, client) = options.start_ceremony().map_err(|error| internal(&error))?;
    let kept = server.encode().map_err(|error| internal(&error))?;
    asked(Question::OneOf, &kept, serde_json::to_value(&client))
}
