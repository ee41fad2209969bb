//! `musubi retention`.

use crate::program::musubi;
use chrono::{DateTime, Months, TimeDelta, Utc};
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::SystemIds;
use musubi_sql::system_log::{self, SystemLog};
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;

on_each_engine!(what_is_kept_no_longer_is_counted_and_deleted);

async fn acted(test: &TestDb, at: DateTime<Utc>) {
    system_log::write(&test.db, &SystemLog::new(&SystemIds, "tested", "a test", json!({}), at)).await.unwrap();
}

async fn what_is_kept_no_longer_is_counted_and_deleted(test: TestDb) {
    let year_ago = SystemClock.now().checked_sub_months(Months::new(12)).unwrap();
    for over in [-1, 1, 2, 3] {
        acted(&test, year_ago - TimeDelta::days(over)).await;
    }
    let run = |arguments: &[&str]| {
        let mut all = vec!["retention", "--database-url", test.url()];
        all.extend(arguments);
        musubi(&all).is(0)
    };
    for _ in 0..2 {
        let said = run(&["--dry-run"]).out;
        assert!(said.starts_with("system_logs: 3 would be deleted; kept for 12 months\n"), "{said}");
        assert!(said.contains("\nbooking_changes: 0 would be deleted; kept for 24 months\n"), "{said}");
    }
    let told = run(&["--dry-run", "--json"]).json();
    let first = &told["tables"][0];
    assert_eq!((&told["dry_run"], &first["table"], &first["rows"]), (&json!(true), &json!("system_logs"), &json!(3)));

    let said = run(&[]).out;
    assert!(said.starts_with("system_logs: 3 deleted; kept for 12 months\n"), "{said}");
    let told = run(&["--json"]).json();
    assert!(told["tables"].as_array().unwrap().iter().all(|table| table["rows"] == 0), "{told:#}");
    // That it was done is written down, when something went.
    let entries = system_log::latest(&test.db, None, 10).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["retention.applied", "tested"]);
    assert_eq!(entries[0].metadata, json!({ "system_logs": 3 }));

    let listed = |arguments: &[&str]| {
        let mut all = vec!["system-log", "--database-url", test.url()];
        all.extend(arguments);
        musubi(&all).is(0)
    };
    let lines = listed(&[]).out;
    let lines: Vec<_> = lines.lines().collect();
    assert!(lines[0].ends_with("  retention.applied  deleted what is kept no longer: 3 of system_logs"), "{lines:?}");
    assert!(lines[1].ends_with("  tested  a test"), "{lines:?}");
    assert_eq!(lines[2..], ["2 entries"]);
    assert_eq!(listed(&["--action", "tested"]).out.lines().last(), Some("1 entry"));
    assert_eq!(listed(&["--action", "nothing"]).out.lines().last(), Some("no entries"));
    let told = listed(&["--json", "--limit", "1"]).json();
    let (first, more) = (&told["entries"][0], &told["more"]);
    assert_eq!(
        (&first["action"], &first["metadata"], more),
        (&json!("retention.applied"), &json!({ "system_logs": 3 }), &json!(true))
    );
}

#[test]
fn a_database_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let line = musubi(&["retention", "--dry-run", "--data-dir", folder.path().to_str().unwrap()]).complains(1);
    assert!(line.starts_with("there is no database at "), "{line}");
}
