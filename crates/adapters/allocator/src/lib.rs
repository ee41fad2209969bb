//! Where the programs' memory comes from, and how it goes back.

mod large_pages;

pub use large_pages::wish_for_large_pages;
#[doc(no_inline)]
pub use mimalloc::MiMalloc;

/// Gives the pages that hold nothing any more back to the system. The allocator does so by itself while others are asked for; a
/// program that has just started, which takes a few times of what it needs afterwards, may have nothing to do for long.
///
/// What other threads have freed lately stays theirs.
#[expect(unsafe_code, reason = "mimalloc's crate has no safe name for it")]
pub fn give_back() {
    // SAFETY: it may be called at any time by any thread, and touches no memory that is in use.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: MiMalloc = MiMalloc;

    /// Resident memory without files, in KiB.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("the system tells of this process");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("how much is resident");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }

    #[test]
    fn what_was_freed_goes_back() {
        let before = resident();
        let texts: Vec<String> = (0..20_000).map(|n| format!("{n:01000}")).collect();
        let used = resident();
        assert!(used > before + 15_000, "{before} {used}");
        drop(texts);
        give_back();
        let after = resident();
        assert!(after < before + 4_000, "{before} {used} {after}");
    }
}
