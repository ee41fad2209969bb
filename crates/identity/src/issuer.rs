//! Signing in through others: issuers of OpenID Connect such as Google and LINE.
//!
//! | module | subject |
//! |---|---|
//! | [`settings`] | how an issuer is configured, and what is wrong with a configuration |
//! | [`pending`] | what is kept while a person is at the issuer, and what the issuer's answer must be |
//! | [`claims`] | what an issuer says of a person |
//! | [`error`] | why somebody is not signed in |
//! | [`address`] | which addresses may be trusted with secrets |
//! | [`redirects`] | where an issuer may send people back to |
//! | [`none`] | no issuers at all |
//! | [`memory`] | a fake of the port |
//!
//! A sign-in has two halves. [`Issuers::begin`] gives the address to send the person to, and what must be kept until the
//! person comes back. [`Issuers::finish`] takes what was kept and what the person came back with, and gives the claims.

pub mod address;
pub mod claims;
pub mod error;
pub mod memory;
pub mod none;
pub mod pending;
pub mod redirects;
pub mod settings;

use async_trait::async_trait;
use claims::Claims;
use error::OidcError;
use musubi_kernel::secret::Secret;
use pending::{Begun, Callback, Pending};

/// The issuers that people may sign in through.
#[async_trait]
pub trait Issuers: Send + Sync {
    /// The configured names.
    fn names(&self) -> Vec<String>;

    /// Begins a sign-in at the issuer of this name. The issuer sends the person back to `redirect_uri`, which must be
    /// registered there: an address of this service, or of an app (RFC 8252, 7).
    async fn begin(&self, name: &str, redirect_uri: &str) -> Result<Begun, OidcError>;

    /// Ends a sign-in with what the person came back with. `pending` is used up, whatever comes of it: a code is good for
    /// one attempt (RFC 6749, 4.1.2).
    async fn finish(&self, pending: Pending, answer: &Callback) -> Result<Claims, OidcError>;

    /// Checks an ID token that an app got from the issuer by itself, such as a LINE mini-app from LIFF. It must be meant
    /// for our client id. Whoever has such a token can show it again until it expires, unless `nonce` is one that was
    /// made for this sign-in.
    async fn verify_id_token(&self, name: &str, token: &Secret, nonce: Option<&Secret>) -> Result<Claims, OidcError>;
}
