//! The one connection to SQLite that writes, and who has it next.
//!
//! Whoever begins a transaction waits in line. Writes that are a transaction by themselves go ahead of the line. They are
//! short, and what they write down has happened: a message was taken by its receiver, and would be sent once more if this
//! process died before that is in the file.

use sqlx::{Sqlite, SqlitePool, Transaction};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// When it may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// When those who have asked before are done.
    InLine,
    /// Before all who wait in line.
    Ahead,
}

/// The connection that writes.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    /// Of one connection.
    pub(crate) pool: SqlitePool,
    desk: Arc<Mutex<Desk>>,
}

/// Who has it, and who waits.
#[derive(Debug, Default)]
struct Desk {
    taken: bool,
    ahead: VecDeque<oneshot::Sender<Hold>>,
    line: VecDeque<oneshot::Sender<Hold>>,
}

/// It is one's own until this is dropped.
#[derive(Debug)]
pub(super) struct Hold(Option<Arc<Mutex<Desk>>>);

impl Pen {
    /// The pen that is this pool's one connection.
    pub(super) fn of(pool: SqlitePool) -> Self {
        Self { pool, desk: Arc::default() }
    }

    /// Begins a transaction, within the pool's patience. What comes with it is to be dropped after it.
    pub(super) async fn begin(&self, turn: Turn) -> Result<(Transaction<'static, Sqlite>, Hold), sqlx::Error> {
        let patience = self.pool.options().get_acquire_timeout();
        let hold = timeout(patience, self.hold(turn)).await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        // A transaction that begins as a reader and then writes is refused at once when another has written.
        Ok((self.pool.begin_with("BEGIN IMMEDIATE").await?, hold))
    }

    async fn hold(&self, turn: Turn) -> Hold {
        loop {
            let next = {
                let mut desk = self.desk.lock().expect("no holder panics");
                if !desk.taken {
                    desk.taken = true;
                    return Hold(Some(Arc::clone(&self.desk)));
                }
                let (given, next) = oneshot::channel();
                match turn {
                    Turn::InLine => desk.line.push_back(given),
                    Turn::Ahead => desk.ahead.push_back(given),
                }
                next
            };
            if let Ok(hold) = next.await {
                return hold;
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Some(desk) = self.0.take() else { return };
        loop {
            let next = {
                let mut desk = desk.lock().expect("no holder panics");
                let next = desk.ahead.pop_front().or_else(|| desk.line.pop_front());
                desk.taken = next.is_some();
                next
            };
            let Some(next) = next else { return };
            match next.send(Self(Some(Arc::clone(&desk)))) {
                Ok(()) => return,
                // Nobody waits there any more.
                Err(mut back) => drop(back.0.take()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;
    use crate::engine::{Db, PoolSettings, Tx};
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
        for name in ["first", "second", "ahead"] {
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
        assert_eq!(*order.lock().unwrap(), ["ahead", "first", "second"]);
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_holds_nobody_up() {
        let (_folder, db) = file(Duration::from_secs(30)).await;
        let held = db.begin().await.unwrap();
        for turn in [Turn::Ahead, Turn::InLine, Turn::InLine] {
            let db = db.clone();
            let given_up = tokio::spawn(async move { Tx::begin(&db, turn).await.map(drop) });
            asked().await;
            given_up.abort();
        }
        drop(held);
        db.begin().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_in_line_for_ever() {
        let (_folder, db) = file(Duration::from_millis(50)).await;
        let _held = db.begin().await.unwrap();
        let (one, other) = tokio::join!(db.begin(), db.begin());
        assert!(matches!((one, other), (Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)))));
    }
}
