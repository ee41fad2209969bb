//! Signing in through OpenID Connect issuers: the port [`Issuers`] of identity, over HTTP.
//!
//! | module | what it does |
//! |---|---|
//! | [`http`] | asks issuers, with bounds on time and size |
//! | `published` | what an issuer publishes about itself, and when it is fetched anew |
//! | `exchange` | the address to begin at, a code for an ID token, and the userinfo endpoint |
//! | `verify` | the checks of an ID token |
//!
//! The protocol's requests, answers and signatures are those of the crate `openidconnect`. Here is what it leaves open:
//! which algorithms, whose time, `azp`, when keys are fetched, and what a refusal is called.

mod exchange;
pub mod http;
mod published;
mod verify;

use async_trait::async_trait;
use http::{Http, Limits};
use musubi_identity::issuer::Issuers;
use musubi_identity::issuer::claims::Claims;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::pending::{Begun, Callback, Pending};
use musubi_identity::issuer::settings::{IssuerSettings, check_all};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use openidconnect::OAuth2TokenResponse as _;
use openidconnect::core::CoreIdToken;
use published::{Published, Shelf};
use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;
use verify::Expected;

/// Why sign-ins through issuers cannot be offered at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// What is wrong with the settings, each by its place: `/0/issuer`.
    #[error("an issuer is set up wrongly: {0}")]
    Settings(#[from] Invalid),
    /// The computer's certificates of authorities cannot be read.
    #[error("no certificates to know issuers by: {0}")]
    Certificates(#[from] std::io::Error),
}

/// Issuers that are asked over HTTP. What they publish is remembered.
pub struct OidcIssuers {
    issuers: BTreeMap<String, Issuer>,
    http: Http,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
}

struct Issuer {
    settings: IssuerSettings,
    shelf: Shelf,
}

impl OidcIssuers {
    /// The issuers of these settings. Nothing is sent yet: that one is away now keeps nobody from starting.
    pub fn new(
        settings: Vec<IssuerSettings>,
        limits: Limits,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
    ) -> Result<Self, SetupError> {
        check_all(&settings)?;
        let issuer = |settings: IssuerSettings| (settings.name.clone(), Issuer { settings, shelf: Shelf::default() });
        let http = Http::new(limits, Arc::clone(&clock))?;
        Ok(Self { issuers: settings.into_iter().map(issuer).collect(), http, clock, ids })
    }

    fn issuer(&self, name: &str) -> Result<&Issuer, OidcError> {
        self.issuers.get(name).ok_or(OidcError::UnknownIssuer)
    }

    async fn published(&self, issuer: &Issuer) -> Result<Arc<Published>, OidcError> {
        issuer.shelf.published(&self.http, &issuer.settings, self.clock.now()).await
    }

    /// Checks a token with the keys at hand, and once more with newer ones when none of those is the token's.
    async fn checked(
        &self,
        issuer: &Issuer,
        published: &Arc<Published>,
        token: &CoreIdToken,
        expected: Expected<'_>,
    ) -> Result<Claims, OidcError> {
        let check =
            |published: &Published| verify::check(&issuer.settings, &published.keys, self.clock.now(), token, expected);
        let first = check(published);
        if first != Err(TokenCheck::Key) {
            return first.map_err(OidcError::TokenRefused);
        }
        let anew = issuer.shelf.published_anew(&self.http, &issuer.settings, published, self.clock.now()).await?;
        let second = anew.map_or(first, |published| check(&published));
        second.map_err(OidcError::TokenRefused)
    }
}

#[async_trait]
impl Issuers for OidcIssuers {
    fn names(&self) -> Vec<String> {
        self.issuers.keys().cloned().collect()
    }

    async fn begin(&self, name: &str, redirect_uri: &str) -> Result<Begun, OidcError> {
        let issuer = self.issuer(name)?;
        let published = self.published(issuer).await?;
        let pending = Pending::new(name, redirect_uri, &*self.ids);
        let url = exchange::beginning(&issuer.settings, &published, &pending)?;
        Ok(Begun { url, pending })
    }

    async fn finish(&self, pending: Pending, answer: &Callback) -> Result<Claims, OidcError> {
        let issuer = self.issuer(&pending.issuer_name)?;
        let published = self.published(issuer).await?;
        let code = pending.code(answer, &issuer.settings.issuer, published.names_itself)?;
        let (tokens, id_token) = exchange::tokens(&self.http, &issuer.settings, &published, &pending, code).await?;
        let expected = Expected { nonce: Some(&pending.nonce), access_token: Some(tokens.access_token()) };
        let claims = self.checked(issuer, &published, &id_token, expected).await?;
        exchange::completed(&self.http, &issuer.settings, &published, &tokens, claims).await
    }

    async fn verify_id_token(&self, name: &str, token: &Secret, nonce: Option<&Secret>) -> Result<Claims, OidcError> {
        let issuer = self.issuer(name)?;
        let token = CoreIdToken::from_str(token.expose()).map_err(|_| OidcError::TokenRefused(TokenCheck::Form))?;
        let published = self.published(issuer).await?;
        self.checked(issuer, &published, &token, Expected { nonce, access_token: None }).await
    }
}
