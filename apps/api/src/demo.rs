//! `--demo`: two lively Japanese shops in an empty database.
//!
//! | module | what it is |
//! |---|---|
//! | `premises` | a tenant with its store and keys, and what is put into the store |
//! | `salon`, `school` | the two shops |
//! | `people` | their customers |
//! | `diary` | four weeks of bookings around today, and some holds |
//! | `chance` | the dice: equal seeds throw alike |
//! | `report`, `file` | links and keys, for people and for scripts |
//!
//! Everything goes through the use cases, so rules, audit entries and events hold for the demo as for any other data.

mod chance;
mod diary;
mod file;
mod hours;
mod people;
mod premises;
mod progress;
mod report;
mod salon;
mod school;

pub use diary::Tally;
pub use premises::{Made, Offered};

use crate::catalog::Catalog;
use crate::state::App;
use chrono::{DateTime, NaiveDate, Utc};
use diary::Diary;
use musubi_booking::desk::Desk;
use musubi_booking::error::BookingError;
use musubi_catalog::tenant::{TenantFilter, TenantsScope};
use musubi_customer::customer::Customer;
use musubi_identity::api_keys::ApiKeys;
use musubi_kernel::access::{AccessError, Actor};
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::Keeper;
use musubi_kernel::error::EntityError;
use musubi_kernel::page::PageRequest;
use musubi_kernel::zone::{self, Tz};
use progress::Progress;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The time zone of both shops.
const ZONE: Tz = Tz::Asia__Tokyo;

/// The use cases that the demo goes through.
#[derive(Clone, Copy)]
pub struct House<'a> {
    /// On the catalog.
    pub catalog: &'a Catalog,
    /// On customers.
    pub customers: &'a Keeper<Customer>,
    /// On API keys.
    pub keys: &'a ApiKeys,
    /// Of booking.
    pub desk: &'a Desk,
    /// The clock: its today in Tokyo is the middle of the four weeks.
    pub clock: &'a dyn Clock,
}

impl<'a> House<'a> {
    /// The use cases of an application.
    pub fn of(app: &'a App) -> Self {
        Self { catalog: &app.catalog, customers: &app.customers, keys: &app.keys, desk: &app.desk, clock: &*app.clock }
    }
}

/// Where the demo is seen.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// How links begin: `http://127.0.0.1:8080`.
    pub base_url: &'a str,
    /// The folder in which `demo.json` is written.
    pub data_dir: &'a Path,
    /// Whether the output is a terminal, so that a line can be written over.
    pub terminal: bool,
}

/// What the demo made.
#[derive(Debug)]
pub struct Demo {
    /// Its today.
    pub today: NaiveDate,
    /// When it began and when it was done.
    pub made: (DateTime<Utc>, DateTime<Utc>),
    /// The shops.
    pub shops: Vec<Made>,
}

/// Why there is no demo, or only part of one.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The catalog, the customers or the keys refused it.
    #[error("the demo could not be made: {0}")]
    Entity(#[from] EntityError),
    /// Booking refused it.
    #[error("the demo could not be made: {0}")]
    Booking(#[from] BookingError),
    /// Access was denied.
    #[error("the demo could not be made: {0}")]
    Access(#[from] AccessError),
    /// Its file cannot be written.
    #[error("the demo is in the database, but {path} could not be written: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DemoError {
    /// What the operator should read beyond the message.
    pub fn internal_context(&self) -> Option<&str> {
        match self {
            Self::Entity(EntityError::Store(error)) | Self::Booking(BookingError::Store(error)) => {
                error.internal_context()
            }
            _ => None,
        }
    }
}

/// Fills an empty database, writes `demo.json` and prints links and keys; of one that is not empty it says so in a line.
/// That nobody reads the output is no reason to fail.
pub async fn run(house: House<'_>, place: Place<'_>, out: &mut (dyn Write + Send)) -> Result<(), DemoError> {
    let Some(demo) = fill(house, &mut *out, place.terminal).await? else {
        let _ = writeln!(out, "{}", report::skipped(place)).and_then(|()| out.flush());
        return Ok(());
    };
    let written = file::write(&demo, place);
    // The keys are shown once: whatever becomes of the file, they are shown.
    let _ = write!(out, "{}", report::text(&demo, place)).and_then(|()| out.flush());
    written
}

/// Fills an empty database; `None`: it has a tenant already, and nothing was changed.
pub async fn fill(house: House<'_>, out: &mut (dyn Write + Send), terminal: bool) -> Result<Option<Demo>, DemoError> {
    if !is_empty(house).await? {
        return Ok(None);
    }
    let began = house.clock.now();
    let today = zone::date_of(ZONE, began);
    let mut progress = Progress::new(out, terminal);
    let mut shops = Vec::new();
    for shop in [salon::open(house, today).await?, school::open(house, today).await?] {
        progress.note(&format!("demo: {} is open", shop.premises.name), true);
        let guests = people::invite(house, &shop, today).await?;
        let tally = Diary::new(house, &shop, guests, today).fill(&mut progress).await?;
        shops.push(shop.made(tally));
    }
    progress.clear();
    Ok(Some(Demo { today, made: (began, house.clock.now()), shops }))
}

async fn is_empty(house: House<'_>) -> Result<bool, DemoError> {
    let all = TenantsScope::from(Actor::System.as_operator()?);
    let one = PageRequest { limit: 1, after: None };
    let tenants = house.catalog.tenants.list(&all, &TenantFilter { include_inactive: true }, &one).await?;
    Ok(tenants.items.is_empty())
}
