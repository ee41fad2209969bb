//! Work that comes back at its times: each hour, each night, each Monday morning of a store.
//!
//! A [`Schedule`] belongs to the program; what it has in an installation is an [`Entry`] with the instant of its next firing,
//! or one for each store, by the store's own clock. When that instant has come, a firing is a job of the schedule's name, written in
//! the transaction that moves the instant on, and only if nobody else has moved it: each firing happens once, whoever
//! plans. Of several workers one plans at a time ([`book`] has the lease for it).
//!
//! | module | what it is |
//! |---|---|
//! | [`rhythm`] | at which instants, clock changes and short months included |
//! | [`book`] | the port that keeps entries |
//! | [`memory`] | a fake of the port |

pub mod book;
pub mod memory;
pub mod rhythm;

use crate::id::{IdGen, StoreId, TenantId};
use crate::job::NewJob;
use crate::zone::Tz;
use chrono::{DateTime, SecondsFormat, Utc};
use rhythm::Rhythm;
use serde_json::json;

/// Work that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name, which is the kind of its jobs, such as `upkeep.holds`. At most 100 characters.
    pub name: &'static str,
    /// At which times.
    pub rhythm: Rhythm,
    /// By whose clock.
    pub clock: WhoseClock,
    /// What becomes of firings for which no worker was there.
    pub missed: Missed,
}

/// By whose clock a schedule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoseClock {
    /// Once for the whole installation, by the clock of this zone.
    Zone(Tz),
    /// Once for each store that is open for business, by its own.
    EachStore,
}

/// What becomes of firings for which no worker was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// They are one. So is a firing with the one before it, as long as its job is unfinished: there is never more than
    /// one job. For work that catches up by itself, such as tidying.
    Once,
    /// Each is made up for, the earliest first.
    Each,
}

impl Schedule {
    /// Once for the installation, missed firings once, by the clock of Japan, where it is quiet at night when it is at its users.
    pub const fn new(name: &'static str, rhythm: Rhythm) -> Self {
        Self { name, rhythm, clock: WhoseClock::Zone(Tz::Asia__Tokyo), missed: Missed::Once }
    }

    /// For each store, by its own clock.
    #[must_use]
    pub const fn for_each_store(self) -> Self {
        Self { clock: WhoseClock::EachStore, ..self }
    }

    /// Each missed firing is made up for.
    #[must_use]
    pub const fn missing_none(self) -> Self {
        Self { missed: Missed::Each, ..self }
    }

    /// The entries that it should have; `stores` are those of the installation.
    pub fn entries(&self, stores: &[StoreClock], now: DateTime<Utc>) -> Vec<Entry> {
        let entry = |store: Option<&StoreClock>, zone: Tz| Entry {
            name: self.name.to_owned(),
            store: store.map(|store| (store.tenant, store.store)),
            rule: self.rhythm.rule(zone),
            zone,
            next_at: self.rhythm.next(zone, now),
        };
        match self.clock {
            WhoseClock::Zone(zone) => vec![entry(None, zone)],
            WhoseClock::EachStore => stores.iter().map(|store| entry(Some(store), store.zone)).collect(),
        }
    }

    /// The firing for which an entry's time has come.
    pub fn fire(&self, entry: Entry, ids: &dyn IdGen, now: DateTime<Utc>) -> Firing {
        let at = entry.next_at;
        let (next_at, key) = match self.missed {
            Missed::Once => (self.rhythm.next(entry.zone, at.max(now)), entry.scope()),
            Missed::Each => {
                let instant = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                (self.rhythm.next(entry.zone, at), format!("{}@{instant}", entry.scope()))
            }
        };
        let job = NewJob::new(ids, self.name, json!({ "at": at }), now).keyed(key).due(at);
        let job = job.of(entry.store.map(|(tenant, _)| tenant), entry.store.map(|(_, store)| store));
        Firing { entry, next_at, job }
    }
}

/// A store and its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreClock {
    /// Its tenant.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// Its time zone.
    pub zone: Tz,
}

/// What a schedule has in an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The schedule.
    pub name: String,
    /// For which store; `None`: for the installation.
    pub store: Option<(TenantId, StoreId)>,
    /// By whose clock.
    pub zone: Tz,
    /// The rhythm that `next_at` was reckoned by, in words.
    pub rule: String,
    /// When it fires next.
    pub next_at: DateTime<Utc>,
}

impl Entry {
    /// What tells it from the schedule's other entries: the store's id, or `all`.
    pub fn scope(&self) -> String {
        self.store.map_or_else(|| "all".to_owned(), |(_, store)| store.to_string())
    }
}

/// An entry whose time has come, and what comes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// As it is kept: whoever finds another `next_at` there was not first.
    pub entry: Entry,
    /// When it fires after that.
    pub next_at: DateTime<Utc>,
    /// The work.
    pub job: NewJob,
}
