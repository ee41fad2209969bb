//! Everything that is due, by a clock that the test moves.

use crate::engine::{House, event};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::id::{StoreId, SystemIds, TenantId};
use musubi_kernel::job::queue::JobQueue as _;
use musubi_kernel::job::{Job, JobHandler, NewJob, Outcome};
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::record::DomainEvent;
use musubi_kernel::schedule::rhythm::Rhythm;
use musubi_kernel::schedule::{Schedule, StoreClock};
use musubi_kernel::zone::Tz;
use musubi_worker::engine::{Engine, Limits, WorkedOff};
use musubi_worker::work::Work;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn house() -> (House, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(at("2026-03-20T00:00:30Z")));
    (House::by(clock.clone()), clock)
}

/// Says what it is given to say, once each, then that it is done.
struct Says(&'static str, Mutex<Vec<Outcome>>);

#[async_trait]
impl JobHandler for Says {
    fn kind(&self) -> &str {
        self.0
    }
    async fn run(&self, _: &Job) -> Outcome {
        self.1.lock().unwrap().pop().unwrap_or(Outcome::Done)
    }
}

/// Notes at which times it was called, and for which store.
#[derive(Clone)]
struct Notes(&'static str, Arc<Mutex<Vec<Call>>>);

/// For which store, and when it was due.
type Call = (Option<StoreId>, DateTime<Utc>);

#[async_trait]
impl JobHandler for Notes {
    fn kind(&self) -> &str {
        self.0
    }
    async fn run(&self, job: &Job) -> Outcome {
        self.1.lock().unwrap().push((job.store, job.due_at));
        Outcome::Done
    }
}

struct Adds(Arc<musubi_kernel::job::memory::JobsInMemory>);

#[async_trait]
impl Subscriber for Adds {
    fn name(&self) -> &'static str {
        "adds"
    }
    fn wants(&self, kind: &str) -> bool {
        kind.starts_with("booking.")
    }
    async fn handle(&self, event: &DomainEvent) -> Outcome {
        let job = NewJob::new(&SystemIds, "says", (), event.occurred_at).keyed(event.subject.to_string());
        self.0.enqueue(&[job]).await.into()
    }
}

#[tokio::test]
async fn what_follows_from_an_event_is_done_too() {
    let (house, clock) = house();
    let outcomes = vec![Outcome::failed("no"), Outcome::again("not yet")];
    let work = Work::default().subscriber(Adds(house.queue.clone())).handler(Says("says", Mutex::new(outcomes)));
    let engine = Engine::new(house.ports(), work, Limits::default());
    assert_eq!(engine.work_off().await, Ok(WorkedOff::default()));
    house.outbox.add([event("booking.created", &*clock), event("menu.updated", &*clock)]);
    let told = |why: &str| vec![("says".to_owned(), why.to_owned())];
    let first = engine.work_off().await.unwrap();
    assert_eq!(first, WorkedOff { events: 2, done: 1, again: told("not yet"), ..WorkedOff::default() });
    assert_eq!(engine.work_off().await, Ok(WorkedOff::default()));
    clock.advance(TimeDelta::seconds(2));
    assert_eq!(engine.work_off().await, Ok(WorkedOff { failed: told("no"), ..WorkedOff::default() }));
}

#[tokio::test]
async fn stores_have_their_own_mornings() {
    let (house, clock) = house();
    let notes = Notes("mornings", Arc::default());
    let schedule = Schedule::new("mornings", Rhythm::Daily("09:00".parse().unwrap())).for_each_store();
    let work = Work::default().scheduled(schedule, notes.clone());
    let store = |n, zone| StoreClock { tenant: TenantId(Uuid::from_u128(1)), store: StoreId(Uuid::from_u128(n)), zone };
    let (tokyo, berlin) = (store(2, Tz::Asia__Tokyo), store(3, Tz::Europe__Berlin));
    house.schedules.open(vec![tokyo, berlin]);
    let engine = Engine::new(house.ports(), work, Limits::default());
    assert_eq!(engine.work_off().await, Ok(WorkedOff::default()));
    for _ in 0..4 * 24 {
        clock.advance(TimeDelta::hours(1));
        engine.work_off().await.unwrap();
    }
    let calls = std::mem::take(&mut *notes.1.lock().unwrap());
    let of = |store: StoreClock| {
        let mine = calls.iter().filter(|(of, _)| *of == Some(store.store));
        mine.map(|(_, at)| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).collect::<Vec<_>>()
    };
    assert_eq!(
        of(tokyo),
        ["2026-03-21T00:00:00Z", "2026-03-22T00:00:00Z", "2026-03-23T00:00:00Z", "2026-03-24T00:00:00Z"]
    );
    assert_eq!(
        of(berlin),
        ["2026-03-20T08:00:00Z", "2026-03-21T08:00:00Z", "2026-03-22T08:00:00Z", "2026-03-23T08:00:00Z"]
    );
    // Berlin's clock has gone forward by then; Tokyo's store is closed, and nobody was there for a week.
    house.schedules.open(vec![berlin]);
    engine.work_off().await.unwrap();
    clock.set(at("2026-03-31T12:00:00Z"));
    engine.work_off().await.unwrap();
    clock.set(at("2026-04-01T07:00:00Z"));
    engine.work_off().await.unwrap();
    let calls = notes.1.lock().unwrap().clone();
    assert_eq!(
        calls,
        [(Some(berlin.store), at("2026-03-24T08:00:00Z")), (Some(berlin.store), at("2026-04-01T07:00:00Z")),]
    );
}

#[tokio::test]
async fn work_without_an_end_is_told() {
    let (house, clock) = house();
    let forever = (0..200_000).map(|_| Outcome::not_before(clock.now(), "still")).collect();
    let engine =
        Engine::new(house.ports(), Work::default().handler(Says("says", Mutex::new(forever))), Limits::default());
    house.queue.enqueue(&[NewJob::new(&SystemIds, "says", (), clock.now())]).await.unwrap();
    assert!(engine.work_off().await.unwrap_err().to_string().contains("refused"));
}
