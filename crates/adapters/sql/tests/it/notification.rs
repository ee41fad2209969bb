//! What customers are told: the same rules on each engine and on the fakes.

mod book;
mod chat;
mod consent;
mod inbox;
mod line_traces;
mod pace;
mod promotions;
mod store;
mod template;
mod unit;

use crate::booking::ground::Ground;
use crate::booking::house::scope_of;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{BookingId, CountingIds, CustomerId, IdGen as _, NotificationId, SystemIds, UserId};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::queue::{JobFilter, JobQueue};
use musubi_kernel::locale::Locale;
use musubi_notification::channel::Recipient;
use musubi_notification::chat::memory::ChatInMemory;
use musubi_notification::chat::ports::ChatStore;
use musubi_notification::inbox::InboxStore;
use musubi_notification::job::{SEND, Sending};
use musubi_notification::kind::NotificationKind;
use musubi_notification::memory::NotificationsInMemory;
use musubi_notification::notification::status::Status;
use musubi_notification::notification::{About, Notification};
use musubi_notification::ports::NotificationStore;
use musubi_notification::promotion::ports::PromotionStore;
use musubi_sql::engine::Db;
use musubi_sql::notification::{SqlChats, SqlNotifications};
use musubi_sql_testing::TestDb;
use sea_query::{Expr, ExprTrait as _, Query};
use std::sync::Arc;

/// Makes tests of an `async fn(Told)`: one for the fakes and one for each engine.
macro_rules! told {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::notification::Told;
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            #[tokio::test]
            async fn memory() {
                super::$name(Told::in_memory()).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, on_database);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, on_database);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, on_database);
            }
            async fn on_database(test: TestDb) {
                super::$name(Told::over(&test).await).await;
            }
        }
    )+};
}
use told;

/// The ports, and whom and what notifications are about.
pub(crate) struct Told {
    store: Arc<dyn NotificationStore>,
    promotions: Arc<dyn PromotionStore>,
    inbox: Arc<dyn InboxStore>,
    chats: Arc<dyn ChatStore>,
    queue: Arc<dyn JobQueue>,
    ours: StoreScope,
    theirs: StoreScope,
    customer: CustomerId,
    bookings: [BookingId; 2],
    ids: CountingIds,
    friends: Friends,
}

/// Where it is kept who has blocked a store.
enum Friends {
    InMemory(ChatInMemory),
    Sql(Db),
}

impl Friends {
    async fn has_blocked(&self, scope: &StoreScope, user: &str) -> bool {
        let db = match self {
            Self::InMemory(chats) => return chats.has_blocked(scope.store(), user),
            Self::Sql(db) => db,
        };
        let query = Query::select()
            .column("is_blocked")
            .from("line_friends")
            .and_where(Expr::col("store_id").eq(scope.store().0))
            .and_where(Expr::col("line_user_id").eq(user))
            .to_owned();
        db.optional(&query).await.unwrap().is_some_and(|row| row.get("is_blocked").unwrap())
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-06-01T01:02:03.123456Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

fn new_id<T: From<uuid::Uuid>>() -> T {
    SystemIds.uuid(at(0)).into()
}

impl Told {
    fn in_memory() -> Self {
        let queue = Arc::new(JobsInMemory::default());
        let kept = Arc::new(NotificationsInMemory::new(queue.clone()));
        let chats = ChatInMemory::new(queue.clone());
        let (ours, customer, bookings) = (scope_of(new_id(), new_id()), new_id(), [new_id(), new_id()]);
        for booking in bookings {
            chats.put_booking(ours.store(), booking, customer);
        }
        Self {
            store: kept.clone(),
            promotions: kept.clone(),
            inbox: kept,
            chats: Arc::new(chats.clone()),
            queue,
            ours,
            theirs: scope_of(new_id(), new_id()),
            customer,
            bookings,
            ids: CountingIds::default(),
            friends: Friends::InMemory(chats),
        }
    }

    async fn over(test: &TestDb) -> Self {
        let ground = Ground::in_sql(test).await;
        let bookings = [ground.booking(), ground.booking()];
        for booking in &bookings {
            ground.insert(booking).await;
        }
        let kept = Arc::new(SqlNotifications::new(test.store()));
        Self {
            store: kept.clone(),
            promotions: kept.clone(),
            inbox: kept,
            chats: Arc::new(SqlChats::new(test.store(), Arc::new(SystemIds))),
            queue: Arc::new(test.db.clone()),
            ours: ground.ours.clone(),
            theirs: ground.theirs.clone(),
            customer: ground.customer,
            bookings: bookings.map(|booking| booking.id),
            ids: CountingIds::default(),
            friends: Friends::Sql(test.db.clone()),
        }
    }

    /// A reminder of a booking that waits, with its job.
    fn reminder(&self, booking: usize, key: &str) -> (Notification, NewJob) {
        let new = Notification {
            id: NotificationId::new(&self.ids, at(0)),
            tenant: self.ours.tenant(),
            store: self.ours.store(),
            customer: self.customer,
            kind: NotificationKind::Reminder,
            about: About::Booking {
                booking: self.bookings[booking],
                start: at(3_600),
                terms: "0a1b".to_owned(),
                old_start: None,
                answers: false,
            },
            key: key.to_owned(),
            language: Locale::En,
            recipient: Recipient::Email("hanako@example.jp".parse().unwrap()),
            given_up: Vec::new(),
            content: None,
            status: Status::Pending { until: at(60) },
            retry_key: self.ids.uuid(at(0)),
            tries: 0,
            tries_in_all: 0,
            error: None,
            place: None,
            scheduled_at: at(60),
            expires_at: at(3_600),
            read_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        };
        let job = self.job(&new);
        (new, job)
    }

    fn job(&self, of: &Notification) -> NewJob {
        let which = Sending { tenant: of.tenant, store: of.store, notification: of.id };
        NewJob::new(&self.ids, SEND, which, at(0)).keyed(of.id.to_string()).due(of.scheduled_at)
    }

    /// An entry of somebody's own list.
    fn entry(&self, user: UserId, key: &str) -> Notification {
        Notification { recipient: Recipient::InApp(user), ..self.reminder(0, key).0 }
    }

    async fn add(&self, new: &Notification) {
        assert_eq!(self.store.add(&self.ours, new, &self.job(new)).await, Ok(true));
    }

    async fn save(&self, next: &Notification) {
        self.store.save(&self.ours, next, None).await.unwrap();
    }

    async fn found(&self, id: NotificationId) -> Notification {
        self.store.find(&self.ours, id).await.unwrap().unwrap()
    }

    /// The keys of the jobs that send something.
    async fn jobs(&self) -> Vec<String> {
        let lines = self.queue.list(&JobFilter::default(), 1_000).await.unwrap();
        let sending = lines.into_iter().filter(|line| line.kind == SEND);
        let mut keys: Vec<_> = sending.filter_map(|line| line.key).collect();
        keys.sort();
        keys
    }
}
