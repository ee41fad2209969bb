//! How patiently messages are sent.

use std::time::Duration;

/// How patiently messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages taken that are not sent yet; a further one is refused.
    pub room: u32,
    /// Messages that are being sent at once, each over a connection of its own.
    pub at_once: u32,
    /// From when a message was taken until it is worked on. Sending takes processors and network, and who waits for the
    /// answer beside it must not notice whether there is something to send (ASVS 5.0, 6.3.8).
    pub head_start: Duration,
    /// Until there is a connection.
    pub connect: Duration,
    /// Until an attempt is over, connection included.
    pub attempt: Duration,
    /// Before the second attempt; before each further one twice as long.
    pub first_pause: Duration,
    /// Before an attempt at most.
    pub longest_pause: Duration,
    /// From when a message was taken until it is given up. One whose token is good for less time is given up with its
    /// token.
    pub patience: Duration,
}

impl Default for Pace {
    /// 1,000 messages, 4 at once; 200 milliseconds, 10 seconds, 60 seconds; pauses from 1 to 60 seconds, for 10 minutes. Servers that
    /// greylist ask for some 5 minutes (RFC 6647, 2.1).
    fn default() -> Self {
        Self {
            room: 1_000,
            at_once: 4,
            head_start: Duration::from_millis(200),
            connect: Duration::from_secs(10),
            attempt: Duration::from_mins(1),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
            patience: Duration::from_mins(10),
        }
    }
}

impl Pace {
    /// The pause after so many attempts, of which there is one at least.
    pub(crate) fn pause(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.first_pause.saturating_mul(doubled).min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let pace = Pace::default();
        let pauses: Vec<_> = (1..=8).map(|attempts| pace.pause(attempts).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pace.pause(u32::MAX), pace.longest_pause);
    }
}
