//! A fake of the [port](super::book), for tests and for embedding without a database.

use super::book::{EntryChange, ScheduleBook};
use super::{Entry, Firing, StoreClock};
use crate::error::StoreError;
use crate::id::LeaseId;
use crate::job::memory::JobsInMemory;
use crate::job::queue::JobQueue as _;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

type Place = (String, String);

#[derive(Debug, Default)]
struct Kept {
    entries: BTreeMap<Place, Entry>,
    leader: Option<(LeaseId, DateTime<Utc>)>,
    stores: Vec<StoreClock>,
}

impl Kept {
    fn is(&self, entry: &Entry) -> bool {
        self.entries.get(&place(entry)) == Some(entry)
    }

    fn of<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Entry> {
        self.entries.values().filter(|entry| names.contains(&entry.name.as_str()))
    }
}

fn place(entry: &Entry) -> Place {
    (entry.name.clone(), entry.scope())
}

/// Entries in memory. Their jobs go to a queue in memory.
#[derive(Debug)]
pub struct SchedulesInMemory {
    jobs: Arc<JobsInMemory>,
    kept: Mutex<Kept>,
}

impl SchedulesInMemory {
    /// None yet.
    pub fn new(jobs: Arc<JobsInMemory>) -> Self {
        Self { jobs, kept: Mutex::default() }
    }

    /// These are the stores that are open for business.
    pub fn open(&self, stores: Vec<StoreClock>) {
        self.kept().stores = stores;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder panics")
    }
}

#[async_trait]
impl ScheduleBook for SchedulesInMemory {
    async fn store_clocks(&self) -> Result<Vec<StoreClock>, StoreError> {
        Ok(self.kept().stores.clone())
    }

    async fn entries(&self, names: &[&str]) -> Result<Vec<Entry>, StoreError> {
        Ok(self.kept().of(names).cloned().collect())
    }

    async fn change(&self, changes: &[EntryChange]) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let fits = changes.iter().all(|change| match change {
            EntryChange::Add(entry) => !kept.entries.contains_key(&place(entry)),
            EntryChange::Replace(before, _) => kept.is(before),
            EntryChange::Remove(_) => true,
        });
        if !fits {
            return Err(StoreError::Conflict);
        }
        for change in changes.iter().cloned() {
            match change {
                EntryChange::Add(entry) | EntryChange::Replace(_, entry) => {
                    kept.entries.insert(place(&entry), entry);
                }
                EntryChange::Remove(entry) => drop(kept.entries.remove(&place(&entry))),
            }
        }
        Ok(())
    }

    async fn next(&self, names: &[&str]) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.kept().of(names).map(|entry| entry.next_at).min())
    }

    async fn due(&self, names: &[&str], most: u32, now: DateTime<Utc>) -> Result<Vec<Entry>, StoreError> {
        let kept = self.kept();
        let mut due: Vec<_> = kept.of(names).filter(|entry| entry.next_at <= now).cloned().collect();
        due.sort_by_key(|entry| (entry.next_at, place(entry)));
        due.truncate(most as usize);
        Ok(due)
    }

    async fn fire(&self, firings: &[Firing]) -> Result<(), StoreError> {
        {
            let mut kept = self.kept();
            if !firings.iter().all(|firing| kept.is(&firing.entry)) {
                return Err(StoreError::Conflict);
            }
            for firing in firings {
                let entry = Entry { next_at: firing.next_at, ..firing.entry.clone() };
                kept.entries.insert(place(&entry), entry);
            }
        }
        let jobs: Vec<_> = firings.iter().map(|firing| firing.job.clone()).collect();
        self.jobs.enqueue(&jobs).await
    }

    async fn lead(&self, holder: LeaseId, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let leader = &mut self.kept().leader;
        let free = leader.is_none_or(|(who, ends)| who == holder || ends <= now);
        if free {
            *leader = Some((holder, until));
        }
        Ok(free)
    }

    async fn resign(&self, holder: LeaseId) -> Result<(), StoreError> {
        let leader = &mut self.kept().leader;
        if leader.is_some_and(|(who, _)| who == holder) {
            *leader = None;
        }
        Ok(())
    }
}
