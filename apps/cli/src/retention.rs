//! `musubi retention`.

use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::SystemIds;
use musubi_settings::DataSettings;
use musubi_sql::retention::{RETENTIONS, Retention};
use musubi_sql::{retention, system_log};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Deletes what is kept no longer, or only counts it.
pub(crate) async fn apply(data: &DataSettings, dry_run: bool, output: Output) -> Result<ExitCode, Failed> {
    let db = database::existing(data).await?;
    let now = SystemClock.now();
    let mut found = Vec::with_capacity(RETENTIONS.len());
    for one in RETENTIONS {
        let rows = if dry_run { one.count(&db, now).await? } else { one.apply(&db, now).await? };
        found.push((one, rows));
    }
    if !dry_run {
        let gone: Vec<_> = found.iter().map(|(one, rows)| (one.table, *rows)).collect();
        if let Some(entry) = retention::entry(&SystemIds, &gone, now) {
            system_log::write(&db, &entry).await?;
        }
    }
    db.close().await;
    let lines: Vec<String> = found.iter().map(|(one, rows)| line(one, *rows, dry_run)).collect();
    let tables: Vec<Value> = found
        .iter()
        .map(|(one, rows)| json!({ "table": one.table, "months": one.months, "before": one.ends(now), "rows": rows }))
        .collect();
    output.result(&lines, &json!({ "dry_run": dry_run, "tables": tables }));
    Ok(ExitCode::SUCCESS)
}

fn line(one: &Retention, rows: u64, dry_run: bool) -> String {
    let Retention { table, months, statuses, .. } = one;
    let said = if dry_run { "would be deleted" } else { "deleted" };
    let which = if statuses.is_empty() { String::new() } else { format!(", {} alone", statuses.join(" and ")) };
    let length = if *months == 1 { "a month".to_owned() } else { format!("{months} months") };
    format!("{table}: {rows} {said}; kept for {length}{which}")
}
