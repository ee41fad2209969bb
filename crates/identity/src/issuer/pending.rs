//! What is kept while a person is at the issuer, and what the issuer's answer must be.

use super::error::OidcError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};

/// A sign-in that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the person.
    pub url: String,
    /// What to keep until the person comes back.
    pub pending: Pending,
}

/// What is kept from the beginning of a sign-in until its answer comes, sealed and for minutes only. It is found again by
/// its state, is used once, and only for the browser or the app that began the sign-in: else somebody could have another
/// finish theirs (RFC 9700, 4.7).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pending {
    /// The issuer, by its configured name.
    pub issuer_name: String,
    /// Where the issuer sends the person back to.
    pub redirect_uri: String,
    /// Ties the answer to this sign-in.
    pub state: Secret,
    /// Ties the ID token to this sign-in.
    pub nonce: Secret,
    /// Ties the code to this sign-in (RFC 7636).
    pub pkce_verifier: Secret,
}

impl Pending {
    /// A new one. Each of its secrets has 256 random bits: 43 characters, the least that RFC 7636, 4.1 allows.
    pub fn new(issuer_name: &str, redirect_uri: &str, ids: &dyn IdGen) -> Self {
        let secret = || Secret::new(URL_SAFE_NO_PAD.encode(ids.secret()));
        Self {
            issuer_name: issuer_name.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: secret(),
            nonce: secret(),
            pkce_verifier: secret(),
        }
    }

    /// It as a text to be sealed.
    pub fn to_text(&self) -> Secret {
        let written = Written {
            issuer_name: &self.issuer_name,
            redirect_uri: &self.redirect_uri,
            state: self.state.expose(),
            nonce: self.nonce.expose(),
            pkce_verifier: self.pkce_verifier.expose(),
        };
        Secret::new(serde_json::to_string(&written).expect("texts become JSON"))
    }

    /// What [`Pending::to_text`] wrote.
    pub fn from_text(text: &Secret) -> Result<Self, StoreError> {
        // What is wrong with it would quote it.
        serde_json::from_str(text.expose()).map_err(|_| StoreError::Corrupt("a pending sign-in cannot be read".into()))
    }

    /// The code in an answer of the issuer at `issuer`, once it is sure that the answer is to this sign-in.
    /// `names_itself`: the issuer has published that its answers say whose they are.
    pub fn code<'a>(&self, answer: &'a Callback, issuer: &str, names_itself: bool) -> Result<&'a Secret, OidcError> {
        if answer.state.as_ref() != Some(&self.state) {
            return Err(OidcError::WrongState);
        }
        match &answer.iss {
            Some(named) if named != issuer => return Err(OidcError::MixUp),
            None if names_itself => return Err(OidcError::MixUp),
            _ => (),
        }
        match &answer.error {
            Some(error) => Err(refusal(error)),
            None => answer.code.as_ref().ok_or(OidcError::CodeRefused),
        }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    issuer_name: &'a str,
    redirect_uri: &'a str,
    state: &'a str,
    nonce: &'a str,
    pkce_verifier: &'a str,
}

/// What the issuer sends a person back with (OpenID Connect Core 1.0, 3.1.2.5 and 3.1.2.6). Issuers add more, which says
/// nothing here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Callback {
    /// The state of the sign-in.
    pub state: Option<Secret>,
    /// A code, good for one ID token.
    pub code: Option<Secret>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
}

/// What an issuer may say of a request that it refuses, beside what [`refusal`] tells apart.
const REGISTERED: [&str; 10] = [
    "invalid_request",
    "unauthorized_client",
    "unsupported_response_type",
    "invalid_scope",
    "account_selection_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
];

