//! A SQLite file is served by one process: what a process remembers of it must not be changed behind its back.

use crate::failure::Failure;
use musubi_sql::engine::sqlite_file;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A process's claim to be the one who serves a database. It ends with this, and with the process, however that ends.
#[derive(Debug)]
#[must_use]
pub struct Sole(#[expect(dead_code, reason = "the lock is the open file's")] Option<File>);

/// Claims the database of an address, if that is a file. The lock is on a file beside it, `musubi.db.lock`, as SQLite loses its
/// own locks on a file that its process closes; beside the file itself, wherever a link to it is.
///
/// # Errors
/// [`Failure::Setting`] when another process serves it, and of a file with several names (hard links): each would have a log of its
/// own beside it, by which SQLite loses data.
pub fn claim(url: &str) -> Result<Sole, Failure> {
    let Some(file) = sqlite_file(url) else { return Ok(Sole(None)) };
    let file = file.canonicalize().unwrap_or(file);
    if names_of(&file) > 1 {
        let file = file.display();
        return Err(Failure::Setting(format!(
            "--database-url: {file} has several names (hard links); SQLite needs it to have one"
        )));
    }
    let mut lock = file.clone().into_os_string();
    lock.push(".lock");
    // A folder that takes no file takes no database either, which says better what is wrong.
    let Ok(opened) = OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(lock)) else {
        return Ok(Sole(None));
    };
    match opened.try_lock() {
        Ok(()) => Ok(Sole(Some(opened))),
        Err(TryLockError::WouldBlock) => Err(Failure::Setting(format!(
            "--database-url: {} is served by another musubi-api; several processes share a database of PostgreSQL or MariaDB",
            file.display()
        ))),
        // Some file systems have no locks.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "nothing keeps another process from serving the same SQLite file");
            Ok(Sole(Some(opened)))
        }
    }
}

/// How many names a file has.
fn names_of(file: &Path) -> u64 {
    #[cfg(unix)]
    return std::fs::metadata(file).map_or(1, |found| std::os::unix::fs::MetadataExt::nlink(&found));
    #[cfg(not(unix))]
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_sql::engine::sqlite_url;

    #[test]
    fn a_file_is_claimed_once_and_again_when_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite_url(&folder.path().join("a b.db"));
        let first = claim(&url).unwrap();
        let Err(Failure::Setting(why)) = claim(&url) else { panic!("claimed twice") };
        assert!(why.contains("a b.db is served by another"), "{why}");
        let _other = claim(&sqlite_url(&folder.path().join("b.db"))).unwrap();
        drop(first);
        let _again = claim(&url).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn another_name_for_the_file_is_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, other) =
            (folder.path().join("a.db"), folder.path().join("link.db"), folder.path().join("b.db"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let first = claim(&sqlite_url(&file)).unwrap();
        assert!(matches!(claim(&sqlite_url(&link)), Err(Failure::Setting(_))));
        drop(first);
        std::fs::hard_link(&file, &other).unwrap();
        let Err(Failure::Setting(why)) = claim(&sqlite_url(&other)) else { panic!("a second name") };
        assert!(why.contains("hard links"), "{why}");
    }

    #[test]
    fn a_server_is_for_everybody() {
        let _one = claim("postgres://localhost/musubi").unwrap();
        let _two = claim("postgres://localhost/musubi").unwrap();
    }
}
