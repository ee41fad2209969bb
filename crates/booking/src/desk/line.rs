//! The line before a store's days.
//!
//! Transactions that lock the same days follow one another, and each pays for its own round trips and its own flush to
//! disk. So whoever books while another booking of these days is under way waits in line. [`Turn`] is held by who is being
//! served; dropping it serves those who wait by then, [together](super::together).

use super::Desk;
use super::together::Waiting;
use chrono::NaiveDate;
use musubi_kernel::id::StoreId;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are served together: enough that the flush to disk is shared, few enough that the first does not wait for long.
const AT_ONCE: usize = 16;

/// What the bookings of one line have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LineKey {
    pub(super) store: StoreId,
    /// The days whose locks they take.
    pub(super) locked: BTreeSet<NaiveDate>,
    /// The business dates whose occupancy decides.
    pub(super) read: RangeInclusive<NaiveDate>,
}

/// Who waits behind whom. Where there is a line, even an empty one, somebody is being served.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<HashMap<LineKey, VecDeque<Waiting>>>>);

impl Lines {
    /// Whether nobody is ahead. Else what `waiting` makes stands in line.
    pub(super) fn is_first(&self, key: &LineKey, waiting: impl FnOnce() -> Waiting) -> bool {
        let mut lines = self.lines();
        match lines.get_mut(key) {
            Some(line) => line.push_back(waiting()),
            None => return lines.insert(key.clone(), VecDeque::new()).is_none(),
        }
        false
    }

    /// Those who are served next. Where there are none, the line ends.
    fn next(&self, key: &LineKey) -> Vec<Waiting> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(key) else { return Vec::new() };
        line.retain(Waiting::is_awaited);
        let next: Vec<Waiting> = line.drain(..line.len().min(AT_ONCE)).collect();
        if next.is_empty() {
            lines.remove(key);
        }
        next
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<LineKey, VecDeque<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Being served. When it ends, in whatever way, those who wait are served next.
pub(super) struct Turn {
    pub(super) desk: Desk,
    pub(super) key: LineKey,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.desk.lines.next(&self.key);
        let Some(tasks) = self.desk.tasks.as_ref().filter(|_| !next.is_empty()) else { return };
        let turn = Self { desk: self.desk.clone(), key: self.key.clone() };
        tasks.run(Box::pin(async move { turn.desk.serve(&turn.key, next).await }));
    }
}
