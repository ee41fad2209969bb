//! Saying of a store what happens again and again, and not each time.

use musubi_kernel::id::StoreId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far apart it is said of one store.
const APART: Duration = Duration::from_mins(10);
/// Of how many stores it is known at once. With more it is said again of all of them.
const MOST: usize = 10_000;

/// When something was last said of a store, in this process.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<HashMap<StoreId, Instant>>);

impl Seldom {
    /// Whether it is to be said of a store now.
    pub(super) fn is_time(&self, store: StoreId, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&store).is_some_and(|last| now.duration_since(*last) < APART) {
            return false;
        }
        if last.len() >= MOST {
            last.clear();
        }
        last.insert(store, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::{IdGen as _, SystemIds};

    #[test]
    fn of_each_store_it_is_said_once_in_a_while() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let new = || StoreId(SystemIds.uuid(chrono::DateTime::UNIX_EPOCH));
        let (one, other) = (new(), new());
        let said = |store, seconds| seldom.is_time(store, start + Duration::from_secs(seconds));
        assert_eq!([said(one, 0), said(one, 1), said(other, 1), said(one, 599)], [true, false, true, false]);
        assert_eq!([said(one, 600), said(one, 601), said(other, 600), said(other, 601)], [true, false, false, true]);
        for _ in 0..MOST {
            said(new(), 700);
        }
        assert!(said(one, 701), "what is kept of stores is bounded");
    }
}
