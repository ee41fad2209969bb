//! `musubi keys`.

use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_crypto::{KeyRing, MasterKey};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::Cipher as _;
use musubi_settings::DataSettings;
use musubi_sql::sealed::{self, Sample};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints a new master key.
pub(crate) fn generate(output: Output) -> ExitCode {
    let key = MasterKey::generate(&SystemIds).to_text();
    output.result(&[key.to_string()], &json!({ "master_key": key.as_str() }));
    ExitCode::SUCCESS
}

/// Opens sealed values of the database with the master key. 1 when one does not open.
pub(crate) async fn check(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    let key = data.key()?;
    let from = match &data.master_key {
        Some(_) => "MUSUBI_MASTER_KEY".to_owned(),
        None => data.key_file().display().to_string(),
    };
    let db = database::existing(data).await?;
    let samples = sealed::samples(&db).await?;
    db.close().await;
    let ring = KeyRing::new(&key, Arc::new(SystemIds));
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
        Err(StoreError::Corrupt(what)) => Some(format!("{what} (row {})", sample.row)),
        Err(error) => Some(error.to_string()),
    }
}
