//! `musubi keys`.

mod check;
mod retire;
mod rotate;
mod tally;

pub(crate) use check::{check, check_samples};
pub(crate) use retire::retire;
pub(crate) use rotate::rotate;

use crate::failure::Failed;
use crate::output::Output;
use musubi_crypto::{KeyRing, MasterKey, MasterKeys};
use musubi_kernel::clock::SystemClock;
use musubi_kernel::id::SystemIds;
use musubi_settings::DataSettings;
use musubi_sql::engine::Db;
use musubi_sql::sealed;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints a new master key.
pub(crate) fn generate(output: Output) -> ExitCode {
    let key = MasterKey::generate(&SystemIds).to_text();
    output.result(&[key.to_string()], &json!({ "master_key": key.as_str() }));
    ExitCode::SUCCESS
}

/// The ring of a database that is bound to its keys. What the database keeps beside them is there from then on, too: a
/// look-up key that follows from a master key would be lost with it.
async fn ring_of(data: &DataSettings, keys: &MasterKeys, db: &Db) -> Result<KeyRing, Failed> {
    if !sealed::is_bound(db).await? {
        return Err(Failed::Missing("nothing is sealed yet: `musubi-api` makes that begin".to_owned()));
    }
    Ok(data.ring(keys, db, Arc::new(SystemIds), &SystemClock).await?)
}
