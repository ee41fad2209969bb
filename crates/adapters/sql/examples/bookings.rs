//! How many bookings a second the booking transaction makes, on every engine of `MUSUBI_TEST_ENGINES`.
//!
//! ```text
//! cargo run --release -p musubi-sql --example bookings [SECONDS [CLIENTS]]
//! ```
//!
//! `distinct`: every client books in a store of its own, 20 a day. `hot`: all clients book one store, day after day, until
//! the day is full. What the store offers is read once, so that the figures are those of the transaction.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use async_trait::async_trait;
use chrono::{Days, NaiveDate, TimeDelta};
use musubi_booking::booking::{Booking, Notes};
use musubi_booking::code::Source;
use musubi_booking::desk::{Booked, Desk, NewBooking, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::ports::{Offering, SettingsRevision, ShopBook};
use musubi_booking::request::Wish;
use musubi_booking::shop::Shop;
use musubi_catalog::menu::{Menu, MenuDetails};
use musubi_catalog::resource::{Resource, ResourceDetails, ResourceType};
use musubi_catalog::store::{IndustryType, Store, StoreDetails};
use musubi_catalog::tenant::{Tenant, TenantDetails};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Actor, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::entity::Keeper;
use musubi_kernel::error::StoreError;
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{CustomerId, IdGen as _, MenuId, StoreId, SystemIds, TenantId};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::{Answered, NoReceipt, Receipt};
use musubi_kernel::retry::{NoPause, Pause};
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql::entities::Mapped;
use musubi_sql_testing::{Made, TestDb, engines, run};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// Starts a day: half-hours from nine to seven.
const STARTS: i64 = 20;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let length = Duration::from_secs(arguments.next().unwrap_or(10));
    let clients = usize::try_from(arguments.next().unwrap_or(16)).unwrap();
    for engine in engines() {
        for (name, hot) in [("distinct", false), ("hot", true)] {
            run(engine, Made::Migrated, |test| async move {
                let (bookings, median, slow) = measure(&test, clients, hot, length).await;
                let rate = f64::from(u32::try_from(bookings).unwrap()) / length.as_secs_f64();
                println!("{:9} {name:9} {rate:7.0} bookings/s  p50 {median:?}  p99 {slow:?}", engine.name());
            });
        }
    }
}

/// What was booked in so long, and how long the median and the slowest of a hundred took.
async fn measure(test: &TestDb, clients: usize, hot: bool, length: Duration) -> (u64, Duration, Duration) {
    let shops = if hot { 1 } else { clients };
    let staff = if hot { 10 } else { 1 };
    let mut counters = Vec::new();
    for n in 0..shops {
        counters.push(Arc::new(Counter::open(test, n, staff, clients).await));
    }
    let made = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + length;
    let work = (0..clients).map(|client| {
        let (counter, made) = (Arc::clone(&counters[client % shops]), Arc::clone(&made));
        tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < end {
                let began = Instant::now();
                counter.book(client).await.unwrap();
                took.push(began.elapsed());
                made.fetch_add(1, Ordering::Relaxed);
            }
            took
        })
    });
    let work: Vec<_> = work.collect();
    let mut took = Vec::new();
    for client in work {
        took.extend(client.await.unwrap());
    }
    took.sort_unstable();
    (made.load(Ordering::Relaxed), took[took.len() / 2], took[took.len() * 99 / 100])
}

struct Counter {
    desk: Desk,
    scope: StoreScope,
    menu: MenuId,
    customers: Vec<CustomerId>,
    staff: i64,
    next: AtomicI64,
}

