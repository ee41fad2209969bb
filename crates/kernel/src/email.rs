//! E-mail addresses in the one form that is kept.

use crate::check::is_email;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An address for e-mail: trimmed, in lower case, at most 255 characters. Its debug form shows nothing of it, as contact
/// data must not stray into logs.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmailAddress;

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnEmailAddress;

    fn from_str(text: &str) -> Result<Self, NotAnEmailAddress> {
        let address = text.trim().to_lowercase();
        if is_email(&address) { Ok(Self(address)) } else { Err(NotAnEmailAddress) }
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type};

    impl utoipa::PartialSchema for super::EmailAddress {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
                .max_length(Some(255))
                .examples([serde_json::json!("hanako@example.jp")])
                .into()
        }
    }

    impl utoipa::ToSchema for super::EmailAddress {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_in_lower_case() {
        assert_eq!(" Hanako@Example.JP ".parse::<EmailAddress>().expect("an address").as_str(), "hanako@example.jp");
        for bad in ["", "hanako", "hanako@example", "ha nako@example.jp"] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(NotAnEmailAddress), "{bad}");
        }
    }

    #[test]
    fn an_address_does_not_show_in_debug_output() {
        let email: EmailAddress = "hanako@example.jp".parse().expect("an address");
        assert_eq!(format!("{email:?}"), "EmailAddress(…)");
    }
}
