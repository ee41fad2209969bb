//! What an issuer says of a person.

use std::fmt;

/// What an issuer says of a person who has signed in there.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    /// The issuer, by its configured name.
    pub issuer_name: String,
    /// The person, in the issuer's own terms: never given to another (OpenID Connect Core 1.0, 2). With the issuer this
    /// is the only thing to know a person again by; names and e-mail addresses change hands.
    pub subject: String,
    /// E-mail address as the issuer has it, when the person and the issuer permit.
    pub email: Option<String>,
    /// Whether the issuer says that the address is the person's. An issuer that does not say has not verified it: so all
    /// addresses from LINE count as unverified, because its tokens have no `email_verified`. Nothing is opened or linked
    /// by such an address until the person has answered a message sent to it.
    pub email_verified: bool,
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// Language, a BCP 47 tag such as `ja-JP`.
    pub locale: Option<String>,
}

impl fmt::Debug for Claims {
    /// Who it is, without contact data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Claims");
        shown.field("issuer_name", &self.issuer_name).field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_data_is_not_printed() {
        let claims = Claims {
            issuer_name: "line".into(),
            subject: "U1234".into(),
            email: Some("hanako@example.jp".into()),
            email_verified: false,
            name: Some("花子".into()),
            picture: None,
            locale: None,
        };
        assert_eq!(format!("{claims:?}"), r#"Claims { issuer_name: "line", subject: "U1234", .. }"#);
    }
}
