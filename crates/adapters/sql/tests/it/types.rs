//! What goes into a column comes out again, and compares as it does in Rust.

use crate::rows::{at, id, now, store, tenant};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::error::StoreError;
use musubi_sql::engine::{Row, starts_with};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Order, Query, Value};
use serde_json::json;
use uuid::Uuid;

async fn with_store(test: &TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&tenant(1)).await.unwrap();
    tx.exactly_one(&store(2, 1, "hanako")).await.unwrap();
    tx.commit().await.unwrap();
}

/// Writes a value into a column of the store and reads the row.
async fn round_trip(test: &TestDb, column: &'static str, value: impl Into<Value>) -> Row {
    let update = Query::update().table("stores").value(column, value.into()).to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&update).await.unwrap_or_else(|error| panic!("{update:?}: {error:?}"));
    tx.commit().await.unwrap();
    test.db.optional(&Query::select().column(column).from("stores").to_owned()).await.unwrap().unwrap()
}

/// A driver that cannot write a value leaves it out, and the statement becomes another.
async fn values_beyond_the_calendar_are_refused(test: TestDb) {
    with_store(&test).await;
    let far = [
        Value::from(DateTime::<Utc>::MAX_UTC),
        DateTime::<Utc>::MIN_UTC.into(),
        NaiveDate::MAX.into(),
        NaiveDate::MIN.into(),
    ];
    for value in far {
        let query = Query::select()
            .column("id")
            .from("stores")
            .and_where(Expr::col("created_at").lt(value.clone()))
            .and_where(Expr::col("version").gt(0))
            .to_owned();
        assert!(matches!(test.db.all(&query).await, Err(StoreError::Internal(why)) if why.contains("no engine keeps")));
        let mut tx = test.db.begin().await.unwrap();
        assert!(matches!(tx.optional(&query).await, Err(StoreError::Internal(_))));
        assert!(tx.commit().await.is_err(), "only to be dropped");
    }
}

async fn values_round_trip(test: TestDb) {
    with_store(&test).await;
    for text in
        ["", "Ａ漢字かな", "🌸👨‍👩‍👧", "a'b\"c\\d`e%_", "line\nbreak\t", "é", "e\u{301}", "'; DROP TABLE stores; --"]
    {
        let row = round_trip(&test, "notes", text).await;
        assert_eq!(row.get::<String>("notes").unwrap(), text);
        assert_eq!(row.get::<Option<String>>("notes").unwrap().as_deref(), Some(text));
    }
    for bytes in [vec![], vec![0, 255, b'\'', 0], vec![7; 100_000]] {
        let row = round_trip(&test, "line_access_token", bytes.clone()).await;
        assert_eq!(row.get::<Vec<u8>>("line_access_token").unwrap(), bytes);
    }
    for number in [0, 1, -1, i32::MAX, i32::MIN] {
        let row = round_trip(&test, "hold_minutes", number).await;
        assert_eq!(row.int::<i32>("hold_minutes").unwrap(), number);
        assert_eq!(row.int::<i64>("hold_minutes").unwrap(), i64::from(number));
        assert_eq!(row.int::<u8>("hold_minutes").is_ok(), number == 0 || number == 1);
    }
    for number in [0, i64::MAX, i64::MIN] {
        let row = round_trip(&test, "version", number).await;
        assert_eq!(row.get::<i64>("version").unwrap(), number);
        assert_eq!(row.int_or_null::<i64>("version").unwrap(), Some(number));
    }
    for flag in [true, false] {
        assert_eq!(round_trip(&test, "is_public", flag).await.get::<bool>("is_public").unwrap(), flag);
    }
    for degrees in [35.658_034_1, -0.1, 180.0, 1e-12] {
        let row = round_trip(&test, "latitude", degrees).await;
        assert_eq!(row.get::<Option<f64>>("latitude").unwrap().map(f64::to_bits), Some(f64::to_bits(degrees)));
    }
    let tenant = round_trip(&test, "tenant_id", id(1)).await;
    assert_eq!(tenant.id::<Uuid>("tenant_id").unwrap(), id(1));
}
on_each_engine!(values_beyond_the_calendar_are_refused, values_round_trip);

