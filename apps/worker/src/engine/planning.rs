//! Firing schedules, if this worker is the one who plans.

use super::waiting::Stopping;
use super::{Shared, told_of};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use musubi_kernel::error::StoreError;
use musubi_kernel::schedule::book::{EntryChange, changes};
use musubi_kernel::schedule::{Entry, Schedule, WhoseClock};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many entries fire in one transaction, and are changed in one.
const AT_ONCE: usize = 50;
/// How often the entries are compared with the stores that there are.
const COMPARE: Duration = Duration::from_mins(10);
/// The pauses between two looks at what fires next.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long one who plans does so before another may.
const TERM: TimeDelta = TimeDelta::seconds(15);

/// What came of planning.
pub(super) struct Planned {
    /// So many schedules fired.
    pub(super) fired: u64,
    /// When the next one does, by what is known.
    pub(super) next: Option<DateTime<Utc>>,
}

pub(super) fn begin(shared: Arc<Shared>, stopping: Stopping) -> BoxFuture<'static, ()> {
    Box::pin(run(shared, stopping))
}

async fn run(shared: Arc<Shared>, mut stopping: Stopping) {
    let mut compared: Option<Instant> = None;
    loop {
        if compared.is_none_or(|at| at.elapsed() > COMPARE) {
            match shared.compare_entries().await {
                Ok(()) => compared = Some(Instant::now()),
                Err(error) => tracing::warn!("schedules could not be compared: {}", told_of(&error)),
            }
        }
        let next = match shared.plan().await {
            Ok(Planned { next, .. }) => next,
            Err(error) => {
                tracing::warn!("schedules could not be fired: {}", told_of(&error));
                None
            }
        };
        if !stopping.or(shared.pause_of_planning(next)).await {
            return;
        }
    }
}

impl Shared {
    /// Makes the entries of the schedules as they are wanted. Every worker does so when it begins, for its own schedules.
    pub(super) async fn compare_entries(&self) -> Result<(), StoreError> {
        let schedules = self.work.schedules();
        let each_store = schedules.iter().any(|schedule| schedule.clock == WhoseClock::EachStore);
        let stores = if each_store { self.ports.schedules.store_clocks().await? } else { Vec::new() };
        let now = self.ports.clock.now();
        loop {
            let kept = self.ports.schedules.entries(&self.names()).await?;
            let wanted = schedules.iter().flat_map(|schedule| schedule.entries(&stores, now)).collect();
            match self.change(&changes(kept, wanted)).await {
                // Another compares at the same time.
                Err(StoreError::Conflict) => tokio::time::sleep(Duration::from_millis(20)).await,
                done => return done,
            }
        }
    }

    async fn change(&self, all: &[EntryChange]) -> Result<(), StoreError> {
        for some in all.chunks(AT_ONCE) {
            self.ports.schedules.change(some).await?;
        }
        Ok(())
    }

    fn names(&self) -> Vec<&str> {
        self.work.schedules().iter().map(|schedule| schedule.name).collect()
    }

    fn schedule(&self, entry: &Entry) -> Option<&Schedule> {
        self.work.schedules().iter().find(|schedule| schedule.name == entry.name)
    }

    /// Waits until the next firing; not too long, as another program may have schedules that fire earlier.
    async fn pause_of_planning(&self, next: Option<DateTime<Utc>>) {
        let wait = next.map_or(LONGEST_PAUSE, |next| (next - self.ports.clock.now()).to_std().unwrap_or_default());
        tokio::time::sleep(wait.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
    }

    /// Fires what is due, if nobody else plans.
    pub(super) async fn plan(&self) -> Result<Planned, StoreError> {
        let names = self.names();
        let mut fired = 0;
        loop {
            let now = self.ports.clock.now();
            let next = self.ports.schedules.next(&names).await?;
            if next.is_none_or(|next| next > now) || !self.ports.schedules.lead(self.me, now + TERM, now).await? {
                return Ok(Planned { fired, next });
            }
            let due = self.ports.schedules.due(&names, u32::try_from(AT_ONCE).unwrap_or(u32::MAX), now).await?;
            let firings: Vec<_> = due
                .into_iter()
                .filter_map(|entry| self.schedule(&entry).map(|schedule| schedule.fire(entry, &*self.ports.ids, now)))
                .collect();
            match self.ports.schedules.fire(&firings).await {
                Ok(()) => fired += firings.len() as u64,
                // Somebody else was first with one of them: those that are left are read anew.
                Err(StoreError::Conflict) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error),
            }
        }
    }
}
