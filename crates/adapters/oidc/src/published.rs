//! What an issuer publishes about itself, and when it is fetched anew.

use crate::http::Http;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::issuer::address::is_endpoint_of;
use musubi_identity::issuer::error::OidcError;
use musubi_identity::issuer::settings::{IssuerKind, IssuerSettings};
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::url::Url;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long what an issuer has published holds: a key that it takes back is good for no longer here.
const HOLDS: TimeDelta = TimeDelta::hours(1);
/// How often an unknown key may have everything fetched anew: anybody can make up a key's name.
const ANEW: TimeDelta = TimeDelta::seconds(30);
/// How long an issuer that was away is left alone, so that people do not queue for it.
const AWAY: TimeDelta = TimeDelta::seconds(5);

/// What an issuer publishes.
pub(crate) struct Published {
    /// Where people sign in.
    pub(crate) authorization: Url,
    /// Where codes become tokens.
    pub(crate) token: Url,
    /// Where more is said of a person.
    pub(crate) userinfo: Option<Url>,
    /// Whether the client secret goes to the token endpoint in the body instead of a header.
    pub(crate) secret_in_body: bool,
    /// Whether its answers always say whose they are (RFC 9207, 3).
    pub(crate) names_itself: bool,
    /// Its public keys.
    pub(crate) keys: CoreJsonWebKeySet,
}

/// The part of a discovery document that counts here (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    userinfo_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The last that an issuer has published. One fetches, the others wait for it.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Shelved>);

#[derive(Default)]
struct Shelved {
    last: Option<(Arc<Published>, DateTime<Utc>)>,
    away_at: Option<DateTime<Utc>>,
}

impl Shelf {
    /// What the issuer has published within the last hour.
    pub(crate) async fn published(
        &self,
        http: &Http,
        settings: &IssuerSettings,
        now: DateTime<Utc>,
    ) -> Result<Arc<Published>, OidcError> {
        let mut shelved = self.0.lock().await;
        match &shelved.last {
            Some((published, at)) if now - *at < HOLDS => Ok(Arc::clone(published)),
            _ => shelved.fetch(http, settings, now).await,
        }
    }

    /// What the issuer publishes now, for a token whose key is not among those `seen`. `None`: it was asked a moment ago.
    pub(crate) async fn published_anew(
        &self,
        http: &Http,
        settings: &IssuerSettings,
        seen: &Arc<Published>,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Published>>, OidcError> {
        let mut shelved = self.0.lock().await;
        match &shelved.last {
            Some((published, _)) if !Arc::ptr_eq(published, seen) => Ok(Some(Arc::clone(published))),
            Some((_, at)) if now - *at < ANEW => Ok(None),
            _ => shelved.fetch(http, settings, now).await.map(Some),
        }
    }
}

impl Shelved {
    async fn fetch(
        &mut self,
        http: &Http,
        settings: &IssuerSettings,
        now: DateTime<Utc>,
    ) -> Result<Arc<Published>, OidcError> {
        if self.away_at.is_some_and(|at| now - at < AWAY) {
            return Err(OidcError::Unavailable(format!("{}: away a moment ago", settings.issuer)));
        }
        let fetched = fetched(http, settings).await;
        self.away_at = matches!(fetched, Err(OidcError::Unavailable(_))).then_some(now);
        let published = Arc::new(fetched?);
        self.last = Some((Arc::clone(&published), now));
        Ok(published)
    }
}

async fn fetched(http: &Http, settings: &IssuerSettings) -> Result<Published, OidcError> {
    let away = |away: crate::http::Away| OidcError::Unavailable(away.to_string());
    let wrong = |what: String| OidcError::Misconfigured(format!("{}: {what}", settings.issuer));
    let address = |address: &str| Url::parse(address).map_err(|error| wrong(error.to_string()));
    // OpenID Connect Discovery 1.0, 4: one slash between the two, whether the issuer ends in one or not.
    let document = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
    let found: Discovery = http.document(&address(&document)?).await.map_err(away)?;
    // OpenID Connect Discovery 1.0, 4.3.
    if found.issuer != settings.issuer {
        return Err(wrong(format!("its document is that of {}", found.issuer)));
    }
    let issuer = address(&settings.issuer)?;
    let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
    if let Some(strange) =
        endpoints.into_iter().chain(&found.userinfo_endpoint).find(|url| !is_endpoint_of(url, &issuer))
    {
        return Err(wrong(format!("its document names {strange}, which is not protected")));
    }
    Ok(Published {
        keys: http.document(&found.jwks_uri).await.map_err(away)?,
        secret_in_body: settings.kind == IssuerKind::Line || found.takes_no_basic(),
        names_itself: found.authorization_response_iss_parameter_supported,
        authorization: found.authorization_endpoint,
        token: found.token_endpoint,
        userinfo: found.userinfo_endpoint,
    })
}

impl Discovery {
    /// Who says nothing takes `client_secret_basic` (OpenID Connect Discovery 1.0, 3).
    fn takes_no_basic(&self) -> bool {
        let says = |methods: &Vec<String>, method: &str| methods.iter().any(|known| known == method);
        self.token_endpoint_auth_methods_supported
            .as_ref()
            .is_some_and(|methods| says(methods, "client_secret_post") && !says(methods, "client_secret_basic"))
    }
}
