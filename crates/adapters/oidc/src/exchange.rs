//! The address to begin at, a code for an ID token, and the userinfo endpoint.

use crate::http::Http;
use crate::published::Published;
use crate::verify::text;
use musubi_identity::issuer::claims::Claims;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::pending::Pending;
use musubi_identity::issuer::settings::{IssuerKind, IssuerSettings};
use musubi_kernel::secret::Secret;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdToken, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SubjectIdentifier, TokenResponse as _, TokenUrl, UserInfoError, UserInfoUrl,
};

/// Where a sign-in begins (OpenID Connect Core 1.0, 3.1.2.1; RFC 7636, 4.3).
pub(crate) fn beginning(
    settings: &IssuerSettings,
    published: &Published,
    pending: &Pending,
) -> Result<String, OidcError> {
    let client = client(settings, published)?
        .set_auth_uri(AuthUrl::from_url(published.authorization.clone()))
        .set_redirect_uri(redirect(pending)?);
    let (state, nonce) = (pending.state.expose().to_owned(), pending.nonce.expose().to_owned());
    // The client itself asks for `openid`.
    let scopes = settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let (url, ..) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
        .add_scopes(scopes)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(pending)))
        .url();
    Ok(url.into())
}

/// The tokens for a code (OpenID Connect Core 1.0, 3.1.3.1).
pub(crate) async fn tokens(
    http: &Http,
    settings: &IssuerSettings,
    published: &Published,
    pending: &Pending,
    code: &Secret,
) -> Result<(CoreTokenResponse, CoreIdToken), OidcError> {
    let client = client(settings, published)?
        .set_token_uri(TokenUrl::from_url(published.token.clone()))
        .set_redirect_uri(redirect(pending)?);
    let asked = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .set_pkce_verifier(verifier(pending))
        .request_async(http)
        .await;
    let tokens = asked.map_err(|error| match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => OidcError::CodeRefused,
            _ => OidcError::Misconfigured(format!("{}: {answer}", published.token)),
        },
        RequestTokenError::Request(away) => OidcError::Unavailable(away.to_string()),
        RequestTokenError::Parse(..) => OidcError::TokenRefused(TokenCheck::Form),
        RequestTokenError::Other(what) => OidcError::Unavailable(format!("{}: {what}", published.token)),
    })?;
    let id_token = tokens.id_token().cloned().ok_or(OidcError::TokenRefused(TokenCheck::Form))?;
    Ok((tokens, id_token))
}

/// The claims, with those from the userinfo endpoint when the ID token leaves out an e-mail address that was asked for:
/// an issuer that gives an access token may keep them there (OpenID Connect Core 1.0, 5.4). LINE's has no address.
pub(crate) async fn completed(
    http: &Http,
    settings: &IssuerSettings,
    published: &Published,
    tokens: &CoreTokenResponse,
    claims: Claims,
) -> Result<Claims, OidcError> {
    let asked = settings.scopes.iter().any(|scope| scope == "email");
    let Some(endpoint) = &published.userinfo else { return Ok(claims) };
    if claims.email.is_some() || !asked || settings.kind == IssuerKind::Line {
        return Ok(claims);
    }
    let client = client(settings, published)?.set_user_info_url(UserInfoUrl::from_url(endpoint.clone()));
    // OpenID Connect Core 1.0, 5.3.2: only what is said of the same subject counts.
    let subject = SubjectIdentifier::new(claims.subject.clone());
    let asked = client.user_info(tokens.access_token().clone(), Some(subject)).request_async(http).await;
    let said: CoreUserInfoClaims = asked.map_err(|error| match error {
        UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
            OidcError::TokenRefused(TokenCheck::Subject)
        }
        UserInfoError::Request(away) => OidcError::Unavailable(away.to_string()),
        other => OidcError::Unavailable(format!("{endpoint}: {other}")),
    })?;
    Ok(Claims {
        email: said.email().map(|email| email.to_string()),
        email_verified: said.email_verified().unwrap_or(false),
        name: claims.name.or_else(|| text(said.name())),
        picture: claims.picture.or_else(|| text(said.picture())),
        locale: claims.locale.or_else(|| said.locale().map(ToString::to_string)),
        ..claims
    })
}

fn client(settings: &IssuerSettings, published: &Published) -> Result<CoreClient, OidcError> {
    let issuer =
        IssuerUrl::new(settings.issuer.clone()).map_err(|error| OidcError::Misconfigured(error.to_string()))?;
    let auth = if published.secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(CoreClient::new(ClientId::new(settings.client_id.clone()), issuer, published.keys.clone())
        .set_client_secret(ClientSecret::new(settings.client_secret.expose().to_owned()))
        .set_auth_type(auth))
}

fn redirect(pending: &Pending) -> Result<RedirectUrl, OidcError> {
    let wrong =
        |error| OidcError::Misconfigured(format!("{} is no address to come back to: {error}", pending.redirect_uri));
    RedirectUrl::new(pending.redirect_uri.clone()).map_err(wrong)
}

fn verifier(pending: &Pending) -> PkceCodeVerifier {
    PkceCodeVerifier::new(pending.pkce_verifier.expose().to_owned())
}
