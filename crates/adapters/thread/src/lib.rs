//! Threads of hard work that stand behind those that answer.
//!
//! Linux schedules by weight and by slice. A lower weight (`nice`) is a smaller share when both want the processor; it does not
//! make the one who has it give way. What does, since Linux 6.12, is a longer slice: a thread that wakes with a shorter one takes
//! over at once (EEVDF, `PREEMPT_SHORT`) instead of waiting until the slice of the other is over. That wait is milliseconds, and a
//! transaction that goes to and fro between threads has it at each step.
//!
//! The class `SCHED_IDLE` gives way as fast, but has next to no share: on a machine that is never idle its threads starve.

#[cfg(target_os = "linux")]
mod linux;

/// Has the calling thread stand behind all others of the process, for good: they run as soon as they have something to do, and it
/// keeps about a tenth of a core that others want whole. `slice_ms` is how long it may run when nobody else wants to: about as long
/// as one piece of its work, 100 at most.
///
/// Best effort: where the system refuses, or is not Linux, it stays where it is; before Linux 6.12 it has the lower share alone.
pub fn step_back(slice_ms: u32) {
    #[cfg(target_os = "linux")]
    linux::step_back(slice_ms);
    #[cfg(not(target_os = "linux"))]
    let _ = slice_ms;
}
