//! Master keys in a file of their own: one in each line, the current one first.

mod watch;

pub(crate) use watch::Watched;

use crate::master_key::MasterKey;
use crate::master_keys::{MalformedKeys, MasterKeys};
use musubi_kernel::id::IdGen;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file is there, but what it holds is no key. It is never overwritten: it may be a damaged key.
    #[error("{path}: line {}: {source}", source.line)]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, and what a key looks like.
        source: MalformedKeys,
    },
    /// The file cannot be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has changed the file meanwhile.
    #[error("{path}: another process has changed this file just now; try again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl MasterKeys {
    /// The keys in a file that is there.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Self::of_file(path, read(path))
    }

    /// The keys in a file, which is made with a new key, readable by its owner alone, when there is none.
    pub fn load_or_create(path: &Path, ids: &dyn IdGen) -> Result<Self, KeyFileError> {
        let found = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, &Self::only(MasterKey::generate(ids)), ids).and_then(|()| read(path))
            }
            read => read,
        };
        Self::of_file(path, found)
    }

    /// Puts these keys into a file in place of `before`, whole or not at all. Owner and mode stay.
    ///
    /// # Errors
    /// [`KeyFileError::Changed`] when the file does not hold `before`: of two who replace it one does, and no key is lost.
    pub fn replace(&self, path: &Path, before: &Self, ids: &dyn IdGen) -> Result<(), KeyFileError> {
        let io = |source| KeyFileError::Io { path: path.to_owned(), source };
        // What a link names is replaced, not the link.
        let file = fs::canonicalize(path).map_err(io)?;
        let folder = File::open(folder_of(&file)).map_err(io)?;
        folder.lock().map_err(io)?;
        if Self::load(&file)? != *before {
            return Err(KeyFileError::Changed { path: path.to_owned() });
        }
        let unfinished = unfinished(&file, ids);
        let written = write_new(&unfinished, self)
            .and_then(|()| like(&file, &unfinished))
            .and_then(|()| fs::rename(&unfinished, &file));
        if written.is_err() {
            // It may not have been made at all; what went wrong before is what is told.
            let _ = fs::remove_file(&unfinished);
        }
        written.and_then(|()| folder.sync_all()).map_err(io)
    }

    fn of_file(path: &Path, found: io::Result<Zeroizing<String>>) -> Result<Self, KeyFileError> {
        let text = found.map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    fs::read_to_string(path).map(Zeroizing::new)
}

/// Makes the file whole or not at all: it gets its name when it is complete, unless another process was first, and its
/// key then holds.
fn create(path: &Path, keys: &MasterKeys, ids: &dyn IdGen) -> io::Result<()> {
    let unfinished = unfinished(path, ids);
    let written = write_new(&unfinished, keys).and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&unfinished);
    written.and(removed)?;
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name beside the file's that nobody else uses.
fn unfinished(path: &Path, ids: &dyn IdGen) -> PathBuf {
    path.with_extension(format!("new-{:016x}", u64::from_be_bytes(first_eight(&ids.secret()))))
}

fn write_new(path: &Path, keys: &MasterKeys) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(keys.to_text().as_bytes())?;
    file.sync_all()
}

/// Gives a new file the owner and the mode of the old one: whoever changes keys may be another than the server's user.
fn like(old: &Path, new: &Path) -> io::Result<()> {
    let was = fs::metadata(old)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let is = fs::metadata(new)?;
        if (is.uid(), is.gid()) != (was.uid(), was.gid()) {
            std::os::unix::fs::chown(new, Some(was.uid()), Some(was.gid()))?;
        }
    }
    fs::set_permissions(new, was.permissions())
}

fn first_eight(bytes: &[u8; 32]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[..8]);
    eight
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_made_once_for_its_owner_alone() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let made = MasterKeys::load_or_create(&path, &SystemIds).expect("made");
        let read = MasterKeys::load_or_create(&path, &SystemIds).expect("read");
        assert!(made == read && made.older().is_empty());
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing unfinished is left");
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn of_many_that_start_at_once_all_get_the_same_key() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let start = || MasterKeys::load_or_create(&path, &SystemIds).expect("a key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let good = "a".repeat(64);
        for (text, says) in [
            ("hunter2".to_owned(), "master.key: line 1: a master"),
            (format!("{good}\nhunter2"), "line 2: a master key is 32"),
        ] {
            fs::write(&path, &text).expect("written");
            let error = MasterKeys::load_or_create(&path, &SystemIds).expect_err("no key").to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_stays_as_readable_as_it_was() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let one = MasterKeys::load_or_create(&path, &SystemIds).expect("made");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).expect("changed");
        let two = one.rotated(&SystemIds);
        two.replace(&path, &one, &SystemIds).expect("replaced");
        assert!(MasterKeys::load(&path).expect("read") == two);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing unfinished is left");
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o640);
        let late = one.rotated(&SystemIds).replace(&path, &one, &SystemIds);
        assert!(matches!(late, Err(KeyFileError::Changed { .. })), "{late:?}");
        assert!(MasterKeys::load(&path).expect("read") == two);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_names_is_replaced() {
        let folder = folder();
        let (path, link) = (folder.path().join("real"), folder.path().join("master.key"));
        let one = MasterKeys::load_or_create(&path, &SystemIds).expect("made");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        one.rotated(&SystemIds).replace(&link, &one, &SystemIds).expect("replaced");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(MasterKeys::load(&path).expect("read").older().len(), 1);
    }

    #[test]
    fn of_many_that_replace_it_at_once_one_does() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let one = MasterKeys::load_or_create(&path, &SystemIds).expect("made");
        let replace = || {
            let mine = one.rotated(&SystemIds);
            mine.replace(&path, &one, &SystemIds).is_ok().then_some(mine)
        };
        let done: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(replace)).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(done.len(), 1);
        assert!(MasterKeys::load(&path).expect("read") == done[0]);
    }
}
