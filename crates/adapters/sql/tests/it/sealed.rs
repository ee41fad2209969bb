//! Sealed columns: all of them are known, keys are rotated while others write, and a database knows its keys.

mod binding;
mod rotation;

use musubi_sql::migrate::SOURCES;
use musubi_sql::sealed::{ANSWERS, COLUMNS};
use std::collections::BTreeSet;

/// Bytes of any length are sealed values; digests have a length.
#[test]
fn every_column_of_bytes_is_known_to_be_sealed() {
    let mut found = BTreeSet::new();
    for source in SOURCES {
        let mut table = "";
        for line in source.text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("CREATE TABLE IF NOT EXISTS ") {
                table = rest.trim_end_matches(['(', ' ']);
            }
            let added =
                line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN IF NOT EXISTS "));
            let (table, line) = added.unwrap_or((table, line));
            match line.split_once(' ') {
                Some((column, rest)) if rest.starts_with("{bytes}") => _ = found.insert((table, column)),
                _ => assert!(!line.contains("{bytes}") || line.starts_with("--"), "{}: {line}", source.name),
            }
        }
    }
    let known: BTreeSet<_> = COLUMNS.iter().copied().chain([ANSWERS]).collect();
    assert!(found.len() > 10);
    assert_eq!(found, known);
}
