//! The checks of an ID token: OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.8.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::issuer::claims::Claims;
use musubi_identity::issuer::error::TokenCheck;
use musubi_identity::issuer::settings::{Algorithm, IssuerSettings};
use musubi_kernel::secret::Secret;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, ClientSecret, IssuerUrl, JsonWebKey as _,
    JwsSigningAlgorithm as _, LocalizedClaim, Nonce, NonceVerifier as _, SignatureVerificationError,
};
use std::ops::Deref;

/// How far the clocks of two computers may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// The most characters of a subject (OpenID Connect Core 1.0, 2).
const SUBJECT_LENGTH: usize = 255;

/// What a token is to belong to.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The sign-in that it was made for; `None`: any.
    pub(crate) nonce: Option<&'a Secret>,
    /// The access token that came with it.
    pub(crate) access_token: Option<&'a AccessToken>,
}

/// The claims of a token that passes every check, or the first that it does not pass.
pub(crate) fn check(
    settings: &IssuerSettings,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
    token: &CoreIdToken,
    expected: Expected<'_>,
) -> Result<Claims, TokenCheck> {
    let verifier = verifier(settings, keys, now)?;
    let nonce = |found: Option<&Nonce>| match expected.nonce {
        Some(nonce) => Nonce::new(nonce.expose().to_owned()).verify(found),
        None => Ok(()),
    };
    let claims = token.claims(&verifier, nonce).map_err(|error| name(&error))?;
    authorized_party(settings, claims)?;
    if claims.issue_time() > now + LEEWAY {
        return Err(TokenCheck::IssuedLater);
    }
    if let Some(access_token) = expected.access_token {
        access_token_hash(settings, &verifier, token, claims, access_token)?;
    }
    said(settings, claims)
}

fn verifier<'a>(
    settings: &IssuerSettings,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
) -> Result<CoreIdTokenVerifier<'a>, TokenCheck> {
    let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| TokenCheck::Issuer)?;
    let client = ClientId::new(settings.client_id.clone());
    let secret = ClientSecret::new(settings.client_secret.expose().to_owned());
    Ok(CoreIdTokenVerifier::new_confidential_client(client, secret, issuer, keys.clone())
        .set_allowed_algs(settings.kind.algorithms().iter().map(|&algorithm| known(algorithm)))
        // `authorized_party` looks at tokens for several.
        .set_other_audience_verifier_fn(|_| true)
        .set_time_fn(move || now - LEEWAY))
}

const fn known(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
        Algorithm::Hs256 => CoreJwsSigningAlgorithm::HmacSha256,
    }
}

/// Steps 4 and 5: a token for several clients must name us as the one it was given to, and no token may name another.
fn authorized_party(settings: &IssuerSettings, claims: &CoreIdTokenClaims) -> Result<(), TokenCheck> {
    match claims.authorized_party() {
        Some(party) if party.as_str() == settings.client_id => Ok(()),
        None if claims.audiences().len() == 1 => Ok(()),
        _ => Err(TokenCheck::AuthorizedParty),
    }
}

/// 3.1.3.8: the token says, if it likes, which access token it came with.
fn access_token_hash(
    settings: &IssuerSettings,
    verifier: &CoreIdTokenVerifier<'_>,
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    access_token: &AccessToken,
) -> Result<(), TokenCheck> {
    let Some(hash) = claims.access_token_hash() else { return Ok(()) };
    let algorithm = token.signing_alg().map_err(|_| TokenCheck::Algorithm)?;
    let key = if algorithm.uses_shared_secret() {
        CoreJsonWebKey::new_symmetric(settings.client_secret.expose().as_bytes().to_vec())
    } else {
        token.signing_key(verifier).map_err(|_| TokenCheck::Key)?.clone()
    };
    let own = AccessTokenHash::from_token(access_token, algorithm, &key).map_err(|_| TokenCheck::AccessToken)?;
    if own == *hash { Ok(()) } else { Err(TokenCheck::AccessToken) }
}

fn said(settings: &IssuerSettings, claims: &CoreIdTokenClaims) -> Result<Claims, TokenCheck> {
    let subject = claims.subject().to_string();
    if subject.trim().is_empty() || subject.chars().count() > SUBJECT_LENGTH {
        return Err(TokenCheck::Subject);
    }
    Ok(Claims {
        issuer_name: settings.name.clone(),
        subject,
        email: claims.email().map(|email| email.to_string()),
        email_verified: claims.email_verified().unwrap_or(false),
        name: text(claims.name()),
        picture: text(claims.picture()),
        locale: claims.locale().map(ToString::to_string),
    })
}

/// A claim that may come in several languages, in the issuer's own choice.
pub(crate) fn text<T: Deref<Target = String>>(claim: Option<&LocalizedClaim<T>>) -> Option<String> {
    claim?.get(None).map(|text| (**text).clone())
}

fn name(error: &ClaimsVerificationError) -> TokenCheck {
    match error {
        ClaimsVerificationError::InvalidIssuer(_) => TokenCheck::Issuer,
        ClaimsVerificationError::InvalidAudience(_) => TokenCheck::Audience,
        ClaimsVerificationError::Expired(_) => TokenCheck::Expired,
        ClaimsVerificationError::InvalidNonce(_) => TokenCheck::Nonce,
        ClaimsVerificationError::InvalidSubject(_) => TokenCheck::Subject,
        ClaimsVerificationError::SignatureVerification(error) => match error {
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_)
            | SignatureVerificationError::NoSignature => TokenCheck::Algorithm,
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::AmbiguousKeyId(_) => {
                TokenCheck::Key
            }
            _ => TokenCheck::Signature,
        },
        _ => TokenCheck::Form,
    }
}
