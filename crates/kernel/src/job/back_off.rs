//! How long a job waits before it is tried again.

use chrono::TimeDelta;

/// Waits that double, with jitter, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    first: TimeDelta,
    longest: TimeDelta,
}

impl BackOff {
    /// The wait after the first attempt is at most `first`, no wait is longer than `longest`.
    pub const fn new(first: TimeDelta, longest: TimeDelta) -> Self {
        Self { first, longest }
    }

    /// The wait after the `attempt`-th attempt (1, 2, …): between a half and the whole of `first` · 2^(attempt − 1) or of
    /// `longest`, whichever is less. Where between is decided by `random`, so that jobs which failed together, as all do when
    /// whom they call is away, do not come back together.
    pub fn after(&self, attempt: u32, random: u32) -> TimeDelta {
        let micros = |wait: TimeDelta| wait.num_microseconds().and_then(|wait| u64::try_from(wait).ok()).unwrap_or(0);
        let doubled = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        let whole = micros(self.first).saturating_mul(doubled).min(micros(self.longest));
        let half = whole / 2;
        let jitter = (u128::from(whole - half) * u128::from(random)) >> u32::BITS;
        let wait = half + u64::try_from(jitter).unwrap_or(0);
        TimeDelta::microseconds(i64::try_from(wait).unwrap_or(i64::MAX))
    }
}

impl Default for BackOff {
    /// 2 seconds at first, an hour at most.
    fn default() -> Self {
        Self::new(TimeDelta::seconds(2), TimeDelta::hours(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: u32 = u32::MAX;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = BackOff::new(TimeDelta::seconds(2), TimeDelta::seconds(60));
        for (attempt, least, most) in
            [(1, 1.0, 2.0), (2, 2.0, 4.0), (5, 16.0, 32.0), (6, 30.0, 60.0), (ALL, 30.0, 60.0)]
        {
            assert!((waits.after(attempt, 0).as_seconds_f64() - least).abs() < 1e-5, "{attempt}");
            assert!((waits.after(attempt, ALL).as_seconds_f64() - most).abs() < 1e-5, "{attempt}");
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_out_of_bounds(first in 0_i64..1 << 40, longest in 0_i64..1 << 45, attempt: u32, random: u32) {
            let waits = BackOff::new(TimeDelta::microseconds(first), TimeDelta::microseconds(longest));
            // The rule as a slow loop.
            let mut whole = i128::from(first);
            for _ in 1..attempt.min(100) {
                whole *= 2;
                if whole > i128::from(longest) { break; }
            }
            let whole = whole.min(i128::from(longest));
            let wait = i128::from(waits.after(attempt, random).num_microseconds().unwrap());
            prop_assert!(whole / 2 <= wait && wait <= whole, "{wait} of {whole}");
        }
    }
}
