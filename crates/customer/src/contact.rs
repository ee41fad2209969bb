//! Telephone numbers and e-mail addresses in the one form that is kept.

pub use musubi_kernel::email::{EmailAddress, NotAnEmailAddress};
use phonenumber::country;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;

/// A telephone number in the form of E.164: `+819012345678`.
///
/// Read from what people write; a number without a country is taken for a Japanese one. Only its length is checked,
/// as ranges of numbers are opened all the time.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// A text that is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number")]
pub struct NotAPhoneNumber;

impl PhoneNumber {
    /// As dialled: `+` and up to 15 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number that is in this form already, as storage has it.
    pub fn from_e164(text: &str) -> Result<Self, NotAPhoneNumber> {
        let digits = text.strip_prefix('+').ok_or(NotAPhoneNumber)?;
        let plausible = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        // A Japanese number has nine digits after its leading zero, a mobile or toll-free one ten.
        let japanese = digits.strip_prefix("81").is_none_or(|national| matches!(national.len(), 9 | 10));
        if plausible && japanese { Ok(Self(text.to_owned())) } else { Err(NotAPhoneNumber) }
    }
}

impl FromStr for PhoneNumber {
    type Err = NotAPhoneNumber;

    fn from_str(text: &str) -> Result<Self, NotAPhoneNumber> {
        let text: String = text.nfkc().take(64).collect();
        let text = text.trim();
        let writing = |c: char| c.is_ascii_digit() || " +-‐‑‒–—−ー().".contains(c);
        if text.is_empty() || !text.chars().all(writing) {
            return Err(NotAPhoneNumber);
        }
        // With a country at hand the parser would strip that country's prefix from foreign numbers too.
        let home = (!text.starts_with('+')).then_some(country::JP);
        let number = phonenumber::parse(home, text).map_err(|_| NotAPhoneNumber)?;
        Self::from_e164(&format!("+{}{}", number.code().value(), number.national()))
    }
}

/// Contact data must not stray into logs, so its debug form shows none of it.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

    impl utoipa::PartialSchema for super::PhoneNumber {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("Telephone number; Japanese if it names no country. Given back as E.164 has it."))
                .examples([serde_json::json!("+819012345678")])
                .into()
        }
    }

    impl utoipa::ToSchema for super::PhoneNumber {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_japanese_unless_they_say_otherwise() {
        for (written, kept) in [
            ("090-1234-5678", "+819012345678"),
            ("09012345678", "+819012345678"),
            ("０９０－１２３４－５６７８", "+819012345678"),
            ("080ー1234ー5678", "+818012345678"),
            ("+81 90-1234-5678", "+819012345678"),
            ("+81 (0)90-1234-5678", "+819012345678"),
            ("03-1234-5678", "+81312345678"),
            ("(03) 1234-5678", "+81312345678"),
            ("0120-123-456", "+81120123456"),
            ("090-0000-0000", "+819000000000"),
            ("+1 650 253 0000", "+16502530000"),
            ("+44 20 7946 0958", "+442079460958"),
            ("+39 06 1234 5678", "+390612345678"),
            ("+81312345678", "+81312345678"),
            ("010 1 650 253 0000", "+16502530000"),
        ] {
            let number: PhoneNumber = written.parse().expect(written);
            assert_eq!(number.as_str(), kept, "{written}");
            assert_eq!(PhoneNumber::from_e164(kept), Ok(number));
        }
        for bad in [
            "",
            " ",
            "110",
            "call me",
            "090-1234",
            "090-1234-56789",
            "+81",
            "+999123456789",
            "0x1234567890",
            "090-1234-5678 ext. 9",
        ] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(NotAPhoneNumber), "{bad}");
        }
        for bad in ["09012345678", "+8190123456789", "+81312345", "+", "+1650253000a"] {
            assert_eq!(PhoneNumber::from_e164(bad), Err(NotAPhoneNumber), "{bad}");
        }
    }

    #[test]
    fn a_number_does_not_show_in_debug_output() {
        let phone: PhoneNumber = "03-1234-5678".parse().unwrap();
        assert_eq!(format!("{phone:?}"), "PhoneNumber(…)");
    }
}
