//! `musubi migrate`.

use crate::program::musubi;
use musubi_sql::migrate::SOURCES;
use musubi_sql_testing::{TestDb, on_each_empty_engine};
use serde_json::json;

async fn tables_are_made_once(test: TestDb) {
    let engine = test.engine().name();
    let first = musubi(&["migrate", "--json", "--database-url", test.url()]).is(0).json();
    let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
    assert_eq!(first, json!({ "engine": engine, "applied": names, "known": names.len() }));
    let again = musubi(&["migrate", "--database-url", test.url()]).is(0);
    assert_eq!(again.out, format!("{engine}: up to date, nothing to do ({} migrations)\n", names.len()));
}
on_each_empty_engine!(tables_are_made_once);

#[test]
fn without_an_address_the_data_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let ended = musubi(&["--data-dir", data.to_str().unwrap(), "migrate"]).is(0);
    assert!(ended.out.starts_with(&format!("sqlite: applied {0} of {0} migrations\n  0001_tenants\n", SOURCES.len())));
    assert!(data.join("musubi.db").is_file());
}

#[test]
fn a_database_that_is_away_is_said_to_be() {
    let line = musubi(&["migrate", "--database-url", "postgres://127.0.0.1:1/none"]).complains(1);
    assert!(line.starts_with("the database cannot be reached: "), "{line}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let line = musubi(&["migrate", "--data-dir", file.join("data").to_str().unwrap()]).complains(1);
    assert!(line.contains("/file/data: "), "{line}");
}
