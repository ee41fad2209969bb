//! How many values each key seals.

use crate::output;
use musubi_crypto::{KeyId, KeyRing, MasterKeys};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Cipher as _;
use musubi_sql::engine::Db;
use musubi_sql::sealed::{self, Walk};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many complaints are kept; the others are only counted.
const TOLD: usize = 20;

/// What is sealed, by key.
#[derive(Default)]
pub(super) struct Tally {
    /// Values that open.
    pub(super) opened: u64,
    /// Values that do not.
    pub(super) unopened: u64,
    /// Of the first that do not open, why.
    pub(super) complaints: Vec<String>,
    by_key: BTreeMap<KeyId, u64>,
}

impl Tally {
    /// Opens everything that is sealed.
    pub(super) async fn of(db: &Db, ring: &KeyRing) -> Result<Self, StoreError> {
        let bar = output::bar(sealed::count(db).await?, "rows");
        let mut tally = Self::default();
        let mut walk = Walk::over(db);
        while let Some(rows) = walk.next_rows().await? {
            for row in &rows {
                for (column, value) in &row.values {
                    if let Some(id) = KeyRing::id_of(value) {
                        *tally.by_key.entry(id).or_default() += 1;
                    }
                    match ring.open(row.place(column), value) {
                        Ok(_) => tally.opened += 1,
                        Err(error) => tally.complain(row.complaint(&error)),
                    }
                }
            }
            bar.inc(rows.len() as u64);
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    fn complain(&mut self, complaint: String) {
        self.unopened += 1;
        if self.complaints.len() < TOLD {
            self.complaints.push(complaint);
        }
    }

    /// How many values a key seals.
    pub(super) fn sealed_by(&self, key: KeyId) -> u64 {
        self.by_key.get(&key).copied().unwrap_or(0)
    }

    /// The keys that are here, then those that are not, each with its part and how many values it seals.
    pub(super) fn keys(&self, keys: &MasterKeys) -> Vec<(KeyId, &'static str, u64)> {
        let here: Vec<KeyId> = keys.all().map(musubi_crypto::MasterKey::id).collect();
        let parts = std::iter::once("current").chain(std::iter::repeat("older"));
        let known = here.iter().zip(parts).map(|(id, part)| (*id, part));
        let missing = self.by_key.keys().filter(|id| !here.contains(id)).map(|id| (*id, "missing"));
        known.chain(missing).map(|(id, part)| (id, part, self.sealed_by(id))).collect()
    }

    /// The complaints, and how many there are beside them.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.complaints.clone();
        let others = self.unopened - self.complaints.len() as u64;
        if others > 0 {
            lines.push(format!("… and {others} more"));
        }
        lines
    }
}

/// Keys for scripts.
pub(super) fn as_json(keys: &[(KeyId, &'static str, u64)]) -> Vec<Value> {
    keys.iter().map(|(id, part, values)| json!({ "id": id.to_string(), "part": part, "values": values })).collect()
}
