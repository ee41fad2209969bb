//! What several servers share while it is short-lived, in Redis.
//!
//! | module | what it is |
//! |---|---|
//! | [`ephemeral`] | sign-ins that wait for a second factor, mailed codes, wrong tries |
//! | [`rate`] | how often a client has called, counted for all servers together |
//!
//! Redis is a convenience, never the truth: whoever uses this has an answer for when it is away, if only that it is.
//! Connections are made in the background, and made again when they break.

pub mod ephemeral;
pub mod rate;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::time::Duration;

/// How long one command may take before the caller goes on without Redis.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why Redis did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The address is none of Redis.
    #[error("a Redis URL looks like redis://127.0.0.1:6379: {0}")]
    Address(String),
    /// It is away, or refused the command.
    #[error("Redis did not answer: {0}")]
    Away(String),
}

/// A connection that is made when it is first needed and whenever it has broken. Clones share it.
#[derive(Clone)]
pub struct Redis(ConnectionManager);

impl Redis {
    /// A connection to this address. Nothing is sent yet: that Redis is away now does not keep a server from starting.
    pub fn at(url: &str) -> Result<Self, RedisError> {
        let address = |error: redis::RedisError| RedisError::Address(error.to_string());
        let client = redis::Client::open(url).map_err(address)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        Ok(Self(ConnectionManager::new_lazy_with_config(client, config).map_err(address)?))
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}