/// RFC 6749, 4.1.2.1, and OpenID Connect Core 1.0, 3.1.2.6.
fn refusal(error: &str) -> OidcError {
    match error {
        "access_denied" | "login_required" | "consent_required" | "interaction_required" => OidcError::GivenUp,
        "server_error" | "temporarily_unavailable" => OidcError::Unavailable(format!("the issuer says {error}")),
        // Anybody can write anything there, and the operator's log is not theirs to write.
        other => {
            let known = REGISTERED.iter().find(|code| **code == other);
            OidcError::RefusedByIssuer(format!("the issuer says {}", known.unwrap_or(&"what no standard knows")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::CountingIds;

    const ISSUER: &str = "https://id.example.jp";

    fn pending() -> Pending {
        Pending::new("corp", "https://shop.example.jp/back", &CountingIds::default())
    }

    fn answer(change: impl FnOnce(&mut Callback)) -> Callback {
        let mut answer = Callback { state: Some(pending().state), code: Some(Secret::new("c")), ..Callback::default() };
        change(&mut answer);
        answer
    }

    #[test]
    fn its_secrets_differ_and_are_long_enough() {
        let pending = pending();
        let secrets = [&pending.state, &pending.nonce, &pending.pkce_verifier];
        assert!(secrets.iter().all(|secret| secret.expose().len() == 43));
        assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[0] != secrets[2]);
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        assert_eq!(Pending::from_text(&pending().to_text()), Ok(pending()));
        for other in ["", "{}", "null", r#"{"state":"a"}"#] {
            assert!(matches!(Pending::from_text(&Secret::new(other)), Err(StoreError::Corrupt(_))), "{other}");
        }
    }

    #[test]
    fn only_the_answer_to_this_sign_in_has_a_code() {
        let other = || Some(Secret::new("other"));
        let iss = |iss: &str| Some(iss.to_owned());
        let error = |error: &str| Some(error.to_owned());
        let cases = [
            (answer(|_| ()), false, Ok("c")),
            (answer(|a| a.iss = iss(ISSUER)), false, Ok("c")),
            (answer(|a| a.iss = iss(ISSUER)), true, Ok("c")),
            (answer(|_| ()), true, Err(OidcError::MixUp)),
            (answer(|a| a.iss = iss("https://id.example.jp/")), false, Err(OidcError::MixUp)),
            (answer(|a| a.iss = iss("https://evil.example")), true, Err(OidcError::MixUp)),
            (answer(|a| a.state = other()), false, Err(OidcError::WrongState)),
            (answer(|a| a.state = None), false, Err(OidcError::WrongState)),
            (answer(|a| a.code = None), false, Err(OidcError::CodeRefused)),
            (answer(|a| a.error = error("access_denied")), false, Err(OidcError::GivenUp)),
            (answer(|a| a.error = error("consent_required")), false, Err(OidcError::GivenUp)),
            (
                answer(|a| a.error = error("server_error")),
                false,
                Err(OidcError::Unavailable("the issuer says server_error".into())),
            ),
            (
                answer(|a| a.error = error("invalid_scope")),
                false,
                Err(OidcError::RefusedByIssuer("the issuer says invalid_scope".into())),
            ),
            (
                answer(|a| a.error = error("hanako@example.jp\r\ninvalid_scope")),
                false,
                Err(OidcError::RefusedByIssuer("the issuer says what no standard knows".into())),
            ),
        ];
        for (index, (answer, names_itself, expected)) in cases.into_iter().enumerate() {
            assert_eq!(pending().code(&answer, ISSUER, names_itself).map(Secret::expose), expected, "case {index}");
        }
    }

    #[test]
    fn the_state_is_looked_at_before_everything_else() {
        let stranger = answer(|a| {
            a.state = None;
            a.iss = Some("https://evil.example".into());
            a.error = Some("access_denied".into());
        });
        assert_eq!(pending().code(&stranger, ISSUER, true), Err(OidcError::WrongState));
        let mixed_up = answer(|a| {
            a.iss = Some("https://evil.example".into());
            a.error = Some("access_denied".into());
        });
        assert_eq!(pending().code(&mixed_up, ISSUER, true), Err(OidcError::MixUp));
    }
}
