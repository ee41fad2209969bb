//! Markdown tables under headings.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

/// One row of a table; prints as it stands on the page.
pub(crate) struct Row {
    line: String,
    cells: HashMap<String, String>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl Row {
    /// The cell of a column.
    pub(crate) fn get(&self, column: &str) -> &str {
        self.cells.get(column).unwrap_or_else(|| panic!("no column {column} in {self}"))
    }

    /// The cell of a column, unless it is `-`.
    pub(crate) fn some(&self, column: &str) -> Option<&str> {
        Some(self.get(column)).filter(|cell| *cell != "-")
    }

    /// The parts of a cell between commas; none for `-`.
    pub(crate) fn list(&self, column: &str) -> Vec<&str> {
        self.some(column).map(|cell| cell.split(", ").collect()).unwrap_or_default()
    }

    /// The number in a cell.
    pub(crate) fn number<T: FromStr>(&self, column: &str) -> T {
        read(self.get(column))
    }
}

/// A value that a cell holds.
pub(crate) fn read<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("cannot read {text:?}"))
}

/// The tables of a page by their headings.
pub(crate) fn tables(page: &str) -> BTreeMap<String, Vec<Row>> {
    let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let (mut heading, mut columns) = (String::new(), Vec::new());
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
            columns.clear();
        }
        if line.starts_with("|-") || !line.starts_with('|') {
            continue;
        }
        let cells: Vec<String> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        if columns.is_empty() {
            columns = cells;
        } else {
            assert_eq!(cells.len(), columns.len(), "{line}");
            let cells = columns.iter().cloned().zip(cells).collect();
            tables.entry(heading.clone()).or_default().push(Row { line: line.to_owned(), cells });
        }
    }
    tables
}
