//! Where names of hosts become addresses.

use async_trait::async_trait;
use std::io;
use std::net::IpAddr;

/// Finds the addresses of hosts.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of a host, those to try first in front.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks as this computer is set up to.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}
