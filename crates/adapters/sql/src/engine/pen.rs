//! The one connection to SQLite that writes, and who has it next.
//!
//! Whoever begins a transaction waits in line. Writes that are a transaction by themselves go ahead of the line: of those
//! who wait in it one at most is before them. They are short, and what they write down has happened: a message was taken by
//! its receiver, and would be sent once more if this process died before that is in the file.

use sqlx::{Sqlite, SqlitePool, Transaction};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// When it may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// When those who have asked before are done.
    InLine,
    /// Before them.
    Ahead,
}

/// The connection that writes.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    /// Of one connection, which is had in the order of asking.
    pub(crate) pool: SqlitePool,
    /// Whose turn it is to ask for it.
    line: Arc<Semaphore>,
}

impl Pen {
    /// The pen that is this pool's one connection.
    pub(super) fn of(pool: SqlitePool) -> Self {
        Self { pool, line: Arc::new(Semaphore::new(1)) }
    }

    /// Begins a transaction, within the pool's patience.
    pub(super) async fn begin(&self, turn: Turn) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        let _in_line = match turn {
            Turn::InLine => Some(self.first_in_line().await?),
            Turn::Ahead => None,
        };
        // A transaction that begins as a reader and then writes is refused at once when another has written.
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    async fn first_in_line(&self) -> Result<SemaphorePermit<'_>, sqlx::Error> {
        let first = timeout(self.pool.options().get_acquire_timeout(), self.line.acquire()).await;
        first.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Db, PoolSettings};
    use musubi_kernel::error::StoreError;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::task::yield_now;

    async fn file(patience: Duration) -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("musubi.db").display());
        let db = Db::connect(&url, PoolSettings { patience, ..PoolSettings::default() }).await.unwrap();
        (folder, db)
    }

    /// What has been asked for is in its line.
    async fn asked() {
        for _ in 0..10 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_is_a_transaction_by_itself_goes_ahead_of_the_line() {
        let (_folder, db) = file(Duration::from_secs(30)).await;
        let held = db.begin().await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for name in ["first", "second", "third", "ahead"] {
            let (db, order) = (db.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let tx = if name == "ahead" { db.begin_ahead().await } else { db.begin().await };
                order.lock().unwrap().push(name);
                tx.unwrap().commit().await.unwrap();
            }));
            asked().await;
        }
        held.commit().await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["first", "ahead", "second", "third"]);
    }

    #[tokio::test]
    async fn nobody_waits_in_line_for_ever() {
        let (_folder, db) = file(Duration::from_millis(50)).await;
        let _held = db.begin().await.unwrap();
        let (one, other) = tokio::join!(db.begin(), db.begin());
        assert!(matches!((one, other), (Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)))));
    }
}
