//! Memory in large pages.
//!
//! Work that jumps about in many megabytes spends a good part of its time in finding out where its pages are. With pages of 2 MiB
//! instead of 4 KiB the processor remembers all of them. Most systems give such pages to whoever asks (`madvise` in
//! `/sys/kernel/mm/transparent_hugepage/enabled`), and to nobody else.

use std::mem::MaybeUninit;

/// Has memory that nobody has written to yet come in large pages as far as it covers whole ones: the ends that do not fill a page stay
/// as they are.
///
/// Best effort: where the system has none to give, or is not Linux, the memory is the usual one. What has been written to before keeps its
/// pages.
pub fn wish_for_large_pages<T>(memory: &mut [MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    linux::wish(memory.as_mut_ptr().cast(), size_of_val(memory));
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::mm::{Advice, madvise};

    /// What the processors of Linux servers have, but for a few ARM systems with pages of 64 KiB, where the advice covers less.
    const LARGE_PAGE: usize = 2 * 1024 * 1024;

    #[expect(unsafe_code, reason = "the system call takes an address")]
    pub(super) fn wish(begin: *mut u8, bytes: usize) {
        let lead = begin.align_offset(LARGE_PAGE);
        let Some(whole) = bytes.checked_sub(lead).map(|rest| rest / LARGE_PAGE * LARGE_PAGE) else { return };
        if whole == 0 {
            return;
        }
        // SAFETY: the range lies within the memory that the caller has borrowed, and the advice changes neither what is in it nor who
        // may use it.
        let _ = unsafe { madvise(begin.wrapping_add(lead).cast(), whole, Advice::LinuxHugepage) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::path::Path;

    /// The flags of the mapping that holds an address (`VmFlags` in `smaps`).
    fn flags(address: usize) -> Vec<String> {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("the system tells of this process");
        let mut within = false;
        for line in maps.lines() {
            if let Some((begin, end)) = line.split(' ').next().and_then(|range| range.split_once('-')) {
                let bound = |text| usize::from_str_radix(text, 16);
                if let (Ok(begin), Ok(end)) = (bound(begin), bound(end)) {
                    within = (begin..end).contains(&address);
                }
            }
            if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| within) {
                return flags.split_whitespace().map(str::to_owned).collect();
            }
        }
        panic!("no mapping holds {address:x}");
    }

    #[test]
    fn what_covers_large_pages_may_have_them() {
        let mut bytes: Vec<u8> = Vec::with_capacity(9 << 20);
        wish_for_large_pages(bytes.spare_capacity_mut());
        let middle = bytes.as_ptr() as usize + (4 << 20);
        if Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            assert!(flags(middle).contains(&"hg".to_owned()));
        }
        bytes.resize(9 << 20, 7);
        assert!(bytes.iter().all(|&byte| byte == 7));
    }

    #[test]
    fn what_covers_no_large_page_stays_as_it_is() {
        for size in [0, 1, 100, 4096, (2 << 20) - 1] {
            let mut bytes: Vec<u8> = Vec::with_capacity(size);
            wish_for_large_pages(bytes.spare_capacity_mut());
            bytes.resize(size, 7);
            assert_eq!(bytes.len(), size);
        }
    }
}
