//! `musubi migrate`.

use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_settings::DataSettings;
use musubi_sql::migrate;
use serde_json::json;
use std::process::ExitCode;

/// Creates the tables, or brings them up to date, and says which migrations that took.
pub(crate) async fn migrate(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    if data.database_url.is_none() {
        data.make_folder()?;
    }
    let db = database::connect(data).await?;
    let applied = migrate::run(&db).await?;
    let (engine, known) = (db.engine().name(), migrate::SOURCES.len());
    db.close().await;
    let mut lines = vec![match applied.len() {
        0 => format!("{engine}: up to date, nothing to do ({known} migrations)"),
        some => format!("{engine}: applied {some} of {known} migrations"),
    }];
    lines.extend(applied.iter().map(|name| format!("  {name}")));
    output.result(&lines, &json!({ "engine": engine, "applied": applied, "known": known }));
    Ok(ExitCode::SUCCESS)
}
