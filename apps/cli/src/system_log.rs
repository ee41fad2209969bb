//! `musubi system-log`.

use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use chrono::SecondsFormat;
use musubi_settings::DataSettings;
use musubi_sql::system_log::{self, SystemLog};
use serde_json::json;
use std::process::ExitCode;

/// Lists the youngest entries.
pub(crate) async fn list(
    data: &DataSettings,
    action: Option<&str>,
    limit: u32,
    output: Output,
) -> Result<ExitCode, Failed> {
    let db = database::existing(data).await?;
    // One more tells whether there are more.
    let mut entries = system_log::latest(&db, action, limit.saturating_add(1)).await?;
    db.close().await;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let mut lines: Vec<String> = entries.iter().map(told).collect();
    lines.push(match (entries.len(), more) {
        (0, _) => "no entries".to_owned(),
        (1, false) => "1 entry".to_owned(),
        (some, false) => format!("{some} entries"),
        (some, true) => format!("the youngest {some} entries; --limit shows more"),
    });
    output.result(&lines, &json!({ "entries": entries, "more": more }));
    Ok(ExitCode::SUCCESS)
}

fn told(entry: &SystemLog) -> String {
    let SystemLog { action, description, created_at, .. } = entry;
    format!("{}  {action}  {description}", created_at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
