//! The mail server that takes messages.

use super::WrongSetting;
use musubi_kernel::secret::Secret;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

const ADDRESS: WrongSetting =
    WrongSetting("must be smtps://user:password@host or smtp://user:password@host, with a port if need be");
const BARE: WrongSetting = WrongSetting("must have no path, query and fragment");
const BOTH: WrongSetting = WrongSetting("must have a user and a password, or neither");
const ENCODED: WrongSetting = WrongSetting("must have the user and the password percent-encoded");

/// Of message submission (RFC 6409, 3.1).
const SUBMISSION: u16 = 587;
/// Of message submission inside TLS (RFC 8314, 3.3).
const SUBMISSIONS: u16 = 465;
/// Of a mail server on this computer, which needs no submission.
const LOCAL: u16 = 25;

/// The mail server that takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Name or IP address; its certificate is for this.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// Who Musubi is to the server.
    pub credentials: Option<Credentials>,
}

/// How a connection is protected. There is no way to go on without when TLS fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS.
    StartTls,
    /// It does not leave this computer.
    Loopback,
}

/// Who Musubi is to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
}

impl SmtpServer {
    /// The server of an address: `smtps://` is inside TLS, on port 465 unless it names another; `smtp://` asks for TLS by
    /// STARTTLS, on port 587. `smtp://` to this computer has no TLS, and port 25.
    pub fn parse(address: &Secret) -> Result<Self, WrongSetting> {
        let url = Url::parse(address.expose().trim()).map_err(|_| ADDRESS)?;
        let host = Host::parse(url.host_str().unwrap_or_default()).map_err(|_| ADDRESS)?;
        let (protection, port) = match url.scheme() {
            "smtps" => (Protection::Tls, SUBMISSIONS),
            "smtp" if is_loopback(&host) => (Protection::Loopback, LOCAL),
            "smtp" => (Protection::StartTls, SUBMISSION),
            _ => return Err(ADDRESS),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(BARE);
        }
        let port = url.port().unwrap_or(port);
        Ok(Self { host: bare(host), port, protection, credentials: credentials(&url)? })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, WrongSetting> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| ENCODED);
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err(BOTH),
        (user, password) => {
            Ok(Some(Credentials { user: decoded(user)?.into_owned(), password: Secret::new(decoded(password)?) }))
        }
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

fn bare(host: Host) -> String {
    match host {
        Host::Domain(name) => name,
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Result<SmtpServer, WrongSetting> {
        SmtpServer::parse(&Secret::new(address))
    }

    #[test]
    fn the_scheme_and_the_host_say_how_it_is_protected() {
        for (address, host, port, protection) in [
            ("smtps://mail.example.jp", "mail.example.jp", 465, Protection::Tls),
            ("smtps://mail.example.jp:2465/", "mail.example.jp", 2465, Protection::Tls),
            ("smtps://127.0.0.1", "127.0.0.1", 465, Protection::Tls),
            ("smtp://mail.example.jp", "mail.example.jp", 587, Protection::StartTls),
            (" smtp://mail.example.jp:25 ", "mail.example.jp", 25, Protection::StartTls),
            ("smtp://192.0.2.1", "192.0.2.1", 587, Protection::StartTls),
            ("smtp://127.0.0.1.example.jp", "127.0.0.1.example.jp", 587, Protection::StartTls),
            ("smtp://127.0.0.1", "127.0.0.1", 25, Protection::Loopback),
            ("smtp://[::1]:1025", "::1", 1025, Protection::Loopback),
            ("smtp://localhost:1025", "localhost", 1025, Protection::Loopback),
        ] {
            let expected = SmtpServer { host: host.to_owned(), port, protection, credentials: None };
            assert_eq!(parse(address), Ok(expected), "{address}");
        }
    }

    #[test]
    fn credentials_are_percent_encoded_and_not_shown() {
        let server = parse("smtp://no-reply%40example.jp:p%3A%2F%40ss@mail.example.jp").unwrap();
        let credentials = server.credentials.clone().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.expose()), ("no-reply@example.jp", "p:/@ss"));
        assert!(!format!("{server:?}").contains("@ss"));
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for (address, wrong) in [
            ("", ADDRESS),
            ("mail.example.jp", ADDRESS),
            ("mail.example.jp:587", ADDRESS),
            ("smtp:", ADDRESS),
            ("smtp://", ADDRESS),
            ("https://mail.example.jp", ADDRESS),
            ("smtp://mail.example.jp:99999", ADDRESS),
            ("smtp://mail.example.jp/inbox", BARE),
            ("smtp://mail.example.jp?tls=none", BARE),
            ("smtp://mail.example.jp#a", BARE),
            ("smtp://user@mail.example.jp", BOTH),
            ("smtp://:pass@mail.example.jp", BOTH),
            ("smtp://user:%ff@mail.example.jp", ENCODED),
        ] {
            assert_eq!(parse(address), Err(wrong), "{address}");
        }
    }
}
