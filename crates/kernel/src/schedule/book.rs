//! The port that keeps the entries of schedules. Its fake is in [`memory`](super::memory).

use super::{Entry, Firing, StoreClock};
use crate::error::StoreError;
use crate::id::LeaseId;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Keeps the entries of schedules, and who plans.
#[async_trait]
pub trait ScheduleBook: Send + Sync {
    /// The clocks of the stores that are open for business.
    async fn store_clocks(&self) -> Result<Vec<StoreClock>, StoreError>;

    /// The entries of these schedules.
    async fn entries(&self, names: &[&str]) -> Result<Vec<Entry>, StoreError>;

    /// Writes down a change of entries, all or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another has changed them since they were read.
    async fn change(&self, changes: &[EntryChange]) -> Result<(), StoreError>;

    /// When the first of the entries of these schedules fires, which may be past.
    async fn next(&self, names: &[&str]) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Up to `most` entries of these schedules that fire by `now`, the earliest first.
    async fn due(&self, names: &[&str], most: u32, now: DateTime<Utc>) -> Result<Vec<Entry>, StoreError>;

    /// Writes down firings with their jobs, all or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another was first with one of them.
    async fn fire(&self, firings: &[Firing]) -> Result<(), StoreError>;

    /// Whether `holder` is the one who plans, until `until`: nobody else is at `now`. Nothing but work twice comes of a
    /// mistake in it, and no firing.
    async fn lead(&self, holder: LeaseId, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Lets another plan at once.
    async fn resign(&self, holder: LeaseId) -> Result<(), StoreError>;
}

/// How an entry is changed, so that it is as its schedule wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryChange {
    /// It is new.
    Add(Entry),
    /// Its rhythm or its clock is another: from the first to the second.
    Replace(Entry, Entry),
    /// Its store is gone or closed.
    Remove(Entry),
}

/// What makes entries as they are wanted. An entry whose rhythm and clock are as before keeps its next firing.
pub fn changes(kept: Vec<Entry>, wanted: Vec<Entry>) -> Vec<EntryChange> {
    let place = |entry: &Entry| (entry.name.clone(), entry.scope());
    let mut kept: BTreeMap<_, Entry> = kept.into_iter().map(|entry| (place(&entry), entry)).collect();
    let mut changes = Vec::new();
    for wanted in wanted {
        match kept.remove(&place(&wanted)) {
            None => changes.push(EntryChange::Add(wanted)),
            Some(entry) if entry.rule != wanted.rule => changes.push(EntryChange::Replace(entry, wanted)),
            Some(_) => {}
        }
    }
    changes.extend(kept.into_values().map(EntryChange::Remove));
    changes
}
