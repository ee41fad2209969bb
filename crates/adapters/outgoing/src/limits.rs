//! Bounds on time and size.

use std::time::Duration;

/// How long a server is waited for, and how much it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until there is a connection: names are looked up and TLS is agreed on within it.
    pub connect: Duration,
    /// Until there is a whole answer.
    pub whole: Duration,
    /// From the head of an answer to the end of its body, within the whole.
    pub body: Duration,
    /// Bytes of an answer's body. More is not read.
    pub bytes: usize,
    /// How long a connection that nobody uses is kept; zero: each call has a connection of its own. A server that closes
    /// a kept one just as it is used again leaves open whether it took the request.
    pub idle: Duration,
}

impl Default for Limits {
    /// 3 seconds, 10 seconds, of which all may be the body's, 256 KiB, 30 seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            whole: Duration::from_secs(10),
            body: Duration::from_secs(10),
            bytes: 256 * 1024,
            idle: Duration::from_secs(30),
        }
    }
}
