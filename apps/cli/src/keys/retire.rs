//! `musubi keys retire`.

use super::ring_of;
use super::tally::{Tally, as_json};
use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_crypto::MasterKeys;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::SystemIds;
use musubi_settings::DataSettings;
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// A request that began when the key file changed, and sealed with the key of before, has ended by now.
const ENDED_AFTER: Duration = Duration::from_mins(1);

/// Takes the keys away that seal nothing any more. 1 when one of them still seals something.
pub(crate) async fn retire(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    let keys = data.keys()?;
    let from = data.key_source();
    let db = database::existing(data).await?;
    let ring = ring_of(data, &keys, &db).await?;
    if !keys.older().is_empty() && data.master_key.is_none() {
        settled(data)?;
    }
    let tally = Tally::of(&db, &ring).await?;
    db.close().await;
    let current = keys.current().id();
    let others = tally.opened + tally.unopened - tally.sealed_by(current);
    let of_keys = tally.keys(&keys);
    let told = |retired: usize| json!({ "retired": retired, "keys": as_json(&of_keys), "left": others });
    if others > 0 {
        let line = format!("{others} values are not sealed with key {current}: `musubi keys rotate` comes first");
        output.result(&[line], &told(0));
        return Ok(ExitCode::FAILURE);
    }
    let older = keys.older().len();
    let line = match (older, &data.master_key) {
        (0, _) => format!("{from} holds one key, {current}, and it seals everything"),
        (_, Some(_)) => format!("key {current} seals everything: MUSUBI_MASTER_KEY can be set to its first key alone"),
        (older, None) => {
            MasterKeys::only(keys.current().clone()).replace(&data.key_file(), &keys, &SystemIds)?;
            format!("key {current} seals everything; {older} older were taken out of {from}")
        }
    };
    output.result(&[line], &told(if data.master_key.is_some() { 0 } else { older }));
    Ok(ExitCode::SUCCESS)
}

fn settled(data: &DataSettings) -> Result<(), Failed> {
    let changed = std::fs::metadata(data.key_file())?.modified()?;
    let age = SystemTime::from(SystemClock.now()).duration_since(changed).unwrap_or_default();
    match ENDED_AFTER.checked_sub(age) {
        Some(rest) => Err(Failed::Missing(format!(
            "the key file changed just now, and a request may still be sealing with an older key: try again in {} s",
            rest.as_secs() + 1
        ))),
        None => Ok(()),
    }
}
