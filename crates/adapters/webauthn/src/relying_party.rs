//! For which name passkeys are made, and on which pages and in which apps they answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Host, Url};
use webauthn_rp::request::{AsciiDomain, RpId};

/// The name of this computer, where there is no other: browsers take it without TLS.
const LOCALHOST: &str = "localhost";
/// How the origin of an Android app begins; the digest of the certificate that signs it follows.
const ANDROID: &str = "android:apk-key-hash:";

/// Why passkeys cannot be offered under these settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelyingPartyError {
    /// Passkeys are made for domains alone.
    #[error("'{0}' is no domain: passkeys need one, such as example.jp")]
    Id(String),
    /// Browsers make no passkeys for a name under which everybody may have one.
    #[error(
        "'{0}' is a public suffix, under which others have domains too: passkeys need a domain of one's own, such as example.jp"
    )]
    PublicSuffix(String),
    /// There is no page on which a passkey could answer.
    #[error("there is no origin on which passkeys may be used")]
    NoOrigin,
    /// No browser would use the passkeys of this name on this page.
    #[error(
        "'{origin}' is no origin for passkeys of {id}: it is https:// and that domain or one under it, with nothing after \
         it (http:// for localhost alone), or android:apk-key-hash: and 43 characters of URL-safe base64"
    )]
    Origin {
        /// The origin.
        origin: String,
        /// The name.
        id: String,
    },
}

/// For which name passkeys are made, and on which pages and in which apps they answer.
#[derive(Debug)]
pub struct RelyingParty {
    pub(crate) id: RpId,
    pub(crate) origins: Vec<String>,
}

impl RelyingParty {
    /// Passkeys for a domain (WebAuthn's RP ID), used in pages of these origins, written as browsers write them
    /// (`https://book.example.jp`), and in Android apps (`android:apk-key-hash:…`). An app for iOS uses the origin
    /// `https://` and the domain.
    ///
    /// The name must not change any more once there are passkeys: they are good for no other.
    pub fn new(id: &str, origins: &[String]) -> Result<Self, RelyingPartyError> {
        let wrong_id = || RelyingPartyError::Id(id.to_owned());
        if !matches!(Host::parse(id), Ok(Host::Domain(parsed)) if parsed == id) {
            return Err(wrong_id());
        }
        if is_public_suffix(id) {
            return Err(RelyingPartyError::PublicSuffix(id.to_owned()));
        }
        if origins.is_empty() {
            return Err(RelyingPartyError::NoOrigin);
        }
        if let Some(origin) = origins.iter().find(|origin| !is_page_of(origin, id) && !is_android(origin)) {
            return Err(RelyingPartyError::Origin { origin: origin.clone(), id: id.to_owned() });
        }
        let id = AsciiDomain::try_from(id.to_owned()).map_err(|_| wrong_id())?;
        Ok(Self { id: RpId::Domain(id), origins: origins.to_vec() })
    }

    /// The name and origin of the front end at this address; with TLS, as browsers use passkeys nowhere else. Where the address is a number, there are no passkeys but on this
    /// computer itself: then they are made for `localhost`.
    pub fn defaults(public: &str) -> Result<(String, Vec<String>), RelyingPartyError> {
        let public = Url::parse(public).map_err(|_| RelyingPartyError::Id(public.to_owned()))?;
        if let Some(Host::Domain(domain)) = public.host() {
            let origin = public.origin().ascii_serialization();
            let is_usable = is_page_of(&origin, domain);
            return Ok((domain.to_owned(), vec![if is_usable { origin } else { format!("https://{domain}") }]));
        }
        let port = public.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok((LOCALHOST.to_owned(), vec![format!("http://{LOCALHOST}{port}")]))
    }
}

/// Whether it stands in the list of names under which others have domains (publicsuffix.org), such as `jp` and `co.jp`.
fn is_public_suffix(id: &str) -> bool {
    psl::suffix(id.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == id.as_bytes())
}