async fn json_keeps_its_text(test: TestDb) {
    with_store(&test).await;
    let object = json!({"z": 1, "a": {"é🌸": [1.5, null, true, "x\"y\\ \n"]}, "m": 9_007_199_254_740_993_i64});
    let written = r#"{"z":1,  "a":[1.0,2], "z":2}"#;
    let row = round_trip(&test, "settings", object.to_string()).await;
    assert_eq!(row.json::<serde_json::Value>("settings").unwrap(), object);
    let row = round_trip(&test, "settings", written).await;
    assert_eq!(row.get::<String>("settings").unwrap(), written, "not one character is changed");
    let row = round_trip(&test, "settings", Option::<String>::None).await;
    assert_eq!(row.json_or_null::<serde_json::Value>("settings").unwrap(), None);
    assert!(matches!(row.json::<serde_json::Value>("settings"), Err(StoreError::Corrupt(_))));
    let row = round_trip(&test, "settings", r#"{"phone":"0312345678"}"#).await;
    let error = row.json::<std::collections::BTreeMap<String, u32>>("settings").unwrap_err();
    assert_eq!(error, StoreError::Corrupt("settings: unexpected JSON at line 1, column 21".into()), "without the data");
}
on_each_engine!(json_keeps_its_text);

async fn instants_are_exact_to_the_microsecond_and_in_order(test: TestDb) {
    with_store(&test).await;
    let instants = [
        "1000-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-03-20T00:00:00Z",
        "2026-03-20T00:00:00.000001Z",
        "2026-03-20T00:00:00.1Z",
        "2026-03-20T00:00:00.123Z",
        "2026-03-20T00:00:00.123456Z",
        "2026-03-20T00:00:00.999999Z",
        "2026-03-20T00:00:01Z",
        "2026-11-01T05:30:00.5Z",
        "2038-01-19T03:14:08Z",
        "2126-03-20T00:00:00Z",
        "9998-12-31T23:59:59.999999Z",
    ]
    .map(at);
    for instant in instants {
        let row = round_trip(&test, "updated_at", instant).await;
        assert_eq!(row.get::<DateTime<Utc>>("updated_at").unwrap(), instant);
        for other in instants {
            let query =
                Query::select().column("id").from("stores").and_where(Expr::col("updated_at").lt(other)).to_owned();
            assert_eq!(test.db.optional(&query).await.unwrap().is_some(), instant < other, "{instant} < {other}");
        }
    }
    let row = round_trip(&test, "updated_at", at("2026-03-20T00:00:00.123456789Z")).await;
    assert_eq!(row.get::<DateTime<Utc>>("updated_at").unwrap(), at("2026-03-20T00:00:00.123456Z"));
}
on_each_engine!(instants_are_exact_to_the_microsecond_and_in_order);

async fn dates_round_trip(test: TestDb) {
    with_store(&test).await;
    let mut tx = test.db.begin().await.unwrap();
    let date = NaiveDate::from_ymd_opt(2028, 2, 29).unwrap();
    let insert = Query::insert()
        .into_table("business_calendars")
        .columns(["id", "tenant_id", "store_id", "date", "version", "created_at", "updated_at"])
        .values_panic([id(9).into(), id(1).into(), id(2).into(), date.into(), 1_i64.into(), now().into(), now().into()])
        .to_owned();
    tx.exactly_one(&insert).await.unwrap();
    let query = Query::select()
        .columns(["date", "is_holiday", "holiday_type"])
        .from("business_calendars")
        .and_where(Expr::col("date").eq(date))
        .to_owned();
    let row = tx.optional(&query).await.unwrap().unwrap();
    assert_eq!(row.get::<NaiveDate>("date").unwrap(), date);
    assert!(!row.get::<bool>("is_holiday").unwrap(), "the default");
    assert_eq!(row.code_or_null("holiday_type", |_| Option::<()>::None).unwrap(), None);
}
on_each_engine!(dates_round_trip);

/// Case, accents, widths, normal forms and spaces at the end all count, and the order is that of code points.
async fn texts_compare_as_in_rust(test: TestDb) {
    with_store(&test).await;
    let mut texts =
        ["abc", "ABC", "abc ", "abcd", "äbc", "abç", "あ", "ア", "ｱ", "🌸", "e\u{301}", "é", "z", "Z", "_", "a%"];
    let mut tx = test.db.begin().await.unwrap();
    for (n, text) in (100..).zip(texts) {
        tx.exactly_one(&store(n, 1, text)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let of = |query: &mut sea_query::SelectStatement| query.column("slug").from("stores").to_owned();
    for text in texts {
        let query = of(Query::select().and_where(Expr::col("slug").eq(text)));
        assert_eq!(test.db.all(&query).await.unwrap().len(), 1, "{text:?} equals itself alone");
    }
    let query = of(Query::select().and_where(Expr::col("slug").ne("hanako")).order_by("slug", Order::Asc));
    let slugs = |rows: Vec<Row>| rows.iter().map(|row| row.get::<String>("slug").unwrap()).collect::<Vec<_>>();
    texts.sort_unstable();
    assert_eq!(slugs(test.db.all(&query).await.unwrap()), texts);
    for prefix in ["abc", "a", "あ", "%", "_", "🌸", "a\0", ""] {
        let query = of(Query::select().and_where(starts_with("slug", prefix)).order_by("slug", Order::Asc));
        let mut expected: Vec<_> =
            texts.iter().copied().chain(["hanako"]).filter(|text| text.starts_with(prefix)).collect();
        expected.sort_unstable();
        assert_eq!(slugs(test.db.all(&query).await.unwrap()), expected, "{prefix:?}");
    }
}
on_each_engine!(texts_compare_as_in_rust);

async fn what_a_column_does_not_hold_is_damage(test: TestDb) {
    with_store(&test).await;
    let query = Query::select().columns(["name", "description"]).from("stores").to_owned();
    let row = test.db.optional(&query).await.unwrap().unwrap();
    assert!(matches!(row.get::<i64>("name"), Err(StoreError::Corrupt(what)) if what.starts_with("name")));
    assert!(matches!(row.get::<String>("description"), Err(StoreError::Corrupt(_))), "null is not a text");
    assert!(matches!(row.code("name", |_| Option::<()>::None), Err(StoreError::Corrupt(_))));
}
on_each_engine!(what_a_column_does_not_hold_is_damage);
