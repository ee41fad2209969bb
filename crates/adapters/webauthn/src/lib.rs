//! Passkeys after WebAuthn Level 3: the port [`Passkeys`] of identity.
//!
//! | module | what it does |
//! |---|---|
//! | [`relying_party`] | for which name passkeys are made, and on which pages they answer |
//! | `ask` | what devices are asked |
//! | `check` | what they answer |
//! | `stored` | what is kept between the two, and of a passkey |
//! | `testing` | with the feature of that name: a device without hardware |
//!
//! The formats, checks and signatures are those of the crate `webauthn_rp`: Ed25519, ECDSA with P-256 and P-384, and RSA with
//! SHA-256. Questions are 128 bits of the operating system's randomness, which the crate asks for itself, and it has a
//! clock of its own by which a question ends after five minutes; how long an answer is awaited is up to the use case,
//! which goes by its own clock.
//!
//! Which device it is does not matter here, so none is asked to attest what it is.

mod ask;
mod check;
pub mod relying_party;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;

use musubi_identity::passkey::port::{Asked, PasskeyError, Passkeys, Registered, Used};
use musubi_identity::passkey::{CredentialId, Passkey};
use musubi_identity::user::User;
use relying_party::RelyingParty;
use serde_json::Value;

/// Passkeys of one relying party.
#[derive(Debug)]
pub struct WebauthnPasskeys {
    party: RelyingParty,
}

impl WebauthnPasskeys {
    /// Passkeys that are made for this name, and answer on its pages.
    pub const fn new(party: RelyingParty) -> Self {
        Self { party }
    }
}

impl Passkeys for WebauthnPasskeys {
    fn begin_registration(&self, owner: &User, present: &[Passkey]) -> Result<Asked, PasskeyError> {
        ask::for_new(&self.party, owner, present)
    }

    fn finish_registration(&self, kept: &str, credential: &Value) -> Result<Registered, PasskeyError> {
        check::made(&self.party, kept, credential)
    }

    fn begin_assertion(&self, of: Option<&[Passkey]>) -> Result<Asked, PasskeyError> {
        match of {
            Some(of) => ask::for_one_of(&self.party, of),
            None => ask::for_any(&self.party),
        }
    }

    fn claim(&self, credential: &Value) -> Result<CredentialId, PasskeyError> {
        check::claim(credential)
    }

    fn finish_assertion(&self, kept: &str, credential: &Value, passkey: &Passkey) -> Result<Used, PasskeyError> {
        check::answer(&self.party, kept, credential, passkey)
    }
}
