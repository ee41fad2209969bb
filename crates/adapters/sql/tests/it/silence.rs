//! A server that no longer answers, and has closed nothing.

use crate::rows::tenant;
use musubi_kernel::error::StoreError;
use musubi_sql::engine::{Db, Engine, PoolSettings};
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Forwards connections to a server. Those that were made before the last call of [`Wire::swallow`] lose all that is
/// sent, without an end.
#[derive(Clone, Default)]
struct Wire {
    made: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl Wire {
    fn swallow(&self) {
        self.lost.store(self.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Listens in front of `server`; the port.
    async fn before(&self, server: String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = self.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = wire.made.fetch_add(1, Ordering::SeqCst) + 1;
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = TcpStream::connect(&server).await.unwrap().into_split();
                tokio::spawn(wire.clone().carry(number, near_in, far_out));
                tokio::spawn(wire.clone().carry(number, far_in, near_out));
            }
        });
        port
    }

    async fn carry(self, number: usize, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            if number > self.lost.load(Ordering::SeqCst) && to.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
        if number <= self.lost.load(Ordering::SeqCst) {
            // The other side is to learn nothing.
            std::future::pending::<()>().await;
        }
    }
}

/// The address of the same database at another port.
fn through(url: &str, port: u16) -> (String, String) {
    let (front, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let (user, server) = authority.rsplit_once('@').unwrap();
    (format!("{front}://{user}@127.0.0.1:{port}/{path}"), server.to_owned())
}

async fn write(db: &Db, n: u128) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.exactly_one(&tenant(n)).await?;
    tx.commit().await
}

/// Neither a connection in use nor an idle one keeps its place in the pool when its server has gone without a word.
async fn silent_connections_are_replaced(test: TestDb) {
    if test.engine() == Engine::Sqlite {
        return; // It has no server.
    }
    let wire = Wire::default();
    let port = wire.before(through(test.url(), 0).1).await;
    let patience = Duration::from_secs(1);
    let db = Db::connect(&through(test.url(), port).0, PoolSettings { max_connections: 2, patience }).await.unwrap();
    let used = db.begin().await.unwrap();
    write(&db, 1).await.unwrap();
    wire.swallow();
    drop(used);
    // Whoever comes while the dead are found may be turned away, but not for long.
    let mut refused = 0;
    while let Err(error) = write(&db, 2).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        refused += 1;
        assert!(refused < 10, "the pool is still full of dead connections: {error:?}");
    }
    write(&db, 3).await.unwrap();
}
on_each_engine!(silent_connections_are_replaced);
