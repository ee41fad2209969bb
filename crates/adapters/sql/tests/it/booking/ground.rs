//! The ports under test: on an engine, or in memory.

use super::house::{House, at, june, scope_of, tokyo};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_booking::agreement::{Agreement, ChosenOption, HeldResource};
use musubi_booking::booking::{Booking, Contact, Notes, Status};
use musubi_booking::change::{BookingChange, ChangeKind};
use musubi_booking::code::{Gender, Rank, ResourceKind, Source};
use musubi_booking::hold::{HeldTerms, Hold};
use musubi_booking::memory::BookingsInMemory;
use musubi_booking::minute::{Minute, Span};
use musubi_booking::number::BookingNumber;
use musubi_booking::patron::{Patron, VisitRecord};
use musubi_booking::plan::Lengths;
use musubi_booking::ports::{BookingStore, BookingUnit};
use musubi_booking::price::Price;
use musubi_booking::reach::Reach;
use musubi_booking::request::Guest;
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::{CustomerDetails, LoyaltyRank};
use musubi_kernel::access::{Actor, Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{
    BookingChangeId, BookingId, CustomerId, HoldId, IdGen as _, MenuId, MenuOptionId, ResourceId, SystemIds,
};
use musubi_kernel::money::Amount;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::secret::Secret;
use musubi_sql_testing::TestDb;
use std::sync::Arc;

/// The menu of bookings that no rule has seen: they may well exceed a capacity.
pub(super) const UNCHECKED: &str = "カット＆カラー 💇";

/// Two stores, and what a booking of the first refers to.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn BookingStore>,
    pub(crate) ours: StoreScope,
    pub(crate) theirs: StoreScope,
    pub(super) menu: MenuId,
    pub(super) options: [MenuOptionId; 2],
    pub(super) staff: ResourceId,
    pub(super) room: ResourceId,
    pub(crate) customer: CustomerId,
    /// `None`: in memory.
    pub(crate) house: Option<House>,
    memory: Option<BookingsInMemory>,
}

/// Makes tests of an `async fn(Ground)`: one for each engine, one in memory.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            async fn in_sql(test: TestDb) {
                super::$name(crate::booking::ground::Ground::in_sql(&test).await).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, in_sql);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, in_sql);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, in_sql);
            }
            #[tokio::test]
            async fn memory() {
                super::$name(crate::booking::ground::Ground::in_memory().await).await;
            }
        }
    )+};
}
pub(super) use contract;

