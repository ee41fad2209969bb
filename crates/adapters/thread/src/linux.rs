//! On Linux a priority and a slice are those of the thread.

use rustix::process::{getpriority_process, setpriority_process};

/// By how much a thread steps back (`nice`, 0 to 19). With 10 it has a tenth of the weight of the others.
const NICENESS: i32 = 10;
/// The furthest back that a thread can stand.
const LOWEST: i32 = 19;
/// What the kernel takes for a slice of an ordinary thread, in nanoseconds, at most.
const LONGEST_SLICE: u64 = 100_000_000;

pub(crate) fn step_back(slice_ms: u32) {
    let Ok(present) = getpriority_process(None) else { return };
    let niceness = (present + NICENESS).min(LOWEST);
    let _ = setpriority_process(None, niceness);
    set(niceness, (u64::from(slice_ms) * 1_000_000).min(LONGEST_SLICE));
}

/// Asks for a slice of so many nanoseconds; kernels that know none leave it as it is.
fn set(niceness: i32, slice: u64) {
    let wanted = libc::sched_attr { sched_nice: niceness, sched_runtime: slice, ..nothing() };
    call(wanted);
}

/// The attributes of an ordinary thread (`SCHED_OTHER`), all zero but their size.
fn nothing() -> libc::sched_attr {
    libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or_default(),
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    }
}

/// `sched_setattr` for the calling thread.
#[expect(unsafe_code, reason = "neither the standard library nor rustix knows this call")]
fn call(mut attributes: libc::sched_attr) {
    let (this_thread, flags): (libc::pid_t, libc::c_uint) = (0, 0);
    // SAFETY: the kernel reads `size` bytes of the structure, which is as large, lives until the call returns, and is kept by nobody.
    unsafe { libc::syscall(libc::SYS_sched_setattr, this_thread, &raw mut attributes, flags) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slice of the calling thread, in nanoseconds.
    #[expect(unsafe_code, reason = "reads back what was set")]
    fn slice() -> u64 {
        let mut attributes = nothing();
        let (this_thread, flags): (libc::pid_t, libc::c_uint) = (0, 0);
        // SAFETY: the kernel writes at most `size` bytes, which the structure has.
        unsafe { libc::syscall(libc::SYS_sched_getattr, this_thread, &raw mut attributes, attributes.size, flags) };
        attributes.sched_runtime
    }

    /// Kernels that know no slices tell of none.
    fn knows_slices() -> bool {
        slice() > 0
    }

    #[test]
    fn only_the_thread_that_asks_steps_back() {
        let niceness = || getpriority_process(None).expect("a priority");
        let before = (niceness(), slice());
        let behind = std::thread::spawn(move || {
            step_back(20);
            (niceness(), slice())
        });
        let behind = behind.join().expect("the thread");
        assert_eq!(behind.0, (before.0 + NICENESS).min(LOWEST));
        if knows_slices() {
            assert_eq!(behind.1, 20_000_000);
        }
        assert_eq!((niceness(), slice()), before);
    }

    #[test]
    fn no_slice_is_longer_than_the_kernel_allows() {
        let behind = std::thread::spawn(|| {
            step_back(5_000);
            slice()
        });
        let behind = behind.join().expect("the thread");
        assert!(!knows_slices() || behind == LONGEST_SLICE, "{behind}");
    }
}
