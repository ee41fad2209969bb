//! The line before a store's days.
//!
//! Transactions that lock the same days follow one another, and each pays for its own round trips and its own flush to
//! disk. So whoever books while another booking of these days is under way waits in line, and those who wait are
//! [served together](super::together).

use super::Desk;
use super::together::Party;
use chrono::NaiveDate;
use musubi_kernel::id::StoreId;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are served together: enough that the flush to disk is shared, few enough that the first does not wait for long.
const AT_ONCE: usize = 16;

/// What bookings have in common that are served together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ahead {
    pub(super) store: StoreId,
    /// The days whose locks they take.
    pub(super) locked: BTreeSet<NaiveDate>,
    /// The business dates whose occupancy decides.
    pub(super) read: RangeInclusive<NaiveDate>,
}

/// Who waits for whom. Behind each key somebody is being served.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<HashMap<Ahead, VecDeque<Party>>>>);

impl Line {
    /// Whether nobody is ahead. Else the party that `waiting` makes stands in line.
    pub(super) fn is_first(&self, ahead: &Ahead, waiting: impl FnOnce() -> Party) -> bool {
        let mut lines = self.lines();
        match lines.get_mut(ahead) {
            Some(line) => line.push_back(waiting()),
            None => return lines.insert(ahead.clone(), VecDeque::new()).is_none(),
        }
        false
    }

    /// Those who are served next. Where there are none, the line ends.
    fn next(&self, ahead: &Ahead) -> Vec<Party> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(ahead) else { return Vec::new() };
        line.retain(Party::is_waiting);
        let next: Vec<Party> = line.drain(..line.len().min(AT_ONCE)).collect();
        if next.is_empty() {
            lines.remove(ahead);
        }
        next
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Ahead, VecDeque<Party>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Being served. When it ends, in whatever way, those who wait are served next.
pub(super) struct Turn {
    pub(super) desk: Desk,
    pub(super) ahead: Ahead,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.desk.line.next(&self.ahead);
        let Some(tasks) = self.desk.tasks.as_ref().filter(|_| !next.is_empty()) else { return };
        let turn = Self { desk: self.desk.clone(), ahead: self.ahead.clone() };
        tasks.run(Box::pin(async move { turn.desk.serve(&turn.ahead, next).await }));
    }
}