fn is_page_of(origin: &str, id: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let Some(Host::Domain(domain)) = url.host() else { return false };
    // To browsers `localhost`, and every other name alone, is what `jp` is: what is under it is somebody else's.
    let is_ones_own = psl::domain_str(id).is_some();
    let under = domain == id || is_ones_own && domain.strip_suffix(id).is_some_and(|rest| rest.ends_with('.'));
    let is_local = domain == LOCALHOST || domain.ends_with(".localhost");
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    under && is_safe && url.origin().ascii_serialization() == origin
}

fn is_android(origin: &str) -> bool {
    let digest = origin.strip_prefix(ANDROID).and_then(|digest| URL_SAFE_NO_PAD.decode(digest).ok());
    digest.is_some_and(|digest| digest.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(id: &str, origin: &str) -> Result<RelyingParty, RelyingPartyError> {
        RelyingParty::new(id, &[origin.to_owned()])
    }

    #[test]
    fn pages_of_the_domain_and_under_it_and_apps() {
        let app = format!("{ANDROID}{}", "A".repeat(43));
        for (id, origin) in [
            ("example.jp", "https://example.jp"),
            ("example.jp", "https://book.example.jp"),
            ("example.jp", "https://book.example.jp:8443"),
            ("localhost", "http://localhost:8080"),
            ("book.localhost", "http://book.localhost:8080"),
            ("book.localhost", "http://shop.book.localhost:8080"),
            ("example.jp", app.as_str()),
            ("example.co.jp", "https://book.example.co.jp"),
            ("shop.github.io", "https://shop.github.io"),
            ("shop.lan", "https://book.shop.lan"),
            ("server", "https://server"),
        ] {
            assert!(new(id, origin).is_ok(), "{id} {origin}");
        }
    }

    #[test]
    fn nothing_else() {
        for origin in [
            "http://example.jp",
            "https://example.jp/",
            "https://example.jp:443",
            "https://Example.jp",
            "https://example.com",
            "https://notexample.jp",
            "https://example.jp.evil.com",
            "https://example.jp@evil.com",
            "https://192.0.2.1",
            "http://localhost:8080",
            "*",
            "",
            "android:apk-key-hash:AAAA",
        ] {
            let error = new("example.jp", origin).err();
            assert_eq!(error, Some(RelyingPartyError::Origin { origin: origin.into(), id: "example.jp".into() }));
        }
        assert!(new("localhost", "http://book.localhost:8080").is_err(), "browsers take these for two");
        for id in ["", "192.0.2.1", "[::1]", "Example.jp", "https://example.jp", "example.jp/", "日本.jp", "a b"] {
            assert_eq!(new(id, "https://example.jp").err(), Some(RelyingPartyError::Id(id.to_owned())), "{id}");
        }
        assert!(new("server", "https://book.server").is_err(), "nor is a name alone anybody's own");
        for id in ["jp", "co.jp", "com", "github.io", "tokyo.jp"] {
            for origin in
                [format!("https://{id}"), format!("https://book.{id}"), format!("{ANDROID}{}", "A".repeat(43))]
            {
                let error = new(id, &origin).err();
                assert_eq!(error, Some(RelyingPartyError::PublicSuffix(id.to_owned())), "{origin}");
            }
        }
        assert_eq!(RelyingParty::new("example.jp", &[]).err(), Some(RelyingPartyError::NoOrigin));
    }

    #[test]
    fn the_front_end_is_the_default() {
        for (public, id, origin) in [
            ("https://book.example.jp/app/", "book.example.jp", "https://book.example.jp"),
            ("http://book.example.jp:8080", "book.example.jp", "https://book.example.jp"),
            ("http://localhost:3000", "localhost", "http://localhost:3000"),
            ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
            ("http://[::1]:8080", "localhost", "http://localhost:8080"),
        ] {
            let (found, origins) = RelyingParty::defaults(public).unwrap();
            assert_eq!((found.as_str(), origins.as_slice()), (id, [origin.to_owned()].as_slice()), "{public}");
            assert!(RelyingParty::new(&found, &origins).is_ok(), "{public}");
        }
    }
}
