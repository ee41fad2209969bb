//! What the service tells later of a message that it took (Twilio: "Outbound message status in status callbacks", "Security").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use musubi_kernel::secret::Secret;
use sha1::Sha1;
use url::form_urlencoded;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";
/// How many characters a signature has: 20 bytes in base 64.
pub const SIGNATURE_LENGTH: usize = 28;

/// What is told of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the service calls the message.
    pub sid: String,
    /// What has become of it.
    pub fate: Fate,
}

/// What has become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way.
    Underway,
    /// It has arrived.
    Delivered,
    /// It will not arrive.
    Undelivered {
        /// The service's number for why, where it says so.
        code: Option<u32>,
    },
}

/// Why a call is none of the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReport {
    /// It is not signed with the account's token.
    #[error("the signature is not that of the account")]
    Signature,
    /// It is signed, and names no message or no status of one.
    #[error("the body tells of no message")]
    Form,
}

impl Told {
    /// What a call tells, once its signature is seen to be the account's. `url` is the address that the service was given for it, and
    /// `body` its form as it came. Takes as long for any two signatures.
    pub fn open(token: &Secret, url: &str, signature: &str, body: &[u8]) -> Result<Self, NotReport> {
        let mut fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        fields.sort();
        fields.dedup();
        if !is_signed(token, url, signature, &fields) {
            return Err(NotReport::Signature);
        }
        let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let sid = field("MessageSid").filter(|sid| !sid.is_empty()).ok_or(NotReport::Form)?.to_owned();
        let fate = match field("MessageStatus").ok_or(NotReport::Form)? {
            // Who reads it has it.
            "delivered" | "read" => Fate::Delivered,
            "undelivered" | "failed" => {
                Fate::Undelivered { code: field("ErrorCode").and_then(|code| code.parse().ok()) }
            }
            _ => Fate::Underway,
        };
        Ok(Self { sid, fate })
    }
}

/// HMAC-SHA1, with the account's token, of the address and then of each field with its value, in the order of the names.
fn is_signed(token: &Secret, url: &str, signature: &str, fields: &[(String, String)]) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    if token.expose().is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes()) else { return false };
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn token() -> Secret {
        Secret::new("12345")
    }

    fn signature(url: &str, body: &str) -> String {
        let mut fields: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        fields.sort();
        let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").expect("any length");
        mac.update(url.as_bytes());
        for (name, value) in fields {
            mac.update(format!("{name}{value}").as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }

    #[test]
    fn the_example_of_the_documentation_is_signed() {
        // "Security", "Validating requests are coming from Twilio": it names no message, but is signed.
        let body = "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE";
        let right = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert_eq!(Told::open(&token(), URL, right, body.as_bytes()), Err(NotReport::Form));
        let http = URL.replace("https", "http");
        for (url, signature, body) in [
            (http.as_str(), right, body.to_owned()),
            (URL, "", body.to_owned()),
            (URL, "====", body.to_owned()),
            (URL, right, body.replace("1234&", "1235&")),
            (URL, right, format!("{body}&More=1")),
        ] {
            assert_eq!(Told::open(&token(), url, signature, body.as_bytes()), Err(NotReport::Signature));
        }
        assert_eq!(Told::open(&Secret::new(""), URL, right, body.as_bytes()), Err(NotReport::Signature));
    }

    #[test]
    fn a_status_says_what_became_of_it() {
        let undelivered = |code| Fate::Undelivered { code };
        for (status, fate) in [
            ("queued", Fate::Underway),
            ("sending", Fate::Underway),
            ("sent", Fate::Underway),
            ("something-new", Fate::Underway),
            ("delivered", Fate::Delivered),
            ("read", Fate::Delivered),
            ("undelivered", undelivered(None)),
            ("undelivered&ErrorCode=30005", undelivered(Some(30_005))),
            ("failed&ErrorCode=x", undelivered(None)),
        ] {
            let body = format!("AccountSid=AC1&MessageSid=SM1&MessageStatus={status}");
            let told = Told::open(&token(), URL, &signature(URL, &body), body.as_bytes());
            assert_eq!(told, Ok(Told { sid: "SM1".to_owned(), fate }), "{status}");
        }
        for body in ["MessageSid=SM1", "MessageStatus=sent", "MessageSid=&MessageStatus=sent", ""] {
            let told = Told::open(&token(), URL, &signature(URL, body), body.as_bytes());
            assert_eq!(told, Err(NotReport::Form), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_does_harm(body in any::<Vec<u8>>(), signature in "\\PC{0,40}") {
            prop_assert_eq!(Told::open(&token(), URL, &signature, &body), Err(NotReport::Signature));
        }
    }
}
