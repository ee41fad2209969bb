//! One run of one handler.

use futures_util::FutureExt as _;
use musubi_kernel::job::{Job, JobHandler, Outcome};
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// What comes of running a job, within its time limit. A panic is a failure of this attempt.
pub(super) async fn attempt(handler: &dyn JobHandler, job: &Job) -> Outcome {
    let limit = handler.time_limit();
    // What a panic leaves half-done is the handler's own, and is not used again.
    let run = AssertUnwindSafe(handler.run(job)).catch_unwind();
    match tokio::time::timeout(limit, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Outcome::again(format!("panicked: {}", message(&*panic))),
        Err(_) => Outcome::again(format!("took longer than {} s", limit.as_secs_f64())),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
