//! The folder, the database and the master keys.

use crate::reading::{NotStarting, secret};
use clap::Args;
use musubi_crypto::{KeyFileError, MalformedKeys, MasterKeys};
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use musubi_sql::engine::{Engine, sqlite_file, sqlite_url};
use std::fs::DirBuilder;
use std::io;
use std::path::PathBuf;

/// Where the data is. After parsing, [`DataSettings::complete`] reads the master keys and checks the rest.
#[derive(Debug, Clone, Args)]
pub struct DataSettings {
    /// Folder for the key file and the SQLite database; made when missing
    #[arg(long, global = true, env = "MUSUBI_DATA_DIR", default_value = "./.musubi", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// Database: `sqlite:`, `postgres:` or `mysql:` URL; by default SQLite in the data folder
    #[arg(long, global = true, env = "MUSUBI_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// `MUSUBI_MASTER_KEY`.
    #[arg(skip)]
    pub master_key: Option<Secret>,
}

/// Why there is no master key.
#[derive(Debug)]
pub enum NoKey {
    /// `MUSUBI_MASTER_KEY` is set to something else.
    Malformed(MalformedKeys),
    /// The key file does not give one.
    File(KeyFileError),
}

impl std::fmt::Display for NoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(MalformedKeys { of: 1, source, .. }) => write!(f, "MUSUBI_MASTER_KEY: {source}"),
            Self::Malformed(MalformedKeys { nth, of, source, .. }) => {
                write!(f, "MUSUBI_MASTER_KEY: key {nth} of {of}: {source}")
            }
            Self::File(error) => error.fmt(f),
        }
    }
}

impl DataSettings {
    /// Reads what the environment alone may hold, and checks what was given.
    pub fn complete(&mut self) -> Result<(), NotStarting> {
        self.master_key = secret("MUSUBI_MASTER_KEY")?;
        match &self.database_url {
            Some(url) if Engine::of_url(url).is_err() => Err(NotStarting::Wrong(
                "--database-url must begin with sqlite: and a file name, postgres: or mysql:".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Address of the database.
    pub fn database(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => sqlite_url(&self.data_dir.join("musubi.db")),
        }
    }

    /// The SQLite file, if that is the database.
    pub fn database_file(&self) -> Option<PathBuf> {
        sqlite_file(&self.database())
    }

    /// The file of the master keys, when the environment holds none.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// Makes the data folder, for its owner alone, unless it is there.
    ///
    /// # Errors
    /// The operating system's, with the folder in its text.
    pub fn make_folder(&self) -> io::Result<()> {
        let mut folder = DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.data_dir.display()));
        folder.create(&self.data_dir).map_err(named)
    }

    /// Where the master keys are, for people.
    pub fn key_source(&self) -> String {
        match &self.master_key {
            Some(_) => "MUSUBI_MASTER_KEY".to_owned(),
            None => self.key_file().display().to_string(),
        }
    }

    /// The master keys: of the environment, else of the key file, which is made when there is none.
    pub fn keys_or_new(&self, ids: &dyn IdGen) -> Result<MasterKeys, NoKey> {
        self.keys_from(|| MasterKeys::load_or_create(&self.key_file(), ids))
    }

    /// The master keys: of the environment, else of the key file.
    pub fn keys(&self) -> Result<MasterKeys, NoKey> {
        self.keys_from(|| MasterKeys::load(&self.key_file()))
    }

    fn keys_from(&self, file: impl FnOnce() -> Result<MasterKeys, KeyFileError>) -> Result<MasterKeys, NoKey> {
        match &self.master_key {
            Some(text) => MasterKeys::parse(text.expose()).map_err(NoKey::Malformed),
            None => file().map_err(NoKey::File),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;

    fn settings(folder: &str, url: Option<&str>) -> DataSettings {
        DataSettings { data_dir: folder.into(), database_url: url.map(str::to_owned), master_key: None }
    }

    #[test]
    fn without_an_address_the_database_is_in_the_folder() {
        assert_eq!(settings("./.musubi", None).database(), "sqlite:./.musubi/musubi.db");
        assert_eq!(settings("/d", Some("postgres://h/d")).database(), "postgres://h/d");
    }

    #[test]
    fn the_file_of_a_sqlite_address_is_known() {
        for (url, file) in [
            (None, Some("/d 100%#?/musubi.db")),
            (Some("sqlite:x.db"), Some("x.db")),
            (Some("sqlite:///a/x.db?mode=ro"), Some("/a/x.db")),
            (Some("mysql://h/d"), None),
        ] {
            assert_eq!(settings("/d 100%#?", url).database_file(), file.map(PathBuf::from));
        }
    }

    #[test]
    fn a_key_is_made_only_when_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path().join("new/data").to_str().unwrap(), None);
        assert!(settings.keys().unwrap_err().to_string().contains("master.key: "));
        settings.make_folder().unwrap();
        settings.make_folder().unwrap();
        settings.keys_or_new(&SystemIds).unwrap();
        settings.keys().unwrap();
        assert!(settings.key_source().ends_with("/master.key"));
        settings.master_key = Some(Secret::new("short"));
        assert!(settings.keys().unwrap_err().to_string().starts_with("MUSUBI_MASTER_KEY: a master key is 32 random"));
        settings.master_key = Some(Secret::new(format!("{},short", "a".repeat(64))));
        let line = settings.keys().unwrap_err().to_string();
        assert!(line.starts_with("MUSUBI_MASTER_KEY: key 2 of 2: a master key is 32"), "{line}");
        assert_eq!(settings.key_source(), "MUSUBI_MASTER_KEY");
    }
}
