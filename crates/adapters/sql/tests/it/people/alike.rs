//! What the database is asked does not depend on whether somebody has the address: the same statements, one by one.

use super::{HANAKO, House, email, registration, visitor};
use chrono::TimeDelta;
use musubi_identity::people::strangers::Stranger;
use musubi_kernel::clock::ManualClock;
use musubi_kernel::id::SystemIds;
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use musubi_sql::SqlStore;
use musubi_sql::engine::{Db, PoolSettings};
use musubi_sql_testing::{Engine, Made, TestDb, key_ring, run};
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

// SQLite's statements run on a thread of their own; they come from the same code.
#[test]
fn postgres() {
    run(Engine::Postgres, Made::Migrated, as_much_is_asked_for_known_and_unknown_addresses);
}

#[test]
fn mariadb() {
    run(Engine::MariaDb, Made::Migrated, as_much_is_asked_for_known_and_unknown_addresses);
}

/// The statements of a task, in order.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let statement = if text.whole.trim().is_empty() { text.summary } else { text.whole };
        // What a pool tells a new connection, whenever it opens one.
        if !["SET ", "SHOW "].iter().any(|set_up| statement.trim().starts_with(set_up)) {
            self.0.lock().unwrap().push(statement);
        }
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A statement as its event tells it: short ones in the summary alone.
#[derive(Default)]
struct Text {
    summary: String,
    whole: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

async fn as_much_is_asked_for_known_and_unknown_addresses(test: TestDb) {
    // Of several connections any may be opened in the midst of a call, as load has it, and says its settings then.
    let one = PoolSettings { max_connections: 1, ..PoolSettings::default() };
    let db = Db::connect(test.url(), one).await.unwrap();
    let store = Arc::new(SqlStore::new(db, Arc::new(key_ring())));
    let clock = Arc::new(ManualClock::at("2026-03-20T01:02:03Z".parse().unwrap()));
    let house = House::with((store.clone(), store), clock, Arc::new(SystemIds), Arc::new(NoPause));
    house.person(HANAKO).await;

    // With a subscriber alone, another test's thread that has none can tell tracing that nobody listens.
    let _company = Dispatch::new(Statements::default());
    let people = &house.people;
    let mut asked = Vec::new();
    // The first stranger of some begins their chain; tries of a client at an address are counted for a day.
    let chain = |address: &str| Stranger::of(&key_ring(), address);
    let of_the_same = |address: &String| chain(address) == chain("first@example.jp");
    let nobody = (0..100_000).map(|n| format!("nobody-{n}@example.jp")).find(of_the_same).unwrap();
    for address in ["first@example.jp", HANAKO, &nobody, HANAKO, &nobody] {
        // What was counted before has ended.
        house.later(TimeDelta::hours(2));
        let statements = Statements::default();
        let calls = async {
            people.sign_in(&visitor(), address, &Secret::new("wrong")).await.unwrap_err();
            // The last of them sends no mail, as there were three within the hour.
            for _ in 0..4 {
                people.ask_reset(&visitor(), &email(address)).await.unwrap();
            }
            people.register(&visitor(), &registration(address)).await.unwrap();
        };
        calls.with_subscriber(statements.clone()).await;
        asked.push(std::mem::take(&mut *statements.0.lock().unwrap()));
    }
    assert!(asked[0].len() > 20, "{:#?}", asked[0]);
    assert_eq!(asked[1], asked[2]);
    assert_eq!(asked[3], asked[4]);
}
