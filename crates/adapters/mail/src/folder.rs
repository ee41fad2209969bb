//! Into a folder, one file a message.

use crate::eml::Eml;
use crate::failed::Failed;
use chrono::{DateTime, Utc};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// How many messages are kept: the oldest make room, as anybody can ask for messages.
const KEPT: usize = 1_000;

/// Writes the message whole or not at all, for the owner of the folder alone; its file.
pub(crate) async fn write(folder: &Path, id: Uuid, at: DateTime<Utc>, eml: Eml) -> Result<PathBuf, Failed> {
    let folder = folder.to_owned();
    let written = tokio::task::spawn_blocking(move || write_now(&folder, id, at, &eml.bytes)).await;
    written
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| Failed::for_now(format!("the file could not be written: {error}")))
}

fn write_now(folder: &Path, id: Uuid, at: DateTime<Utc>, bytes: &[u8]) -> io::Result<PathBuf> {
    make(folder)?;
    let file = folder.join(format!("{}-{id}.eml", at.format("%Y%m%dT%H%M%SZ")));
    let unfinished = file.with_extension("new");
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &file));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    make_room(folder)?;
    Ok(file)
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// Names begin with their time, so the first are the oldest.
fn make_room(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            files.push(path);
        }
    }
    files.sort();
    for oldest in files.iter().take(files.len().saturating_sub(KEPT)) {
        match fs::remove_file(oldest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::{CountingIds, IdGen as _};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_oldest_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, ids) = (folder.path().join("a/outbox"), CountingIds::default());
        make(&folder).unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        for second in 0..KEPT {
            fs::write(folder.join(format!("{second:06}.eml")), "").unwrap();
        }
        let newest = write_now(&folder, ids.uuid(at(0)), at(1_700_000_000), b"text").unwrap();
        assert_eq!(fs::read(&newest).unwrap(), b"text");
        assert!(newest.ends_with("20231114T221320Z-00000000-0000-7000-8000-000000000001.eml"), "{newest:?}");
        assert!(!folder.join("000000.eml").exists() && folder.join("000001.eml").exists());
        assert!(folder.join("notes.txt").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), KEPT + 1);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("outbox");
        let file = write_now(&folder, Uuid::nil(), at(0), b"text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    }
}
