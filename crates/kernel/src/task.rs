//! Work that is done to its end, whatever becomes of who asked for it.

use std::pin::Pin;

/// Such work.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs tasks.
pub trait Tasks: Send + Sync {
    /// Runs one beside the caller, who does not wait for it.
    fn run(&self, task: Task);
}
