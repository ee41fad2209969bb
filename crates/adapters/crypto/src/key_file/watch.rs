//! A key file that may change while a server runs.

use crate::master_keys::MasterKeys;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A key file, and what it looked like when it was last read.
pub(crate) struct Watched {
    path: PathBuf,
    looked: Mutex<Looked>,
}

#[derive(Default)]
struct Looked {
    at: Option<Instant>,
    stamp: Option<Stamp>,
}

/// Tells a file from the one that took its place.
#[derive(PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(file);
        #[cfg(not(unix))]
        let inode = 0;
        Self { length: file.len(), modified: file.modified().ok(), inode }
    }
}

impl Watched {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), looked: Mutex::default() }
    }

    /// Gives `take` the keys, if the file has another look than last time, unless somebody looked less than `pause` ago.
    /// When this returns, what others found meanwhile is taken as well.
    pub(crate) fn look(&self, pause: Duration, take: impl FnOnce(&MasterKeys)) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.at.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        looked.at = Some(Instant::now());
        let Ok(stamp) = std::fs::metadata(&self.path).map(|file| Stamp::of(&file)) else { return };
        if looked.stamp.as_ref() == Some(&stamp) {
            return;
        }
        // A file that cannot be read is looked at again; until then the keys that are known have to do.
        if let Ok(keys) = MasterKeys::load(&self.path) {
            take(&keys);
            looked.stamp = Some(stamp);
        }
    }
}
