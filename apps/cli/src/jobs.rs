//! `musubi jobs`.

use crate::arguments::StatusArgument;
use crate::database;
use crate::failure::Failed;
use crate::output::Output;
use musubi_kernel::clock::{Clock as _, SystemClock};
use musubi_kernel::id::JobId;
use musubi_kernel::job::queue::{JobFilter, JobLine, JobQueue as _, JobStatus, Retried, Retry};
use musubi_settings::DataSettings;
use serde_json::json;
use std::process::ExitCode;
use uuid::Uuid;

/// Lists jobs.
pub(crate) async fn list(
    data: &DataSettings,
    status: StatusArgument,
    kind: Option<&str>,
    limit: u32,
    output: Output,
) -> Result<ExitCode, Failed> {
    let db = database::existing(data).await?;
    let filter = JobFilter { status: status_of(status), kind: kind.map(str::to_owned) };
    // One more tells whether there are more.
    let mut jobs = db.list(&filter, limit.saturating_add(1)).await?;
    db.close().await;
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let mut lines: Vec<String> = jobs.iter().map(told).collect();
    lines.push(match (jobs.len(), more) {
        (0, _) => "no jobs".to_owned(),
        (1, false) => "1 job".to_owned(),
        (some, false) => format!("{some} jobs"),
        (some, true) => format!("the first {some} jobs; --limit shows more"),
    });
    output.result(&lines, &json!({ "jobs": jobs, "more": more }));
    Ok(ExitCode::SUCCESS)
}

/// Lets failed jobs be tried again. 1 when one that was named has not failed, or is not there.
pub(crate) async fn retry(
    data: &DataSettings,
    ids: &[Uuid],
    kind: Option<&str>,
    output: Output,
) -> Result<ExitCode, Failed> {
    let db = database::existing(data).await?;
    let which = match kind {
        Some(kind) => Retry::Kind(kind.to_owned()),
        None => Retry::Ids(ids.iter().copied().map(JobId).collect()),
    };
    let Retried { again, superseded } = db.retry(&which, SystemClock.now()).await?;
    db.close().await;
    let asked = ids.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
    let missing = asked.saturating_sub(again + superseded);
    let mut lines = vec![format!("{again} to be tried again")];
    if superseded > 0 {
        lines.push(format!("{superseded} left as they are: another unfinished job has their key"));
    }
    if missing > 0 {
        lines.push(format!("{missing} not found among the failed jobs"));
    }
    output.result(&lines, &json!({ "again": again, "superseded": superseded, "missing": missing }));
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const fn status_of(argument: StatusArgument) -> Option<JobStatus> {
    match argument {
        StatusArgument::Waiting => Some(JobStatus::Waiting),
        StatusArgument::Running => Some(JobStatus::Running),
        StatusArgument::Failed => Some(JobStatus::Failed),
        StatusArgument::All => None,
    }
}

fn told(job: &JobLine) -> String {
    let JobLine { id, kind, status, attempts, max_attempts, due_at, failed_at, last_error, .. } = job;
    let status = status.code();
    let at = failed_at.unwrap_or(*due_at).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let why = last_error.as_deref().map(|why| format!("  {}", one_line(why))).unwrap_or_default();
    format!("{id}  {kind}  {status}  {at}  attempt {attempts} of {max_attempts}{why}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
