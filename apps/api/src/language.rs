//! The language of texts for people: English, or Japanese where the caller prefers it (`Accept-Language`, RFC 9110, 12.5.4).

mod japanese;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::borrow::Cow;
use std::convert::Infallible;

/// A language that texts come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// The one that a caller prefers; English when they name neither.
    pub fn preferred(headers: &HeaderMap) -> Self {
        let named = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let ranges = named.flat_map(|value| value.split(',')).filter_map(range);
        // Of equals the first one named, as browsers mean it.
        ranges
            .fold(None, |best: Option<(Self, u16)>, one| best.filter(|best| best.1 >= one.1).or(Some(one)))
            .map_or(Self::default(), |(language, _)| language)
    }

    /// Its tag, as `Content-Language` has it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// What a code means, in a sentence; `english` where there is no other.
    pub fn sentence<'a>(self, code: &str, english: &'a str) -> Cow<'a, str> {
        match self {
            Self::English => Cow::Borrowed(english),
            Self::Japanese => japanese::sentence(code).map_or(Cow::Borrowed(english), Cow::Borrowed),
        }
    }

    /// What is wrong with a part of an input. The English sentence, which has the figures, stays beside the Japanese.
    pub fn violation<'a>(self, code: &str, english: &'a str) -> Cow<'a, str> {
        match self {
            Self::English => Cow::Borrowed(english),
            Self::Japanese => japanese::violation(code)
                .map_or(Cow::Borrowed(english), |japanese| Cow::Owned(format!("{japanese} ({english})"))),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::preferred(&parts.headers))
    }
}

/// One language range with its weight in thousandths; `None` for a language that there are no texts in.
fn range(text: &str) -> Option<(Language, u16)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let language = match tag.trim().split('-').next()?.to_ascii_lowercase().as_str() {
        "ja" => Language::Japanese,
        "en" | "*" => Language::English,
        _ => return None,
    };
    let weight = match parameters.trim().strip_prefix("q=") {
        None => 1000,
        Some(weight) => {
            weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).map(thousandths)?
        }
    };
    (weight > 0).then_some((language, weight))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a weight lies between 0 and 1")]
fn thousandths(weight: f32) -> u16 {
    (weight * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_caller_chooses() {
        for (accepted, language) in [
            ("", Language::English),
            ("ja", Language::Japanese),
            ("ja-JP,ja;q=0.9,en-US;q=0.8", Language::Japanese),
            ("en-US,en;q=0.9,ja;q=0.8", Language::English),
            ("fr, ja;q=0.2", Language::Japanese),
            ("en;q=0.1, ja;q=0.9", Language::Japanese),
            ("ja;q=0", Language::English),
            ("de, *;q=0.5", Language::English),
            ("ja;q=x", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Language::preferred(&headers), language, "{accepted}");
        }
    }

    #[test]
    fn every_refusal_of_a_sign_in_through_an_issuer_has_a_japanese_sentence() {
        use musubi_identity::issuer::error::{OidcError, TokenCheck};
        use musubi_kernel::error::Failure as _;
        let context = || "context".to_owned();
        let refusals = [
            OidcError::UnknownIssuer,
            OidcError::GivenUp,
            OidcError::WrongState,
            OidcError::MixUp,
            OidcError::CodeRefused,
            OidcError::RefusedByIssuer(context()),
            OidcError::Misconfigured(context()),
            OidcError::Unavailable(context()),
        ];
        for refusal in refusals.into_iter().chain(TokenCheck::ALL.iter().copied().map(OidcError::TokenRefused)) {
            assert!(japanese::sentence(refusal.code()).is_some(), "{}", refusal.code());
        }
    }

    #[test]
    fn every_refusal_of_booking_has_a_japanese_sentence() {
        for refusal in musubi_booking::refusal::Refusal::ALL {
            assert!(japanese::sentence(refusal.code()).is_some(), "{}", refusal.code());
        }
    }
}
