//! A SQLite file is served by one process: what a process remembers of it must not be changed behind its back.

use crate::failure::Failure;
use musubi_sql::engine::sqlite_file;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

/// A process's claim to be the one who serves a database. It ends with this, and with the process, however that ends.
#[derive(Debug)]
#[must_use]
pub struct Sole(#[expect(dead_code, reason = "the lock is the open file's")] Option<File>);

/// Claims the database of an address, if that is a file. The lock is on a file beside it, `musubi.db.lock`, as SQLite loses its
/// own locks on a file that its process closes.
///
/// # Errors
/// [`Failure::Setting`] when another process serves it.
pub fn claim(url: &str) -> Result<Sole, Failure> {
    let Some(file) = sqlite_file(url) else { return Ok(Sole(None)) };
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
    fn a_server_is_for_everybody() {
        let _one = claim("postgres://localhost/musubi").unwrap();
        let _two = claim("postgres://localhost/musubi").unwrap();
    }
}
