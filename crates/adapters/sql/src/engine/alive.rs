//! Connections to a server that is no longer there, though nobody has said so.
//!
//! A host that lost its power, or a network that drops packets, closes nothing: whoever waits for an answer waits until
//! TCP gives up, a quarter of an hour later. So nothing here waits without an end.
//!
//! A dead connection is dropped and another takes its place. To let the pool close it would not do: the driver takes its
//! leave of the server, under TLS without a limit, and the pool counts the connection as used meanwhile.

use sqlx::pool::PoolConnectionMetadata;
use sqlx::{ConnectOptions as _, Connection, Database, Error};
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A connection that was used so lately is taken without asking whether it is alive.
const FRESH: Duration = Duration::from_secs(1);

/// How long a statement may take, with the wait for a lock. What takes longer has most likely lost its server.
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);

/// When work on a connection was last given up in the middle, by anybody.
static INTERRUPTED: Mutex<Option<Instant>> = Mutex::new(None);

/// The pause between two attempts to reach a server that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// On the heap: a caller may wait for one of several, and would keep room for each.
pub(super) type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 's>>;

/// Gives a new connection its session settings.
pub(super) type Session<DB> = Box<dyn for<'c> Fn(&'c mut <DB as Database>::Connection) -> Answer<'c, ()> + Send + Sync>;

/// The options by which a connection is made.
pub(super) type OptionsOf<DB> = <<DB as Database>::Connection as Connection>::Options;

/// Keeps the connections of a pool alive.
pub(super) struct Keeper<DB: Database> {
    /// Where the server is.
    pub(super) server: OptionsOf<DB>,
    /// The settings of each session.
    pub(super) session: Session<DB>,
    /// How long a sign of life may take.
    pub(super) limit: Duration,
    /// When a connection was last found dead.
    pub(super) death: Mutex<Option<Instant>>,
}

impl<DB: Database> Keeper<DB> {
    /// Makes an idle connection usable. When one has died, those that lay idle beside it are not asked: what killed it has
    /// most likely killed them.
    pub(super) async fn taken(&self, it: &mut DB::Connection, meta: PoolConnectionMetadata) -> Result<bool, Error> {
        let widowed = self.death().is_some_and(|death| death.elapsed() <= meta.idle_for);
        if widowed || (meta.idle_for > FRESH && self.ask(it).await.is_err()) {
            *it = self.connect().await?;
        }
        Ok(true)
    }

    /// Makes a connection usable again after its use, however long that takes. The driver asks each one for a sign of life,
    /// and without a limit: so where work was given up in the middle of late, it is asked here before.
    pub(super) async fn returned(&self, it: &mut DB::Connection) -> Result<bool, Error> {
        let interrupted = read(&INTERRUPTED).is_some_and(|at| at.elapsed() < LONGEST_STATEMENT);
        if interrupted && self.ask(it).await.is_err() {
            *it = loop {
                match within(LONGEST_STATEMENT, self.connect()).await {
                    Ok(new) => break new,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            };
        }
        Ok(true)
    }

    async fn connect(&self) -> Result<DB::Connection, Error> {
        let mut new = self.server.connect().await?;
        (self.session)(&mut new).await?;
        Ok(new)
    }

    async fn ask(&self, it: &mut DB::Connection) -> Result<(), Error> {
        let answer = within(self.limit, it.ping()).await;
        if answer.is_err() {
            note(&self.death);
        }
        answer
    }

    fn death(&self) -> Option<Instant> {
        read(&self.death)
    }
}

fn read(at: &Mutex<Option<Instant>>) -> Option<Instant> {
    *at.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(at: &Mutex<Option<Instant>>) {
    *at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Work on a connection. When it goes before it is done, that is noted: so it must go before its connection does.
#[derive(Debug, Default)]
pub(super) struct Work {
    done: bool,
}

impl Work {
    /// Nothing is left to do.
    pub(super) fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.done {
            note(&INTERRUPTED);
        }
    }
}

/// The answer to a statement, or an error of the connection when there is none in time. Dropped in the middle of a
/// statement, a connection shows signs of life before it is used again, or is replaced.
pub(super) fn answer<'s, T: 's>(statement: impl Future<Output = Result<T, Error>> + Send + 's) -> Answer<'s, T> {
    Box::pin(async move {
        let mut statement = pin!(statement);
        let mut work = Work::default();
        let answer = within(LONGEST_STATEMENT, &mut statement).await;
        if !matches!(answer, Err(Error::Io(_))) {
            work.done();
        }
        drop(work);
        answer
    })
}

/// Waits for `work`, but no longer than for a statement.
pub(super) async fn in_time(work: impl Future<Output = ()>) {
    // What it would have tidied goes with the process.
    let _ = tokio::time::timeout(LONGEST_STATEMENT, work).await;
}

/// The outcome of `work`, or an error of the connection when there is none in time.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let silent = || Error::Io(std::io::Error::new(ErrorKind::TimedOut, "the database does not answer"));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent()))
}
