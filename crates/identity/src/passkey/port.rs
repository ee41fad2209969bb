//! What checks the answers of passkeys.

use super::{CredentialId, Passkey, Transport};
use crate::user::User;
use musubi_kernel::codes;
use musubi_kernel::error::StoreError;
use serde_json::Value;
use std::collections::BTreeSet;

codes! {
    /// What is wrong with the answer of a passkey.
    Flaw {
        /// It is not an answer of a passkey at all.
        Malformed = "malformed",
        /// It answers another question.
        Challenge = "challenge",
        /// It was given on another page, or in another app.
        Origin = "origin",
        /// It was given in a frame of another page.
        CrossOrigin = "cross_origin",
        /// It was made for another service.
        RelyingParty = "relying_party",
        /// The device did not ask who is there.
        UserNotVerified = "user_not_verified",
        /// It is not one of those that were asked, or another person's.
        Credential = "credential",
        /// The key did not sign it.
        Signature = "signature",
        /// The passkey has counted more uses before: there may be a copy of it that nobody should have.
        Counter = "counter",
        /// Its kind of key is not known here.
        Algorithm = "algorithm",
        /// It breaks another rule of the standard.
        Other = "other",
    }
}

/// Why a passkey is not asked, or its answer not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The answer is wrong.
    #[error("the answer of the passkey is wrong: {}", .0.code())]
    Wrong(Flaw),
    /// What is kept cannot be read, or the service cannot ask at all.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a device is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What the answer is compared with: ASCII, up to 8192 characters.
    pub kept: String,
    /// What the device needs: the argument of `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: Value,
}

/// A passkey that a device just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// By which its device names it.
    pub credential: CredentialId,
    /// What it signs with, in the adapter's own form.
    pub key: Vec<u8>,
    /// What the next answer is compared with, in the adapter's own form.
    pub state: Vec<u8>,
    /// How its device talks to it.
    pub transports: BTreeSet<Transport>,
    /// Whether there is a copy of it.
    pub is_backed_up: bool,
    /// How often it has signed.
    pub sign_count: u32,
}

/// What a right answer changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What the next answer is compared with.
    pub state: Vec<u8>,
    /// Whether there is a copy of it by now.
    pub is_backed_up: bool,
    /// How often it has signed.
    pub sign_count: u32,
}

/// Asks devices, and checks what they answer. Every answer must be given on an own page or in an own app, by a device that
/// has asked who is there.
///
/// Credentials are JSON as `PublicKeyCredential.toJSON()` has it.
pub trait Passkeys: Send + Sync {
    /// Asks for a new passkey of a person, in no device that holds one of those present.
    fn begin_registration(&self, owner: &User, present: &[Passkey]) -> Result<Asked, PasskeyError>;

    /// The passkey that was made.
    fn finish_registration(&self, kept: &str, credential: &Value) -> Result<Registered, PasskeyError>;

    /// Asks for an answer of one of these, which are one person's and at least one; `None`: of any that the device holds.
    fn begin_assertion(&self, of: Option<&[Passkey]>) -> Result<Asked, PasskeyError>;

    /// Of which passkey the answer says to be, by the name that its device has for it. Not checked yet.
    fn claim(&self, credential: &Value) -> Result<CredentialId, PasskeyError>;

    /// Checks an answer of this passkey, which must be one of those that were asked.
    fn finish_assertion(&self, kept: &str, credential: &Value, passkey: &Passkey) -> Result<Used, PasskeyError>;
}
