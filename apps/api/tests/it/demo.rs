//! The demo: as large as promised, and every rule kept.

use crate::app::{TestApp, instant};
use chrono::{DateTime, Days, TimeDelta, Utc};
use musubi_api::demo::{self, Demo, House, Made, Place};
use musubi_booking::agreement::Agreement;
use musubi_booking::booking::{Booking, StatusCode};
use musubi_booking::code::Source;
use musubi_booking::ports::{BookingFilter, BookingStore as _};
use musubi_booking::token;
use musubi_customer::customer::CustomerFilter;
use musubi_kernel::access::{Actor, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::Clock as _;
use musubi_kernel::id::{ResourceId, SystemIds};
use musubi_kernel::page::{MAX_LIMIT, PageRequest};
use musubi_kernel::zone;
use musubi_sql::audit;
use musubi_sql::booking::SqlBookings;
use musubi_sql_testing::{Engine, Made as Tables, TestDb, run};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A demo in a database of its own.
struct Shown {
    app: TestApp,
    test: TestDb,
    demo: Demo,
}

impl Shown {
    async fn at(test: TestDb, now: &str) -> Self {
        let app = TestApp::on(&test).await;
        app.clock.set(instant(now));
        let demo = demo::fill(House::of(&app.app), &mut Vec::new(), false).await;
        let demo = demo.expect("no rule is in the way").expect("an empty database");
        Self { app, test, demo }
    }

    fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    async fn bookings(&self, shop: &Made) -> Vec<Booking> {
        let mut page = PageRequest { limit: MAX_LIMIT, after: None };
        let mut all = Vec::new();
        loop {
            let found =
                self.app.app.desk.bookings(&scope(shop), &BookingFilter::default(), &page).await.expect("a page");
            all.extend(found.items);
            let Some(next) = found.next else { return all };
            page.after = Some(next);
        }
    }

    /// What bookings and live holds have agreed on.
    async fn agreements(&self, shop: &Made) -> Vec<Agreement> {
        let store = SqlBookings::new(self.test.store(), Arc::new(SystemIds));
        let mut all: Vec<Agreement> = self.bookings(shop).await.into_iter().filter(occupies).map(agreement).collect();
        for hold in &shop.tally.holds {
            let hold = store.find_hold(&scope(shop), &token::hash(hold.expose())).await;
            let hold = hold.expect("a database").expect("a hold");
            assert!(hold.is_live(self.now()), "{}: a hold is live", shop.slug);
            all.push(hold.terms.agreement);
        }
        all
    }
}

fn occupies(booking: &Booking) -> bool {
    booking.status.name() != StatusCode::Cancelled
}

fn agreement(booking: Booking) -> Agreement {
    booking.agreement
}

fn scope(shop: &Made) -> StoreScope {
    let at = StoreRef { store: shop.store, tenant: shop.tenant, open_to_public: true };
    Actor::System.on_store(&at, Permission::BookingRead).expect("the system may do everything")
}

/// An evening of trade in both shops.
const EVENING: &str = "2026-11-20T09:12:34.567891Z";

#[test]
fn is_as_promised_on_a_holiday_among_holidays() {
    is_as_promised_at("2026-05-04T03:00:00Z");
}

#[test]
fn is_as_promised_in_the_first_minute_of_a_year() {
    is_as_promised_at("2026-12-31T15:00:30Z");
}

#[test]
fn is_as_promised_after_a_class_that_passed_midnight() {
    is_as_promised_at("2026-07-03T16:20:00Z");
}

/// As large as promised, and no rule is broken.
fn is_as_promised_at(now: &'static str) {
    run(Engine::Sqlite, Tables::Migrated, move |test| async move {
        let shown = Shown::at(test, now).await;
        counts(&shown).await;
        statuses(&shown).await;
        capacities(&shown).await;
        chains(&shown).await;
    });
}

async fn counts(shown: &Shown) {
    let slugs: Vec<_> = shown.demo.shops.iter().map(|shop| shop.slug.as_str()).collect();
    assert_eq!(slugs, ["hair-musubi", "yoga-nagomi"]);
    let (mut bookings, mut customers) = (0, 0);
    for shop in &shown.demo.shops {
        let page = PageRequest { limit: MAX_LIMIT, after: None };
        let found = shown.app.app.customers.list(&scope(shop), &CustomerFilter::default(), &page).await;
        let found = found.expect("a page").items;
        assert_eq!(found.len(), shop.tally.customers, "nobody was taken for somebody new");
        assert!(found.iter().all(|one| one.details.phone.is_some() && one.details.name_kana.is_some()));
        let stored = shown.bookings(shop).await;
        assert_eq!(stored.len(), shop.tally.all());
        let mut by_status: BTreeMap<StatusCode, usize> = BTreeMap::new();
        for booking in &stored {
            *by_status.entry(booking.status.name()).or_default() += 1;
        }
        assert_eq!(by_status, shop.tally.bookings);
        assert!(shop.tally.holds.len() >= 2, "{}: {} holds", shop.slug, shop.tally.holds.len());
        bookings += stored.len();
        customers += found.len();
    }
    assert!((250..=400).contains(&bookings), "{bookings} bookings at {}", shown.now());
    assert!((60..=80).contains(&customers), "{customers} customers");
}

async fn statuses(shown: &Shown) {
    let (now, today) = (shown.now(), zone::date_of(zone::Tz::Asia__Tokyo, shown.now()));
    assert_eq!(shown.demo.today, today);
    let mut seen: BTreeMap<StatusCode, usize> = BTreeMap::new();
    let mut sources: BTreeMap<Source, usize> = BTreeMap::new();
    for shop in &shown.demo.shops {
        for booking in shown.bookings(shop).await {
            let (agreement, status) = (&booking.agreement, booking.status.name());
            let window = today - Days::new(14)..=today + Days::new(14);
            assert!(window.contains(&agreement.business_date), "{}", agreement.business_date);
            let (over, begun) = (agreement.service.to.instant() <= now, booking.starts_at() <= now);
            let expected: &[StatusCode] = match (begun, over) {
                (_, true) => &[StatusCode::Completed, StatusCode::NoShow, StatusCode::Cancelled],
                (true, false) => &[StatusCode::Confirmed],
                (false, false) => &[StatusCode::Confirmed, StatusCode::Pending, StatusCode::Cancelled],
            };
            assert!(expected.contains(&status), "{status:?} at {} is not {expected:?}", booking.starts_at());
            if agreement.business_date < today {
                assert!(!agreement.source.is_customer_facing(), "what is past was written down by staff");
            }
            *seen.entry(status).or_default() += 1;
            *sources.entry(agreement.source).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), StatusCode::ALL.len(), "every status is there: {seen:?}");
    assert_eq!(sources.len(), Source::ALL.len(), "every source is there: {sources:?}");
    let (completed, stayed_away) = (seen[&StatusCode::Completed], seen[&StatusCode::NoShow]);
    assert!(completed > 8 * stayed_away, "{seen:?}");
}

/// Minute by minute, without any of the code that assigns seats.
async fn capacities(shown: &Shown) {
    for shop in &shown.demo.shops {
        let mut used: HashMap<(ResourceId, DateTime<Utc>), i32> = HashMap::new();
        for agreement in shown.agreements(shop).await {
            for held in &agreement.resources {
                let mut minute = agreement.occupied.from.instant();
                while minute < agreement.occupied.to.instant() {
                    *used.entry((held.id, minute)).or_default() += i32::try_from(held.seats).expect("few seats");
                    minute += TimeDelta::minutes(1);
                }
            }
        }
        let capacity: HashMap<_, _> = shop.resources.iter().map(|one| (one.id, one.details.capacity)).collect();
        for ((resource, minute), seats) in &used {
            assert!(*seats <= capacity[resource], "{}: {seats} seats of {resource} at {minute}", shop.slug);
        }
        let largest = used.values().max().copied().unwrap_or(0);
        assert!(shop.slug != "yoga-nagomi" || largest >= 8, "classes fill up: {largest} at most");
    }
}

async fn chains(shown: &Shown) {
    let (mut last, mut entries) = (String::new(), 0);
    loop {
        let chains = audit::chains(&shown.test.db, &last, 100).await.expect("a database");
        for chain in &chains {
            let verified = audit::verify(&shown.test.db, chain).await.expect("a database");
            assert_eq!(verified.flaw, None, "{chain}");
            entries += verified.sound;
        }
        let Some(end) = chains.last() else { break };
        last.clone_from(end);
    }
    assert!(entries > 500, "{entries} audit entries");
}

#[test]
fn equal_clocks_make_equal_demos() {
    let once = || {
        let (give, take) = std::sync::mpsc::channel();
        run(Engine::Sqlite, Tables::Migrated, move |test| async move {
            let shown = Shown::at(test, EVENING).await;
            for shop in &shown.demo.shops {
                let bookings = shown.bookings(shop).await;
                // Bookings with one start are in no particular order.
                let mut seen: Vec<_> = bookings
                    .iter()
                    .map(|one| {
                        (one.starts_at(), one.contact.name.clone(), one.agreement.price.total, one.status.name())
                    })
                    .collect();
                seen.sort();
                give.send(seen).unwrap();
            }
        });
        take.iter().collect::<Vec<_>>()
    };
    assert_eq!(once(), once());
}

#[test]
fn prints_and_writes_what_one_needs_once() {
    run(Engine::Sqlite, Tables::Migrated, |test| async move {
        let app = TestApp::on(&test).await;
        app.clock.set(instant(EVENING));
        let folder = tempfile::tempdir().unwrap();
        let place = Place { base_url: "http://127.0.0.1:8080", data_dir: folder.path(), terminal: false };
        let mut out = Vec::new();
        demo::run(House::of(&app.app), place, &mut out).await.unwrap();
        let out = String::from_utf8(out).unwrap();

        let file = folder.path().join("demo.json");
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for shop in file["shops"].as_array().unwrap() {
            let (slug, store) = (shop["slug"].as_str().unwrap(), shop["store_id"].as_str().unwrap());
            app.get(format!("/v1/public/stores/{slug}")).anonymous().send().await.is(200);
            for key in ["tenant_key", "store_key"] {
                let key = shop[key].as_str().unwrap();
                assert!(out.contains(key), "every key is printed");
                app.get(format!("/v1/stores/{store}/customers")).key(key).send().await.is(200);
            }
        }

        let links: Vec<&str> = out.split(['\'', ' ', '\n']).filter(|word| word.starts_with("http://")).collect();
        let paths = |part: &str| -> Vec<&str> {
            let found = links.iter().filter(|link| link.contains(part));
            found.map(|link| link.strip_prefix("http://127.0.0.1:8080").unwrap()).collect()
        };
        assert_eq!((paths("/slots?").len(), paths("/bookings?").len(), paths("/docs").len()), (2, 2, 1), "{out}");
        for path in paths("/slots?") {
            let found = app.get(path).anonymous().send().await.is(200).body;
            assert!(!found["items"].as_array().unwrap().is_empty(), "{path}");
        }

        let mut again = Vec::new();
        demo::run(House::of(&app.app), place, &mut again).await.unwrap();
        let again = String::from_utf8(again).unwrap();
        assert!(again.starts_with("demo: the database is not empty") && again.lines().count() == 1, "{again}");
        assert!(demo::fill(House::of(&app.app), &mut Vec::new(), false).await.unwrap().is_none());
    });
}
