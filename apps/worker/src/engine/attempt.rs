//! One run of one handler.

use futures_util::FutureExt as _;
use musubi_kernel::job::back_off::BackOff;
use musubi_kernel::job::{Job, JobHandler, Outcome};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of a run.
pub(super) struct Attempted {
    pub(super) outcome: Outcome,
    /// How long the job waits if it is to be tried again.
    pub(super) back_off: BackOff,
}

/// What comes of running a job, within its time limit. A panic is a failure of this attempt.
pub(super) async fn attempt(handler: &dyn JobHandler, job: &Job) -> Attempted {
    // What a panic leaves half-done is the handler's own, and is not used again.
    let rules = catch_unwind(AssertUnwindSafe(|| (handler.time_limit(), handler.back_off())));
    let (limit, back_off) = match rules {
        Ok(rules) => rules,
        Err(panic) => return Attempted { outcome: panicked(&*panic), back_off: BackOff::default() },
    };
    let run = AssertUnwindSafe(handler.run(job)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => panicked(&*panic),
        Err(_) => Outcome::again(format!("took longer than {} s", limit.as_secs_f64())),
    };
    Attempted { outcome, back_off }
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    Outcome::again(format!("panicked: {message}"))
}
