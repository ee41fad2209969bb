//! A fake of the [port](super::Outbox), for tests and for embedding without a database.

use super::{Outbox, PassedOn, Registered, Subscriber, Wishes, deliveries};
use crate::error::StoreError;
use crate::id::IdGen;
use crate::job::memory::JobsInMemory;
use crate::job::queue::JobQueue as _;
use crate::record::DomainEvent;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Default)]
struct Kept {
    waiting: Vec<DomainEvent>,
    passed_on: Vec<DateTime<Utc>>,
    registered: Vec<(Registered, DateTime<Utc>)>,
}

/// Events in memory. The jobs of their deliveries go to a queue in memory.
#[derive(Debug)]
pub struct OutboxInMemory {
    jobs: Arc<JobsInMemory>,
    kept: Mutex<Kept>,
}

impl OutboxInMemory {
    /// Without events.
    pub fn new(jobs: Arc<JobsInMemory>) -> Self {
        Self { jobs, kept: Mutex::default() }
    }

    /// Something has happened.
    pub fn add(&self, events: impl IntoIterator<Item = DomainEvent>) {
        self.kept().waiting.extend(events);
        self.jobs.tell();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder panics")
    }
}

#[async_trait]
impl Outbox for OutboxInMemory {
    async fn register(&self, names: &[&str], now: DateTime<Utc>) -> Result<(), StoreError> {
        let registered = &mut self.kept().registered;
        for name in names {
            match registered.iter_mut().find(|(registered, _)| registered.name == *name) {
                Some((_, seen_at)) => *seen_at = now,
                None => registered.push((Registered { name: (*name).to_owned(), since: now }, now)),
            }
        }
        Ok(())
    }

    async fn waiting_since(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.kept().waiting.iter().map(|event| event.occurred_at).min())
    }

    async fn pass_on(
        &self,
        known: &[Arc<dyn Subscriber>],
        most: u32,
        ids: &dyn IdGen,
        now: DateTime<Utc>,
    ) -> Result<PassedOn, StoreError> {
        let (events, registered) = {
            let mut kept = self.kept();
            kept.waiting.sort_by_key(|event| event.occurred_at);
            let most = kept.waiting.len().min(most as usize);
            let events: Vec<_> = kept.waiting.drain(..most).collect();
            let there = kept.registered.iter().filter(|(_, seen_at)| super::is_there(*seen_at, now));
            let registered: Vec<_> = there.map(|(registered, _)| registered.clone()).collect();
            (events, registered)
        };
        let wishes = Wishes::about(&events, known).await.inspect_err(|_| self.kept().waiting.extend(events.clone()))?;
        self.kept().passed_on.extend(events.iter().map(|event| event.occurred_at));
        let jobs = deliveries(&events, &wishes, &registered, ids, now);
        self.jobs.enqueue(&jobs).await?;
        Ok(PassedOn { events: events.len() as u64, jobs: jobs.len() as u64 })
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        Ok(self.kept().waiting.len() as u64)
    }

    async fn forget_events(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        let passed_on = &mut self.kept().passed_on;
        let old = passed_on.extract_if(.., |at| *at < before).take(most as usize).count();
        Ok(old as u64)
    }

    async fn forget_handled(&self, _: DateTime<Utc>, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
