//! Stores with everything that can be booked, written as the catalog writes it, and desks to book at.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Notes;
use musubi_booking::code::Source;
use musubi_booking::desk::{Desk, NewBooking, Target, What, Who};
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_catalog::menu::{Menu, MenuDetails};
use musubi_catalog::menu_option::{MenuOption, MenuOptionDetails};
use musubi_catalog::resource::{Resource, ResourceDetails, ResourceType};
use musubi_catalog::store::{IndustryType, Store, StoreDetails};
use musubi_catalog::tenant::{Tenant, TenantDetails};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::{Actor, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::{Clock, ManualClock};
use musubi_kernel::entity::Keeper;
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{BookingId, CustomerId, IdGen, MenuId, MenuOptionId, ResourceId, StoreId, SystemIds, TenantId};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::Pause;
use musubi_kernel::task::{Task, Tasks};
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone::{self, Tz};
use musubi_sql::SqlStore;
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql::entities::Mapped;
use musubi_sql_testing::TestDb;
use std::sync::Arc;
use std::time::Duration;

/// Monday, nine in the morning in Tokyo.
pub(super) const NOW: &str = "2026-06-01T00:00:00Z";

/// Waits a random while, as the application does.
pub(crate) struct Jitter;

#[async_trait]
impl Pause for Jitter {
    async fn pause(&self, attempt: u32) {
        let longest = (4_000_u64 << (attempt - 1)).min(250_000);
        let [a, b, c, d, ..] = SystemIds.secret();
        let random = u64::from(u32::from_be_bytes([a, b, c, d]));
        tokio::time::sleep(Duration::from_micros(1 + ((random * longest) >> 32))).await;
    }
}

pub(crate) struct House {
    pub(crate) sql: SqlStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) caller: Caller,
    pub(super) tenant: TenantId,
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A date of June 2026; the 1st is a Monday.
pub(super) fn june(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, day).unwrap()
}

/// A clock time of that date in Tokyo.
pub(super) fn tokyo(day: u32, time: &str) -> DateTime<Utc> {
    zone::instant(Tz::Asia__Tokyo, june(day), time.parse().unwrap())
}

pub(super) fn every_day(open: &str, close: &str) -> WeeklyHours {
    let time = |text: &str| text.parse::<WallTime>().unwrap();
    let day = vec![OpenInterval { open: time(open), close: time(close) }];
    let [mon, tue, wed, thu, fri, sat, sun] = std::array::from_fn(|_| day.clone());
    WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: None }
}

pub(crate) fn scope_of(tenant: TenantId, store: StoreId) -> StoreScope {
    let store = StoreRef { store, tenant, open_to_public: true };
    Actor::System.on_store(&store, Permission::BookingWrite).unwrap()
}

/// One who comes, booked by staff.
pub(super) fn wish() -> Wish {
    Wish { party_size: 1, nominated: None, options: Vec::new(), source: Source::Staff }
}

pub(super) fn fresh(menu: MenuId, start: DateTime<Utc>, wish: Wish, customer: CustomerId) -> NewBooking {
    NewBooking {
        what: What::Fresh { menu, start, wish },
        who: Who::Known(customer),
        notes: Notes::default(),
        preferred_times: Vec::new(),
    }
}

impl House {
    pub(super) async fn new(test: &TestDb) -> Self {
        let mut house = Self {
            sql: test.store(),
            clock: Arc::new(ManualClock::at(at(NOW))),
            caller: Caller::system(),
            tenant: TenantId(uuid::Uuid::nil()),
        };
        let operator = Actor::System.as_operator().unwrap().into();
        let tenants = house.keeper::<Tenant>();
        let tenant = tenants.create(&house.caller, &operator, TenantDetails::new("花"), &NoReceipt).await;
        house.tenant = tenant.unwrap().id;
        house
    }

    pub(crate) fn keeper<E: Mapped>(&self) -> Keeper<E> {
        Keeper::new(self.sql.entities::<E>(), self.clock.clone(), Arc::new(SystemIds), Arc::new(Jitter))
    }

    /// A store that is open every day from nine to nine.
    pub(crate) async fn store(&self, slug: &str, change: impl FnOnce(&mut StoreDetails)) -> StoreScope {
        let mut details = StoreDetails::new("Salon", slug, IndustryType::Beauty, every_day("09:00", "21:00"));
        change(&mut details);
        let scope = Actor::System.on_tenant(self.tenant, Permission::TenantWrite).unwrap().into();
        let store = self.keeper::<Store>().create(&self.caller, &scope, details, &NoReceipt).await.unwrap();
        scope_of(self.tenant, store.id)
    }

    pub(super) async fn resource(
        &self,
        scope: &StoreScope,
        kind: ResourceType,
        change: impl FnOnce(&mut ResourceDetails),
    ) -> ResourceId {
        let mut details = ResourceDetails::new(kind, "資源");
        change(&mut details);
        self.keeper::<Resource>().create(&self.caller, scope, details, &NoReceipt).await.unwrap().id
    }

    /// An hour by anybody, without preparation.
    pub(super) async fn menu(&self, scope: &StoreScope, change: impl FnOnce(&mut MenuDetails)) -> MenuId {
        let mut details = MenuDetails::new("カット", 60, Amount(5500));
        details.allowed_resource_types = Some(vec![ResourceType::Staff]);
        change(&mut details);
        self.keeper::<Menu>().create(&self.caller, scope, details, &NoReceipt).await.unwrap().id
    }

    pub(super) async fn option(&self, scope: &StoreScope, menu: MenuId, details: MenuOptionDetails) -> MenuOptionId {
        let menu = self.keeper::<Menu>().get(scope, menu).await.unwrap().options(scope).unwrap();
        self.keeper::<MenuOption>().create(&self.caller, &menu, details, &NoReceipt).await.unwrap().id
    }

    pub(crate) async fn customer(&self, scope: &StoreScope, details: CustomerDetails) -> CustomerId {
        self.keeper::<Customer>().create(&self.caller, scope, details, &NoReceipt).await.unwrap().id
    }

    /// So many customers: whoever books for one and the same queues for that alone.
    pub(super) async fn customers(&self, scope: &StoreScope, count: usize) -> Vec<CustomerId> {
        let mut customers = Vec::with_capacity(count);
        for _ in 0..count {
            customers.push(self.customer(scope, CustomerDetails::named("太郎")).await);
        }
        customers
    }

    pub(super) fn bookings(&self) -> SqlBookings {
        SqlBookings::new(self.sql.clone(), Arc::new(SystemIds))
    }

    pub(super) fn desk(&self) -> Desk {
        self.desk_over(&self.sql)
    }

    pub(super) fn desk_over(&self, sql: &SqlStore) -> Desk {
        Self::desk_with(sql, self.clock.clone())
    }

    pub(super) fn desk_with(sql: &SqlStore, clock: Arc<dyn Clock>) -> Desk {
        Desk::new(
            Arc::new(SqlShops::new(sql.clone())),
            Arc::new(SqlBookings::new(sql.clone(), Arc::new(SystemIds))),
            clock,
            Arc::new(SystemIds),
            Arc::new(Jitter),
        )
    }

    pub(super) fn target<'a>(&'a self, scope: &'a StoreScope, booking: BookingId) -> Target<'a> {
        Target { caller: &self.caller, scope, booking, version: None, reach: Reach::Store }
    }
}

pub(super) struct OnTokio;

impl Tasks for OnTokio {
    fn run(&self, task: Task) {
        tokio::spawn(task);
    }
}