pub(super) fn caller() -> Caller {
    Caller {
        actor: Actor::Operator { key: SystemIds.uuid(at(super::house::NOW)).into() },
        ip: Some("2001:db8::7".parse().unwrap()),
        user_agent: Some("curl/8 🌸 'quoted\"".to_owned()),
        request_id: "r1".to_owned(),
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    at("2026-06-01T00:00:00.123456Z")
}

fn new_id<T: From<uuid::Uuid>>() -> T {
    SystemIds.uuid(now()).into()
}

impl Ground {
    pub(crate) async fn in_sql(test: &TestDb) -> Self {
        let house = House::new(test).await;
        let (ours, theirs) = (house.store("ours", |_| ()).await, house.store("theirs", |_| ()).await);
        let menu = house.menu(&ours, |_| ()).await;
        let option = |name| MenuOptionDetails::new(name);
        let options = [house.option(&ours, menu, option("a")).await, house.option(&ours, menu, option("b")).await];
        let staff = house.resource(&ours, ResourceType::Staff, |_| ()).await;
        let room = house.resource(&ours, ResourceType::Room, |_| ()).await;
        let store = Arc::new(house.bookings());
        let (house, memory) = (Some(house), None);
        let customer = new_id();
        let mut ground = Self { store, ours, theirs, menu, options, staff, room, customer, house, memory };
        ground.customer = ground.add_customer(&ground.ours, "花子", None).await;
        ground
    }

    pub(super) async fn in_memory() -> Self {
        let memory = BookingsInMemory::new(Arc::new(SystemIds));
        let scope = || scope_of(new_id(), new_id());
        let mut ground = Self {
            store: Arc::new(memory.clone()),
            ours: scope(),
            theirs: scope(),
            menu: new_id(),
            options: [new_id(), new_id()],
            staff: new_id(),
            room: new_id(),
            customer: new_id(),
            house: None,
            memory: Some(memory),
        };
        ground.customer = ground.add_customer(&ground.ours, "花子", None).await;
        ground
    }

    /// Another customer, who is a good one.
    pub(super) async fn add_customer(&self, scope: &StoreScope, name: &str, phone: Option<&str>) -> CustomerId {
        if let Some(house) = &self.house {
            let details = CustomerDetails {
                phone: phone.map(|phone| phone.parse().unwrap()),
                birthday: Some(june(1)),
                gender: Some(musubi_customer::details::Gender::Other),
                loyalty_rank: LoyaltyRank::Vip,
                ..CustomerDetails::named(name)
            };
            return house.customer(scope, details).await;
        }
        let patron = patron(new_id(), name, phone);
        self.memory.as_ref().unwrap().put_patron(scope.store(), patron.clone());
        patron.id
    }

    /// A unit that has the locks of the days around June 10.
    pub(crate) async fn unit(&self, scope: &StoreScope) -> Box<dyn BookingUnit> {
        let mut unit = self.store.begin(scope).await.unwrap();
        unit.lock(&[june(9), june(10), june(11)].into()).await.unwrap();
        unit
    }

    pub(crate) async fn insert(&self, booking: &Booking) {
        self.try_insert(booking).await.unwrap();
    }

    pub(super) async fn try_insert(&self, booking: &Booking) -> Result<(), StoreError> {
        let mut unit = self.unit(&scope_of(booking.tenant, booking.store)).await;
        unit.insert(booking, &Secret::new("manage")).await?;
        unit.commit(&[]).await
    }

    pub(super) async fn save(&self, scope: &StoreScope, booking: &Booking) -> Result<(), StoreError> {
        let before = self.store.find(&self.ours, booking.id, Reach::Store).await?;
        let mut unit = self.unit(scope).await;
        unit.save(before.as_ref().unwrap_or(booking), booking).await?;
        unit.commit(&[]).await
    }

    pub(super) async fn insert_hold(&self, hold: &Hold) {
        let mut unit = self.unit(&self.ours).await;
        unit.insert_hold(hold).await.unwrap();
        unit.commit(&[]).await.unwrap();
    }

    /// A booking with a value in every field, at ten o'clock on June 10.
    pub(crate) fn booking(&self) -> Booking {
        let id: BookingId = new_id();
        Booking {
            id,
            tenant: self.ours.tenant(),
            store: self.ours.store(),
            number: BookingNumber::new(&SystemIds, june(10)),
            customer: self.customer,
            contact: Contact {
                name: Some("山田 花子 👩‍🦰".to_owned()), phone: Some("+819012345678".to_owned())
            },
            agreement: self.agreement(tokyo(10, "10:00")),
            status: Status::Confirmed,
            confirmed_at: Some(now()),
            notes: Notes {
                customer: Some("アレルギー: 卵 🥚\n二行目 \\ ' \" %_".to_owned()),
                staff: Some(String::new()),
                internal: Some("é ≠ e ".to_owned()),
            },
            preferred_times: vec![Minute::containing(tokyo(11, "09:00")), Minute::containing(tokyo(9, "09:01"))],
            manage_token_hash: SystemIds.secret(),
            version: 1,
            created_at: now(),
            updated_at: now() + TimeDelta::microseconds(1),
        }
    }

    /// The same at another start, and nothing but the primary resource.
    pub(super) fn booking_at(&self, start: DateTime<Utc>) -> Booking {
        let mut booking = self.booking();
        booking.agreement = self.agreement(start);
        booking.agreement.resources.truncate(1);
        booking.agreement.options.clear();
        booking
    }

    pub(super) fn agreement(&self, start: DateTime<Utc>) -> Agreement {
        let start = Minute::exactly(start).unwrap();
        let lengths = Lengths { prep: 10, service: 75, cleanup: 15, buffer: 5 };
        let option = |id, name: &str, price| ChosenOption { id, name: name.to_owned(), price, duration: 15 };
        let held = |id, kind, seats, primary| HeldResource {
            id,
            kind,
            name: "花 🌸".to_owned(),
            seats,
            exclusive: kind == ResourceKind::Room,
            primary,
        };
        Agreement {
            menu: self.menu,
            menu_name: UNCHECKED.to_owned(),
            party_size: 3,
            source: Source::WalkIn,
            // Not in the order of their ids.
            options: vec![
                option(self.options[1], "トリートメント", Amount(-500)),
                option(self.options[0], "💆", Amount(1_000)),
            ],
            business_date: zone_date(start),
            service: lengths.service_window(start),
            occupied: lengths.occupied_window(start),
            lengths,
            resources: vec![
                held(self.staff, ResourceKind::Staff, 3, true),
                held(self.room, ResourceKind::Room, 100, false),
            ],
            nominated: true,
            price: Price::of(Amount(5_500), Amount(500), Amount(-250)),
            cancellation_hours: 48,
        }
    }

    /// A hold of the same, for an hour.
    pub(super) fn hold(&self) -> Hold {
        Hold {
            id: HoldId(new_id()),
            token_hash: SystemIds.secret(),
            terms: HeldTerms {
                agreement: self.agreement(tokyo(10, "10:00")),
                price_by_rank: Rank::ALL.iter().map(|rank| (*rank, Price::default())).collect(),
                needs_approval: true,
            },
            created_at: now(),
            expires_at: now() + TimeDelta::hours(1),
        }
    }
}

/// What became of a write: its error may come with the commit.
pub(super) async fn sent(written: Result<(), StoreError>, unit: Box<dyn BookingUnit>) -> Result<(), StoreError> {
    match written {
        Ok(()) => unit.commit(&[]).await,
        failed => failed,
    }
}

fn zone_date(start: Minute) -> chrono::NaiveDate {
    musubi_kernel::zone::date_of(musubi_kernel::zone::Tz::Asia__Tokyo, start.instant())
}

/// How a customer of [`Ground::add_customer`] looks to booking.
pub(super) fn patron(id: CustomerId, name: &str, phone: Option<&str>) -> Patron {
    Patron {
        active: true,
        id,
        name: Some(name.to_owned()),
        phone: phone.map(str::to_owned),
        guest: Guest {
            rank: Rank::Vip,
            birthday: Some(june(1)),
            gender: Some(Gender::Other),
            restricted: false,
            restricted_until: None,
        },
        record: VisitRecord::default(),
    }
}

/// An entry of a booking's history, and its record.
pub(crate) fn change(booking: &Booking, kind: ChangeKind) -> (BookingChange, Record) {
    let caller = caller();
    let id = BookingChangeId(new_id());
    let change = BookingChange {
        before: (kind != ChangeKind::Create).then(|| serde_json::json!({"version": booking.version - 1})),
        after: booking.public_record(),
        reason: Some("電話で 📞".to_owned()),
        ..BookingChange::by(&caller, kind, id, booking.id, booking.updated_at)
    };
    let what = Change {
        kind: kind.event().into(),
        subject_kind: "booking",
        subject: booking.id.0,
        tenant: Some(booking.tenant),
        store: Some(booking.store),
        caller: &caller,
        at: booking.updated_at,
    };
    let record = Record::of(&SystemIds, &what, change.before.as_ref(), Some(&change.after));
    (change, record)
}

/// From minute to minute.
pub(super) fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Span {
    Span::new(Minute::exactly(from).unwrap(), Minute::exactly(to).unwrap()).unwrap()
}

/// What stands beside a change of a customer.
pub(super) fn customer_change(ground: &Ground, customer: CustomerId) -> Record {
    let caller = caller();
    let what = Change {
        kind: "customer.updated".into(),
        subject_kind: "customer",
        subject: customer.0,
        tenant: Some(ground.ours.tenant()),
        store: Some(ground.ours.store()),
        caller: &caller,
        at: now(),
    };
    Record::of(&SystemIds, &what, None::<&()>, Some(&customer))
}
