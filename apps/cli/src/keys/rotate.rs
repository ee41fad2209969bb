//! `musubi keys rotate`.

use super::ring_of;
use crate::database;
use crate::failure::Failed;
use crate::output::{self, Output};
use musubi_crypto::{KeyRing, MasterKeys};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::SystemIds;
use musubi_settings::DataSettings;
use musubi_sql::engine::{Db, Engine};
use musubi_sql::sealed::{self, Resealed, Walk};
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Servers look at the key file once a second before they seal. A walk that begins so long after the file was changed meets
/// all that they sealed before they knew.
const KNOWN_AFTER: Duration = Duration::from_secs(2);

/// How many walks are made after everybody should know the key. Who still writes with an older one then was not told.
const WALKS: u32 = 5;

/// How many complaints are told.
const TOLD: usize = 20;

/// Seals everything anew with the first key. 1 when something is left.
pub(crate) async fn rotate(data: &DataSettings, one_machine: bool, output: Output) -> Result<ExitCode, Failed> {
    let mut keys = data.keys()?;
    let db = database::existing(data).await?;
    // Before a key is made: the ones that are there must be the right ones.
    let mut ring = ring_of(data, &keys, &db).await?;
    if keys.older().is_empty() {
        keys = with_a_new_key(data, &keys, one_machine, db.engine())?;
        ring = ring_of(data, &keys, &db).await?;
    }
    let done = reseal(&db, &ring, data).await?;
    db.close().await;
    let id = keys.current().id();
    let Resealed { values, missed, unopened } = &done;
    let mut lines: Vec<String> = unopened.iter().take(TOLD).cloned().collect();
    if unopened.len() > TOLD {
        lines.push(format!("… and {} more", unopened.len() - TOLD));
    }
    let sound = unopened.is_empty() && *missed == 0;
    lines.push(match (unopened.len(), missed) {
        (0, 0) => format!("everything is sealed with key {id} ({values} values anew); `musubi keys retire` ends it"),
        (0, _) => format!(
            "{values} values were sealed anew with key {id}, but a server goes on sealing with an older key: start it with the new keys, then run this again"
        ),
        (lost, _) => format!("{values} values were sealed anew with key {id}; {lost} do not open and stay as they are"),
    });
    let told = json!({ "sound": sound, "key": id.to_string(), "resealed": values, "unopened": unopened.len() });
    output.result(&lines, &told);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The keys with a new one before them, which is in the key file from then on.
fn with_a_new_key(
    data: &DataSettings,
    keys: &MasterKeys,
    one_machine: bool,
    engine: Engine,
) -> Result<MasterKeys, Failed> {
    if data.master_key.is_some() {
        return Err(Failed::Wrong(
            "MUSUBI_MASTER_KEY holds one key: set it to a new one, a comma and this one, restart every server with that, then run this again"
                .to_owned(),
        ));
    }
    if engine != Engine::Sqlite && !one_machine {
        return Err(Failed::Wrong(
            "other machines on this database must know a new key before it is used (docs/operations.md); if there are none, add --one-machine"
                .to_owned(),
        ));
    }
    let rotated = keys.rotated(&SystemIds);
    rotated.replace(&data.key_file(), keys, &SystemIds)?;
    Ok(rotated)
}

/// Walks until a walk finds nothing to do, and nobody can be left who seals with an older key.
async fn reseal(db: &Db, ring: &KeyRing, data: &DataSettings) -> Result<Resealed, StoreError> {
    // Those of the environment, servers know since their start.
    let known_after = if data.master_key.is_some() { Duration::ZERO } else { KNOWN_AFTER };
    let begun = Instant::now();
    let mut all = Resealed::default();
    let mut walks = 0;
    loop {
        let known = begun.elapsed();
        let walk = walk(db, ring).await?;
        let left = walk.values + walk.missed;
        all.values += walk.values;
        all.unopened = walk.unopened;
        match known_after.checked_sub(known) {
            Some(rest) => tokio::time::sleep(rest).await,
            None if left == 0 => return Ok(all),
            None => walks += 1,
        }
        if walks == WALKS {
            all.missed = left;
            return Ok(all);
        }
    }
}

async fn walk(db: &Db, ring: &KeyRing) -> Result<Resealed, StoreError> {
    let bar = output::bar(sealed::count(db).await?, "rows");
    let mut done = Resealed::default();
    let mut walk = Walk::over(db);
    while let Some(rows) = walk.next_rows().await? {
        let these = sealed::reseal(db, ring, |value| ring.is_current(value), &rows).await?;
        done.values += these.values;
        done.missed += these.missed;
        done.unopened.extend(these.unopened);
        bar.inc(rows.len() as u64);
    }
    bar.finish_and_clear();
    Ok(done)
}
