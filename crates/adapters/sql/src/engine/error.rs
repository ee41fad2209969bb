//! What an engine's error means.

use super::unique;
use musubi_kernel::error::StoreError;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// The meaning of an error of the statement `sql`.
pub(crate) fn when_running(error: &sqlx::Error, sql: &str) -> StoreError {
    match error {
        sqlx::Error::Database(error) => of_database(&**error, sql),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        // An answer that broke off, such as that of a server which ends while it is greeted.
        | sqlx::Error::Protocol(_) => StoreError::Unavailable(error.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Internal(format!("{error} ({})", head(sql))),
    }
}

/// The meaning of an error of a statement that raced with nobody: the first one of a transaction, or a query outside one.
/// What looks like a lost race is a server that cannot answer now, such as a cluster's node without its majority, which
/// has waited for the others in vain.
pub(crate) fn when_alone(error: &sqlx::Error, sql: &str) -> StoreError {
    match when_running(error, sql) {
        StoreError::Conflict => StoreError::Unavailable(error.to_string()),
        other => other,
    }
}

/// The meaning of an error while connecting: whatever it is, there is no database.
pub(crate) fn when_connecting(error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn of_database(error: &dyn DatabaseError, sql: &str) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation => unique::violation(error, sql),
        ErrorKind::ForeignKeyViolation if sql.starts_with("DELETE") => {
            StoreError::Taken { code: "in_use", detail: "something else still refers to it" }
        }
        // What the row refers to has gone since it was read.
        ErrorKind::ForeignKeyViolation => StoreError::Conflict,
        _ => match trouble(error) {
            Some(Trouble::LostRace) => StoreError::Conflict,
            Some(Trouble::Away) => StoreError::Unavailable(error.to_string()),
            None => StoreError::Internal(format!("{error} ({})", head(sql))),
        },
    }
}

enum Trouble {
    /// Another transaction was in the way; it may work the next time.
    LostRace,
    /// The server is stopping, read-only, full, or has no room for one more.
    Away,
}

fn trouble(error: &dyn DatabaseError) -> Option<Trouble> {
    let error = error.as_error();
    if let Some(error) = error.downcast_ref::<PgDatabaseError>() {
        return of_postgres(error.code());
    }
    if let Some(error) = error.downcast_ref::<MySqlDatabaseError>() {
        return of_mariadb(error.number());
    }
    error.downcast_ref::<SqliteError>().and_then(of_sqlite)
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str) -> Option<Trouble> {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available; division_by_zero, by which `Db::write_alone` finds that
        // a row was another's
        "40001" | "40P01" | "55P03" | "22012" => Some(Trouble::LostRace),
        // query_canceled, admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout,
        // idle_in_transaction_session_timeout,
        // read_only_sql_transaction (a standby after a fail-over), invalid_catalog_name and
        // object_not_in_prerequisite_state (a database that is gone, or takes no connections)
        "57014" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25006" | "3D000" | "55000" => {
            Some(Trouble::Away)
        }
        // connection exceptions; invalid authorization, as after a change of passwords; insufficient resources (disk full,
        // out of memory, too many connections)
        _ if ["08", "28", "53"].iter().any(|class| code.starts_with(class)) => Some(Trouble::Away),
        _ => None,
    }
}

/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>
fn of_mariadb(number: u16) -> Option<Trouble> {
    match number {
        // lock wait timeout, deadlock (also a lost certification on a cluster), record changed since last read
        1205 | 1213 | 1020 => Some(Trouble::LostRace),
        // disk full, too many connections, access denied to a database or a user, no connection yet on a cluster node (WSREP
        // not ready), no such database, server shutdown, table full, host blocked or not allowed, network read and write
        // errors, too many connections of a user, --read-only, query interrupted, read-only transaction, InnoDB read-only,
        // connection killed, statement time exceeded, server gone, connection lost
        1021
        | 1040
        | 1044
        | 1045
        | 1047
        | 1049
        | 1053
        | 1114
        | 1129
        | 1130
        | 1158..=1161
        | 1203
        | 1290
        | 1317
        | 1792
        | 1836
        | 1927
        | 1969
        | 2006
        | 2013 => Some(Trouble::Away),
        _ => None,
    }
}

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite(error: &SqliteError) -> Option<Trouble> {
    match error.code()?.parse::<u32>().ok()? & 0xff {
        // BUSY, LOCKED
        5 | 6 => Some(Trouble::LostRace),
        // READONLY, INTERRUPT, IOERR, FULL, CANTOPEN
        8 | 9 | 10 | 13 | 14 => Some(Trouble::Away),
        _ => None,
    }
}

/// The beginning of a statement: enough to find it, without a wall of columns. Values are not in it.
fn head(sql: &str) -> &str {
    let end = sql.char_indices().nth(80).map_or(sql.len(), |(end, _)| end);
    &sql[..end]
}
