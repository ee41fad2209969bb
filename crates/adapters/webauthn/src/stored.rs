//! What is kept between question and answer, and of a passkey.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_identity::passkey::{Passkey, Transport};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use std::collections::BTreeSet;
use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::PublicKeyCredentialDescriptor;
use webauthn_rp::request::register::UserHandle;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};

/// What a device takes a person to be: the bytes of their id.
pub(crate) type Handle = UserHandle<16>;
/// The key of a passkey that was read from the store.
pub(crate) type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Which kind of question it is: each is checked in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    New,
    Any,
    OneOf,
}

impl Question {
    const fn mark(self) -> &'static str {
        match self {
            Self::New => "new.",
            Self::Any => "any.",
            Self::OneOf => "one.",
        }
    }

    pub(crate) fn keep(self, bytes: &[u8]) -> String {
        format!("{}{}", self.mark(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The bytes of a question, and of which of these kinds it is.
    pub(crate) fn read(kept: &str, kinds: &[Self]) -> Result<(Self, Vec<u8>), StoreError> {
        let read = kinds.iter().find_map(|kind| kept.strip_prefix(kind.mark()).map(|text| (*kind, text)));
        read.and_then(|(kind, text)| Some((kind, URL_SAFE_NO_PAD.decode(text).ok()?)))
            .ok_or_else(|| corrupt("the question of a passkey"))
    }
}

pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("passkeys: {what} cannot be read"))
}

pub(crate) fn handle(user: UserId) -> Handle {
    match Handle::decode(*user.0.as_bytes()) {
        Ok(handle) => handle,
        Err(never) => match never {},
    }
}

pub(crate) fn key(passkey: &Passkey) -> Result<StaticState<Key>, StoreError> {
    StaticState::decode(passkey.key.as_slice()).map_err(|_| corrupt("a key"))
}

pub(crate) fn state(passkey: &Passkey) -> Result<DynamicState, StoreError> {
    let bytes = passkey.state.as_slice().try_into().map_err(|_| corrupt("a state"))?;
    DynamicState::decode(bytes).map_err(|_| corrupt("a state"))
}

pub(crate) fn descriptor(passkey: &Passkey) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, StoreError> {
    let id = CredentialId::decode(passkey.credential.as_bytes().to_vec()).map_err(|_| corrupt("a credential's id"))?;
    let names = serde_json::to_value(&passkey.transports);
    let transports = names.and_then(serde_json::from_value::<AuthTransports>);
    Ok(PublicKeyCredentialDescriptor { id, transports: transports.map_err(|_| corrupt("transports"))? })
}

pub(crate) fn transports(of: AuthTransports) -> Result<BTreeSet<Transport>, StoreError> {
    let names = serde_json::to_value(of).and_then(serde_json::from_value);
    names.map_err(|error| StoreError::Internal(format!("transports of a passkey: {error}")))
}