impl Counter {
    async fn open(test: &TestDb, n: usize, staff: i64, customers: usize) -> Self {
        let sql = test.store();
        let clock = Arc::new(ManualClock::at(first_day().and_hms_opt(0, 0, 0).unwrap().and_utc() - Days::new(2)));
        let caller = Caller::system();
        let operator = Actor::System.as_operator().unwrap().into();
        let details = TenantDetails::new("t");
        let tenant = keeper::<Tenant>(test, &clock).create(&caller, &operator, details, &NoReceipt).await.unwrap();
        let tenant: TenantId = tenant.id;
        let within = Actor::System.on_tenant(tenant, Permission::TenantWrite).unwrap().into();
        let mut details = StoreDetails::new("Salon", format!("salon-{n}"), IndustryType::Beauty, always());
        details.advance_booking_days = 730;
        let store = keeper::<Store>(test, &clock).create(&caller, &within, details, &NoReceipt).await.unwrap();
        let place = StoreRef { store: store.id, tenant, open_to_public: true };
        let scope = Actor::System.on_store(&place, Permission::BookingWrite).unwrap();
        for _ in 0..staff {
            let one = ResourceDetails::new(ResourceType::Staff, "S");
            keeper::<Resource>(test, &clock).create(&caller, &scope, one, &NoReceipt).await.unwrap();
        }
        let mut details = MenuDetails::new("Cut", 30, Amount(5500));
        details.allowed_resource_types = Some(vec![ResourceType::Staff]);
        let menu = keeper::<Menu>(test, &clock).create(&caller, &scope, details, &NoReceipt).await.unwrap().id;
        let mut known = Vec::new();
        for _ in 0..customers {
            let named = CustomerDetails::named("C");
            known.push(keeper::<Customer>(test, &clock).create(&caller, &scope, named, &NoReceipt).await.unwrap().id);
        }
        let desk = Desk::new(
            Arc::new(ReadOnce::over(SqlShops::new(sql.clone()))),
            Arc::new(SqlBookings::new(sql, Arc::new(SystemIds))),
            clock,
            Arc::new(SystemIds),
            Arc::new(Short),
        );
        Self { desk, scope, menu, customers: known, staff, next: AtomicI64::new(0) }
    }

    async fn book(&self, client: usize) -> Result<Booking, BookingError> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let day = n / (STARTS * self.staff);
        let start = first_day().and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::days(day);
        let start = start + TimeDelta::minutes(30 * (n % STARTS));
        let wish = Wish { party_size: 1, nominated: None, options: Vec::new(), source: Source::Staff };
        let new = NewBooking {
            what: What::Fresh { menu: self.menu, start, wish },
            who: Who::Known(self.customers[client % self.customers.len()]),
            notes: Notes::default(),
            preferred_times: Vec::new(),
        };
        Ok(self.desk.book(&Caller::system(), &self.scope, &new, &Kept).await?.booking)
    }
}

fn keeper<E: Mapped>(test: &TestDb, clock: &Arc<ManualClock>) -> Keeper<E> {
    Keeper::new(test.store().entities::<E>(), clock.clone(), Arc::new(SystemIds), Arc::new(NoPause))
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

fn always() -> WeeklyHours {
    let day = vec![OpenInterval { open: "09:00".parse().unwrap(), close: "19:00".parse().unwrap() }];
    let [mon, tue, wed, thu, fri, sat, sun] = std::array::from_fn(|_| day.clone());
    WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: None }
}

/// Each request carries an idempotency key.
#[derive(Clone)]
struct Kept;

impl Receipt<Booked> for Kept {
    fn of(&self, booked: &Booked) -> Option<Answered> {
        let at = booked.booking.created_at;
        Some(Answered {
            caller: "key:1".to_owned(),
            key: SystemIds.uuid(at).to_string(),
            fingerprint: [3; 32],
            status: 201,
            body: booked.booking.public_record().to_string().into_bytes(),
            answered_at: at,
            expires_at: at + TimeDelta::hours(24),
        })
    }
}

struct Short;

#[async_trait]
impl Pause for Short {
    async fn pause(&self, attempt: u32) {
        tokio::time::sleep(Duration::from_millis(2 << attempt.min(6))).await;
    }
}

/// What a store offers, as it was when it was first asked for.
struct ReadOnce {
    book: SqlShops,
    revision: OnceCell<SettingsRevision>,
    shop: OnceCell<Option<Shop>>,
    offering: OnceCell<Option<Offering>>,
}

impl ReadOnce {
    fn over(book: SqlShops) -> Self {
        Self { book, revision: OnceCell::new(), shop: OnceCell::new(), offering: OnceCell::new() }
    }
}

#[async_trait]
impl ShopBook for ReadOnce {
    async fn revision(&self, scope: &StoreScope) -> Result<SettingsRevision, StoreError> {
        self.revision.get_or_try_init(|| self.book.revision(scope)).await.copied()
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError> {
        self.shop.get_or_try_init(|| self.book.shop(scope)).await.cloned()
    }

    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError> {
        self.offering.get_or_try_init(|| self.book.offering(scope, menu, dates)).await.cloned()
    }

    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError> {
        self.book.names(stores).await
    }
}
