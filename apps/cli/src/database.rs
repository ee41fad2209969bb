//! The database of the installation.

use crate::failure::Failed;
use musubi_settings::DataSettings;
use musubi_sql::engine::{Db, PoolSettings};

/// A tool does one thing at a time.
const CONNECTIONS: u32 = 2;

/// The database, which must be there: connecting alone would make an empty SQLite file, and that would look sound.
pub(crate) async fn existing(data: &DataSettings) -> Result<Db, Failed> {
    if let Some(file) = data.database_file()
        && !file.exists()
    {
        let path = file.display();
        return Err(Failed::Missing(format!("there is no database at {path}; `musubi migrate` makes it")));
    }
    connect(data).await
}

/// The database; SQLite's is made when there is none.
pub(crate) async fn connect(data: &DataSettings) -> Result<Db, Failed> {
    let settings = PoolSettings { max_connections: CONNECTIONS, ..PoolSettings::default() };
    Ok(Db::connect(&data.database(), settings).await?)
}
