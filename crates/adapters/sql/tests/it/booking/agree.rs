//! Whether everything that is kept of bookings tells the same story.

use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::change::ChangeKind;
use musubi_sql::audit::{chains, verify};
use musubi_sql::engine::{Db, Row};
use sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How many rows a table has.
pub(super) async fn rows_of(db: &Db, table: &'static str) -> usize {
    db.all(&Query::select().expr(Expr::val(1)).from(table).to_owned()).await.unwrap().len()
}

/// What the outbox tells of a thing, by name.
pub(super) async fn records_of(db: &Db, subject: Uuid) -> Vec<String> {
    let query = Query::select()
        .column("kind")
        .from("outbox")
        .and_where(Expr::col("subject_id").eq(subject))
        .order_by("kind", Order::Asc)
        .to_owned();
    db.all(&query).await.unwrap().iter().map(|row| row.get("kind").unwrap()).collect()
}

/// Every booking's row, history, events and audit entries agree; every audit chain is whole; no resource is ever
/// overbooked; customers' totals are the sums of their bookings.
pub(super) async fn books_agree(db: &Db) {
    let mut after = String::new();
    loop {
        let names = chains(db, &after, 100).await.unwrap();
        for chain in &names {
            let verified = verify(db, chain).await.unwrap();
            assert_eq!(verified.flaw, None, "{chain}");
            assert!(verified.sound > 0, "{chain}");
        }
        let Some(last) = names.last() else { break };
        after.clone_from(last);
    }
    histories_agree(db).await;
    capacities_hold(db).await;
    occupancy_agrees(db).await;
    totals_agree(db).await;
}

fn json(row: &Row, column: &str) -> Option<Value> {
    row.get::<Option<String>>(column).unwrap().map(|text| serde_json::from_str(&text).unwrap())
}

fn columns(table: &'static str, columns: &[&'static str]) -> SelectStatement {
    Query::select().columns(columns.iter().copied()).from(table).to_owned()
}

async fn by_subject(db: &Db, query: SelectStatement, key: &str) -> HashMap<Uuid, Vec<Row>> {
    let mut found: HashMap<Uuid, Vec<Row>> = HashMap::new();
    for row in db.all(&query).await.unwrap() {
        found.entry(row.get(key).unwrap()).or_default().push(row);
    }
    found
}

async fn histories_agree(db: &Db) {
    let changes =
        columns("booking_changes", &["booking_id", "store_id", "change_type", "before_data", "after_data", "version"])
            .order_by("version", Order::Asc)
            .to_owned();
    let mut changes = by_subject(db, changes, "booking_id").await;
    let audit = columns("audit_log", &["subject_id", "action", "before_data", "after_data", "chain", "store_id"])
        .and_where(Expr::col("subject_kind").eq("booking"))
        .to_owned();
    let mut audit = by_subject(db, audit, "subject_id").await;
    let events = columns("outbox", &["subject_id", "kind", "payload", "store_id"])
        .and_where(Expr::col("kind").like("booking.%"))
        .to_owned();
    let mut events = by_subject(db, events, "subject_id").await;
    let bookings =
        columns("bookings", &["id", "store_id", "version", "status", "booking_date", "starts_at", "total_price"]);
    for booking in db.all(&bookings).await.unwrap() {
        let id: Uuid = booking.get("id").unwrap();
        let Some(history) = changes.remove(&id) else { continue };
        let mut audit: Vec<(String, Option<Value>, Option<Value>)> = audit
            .remove(&id)
            .unwrap_or_default()
            .iter()
            .map(|row| (row.get("action").unwrap(), json(row, "before_data"), json(row, "after_data")))
            .collect();
        let mut events: Vec<(String, Option<Value>)> = events
            .remove(&id)
            .unwrap_or_default()
            .iter()
            .map(|row| (row.get("kind").unwrap(), json(row, "payload")))
            .collect();
        let version = |data: &Option<Value>| data.as_ref().and_then(|data| data["version"].as_i64());
        audit.sort_by_key(|(_, _, after)| version(after));
        events.sort_by_key(|(_, payload)| version(payload));
        assert_eq!((audit.len(), events.len()), (history.len(), history.len()), "{id}");
        let mut before: Option<Value> = None;
        for (place, entry) in history.iter().enumerate() {
            let (was, is) = (json(entry, "before_data"), json(entry, "after_data"));
            let seq = i64::try_from(place).unwrap() + 1;
            assert_eq!(
                (entry.get::<i64>("version").unwrap(), version(&is)),
                (seq, Some(seq)),
                "{id}: no version is left out"
            );
            assert_eq!(was, before, "{id}: each change begins where the one before ended");
            let kind: String = entry.get("change_type").unwrap();
            let event = ChangeKind::from_code(&kind).unwrap().event().to_owned();
            assert_eq!(audit[place], (event.clone(), was, is.clone()), "{id}");
            assert_eq!(events[place], (event, is.clone()), "{id}");
            before = is;
        }
        let last = before.unwrap();
        assert_eq!(last["version"].as_i64(), Some(booking.get("version").unwrap()), "{id}");
        assert_eq!(last["status"].as_str(), Some(&*booking.get::<String>("status").unwrap()), "{id}");
        let date: NaiveDate = booking.get("booking_date").unwrap();
        assert_eq!(last["business_date"].as_str(), Some(&*date.to_string()), "{id}");
        let start: DateTime<Utc> = booking.get("starts_at").unwrap();
        assert_eq!(last["start"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), start, "{id}");
        assert_eq!(last["total_price"].as_i64(), Some(booking.get("total_price").unwrap()), "{id}");
    }
    let stray = |left: &HashMap<Uuid, Vec<Row>>| left.keys().copied().collect::<Vec<_>>();
    assert_eq!((stray(&changes), stray(&audit), stray(&events)), (vec![], vec![], vec![]), "of no booking");
}

