//! Notes of who was shown how customers are reached.
//!
//! They stand in an audit chain of their own, one per store and day, so that readers wait for no booking. Those of one
//! chain would wait for one another, each for its own flush to disk; so what comes while one is written is written
//! together next.

use super::Shown;
use crate::ports::ContactLog;
use chrono::NaiveDate;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{AuditId, IdGen, StoreId};
use musubi_kernel::record::AuditEntry;
use musubi_kernel::retry::{Pause, retrying};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many are written together at most.
const AT_ONCE: usize = 64;

type Day = (StoreId, NaiveDate);
type Told = Result<(), StoreError>;

struct Waiting {
    entry: AuditEntry,
    told: oneshot::Sender<Told>,
}

/// Writes the notes.
#[derive(Clone)]
pub struct ContactReads(Arc<Inner>);

struct Inner {
    log: Arc<dyn ContactLog>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
    /// Who waits. Where there is a line, even an empty one, somebody writes.
    lines: Mutex<HashMap<Day, Vec<Waiting>>>,
}

impl ContactReads {
    /// Notes in this log.
    pub fn new(log: Arc<dyn ContactLog>, clock: Arc<dyn Clock>, ids: Arc<dyn IdGen>, pause: Arc<dyn Pause>) -> Self {
        Self(Arc::new(Inner { log, clock, ids, pause, lines: Mutex::default() }))
    }

    /// Notes that this caller is shown these customers; what cannot be noted must not be shown.
    pub(crate) async fn note(&self, caller: &Caller, shown: Option<&Shown>) -> Result<(), StoreError> {
        let Some(shown) = shown else { return Ok(()) };
        let entry = self.entry(caller, shown);
        let day = (shown.store, entry.at.date_naive());
        let (told, answer) = oneshot::channel();
        if self.stand_in_line(day, Waiting { entry, told }) {
            let turn = Turn { reads: self.clone(), day, over: false };
            // On its own, so that it ends whoever hangs up.
            tokio::spawn(turn.serve());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the notes were given up".to_owned())))
    }

    fn entry(&self, caller: &Caller, Shown { tenant, store, operation, customers }: &Shown) -> AuditEntry {
        let at = self.0.clock.now();
        AuditEntry {
            id: AuditId::new(&*self.0.ids, at),
            action: "customer.contact_read".into(),
            tenant: Some(*tenant),
            store: Some(*store),
            subject_kind: "store",
            subject: store.0,
            caller: caller.clone(),
            before: None,
            after: Some(json!({ "operation": operation, "customers": customers })),
            at,
        }
    }

    /// Whether nobody writes for this day yet.
    fn stand_in_line(&self, day: Day, one: Waiting) -> bool {
        let mut lines = self.lines();
        let is_first = !lines.contains_key(&day);
        lines.entry(day).or_default().push(one);
        is_first
    }

    /// Those whose notes are written next. Where there are none, the line ends.
    fn next(&self, day: Day) -> Vec<Waiting> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&day) else { return Vec::new() };
        let next: Vec<_> = line.drain(..line.len().min(AT_ONCE)).collect();
        if next.is_empty() {
            lines.remove(&day);
        }
        next
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Day, Vec<Waiting>>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, (store, date): Day, entries: &[AuditEntry]) -> Told {
        let written = retrying(&*self.0.pause, || self.0.log.add(store, date, entries)).await;
        // Whatever the reason: the data is there, and cannot be shown now.
        written.map_err(|error| StoreError::Unavailable(format!("a note of contact data: {error}")))
    }
}

/// Writes for a day until nobody waits.
struct Turn {
    reads: ContactReads,
    day: Day,
    over: bool,
}

impl Turn {
    async fn serve(mut self) {
        loop {
            let next = self.reads.next(self.day);
            if next.is_empty() {
                self.over = true;
                return;
            }
            let (entries, told): (Vec<_>, Vec<_>) = next.into_iter().map(|one| (one.entry, one.told)).unzip();
            let done = self.reads.write(self.day, &entries).await;
            for one in told {
                // Who has hung up is told nothing.
                drop(one.send(done.clone()));
            }
        }
    }
}

impl Drop for Turn {
    /// A turn that ends before its time takes its line along, so that nobody waits for ever.
    fn drop(&mut self) {
        if !self.over {
            self.reads.lines().remove(&self.day);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use futures_util::future::join_all;
    use musubi_kernel::clock::SystemClock;
    use musubi_kernel::id::{CustomerId, SystemIds};
    use musubi_kernel::retry::NoPause;
    use std::sync::atomic::{AtomicBool, Ordering};
    use uuid::Uuid;

    /// Keeps what is written in one go; may refuse, or lose races first.
    #[derive(Default)]
    struct Log {
        written: Mutex<Vec<Vec<AuditEntry>>>,
        races_to_lose: Mutex<u32>,
        gone: AtomicBool,
    }

    #[async_trait]
    impl ContactLog for Log {
        async fn add(&self, _: StoreId, _: NaiveDate, entries: &[AuditEntry]) -> Result<(), StoreError> {
            tokio::task::yield_now().await;
            if self.gone.load(Ordering::Relaxed) {
                return Err(StoreError::Internal("the disk is full".to_owned()));
            }
            let mut races = self.races_to_lose.lock().expect("no holder panics");
            if *races > 0 {
                *races -= 1;
                return Err(StoreError::Conflict);
            }
            self.written.lock().expect("no holder panics").push(entries.to_vec());
            Ok(())
        }
    }

    fn reads(log: &Arc<Log>) -> ContactReads {
        ContactReads::new(log.clone(), Arc::new(SystemClock), Arc::new(SystemIds), Arc::new(NoPause))
    }

    fn shown(customer: u128) -> Shown {
        let customers = [CustomerId(Uuid::from_u128(customer))].into();
        let (tenant, store) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        Shown { tenant, store, operation: "get_customer".into(), customers }
    }

    #[tokio::test]
    async fn those_who_come_together_are_noted_together_and_each_once() {
        let log = Arc::new(Log { races_to_lose: Mutex::new(2), ..Log::default() });
        let reads = reads(&log);
        let caller = Caller::system();
        let each: Vec<_> = (0..100).map(shown).collect();
        let done = join_all(each.iter().map(|shown| reads.note(&caller, Some(shown)))).await;
        assert!(done.iter().all(Result::is_ok));
        let written = log.written.lock().expect("no holder panics").clone();
        assert!(written.len() < 10 && written.iter().all(|entries| entries.len() <= AT_ONCE), "{}", written.len());
        let noted: Vec<_> = written.iter().flatten().filter_map(|entry| entry.after.clone()).collect();
        let expected = |one: &Shown| json!({ "operation": "get_customer", "customers": one.customers });
        assert_eq!(noted, each.iter().map(expected).collect::<Vec<_>>());
        assert!(reads.lines().is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_noted_is_not_shown() {
        let log = Arc::new(Log::default());
        let (reads, caller) = (reads(&log), Caller::system());
        log.gone.store(true, Ordering::Relaxed);
        let refused = reads.note(&caller, Some(&shown(1))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert_eq!(reads.note(&caller, None).await, Ok(()));
        log.gone.store(false, Ordering::Relaxed);
        assert_eq!(reads.note(&caller, Some(&shown(1))).await, Ok(()));
        assert_eq!(log.written.lock().expect("no holder panics").len(), 1);
    }
}
