//! Which addresses may be called: any, or public ones alone.
//!
//! Where a tenant names an address, a server that calls it could be made to call its own network (server-side request
//! forgery, OWASP API7:2023). [`Reach::check`] refuses what can be told from the address itself, when it is named and
//! again at each call; [`Reach::admitted`] decides about what a name was found to mean, and a connection is made to
//! nothing else.

mod special;

use ipnet::IpNet;
pub use special::is_public;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// Which addresses may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach(Policy);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Policy {
    Anywhere,
    Public { ports: Vec<u16>, allowed: Vec<IpNet> },
}

/// Why an address may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forbidden {
    /// It is none that can be called at all.
    #[error("the address is not an http or https address of a host")]
    Address,
    /// It does not begin with `https`.
    #[error("the address must begin with https")]
    Scheme,
    /// It holds a user's name or a password.
    #[error("the address must not hold a user name or password")]
    Credentials,
    /// Its host is written as an IP address.
    #[error("the address must name its host, not give an IP address")]
    Literal,
    /// Its host is one of a local network by its name.
    #[error("the host must be a public one, not one of a local network")]
    LocalName,
    /// Its port is not among those that may be called.
    #[error("the port is not among those that may be called")]
    Port,
    /// Its host was found at no public address.
    #[error("the host is not at a public address")]
    Private,
}

impl Forbidden {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "not_an_address",
            Self::Scheme => "not_https",
            Self::Credentials => "credentials_in_address",
            Self::Literal => "ip_address_as_host",
            Self::LocalName => "local_host",
            Self::Port => "port_not_allowed",
            Self::Private => "not_public",
        }
    }
}

impl Reach {
    /// Any address: for those that the operator has chosen.
    pub const fn anywhere() -> Self {
        Self(Policy::Anywhere)
    }

    /// Public addresses alone, by HTTPS, at port 443: for those that others have chosen.
    pub fn public() -> Self {
        Self(Policy::Public { ports: vec![443], allowed: Vec::new() })
    }

    /// With these ports instead of 443.
    #[must_use]
    pub fn with_ports(mut self, of_choice: &[u16]) -> Self {
        if let Policy::Public { ports, .. } = &mut self.0 {
            *ports = of_choice.to_vec();
        }
        self
    }

    /// With networks of the operator's choice beside the public ones: at any port there, by HTTP as well, and by IP
    /// address. Behind DNS64, `64:ff9b::/96` is one to allow where its gateway keeps to public addresses.
    #[must_use]
    pub fn allowing(mut self, networks: &[IpNet]) -> Self {
        if let Policy::Public { allowed, .. } = &mut self.0 {
            *allowed = networks.to_vec();
        }
        self
    }

    /// Whether an address may be called, as far as can be told before its host is looked up.
    pub fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Forbidden::Address),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Forbidden::Address);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let Policy::Public { allowed, ports } = &self.0 else { return Ok(()) };
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        match literal {
            Some(address) if lies_in(allowed, address) => Ok(()),
            Some(_) => Err(Forbidden::Literal),
            // What a name means is known later; one in an allowed network needs neither HTTPS nor a usual port.
            None if !allowed.is_empty() => Ok(()),
            None if is_local(url.host_str().unwrap_or_default()) => Err(Forbidden::LocalName),
            None if !https => Err(Forbidden::Scheme),
            None if !ports.contains(&port) => Err(Forbidden::Port),
            None => Ok(()),
        }
    }

    /// Those of the addresses of a host that may be called; why none may.
    pub fn admitted(&self, https: bool, port: u16, found: &[IpAddr]) -> Result<Vec<SocketAddr>, Forbidden> {
        let usual = |address: &IpAddr| match &self.0 {
            Policy::Public { allowed, .. } if lies_in(allowed, *address) => Ok(()),
            Policy::Public { .. } if !is_public(*address) => Err(Forbidden::Private),
            Policy::Public { .. } if !https => Err(Forbidden::Scheme),
            Policy::Public { ports, .. } if !ports.contains(&port) => Err(Forbidden::Port),
            Policy::Anywhere | Policy::Public { .. } => Ok(()),
        };
        let open: Vec<_> = found.iter().filter(|address| usual(address).is_ok()).collect();
        if open.is_empty() {
            return Err(found.iter().find_map(|address| usual(address).err()).unwrap_or(Forbidden::Private));
        }
        Ok(open.into_iter().map(|address| SocketAddr::new(*address, port)).collect())
    }
}

fn lies_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Names that mean something within a network alone (RFC 6761, 6762, 8375; ICANN for `internal`).
fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let local = ["localhost", "local", "internal", "home.arpa"];
    !host.contains('.') || local.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests;
