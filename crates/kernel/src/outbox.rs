//! Domain events, on their way from the transaction that caused them to those who act on them.
//!
//! Every event is passed on to each [`Subscriber`] that wants it as a job of its own, of the kind [`kind_of`] the
//! subscriber: one that fails neither holds up the others nor has them handle the event twice, and what cannot be handled is
//! kept as a failed job. A subscriber gets an event at least once. No order is promised, not even between events of one
//! subject: whoever acts reads how it stands now, and takes the event as the news that it has changed.
//!
//! **Once.** A subscriber whose effect must not come twice notes (its name, the event's id) in the transaction of that effect,
//! and does nothing when that is noted already. The SQL adapter has the table `handled_events` for it.
//!
//! **Since when.** A subscriber that is new to an installation gets the events that happened from then on. What happened
//! before is not passed on to it: nobody wants to be notified of last year's bookings.

pub mod memory;

use crate::error::StoreError;
use crate::id::{IdGen, TenantId};
use crate::job::{Job, JobHandler, NewJob, Outcome};
use crate::record::DomainEvent;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Acts on what happened in another context.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Its name, such as `notifications`, which it keeps for good. At most 50 characters.
    fn name(&self) -> &'static str;

    /// Whether it acts on events of this kind, such as `booking.created`.
    fn wants(&self, kind: &str) -> bool;

    /// Those of the tenants for whom it has something to do. It is asked before events of theirs that it [wants](Self::wants) are
    /// passed on to it, after they have happened; all of them, unless it says otherwise.
    async fn audience(&self, tenants: Vec<TenantId>) -> Result<Vec<TenantId>, StoreError> {
        Ok(tenants)
    }

    /// How long it may take with one event.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Acts on an event, once more perhaps. As with [`JobHandler::run`], it may be dropped at any await.
    async fn handle(&self, event: &DomainEvent) -> Outcome;
}

/// The kind of the jobs by which a subscriber gets events.
pub fn kind_of(subscriber: &str) -> String {
    format!("event.{subscriber}")
}

/// A subscriber as an installation knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// It gets what happened from then on.
    pub since: DateTime<Utc>,
}

/// For how long a subscriber is still taken to be there that no program has registered since.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// Whether a subscriber that was last registered at `seen_at` is still there: programs register theirs every hour.
pub fn is_there(seen_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - seen_at < REMEMBERED
}

/// Which of some events the subscribers of this program have something to do about.
pub struct Wishes<'a>(BTreeMap<&'static str, Wish<'a>>);

struct Wish<'a> {
    of: &'a dyn Subscriber,
    tenants: BTreeSet<TenantId>,
}

impl<'a> Wishes<'a> {
    /// Asks each subscriber once.
    pub async fn about(events: &[DomainEvent], subscribers: &'a [Arc<dyn Subscriber>]) -> Result<Self, StoreError> {
        let mut wishes = BTreeMap::new();
        for of in subscribers.iter().map(|subscriber| &**subscriber) {
            let wanted = events.iter().filter(|event| of.wants(&event.kind));
            let tenants: BTreeSet<_> = wanted.filter_map(|event| event.tenant).collect();
            let tenants =
                if tenants.is_empty() { Vec::new() } else { of.audience(tenants.into_iter().collect()).await? };
            wishes.insert(of.name(), Wish { of, tenants: tenants.into_iter().collect() });
        }
        Ok(Self(wishes))
    }

    /// Whether a subscriber may have to do with one of the events. What happened to no tenant, everybody may who wants its kind.
    fn may_have(&self, subscriber: &str, event: &DomainEvent) -> bool {
        self.0.get(subscriber).is_none_or(|wish| {
            wish.of.wants(&event.kind) && event.tenant.is_none_or(|tenant| wish.tenants.contains(&tenant))
        })
    }
}

/// The jobs by which events reach their subscribers.
///
/// `registered` are those that [are there](is_there). One whom no [wishes](Wishes) are known of, as only another program has it, such
/// as a newer one beside this, gets every event and chooses by itself.
pub fn deliveries(
    events: &[DomainEvent],
    wishes: &Wishes,
    registered: &[Registered],
    ids: &dyn IdGen,
    now: DateTime<Utc>,
) -> Vec<NewJob> {
    let mut jobs = Vec::new();
    for event in events {
        let interested = registered.iter().filter(|registered| registered.since <= event.occurred_at);
        let interested = interested.filter(|registered| wishes.may_have(&registered.name, event));
        jobs.extend(interested.map(|registered| {
            NewJob::new(ids, kind_of(&registered.name), event, now).due(event.occurred_at).of(event.tenant, event.store)
        }));
    }
    jobs
}

/// A subscriber as the handler of its jobs.
pub struct Delivery {
    kind: String,
    subscriber: Arc<dyn Subscriber>,
}

impl Delivery {
    /// To this subscriber.
    pub fn to(subscriber: Arc<dyn Subscriber>) -> Self {
        Self { kind: kind_of(subscriber.name()), subscriber }
    }
}

#[async_trait]
impl JobHandler for Delivery {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn time_limit(&self) -> Duration {
        self.subscriber.time_limit()
    }

    async fn run(&self, job: &Job) -> Outcome {
        match job.payload_as::<DomainEvent>() {
            Ok(event) if self.subscriber.wants(&event.kind) => self.subscriber.handle(&event).await,
            Ok(_) => Outcome::Done,
            Err(unreadable) => unreadable,
        }
    }
}

/// Says of which kinds of events somebody wants to hear at once.
pub type Wanted = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The port of events that were not passed on yet.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Makes subscribers known to the installation, or notes that they are still there. To be repeated every hour.
    async fn register(&self, names: &[&str], now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Since when the earliest event waits that was not passed on yet.
    async fn waiting_since(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Passes up to `most` events on, those that wait for longest first, in one transaction with the jobs that it makes of
    /// them. Each event is passed on once, whoever does it. It is for the caller to look for these jobs: they need not be
    /// [news](crate::job::queue::JobQueue::news).
    async fn pass_on(
        &self,
        known: &[Arc<dyn Subscriber>],
        most: u32,
        ids: &dyn IdGen,
        now: DateTime<Utc>,
    ) -> Result<PassedOn, StoreError>;

    /// From now on [news](crate::job::queue::JobQueue::news) comes of events of these kinds alone, as nobody here waits for others:
    /// those are passed on when somebody looks for what is there. An adapter may tell of all of them.
    fn tell_of(&self, wanted: Wanted) {
        drop(wanted);
    }

    /// How many events were not passed on yet. Counts them: not to be asked every second.
    async fn waiting(&self) -> Result<u64, StoreError>;

    /// Deletes up to `most` events that happened before `before` and were passed on; how many.
    async fn forget_events(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError>;

    /// Deletes up to `most` notes of subscribers that an event was handled, made before `before`; how many.
    async fn forget_handled(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError>;
}

/// What came of passing on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassedOn {
    /// So many events.
    pub events: u64,
    /// By so many jobs.
    pub jobs: u64,
}
