//! Tasks on the runtime.

use musubi_kernel::task::{Task, Tasks};
use tokio::runtime::Handle;

/// Runs tasks on this runtime.
pub struct OnRuntime(pub Handle);

impl Tasks for OnRuntime {
    fn run(&self, task: Task) {
        self.0.spawn(task);
    }
}