/// Minute by minute, without a thought.
async fn capacities_hold(db: &Db) {
    let query = Query::select()
        .column(("booking_resources", "resource_id"))
        .column(("booking_resources", "seats"))
        .column(("bookings", "occupied_from"))
        .column(("bookings", "occupied_to"))
        .column(("resources", "capacity"))
        .from("booking_resources")
        .inner_join("bookings", Expr::col(("bookings", "id")).equals(("booking_resources", "booking_id")))
        .inner_join("resources", Expr::col(("resources", "id")).equals(("booking_resources", "resource_id")))
        .and_where(Expr::col(("bookings", "status")).ne("cancelled"))
        .and_where(Expr::col(("bookings", "menu_name")).ne(super::ground::UNCHECKED))
        .to_owned();
    let mut seats: BTreeMap<(Uuid, i64), i64> = BTreeMap::new();
    for row in db.all(&query).await.unwrap() {
        let minute = |column: &str| row.get::<DateTime<Utc>>(column).unwrap().timestamp() / 60;
        let resource: Uuid = row.get("resource_id").unwrap();
        for at in minute("occupied_from")..minute("occupied_to") {
            let in_use = seats.entry((resource, at)).or_default();
            *in_use += row.int::<i64>("seats").unwrap();
            assert!(*in_use <= row.int::<i64>("capacity").unwrap(), "{resource} is overbooked at minute {at}");
        }
    }
}

/// What is written down as taken is what the bookings say.
async fn occupancy_agrees(db: &Db) {
    let meant = Query::select()
        .columns(["id", "store_id", "booking_date", "occupied_from", "occupied_to"].map(|column| ("bookings", column)))
        .columns(["resource_id", "seats", "is_exclusive"].map(|column| ("booking_resources", column)))
        .from("bookings")
        .left_join("booking_resources", Expr::col(("booking_resources", "booking_id")).equals(("bookings", "id")))
        .and_where(Expr::col(("bookings", "status")).ne("cancelled"))
        .to_owned();
    let written = Query::select()
        .expr_as(Expr::col("booking_id"), "id")
        .columns(["store_id", "booking_date", "occupied_from", "occupied_to", "resource_id", "seats", "is_exclusive"])
        .from("occupancy")
        .to_owned();
    let (mut meant, mut written) = (taken(db, &meant).await, taken(db, &written).await);
    meant.sort();
    written.sort();
    assert_eq!(written, meant);
}

async fn taken(db: &Db, query: &SelectStatement) -> Vec<String> {
    let instant = |row: &Row, column: &str| row.get::<DateTime<Utc>>(column).unwrap();
    let tell = |row: &Row| {
        let ids = (row.get::<Uuid>("id").unwrap(), row.get::<Uuid>("store_id").unwrap());
        let resource: Option<Uuid> = row.get("resource_id").unwrap();
        let held = resource.map(|id| (id, row.int::<i64>("seats").unwrap(), row.get::<bool>("is_exclusive").unwrap()));
        let date: NaiveDate = row.get("booking_date").unwrap();
        format!("{ids:?} {date} {} {} {held:?}", instant(row, "occupied_from"), instant(row, "occupied_to"))
    };
    db.all(query).await.unwrap().iter().map(tell).collect()
}

async fn totals_agree(db: &Db) {
    let bookings = columns("bookings", &["customer_id", "status", "total_price", "starts_at"])
        .and_where(Expr::col("menu_name").ne(super::ground::UNCHECKED))
        .to_owned();
    let bookings = by_subject(db, bookings, "customer_id").await;
    let customers = columns(
        "customers",
        &["id", "total_bookings", "total_spent", "no_show_count", "first_visit_at", "last_visit_at"],
    );
    for customer in db.all(&customers).await.unwrap() {
        let Some(theirs) = bookings.get(&customer.get("id").unwrap()) else { continue };
        let with = |status: &str| {
            let status = status.to_owned();
            theirs.iter().filter(move |row| row.get::<String>("status").unwrap() == status)
        };
        let spent: i64 = with("completed").map(|row| row.get::<i64>("total_price").unwrap()).sum();
        let visits = || with("completed").map(|row| row.get::<DateTime<Utc>>("starts_at").unwrap());
        assert_eq!(customer.int::<usize>("total_bookings").unwrap(), with("completed").count());
        assert_eq!(customer.get::<i64>("total_spent").unwrap(), spent);
        assert_eq!(customer.int::<usize>("no_show_count").unwrap(), with("no_show").count());
        assert_eq!(customer.get::<Option<DateTime<Utc>>>("first_visit_at").unwrap(), visits().min());
        assert_eq!(customer.get::<Option<DateTime<Utc>>>("last_visit_at").unwrap(), visits().max());
    }
}
