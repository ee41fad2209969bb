//! A master key in a file of its own.

use crate::master_key::{MalformedKey, MasterKey};
use musubi_kernel::id::IdGen;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file is there, but what it holds is no key. It is never overwritten: it may be a damaged key.
    #[error("{path}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What a key looks like.
        source: MalformedKey,
    },
    /// The file cannot be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl MasterKey {
    /// The key in a file that is there.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Self::of_file(path, read(path))
    }

    /// The key in a file, which is made with a new key, readable by its owner alone, when there is none.
    pub fn load_or_create(path: &Path, ids: &dyn IdGen) -> Result<Self, KeyFileError> {
        let found = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, &Self::generate(ids), ids).and_then(|()| read(path))
            }
            read => read,
        };
        Self::of_file(path, found)
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
fn create(path: &Path, key: &MasterKey, ids: &dyn IdGen) -> io::Result<()> {
    let unfinished = path.with_extension(format!("new-{:016x}", u64::from_be_bytes(first_eight(&ids.secret()))));
    let written = write_new(&unfinished, key).and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&unfinished);
    written.and(removed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, key: &MasterKey) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
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

    #[test]
    fn a_file_is_made_once_for_its_owner_alone() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let made = MasterKey::load_or_create(&path, &SystemIds).expect("made");
        let read = MasterKey::load_or_create(&path, &SystemIds).expect("read");
        assert_eq!(made.0, read.0);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing unfinished is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn of_many_that_start_at_once_all_get_the_same_key() {
        let folder = folder();
        let path = folder.path().join("master.key");
        let start = || MasterKey::load_or_create(&path, &SystemIds).expect("a key").0;
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let folder = folder();
        let path = folder.path().join("master.key");
        fs::write(&path, "half a key").expect("written");
        let error = MasterKey::load_or_create(&path, &SystemIds).expect_err("no key");
        assert!(error.to_string().contains("master.key: a master key is 32 random bytes"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("there"), "half a key");
    }
}
