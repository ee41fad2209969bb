//! How fast news is passed on: at once while it is rare, and together with what follows while there is much of it.

use std::time::Duration;
use tokio::time::Instant;

/// How far apart the loops are told of news that keeps coming. Each look costs a handful of statements, whatever it finds.
const APART: Duration = Duration::from_millis(40);
/// How much news is told at once after a silence: an event, the jobs that come of it, and what these leave to do.
const AT_ONCE: u32 = 4;

/// The generic cell rate algorithm, for one who can wait.
#[derive(Default)]
pub(super) struct Pace {
    /// When all that was told is paid for.
    paid: Option<Instant>,
}

impl Pace {
    /// For how long what comes now has to wait.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        let paid = self.paid.filter(|paid| *paid > now).unwrap_or(now);
        self.paid = Some(paid + APART);
        (paid - now).saturating_sub(APART * (AT_ONCE - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each is told, in milliseconds; news that comes meanwhile is told with it.
    fn told(comes: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let (begin, mut pace, mut told) = (Instant::now(), Pace::default(), Vec::new());
        for comes in comes {
            if told.last().is_none_or(|last| *last < comes) {
                let wait = pace.wait(begin + Duration::from_millis(comes));
                told.push(comes + u64::try_from(wait.as_millis()).unwrap());
            }
        }
        told
    }

    #[test]
    fn rare_news_is_told_at_once() {
        let rare = [0, 1, 3, 7, 200, 201, 202, 203, 1000];
        assert_eq!(told(rare), rare);
    }

    #[test]
    fn steady_news_is_told_together() {
        assert_eq!(told(0..300), [0, 1, 2, 3, 40, 80, 120, 160, 200, 240, 280, 320]);
    }

    #[test]
    fn none_waits_longer_than_one_step() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..1000 {
            let wait = pace.wait(now);
            assert!(wait <= APART, "{wait:?}");
            now += wait;
        }
    }
}
