//! `musubi keys check`.

use super::tally::{Tally, as_json};
use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_crypto::KeyRing;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::Cipher as _;
use musubi_settings::DataSettings;
use musubi_sql::sealed::{self, Sample};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Opens everything that is sealed, and counts what each key seals. 1 when something does not open.
pub(crate) async fn check(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    let keys = data.keys()?;
    let from = data.key_source();
    let db = database::existing(data).await?;
    let ring = KeyRing::of(&keys, Arc::new(SystemIds));
    let tally = Tally::of(&db, &ring).await?;
    db.close().await;
    let of_keys = tally.keys(&keys);
    let Tally { opened, unopened, .. } = tally;
    let mut lines: Vec<String> =
        of_keys.iter().map(|(id, part, values)| format!("{id}  {part:7}  seals {values} values")).collect();
    lines.extend(tally.lines());
    lines.push(match (opened, unopened) {
        (0, 0) => format!("the key of {from} is a key; the database has sealed nothing yet"),
        (opened, 0) => format!("{from} opens everything that is sealed ({opened} values)"),
        (opened, wrong) => format!("{from} does not open {wrong} of {} values", opened + wrong),
    });
    let told = json!({
        "sound": unopened == 0,
        "key_from": from,
        "keys": as_json(&of_keys),
        "opened": opened,
        "unopened": unopened,
        "complaints": tally.complaints,
    });
    output.result(&lines, &told);
    Ok(if unopened == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Opens samples of what is sealed. 1 when one does not open.
pub(crate) async fn check_samples(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    let keys = data.keys()?;
    let from = data.key_source();
    let db = database::existing(data).await?;
    let samples = sealed::samples(&db).await?;
    db.close().await;
    let ring = KeyRing::of(&keys, Arc::new(SystemIds));
    let unopened: Vec<String> = samples.iter().filter_map(|sample| unopened(&ring, sample)).collect();
    let opened = samples.len() - unopened.len();
    let mut lines = unopened.clone();
    lines.push(match (opened, unopened.len()) {
        (0, 0) => format!("the key of {from} is a key; the database has sealed nothing yet"),
        (opened, 0) => format!("the key of {from} opens what is sealed ({opened} samples)"),
        (_, wrong) => format!("the key of {from} does not open {wrong} of {} samples", samples.len()),
    });
    let sound = unopened.is_empty();
    output.result(&lines, &json!({ "sound": sound, "key_from": from, "opened": opened, "unopened": unopened }));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn unopened(ring: &KeyRing, sample: &Sample) -> Option<String> {
    match ring.open(sample.place(), &sample.sealed) {
        Ok(_) => None,
        Err(StoreError::Corrupt(what) | StoreError::MasterKeyMissing(what)) => {
            Some(format!("{what} (row {})", sample.row))
        }
        Err(error) => Some(error.to_string()),
    }
}
