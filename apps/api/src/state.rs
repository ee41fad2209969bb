//! What every route can reach.

use crate::booking::SlotPages;
use crate::catalog::Catalog;
use crate::limits::{Gate, RateLimiter};
use crate::ports::{Answers, Database};
use crate::schema::Schemas;
use musubi_booking::desk::Desk;
use musubi_cache::request::PerRequest;
use musubi_customer::customer::Customer;
use musubi_identity::api_keys::ApiKeys;
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::Keeper;
use musubi_kernel::id::IdGen;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The application: use cases and ports, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// The application made of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}

/// What the application is made of.
pub struct Parts {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids.
    pub ids: Arc<dyn IdGen>,
    /// First answers to idempotent requests.
    pub answers: Arc<dyn Answers>,
    /// The database as a whole.
    pub database: Arc<dyn Database>,
    /// Counts calls without credentials.
    pub limiter: Arc<dyn RateLimiter>,
    /// Keeps guessed credentials from being looked up.
    pub gate: Gate,
    /// How many reverse proxies stand in front.
    pub trusted_proxies: usize,
    /// How long a request may take.
    pub request_time: Duration,
    /// How long a request's body may take to arrive.
    pub body_time: Duration,
    /// One permit for each request that is worked on.
    pub room: Semaphore,
    /// Use cases of the catalog.
    pub catalog: Catalog,
    /// Use cases on customers.
    pub customers: Keeper<Customer>,
    /// Use cases of booking.
    pub desk: Desk,
    /// Answers of the slot search.
    pub slot_pages: SlotPages,
    /// Asks the database once for all that a request which only reads looks at.
    pub per_request: PerRequest,
    /// Use cases on API keys.
    pub keys: ApiKeys,
    /// The schemas of request bodies.
    pub schemas: Schemas,
}
