//! No issuers at all, as in an installation that names none.

use super::Issuers;
use super::claims::Claims;
use super::error::OidcError;
use super::pending::{Begun, Callback, Pending};
use async_trait::async_trait;
use musubi_kernel::secret::Secret;

/// Nobody signs in through others.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoIssuers;

#[async_trait]
impl Issuers for NoIssuers {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn begin(&self, _: &str, _: &str) -> Result<Begun, OidcError> {
        Err(OidcError::UnknownIssuer)
    }

    async fn finish(&self, _: Pending, _: &Callback) -> Result<Claims, OidcError> {
        Err(OidcError::UnknownIssuer)
    }

    async fn verify_id_token(&self, _: &str, _: &Secret, _: Option<&Secret>) -> Result<Claims, OidcError> {
        Err(OidcError::UnknownIssuer)
    }
}
