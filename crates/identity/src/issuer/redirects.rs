//! Where an issuer may send people back to.

use super::address::is_protected;
use url::Url;

/// The most characters of an address.
const LENGTH: usize = 2000;

/// The addresses that a sign-in may lead back to, each letter by letter: whoever could name another would have codes and
/// states sent there (RFC 9700, 2.1 and 4.1.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redirects(Vec<String>);

/// An address that nobody may be sent back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{address}\", which {rule}")]
pub struct BadRedirect {
    /// As it was written.
    pub address: String,
    /// What it should be like.
    pub rule: &'static str,
}

impl Redirects {
    /// These addresses, or what is wrong with the first bad one.
    pub fn new(addresses: impl IntoIterator<Item = String>) -> Result<Self, BadRedirect> {
        let mut admitted: Vec<String> = Vec::new();
        for address in addresses {
            let rule = broken_rule(&address).or_else(|| admitted.contains(&address).then_some("is named twice"));
            match rule {
                Some(rule) => return Err(BadRedirect { address, rule }),
                None => admitted.push(address),
            }
        }
        Ok(Self(admitted))
    }

    /// Whether a sign-in may lead back there.
    pub fn admit(&self, address: &str) -> bool {
        self.0.iter().any(|admitted| admitted == address)
    }
}

fn broken_rule(address: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(address) else { return Some("is no address") };
    if address.len() > LENGTH {
        return Some("is too long");
    }
    // RFC 6749, 3.1.2.
    if url.fragment().is_some() {
        return Some("must have no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must have no password");
    }
    match url.scheme() {
        "https" | "http" if is_protected(&url) => None,
        "https" | "http" => Some("must begin with https://; http:// is for this computer alone"),
        // RFC 8252, 7.1: a domain name turned round; so neither `javascript` nor `data`.
        own if own.contains('.') => None,
        _ => Some("must begin with https:// or with a scheme of an app's own, such as jp.example.app:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(addresses: &[&str]) -> Result<Redirects, BadRedirect> {
        Redirects::new(addresses.iter().map(|&address| address.to_owned()))
    }

    #[test]
    fn protected_addresses_and_apps_own_are_admitted() {
        for (address, rule) in [
            ("https://shop.example.jp/back", None),
            ("https://shop.example.jp/back?through=line", None),
            ("http://localhost:3000/back", None),
            ("http://127.0.0.1/back", None),
            ("jp.example.app:/back", None),
            ("jp.example.app://back", None),
            ("http://shop.example.jp/back", Some("must begin with https://; http:// is for this computer alone")),
            ("https://shop.example.jp/back#top", Some("must have no fragment")),
            ("jp.example.app:/back#", Some("must have no fragment")),
            ("https://a:b@shop.example.jp/back", Some("must have no password")),
            ("https://a@shop.example.jp/back", Some("must have no password")),
            ("/back", Some("is no address")),
            ("", Some("is no address")),
            ("https://", Some("is no address")),
            (
                "javascript:alert(1)",
                Some("must begin with https:// or with a scheme of an app's own, such as jp.example.app:"),
            ),
            (
                "data:text/html,x",
                Some("must begin with https:// or with a scheme of an app's own, such as jp.example.app:"),
            ),
            (&format!("https://shop.example.jp/{}", "x".repeat(LENGTH)), Some("is too long")),
        ] {
            assert_eq!(read(&[address]).err().map(|bad| bad.rule), rule, "{address}");
        }
        let twice = read(&["https://a.example", "https://a.example"]).expect_err("repeated");
        assert_eq!(twice.to_string(), "\"https://a.example\", which is named twice");
    }

    #[test]
    fn an_address_counts_letter_by_letter() {
        let redirects = read(&["https://shop.example.jp/back", "jp.example.app:/back"]).expect("good ones");
        for (address, admitted) in [
            ("https://shop.example.jp/back", true),
            ("jp.example.app:/back", true),
            ("https://shop.example.jp/back/", false),
            ("https://shop.example.jp/back?x=1", false),
            ("https://SHOP.example.jp/back", false),
            ("https://shop.example.jp/back/../back", false),
            ("https://shop.example.jp.evil.example/back", false),
            ("", false),
        ] {
            assert_eq!(redirects.admit(address), admitted, "{address}");
        }
        assert!(!Redirects::default().admit("https://shop.example.jp/back"));
    }
}
