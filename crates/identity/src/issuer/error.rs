//! Why somebody is not signed in.

use musubi_kernel::error::{ErrorKind, Failure};

musubi_kernel::codes! {
    /// A check that an ID token did not pass: OpenID Connect Core 1.0, 3.1.3.7, in its order.
    TokenCheck {
        /// There is none, or it cannot be read, or it uses what nobody here understands.
        Form = "id_token_form",
        /// `iss`: another issuer's.
        Issuer = "id_token_issuer",
        /// `aud`: meant for another client.
        Audience = "id_token_audience",
        /// `azp`: given to another client, or to no named one of several.
        AuthorizedParty = "id_token_authorized_party",
        /// `alg`: not one that this issuer may use.
        Algorithm = "id_token_algorithm",
        /// `kid`: no key of the issuer's, as far as known.
        Key = "id_token_key",
        /// The signature is not the issuer's.
        Signature = "id_token_signature",
        /// `exp`: over.
        Expired = "id_token_expired",
        /// `iat`: from a time to come.
        IssuedLater = "id_token_issued_later",
        /// `nonce`: made for another sign-in.
        Nonce = "id_token_nonce",
        /// `sub`: names nobody, or differs between two answers of the issuer.
        Subject = "id_token_subject",
        /// `at_hash`: belongs to another access token.
        AccessToken = "id_token_access_token",
    }
}

/// Why somebody is not signed in through an issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// No issuer of this name is configured.
    #[error("there is no such issuer")]
    UnknownIssuer,
    /// The person did not agree at the issuer.
    #[error("the sign-in was given up at the issuer")]
    GivenUp,
    /// The answer belongs to no sign-in that was begun here (RFC 6749, 10.12).
    #[error("the answer belongs to another sign-in; begin again")]
    WrongState,
    /// Another issuer than the one asked has answered (RFC 9207).
    #[error("another issuer has answered; begin again")]
    MixUp,
    /// The issuer does not accept the code: used, expired, or given to somebody else.
    #[error("the issuer does not accept the code; begin again")]
    CodeRefused,
    /// The ID token did not pass a check.
    #[error("the ID token is refused")]
    TokenRefused(TokenCheck),
    /// The issuer does not go on, for a reason of its own.
    #[error("the issuer refuses the sign-in")]
    RefusedByIssuer(String),
    /// The issuer and the settings here disagree. Somebody must change one of them.
    #[error("signing in through this issuer is set up wrongly")]
    Misconfigured(String),
    /// The issuer cannot be reached, or answers nothing sensible.
    #[error("the issuer cannot be reached")]
    Unavailable(String),
}

impl OidcError {
    /// What the operator's log should say beyond the message for callers.
    pub fn internal_context(&self) -> Option<&str> {
        match self {
            Self::RefusedByIssuer(context) | Self::Misconfigured(context) | Self::Unavailable(context) => Some(context),
            _ => None,
        }
    }
}

impl Failure for OidcError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownIssuer => ErrorKind::NotFound,
            Self::GivenUp | Self::RefusedByIssuer(_) => ErrorKind::Refused,
            Self::WrongState | Self::MixUp | Self::CodeRefused | Self::TokenRefused(_) => ErrorKind::Unauthenticated,
            Self::Misconfigured(_) => ErrorKind::Internal,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => "unknown_issuer",
            Self::GivenUp => "sign_in_given_up",
            Self::WrongState => "sign_in_state",
            Self::MixUp => "sign_in_issuer",
            Self::CodeRefused => "sign_in_code",
            Self::TokenRefused(check) => check.code(),
            Self::RefusedByIssuer(_) => "sign_in_refused",
            Self::Misconfigured(_) => "internal",
            Self::Unavailable(_) => "issuer_unavailable",
        }
    }
}
