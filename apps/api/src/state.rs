//! What every route can reach.

use crate::booking::SlotPages;
use crate::catalog::Catalog;
use crate::contact::ContactReads;
use crate::limits::{Gate, RateLimiter, Readers};
use crate::notification::Notifications;
use crate::origin::Origins;
use crate::ports::{Answers, Database};
use crate::schema::Schemas;
use musubi_booking::desk::Desk;
use musubi_cache::request::PerRequest;
use musubi_customer::customer::Customer;
use musubi_identity::admins::Admins;
use musubi_identity::age_group::AgeGroupBook;
use musubi_identity::api_keys::ApiKeys;
use musubi_identity::ephemeral::Ephemeral;
use musubi_identity::people::People;
use musubi_identity::people::by_issuer::ByIssuer;
use musubi_identity::staff::Staff;
use musubi_identity::standing::StandingBook;
use musubi_identity::wordpress_link::WordPressLinks;
use musubi_kernel::audit::AuditBook;
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::Keeper;
use musubi_kernel::id::IdGen;
use musubi_notification::webhook::endpoints::Endpoints;
use musubi_worker::metrics::Depths;
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
    /// What lasts for minutes.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// How much work there is to do, for `/metrics`.
    pub depths: Depths,
    /// Counts calls without credentials.
    pub limiter: Arc<dyn RateLimiter>,
    /// Keeps guessed credentials from being looked up.
    pub gate: Gate,
    /// Bounds calls that wait for their bodies before it is known who is calling.
    pub readers: Readers,
    /// How many reverse proxies stand in front.
    pub trusted_proxies: usize,
    /// Web pages of others that may call with a person's cookies.
    pub allowed_origins: Origins,
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
    /// Notes who is shown how customers are reached.
    pub contact_reads: ContactReads,
    /// Use cases of booking.
    pub desk: Desk,
    /// Answers of the slot search.
    pub slot_pages: SlotPages,
    /// Asks the database once for all that a request which only reads looks at.
    pub per_request: PerRequest,
    /// Use cases on API keys.
    pub keys: ApiKeys,
    /// Use cases on webhooks.
    pub webhooks: Endpoints,
    /// Use cases on people.
    pub people: People,
    /// Use cases of people who come through issuers.
    pub by_issuer: ByIssuer,
    /// Use cases on those who work at stores.
    pub staff: Staff,
    /// What people are, besides customers.
    pub standings: Arc<dyn StandingBook>,
    /// Use cases on admins.
    pub admins: Admins,
    /// Use cases on links to WordPress.
    pub wordpress: WordPressLinks,
    /// The groups of ages.
    pub age_groups: Arc<dyn AgeGroupBook>,
    /// Reads the audit log.
    pub audit: Arc<dyn AuditBook>,
    /// Use cases of notifications.
    pub notifications: Notifications,
    /// The schemas of request bodies.
    pub schemas: Schemas,
}
