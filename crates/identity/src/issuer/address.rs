//! Which addresses may be trusted with secrets.

use url::{Host, Url};

/// Whether what is sent there is safe on its way: by TLS, or without leaving this computer.
pub fn is_protected(address: &Url) -> bool {
    address.scheme() == "https" || (address.scheme() == "http" && is_loopback(address))
}

/// Whether an issuer at `issuer` may name `endpoint` as one of its own. One elsewhere may not point at this computer.
pub fn is_endpoint_of(endpoint: &Url, issuer: &Url) -> bool {
    is_protected(endpoint) && (is_loopback(issuer) || !is_loopback(endpoint))
}

fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_computer() {
        for (address, protected) in [
            ("https://access.line.me", true),
            ("https://127.0.0.1:3000", true),
            ("http://127.0.0.1:3000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:3000", true),
            ("http://localhost:3000", true),
            ("http://2130706433", true),
            ("http://access.line.me", false),
            ("http://127.0.0.1@example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(is_protected(&Url::parse(address).expect("an address")), protected, "{address}");
        }
    }

    #[test]
    fn an_issuer_elsewhere_cannot_point_at_this_computer() {
        for (endpoint, issuer, allowed) in [
            ("https://api.line.me/oauth2/v2.1/token", "https://access.line.me", true),
            ("http://api.line.me/oauth2/v2.1/token", "https://access.line.me", false),
            ("http://127.0.0.1:8080/token", "https://access.line.me", false),
            ("https://localhost/token", "https://access.line.me", false),
            ("http://127.0.0.1:8080/token", "http://127.0.0.1:8080", true),
            ("https://access.line.me/token", "http://127.0.0.1:8080", true),
        ] {
            let url = |address| Url::parse(address).expect("an address");
            assert_eq!(is_endpoint_of(&url(endpoint), &url(issuer)), allowed, "{endpoint} of {issuer}");
        }
    }
}
