//! Bringing a database up to date, also when several processes start at once and when one dies half-way.

use super::{SOURCES, STEPS_PER_FILE, Source};
use crate::engine::{Db, Engine, Pools, when_running};
use musubi_kernel::error::StoreError;
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migration};
use sqlx::{MySqlPool, PgPool, SqlitePool};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Where sqlx notes what was applied.
const NOTES: &str = "_sqlx_migrations";

/// How often a run that met another one is tried again, and how long it waits before it is.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// Every step in the words of an engine.
pub fn steps(engine: Engine, sources: &[Source]) -> Vec<Migration> {
    sources.iter().flat_map(|source| source.migrations(engine)).collect()
}

/// Applies every step that the database does not have yet, and tells of which migrations they are. With nothing to do it
/// takes a few milliseconds.
///
/// # Errors
/// [`StoreError::Internal`] when the database was made by a newer version, or a step was edited after it was applied.
pub async fn run(db: &Db) -> Result<Vec<&'static str>, StoreError> {
    let steps = steps(db.engine(), SOURCES);
    let mut applied = Vec::new();
    let mut tries = 1;
    loop {
        let done = match &db.0 {
            Pools::Sqlite { writer, .. } => sqlite(&steps, &writer.pool, &mut applied).await,
            Pools::Postgres(pool) => postgres(&steps, pool, &mut applied).await,
            Pools::MariaDb(pool) => mariadb(&steps, pool, tries > TRIES / 2, &mut applied).await,
        };
        match done.map_err(|error| meaning(&error)) {
            // Another process migrates too, and this one was not held off by a lock: look again at what is left to do.
            Err(StoreError::Conflict) if tries < TRIES => tokio::time::sleep(PAUSE).await,
            done => return done.map(|()| names(&applied)),
        }
        tries += 1;
    }
}

/// sqlx takes no lock on SQLite, so one transaction around all steps is the lock, and keeps them together.
async fn sqlite(steps: &[Migration], writer: &SqlitePool, applied: &mut Vec<i64>) -> Result<(), MigrateError> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    let mut within = Vec::new();
    apply(&mut *tx, steps, &mut within).await?;
    tx.commit().await?;
    applied.extend(within);
    Ok(())
}

/// Each step is a transaction, under sqlx's advisory lock.
async fn postgres(steps: &[Migration], pool: &PgPool, applied: &mut Vec<i64>) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?;
    // The lock goes with the connection, whatever happens.
    connection.close_on_drop();
    sqlx::query("SET lock_timeout = 0").execute(&mut *connection).await?;
    connection.lock().await?;
    apply(&mut *connection, steps, applied).await
}

/// A process that died in a step leaves it noted as begun. Every step can be run again, so the note is dropped; under the
/// lock, as it may otherwise be the note of a process that is just at it; without it, when that must be taken for dead.
///
/// On a cluster the lock holds on one node alone. Two nodes may then run the same step, which harms nothing, and whoever
/// loses the race for its note looks again.
async fn mariadb(
    steps: &[Migration],
    pool: &MySqlPool,
    patience_over: bool,
    applied: &mut Vec<i64>,
) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?;
    connection.close_on_drop();
    // sqlx's own lock waits "-1 seconds", which MariaDB answers with NULL instead of a lock.
    let lock = "SELECT GET_LOCK(CONCAT('musubi-migrate-', MD5(DATABASE())), 60)";
    let locked = sqlx::query_scalar::<_, Option<i64>>(lock).fetch_one(&mut *connection).await;
    connection.ensure_migrations_table(NOTES).await?;
    if matches!(locked, Ok(Some(1))) || patience_over {
        sqlx::query("DELETE FROM _sqlx_migrations WHERE success = FALSE").execute(&mut *connection).await?;
    }
    apply(&mut *connection, steps, applied).await
}

/// The steps that are not noted as applied, in order; each is then added to `done`.
async fn apply(connection: &mut impl Migrate, steps: &[Migration], done: &mut Vec<i64>) -> Result<(), MigrateError> {
    connection.ensure_migrations_table(NOTES).await?;
    if let Some(begun) = connection.dirty_version(NOTES).await? {
        return Err(MigrateError::Dirty(begun));
    }
    let mut applied: HashMap<i64, _> = HashMap::new();
    for step in connection.list_applied_migrations(NOTES).await? {
        applied.insert(step.version, step.checksum);
    }
    for step in steps {
        match applied.remove(&step.version) {
            Some(checksum) if checksum == step.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(step.version)),
            None => {
                connection.apply(NOTES, step).await?;
                done.push(step.version);
            }
        }
    }
    applied.into_keys().min().map_or(Ok(()), |unknown| Err(MigrateError::VersionMissing(unknown)))
}

/// The migrations of these steps.
fn names(steps: &[i64]) -> Vec<&'static str> {
    let numbers: BTreeSet<i64> = steps.iter().map(|step| step / STEPS_PER_FILE).collect();
    SOURCES.iter().filter(|source| numbers.contains(&source.number())).map(|source| source.name).collect()
}

fn meaning(error: &MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            let overtaken = source.as_database_error().is_some_and(DatabaseError::is_unique_violation);
            match when_running(source, "MIGRATE") {
                _ if overtaken => StoreError::Conflict,
                StoreError::Internal(_) => StoreError::Internal(error.to_string()),
                other => other,
            }
        }
        MigrateError::VersionMissing(step) => StoreError::Internal(format!(
            "the database was made by a newer version of Musubi (its step {step} is not known here)"
        )),
        MigrateError::Dirty(_) => StoreError::Conflict,
        _ => StoreError::Internal(error.to_string()),
    }
}
