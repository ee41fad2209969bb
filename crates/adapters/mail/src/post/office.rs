//! Where messages wait, and who sends them.

use super::SetupError;
use crate::eml::{Cover, Eml};
use crate::failed::Failed;
use crate::folder;
use crate::letter::Letter;
use crate::settings::{MailSettings, Way};
use crate::smtp::{self, Line, Smtp};
use chrono::{DateTime, Utc};
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::message::Message;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;

/// How the office is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Messages are taken.
    Open,
    /// None are taken, and those that wait are tried once more.
    Closing,
    /// Those that wait are given up.
    Over,
}

/// A message on its way.
pub(super) struct Posted {
    id: Uuid,
    at: DateTime<Utc>,
    message: Message,
    since: Instant,
    attempts: u32,
    /// Its place, which is free again when it is dropped.
    _room: OwnedSemaphorePermit,
}

impl Posted {
    pub(super) fn new(id: Uuid, at: DateTime<Utc>, message: Message, room: OwnedSemaphorePermit) -> Self {
        Self { id, at, message, since: Instant::now(), attempts: 0, _room: room }
    }
}

enum Exit {
    Smtp(Smtp),
    Folder(PathBuf),
}

/// Where messages wait, and who sends them.
pub(super) struct Office {
    settings: MailSettings,
    lifetimes: Lifetimes,
    exit: Exit,
    room: Arc<Semaphore>,
    /// Never holds more than there is room for.
    queue: mpsc::UnboundedSender<Posted>,
    waiting: Mutex<mpsc::UnboundedReceiver<Posted>>,
    phase: watch::Receiver<Phase>,
}

impl Office {
    pub(super) fn open(
        settings: MailSettings,
        lifetimes: Lifetimes,
        phase: watch::Receiver<Phase>,
    ) -> Result<Arc<Self>, SetupError> {
        let exit = match &settings.way {
            Way::Smtp(server) => Exit::Smtp(Smtp::new(server.clone(), &settings.from, &settings.pace)?),
            Way::Folder(folder) => Exit::Folder(folder.clone()),
        };
        let (queue, waiting) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(settings.pace.room as usize));
        let waiting = Mutex::new(waiting);
        let office = Arc::new(Self { settings, lifetimes, exit, room, queue, waiting, phase });
        for _ in 0..office.settings.pace.at_once {
            tokio::spawn(Arc::clone(&office).work());
        }
        Ok(office)
    }

    /// A place for one more message, if there is one.
    pub(super) fn room(&self) -> Option<OwnedSemaphorePermit> {
        let is_open = self.phase() == Phase::Open;
        is_open.then(|| Arc::clone(&self.room).try_acquire_owned().ok()).flatten()
    }

    pub(super) fn take(&self, posted: Posted) {
        // The office holds the other end itself.
        let _ = self.queue.send(posted);
    }

    /// How many messages were taken and are not sent yet.
    pub(super) fn waiting(&self) -> u32 {
        let free = u32::try_from(self.room.available_permits()).unwrap_or(u32::MAX);
        self.settings.pace.room.saturating_sub(free)
    }

    /// Returns when no message waits any more.
    pub(super) async fn empty(&self) {
        let _ = self.room.acquire_many(self.settings.pace.room).await;
    }

    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Returns when the office is in this phase, or nobody is left who could say so.
    async fn until(&self, phase: Phase) {
        let _ = self.phase.clone().wait_for(|now| *now >= phase).await;
    }

    /// Returns when the office is over and no message is on its way back to the queue.
    async fn over(&self) {
        self.until(Phase::Over).await;
        self.empty().await;
    }

    /// Sends one message after another, and hangs up when none waits.
    async fn work(self: Arc<Self>) {
        while let Some(first) = self.next().await {
            let (mut line, mut next) = (None, Some(first));
            while let Some(posted) = next {
                self.deliver(&mut line, posted).await;
                next = self.waiting.try_lock().ok().and_then(|mut waiting| waiting.try_recv().ok());
            }
            smtp::hang_up(line).await;
        }
    }

    async fn next(&self) -> Option<Posted> {
        let mut waiting = self.waiting.lock().await;
        tokio::select! {
            biased;
            posted = waiting.recv() => posted,
            () = self.over() => None,
        }
    }

    async fn deliver(self: &Arc<Self>, line: &mut Line, mut posted: Posted) {
        let pace = &self.settings.pace;
        tokio::select! {
            () = tokio::time::sleep_until(posted.since + pace.head_start) => {}
            () = self.until(Phase::Closing) => {}
        }
        let outcome = tokio::select! {
            biased;
            () = self.until(Phase::Over) => Err(Failed::for_good("the program ends")),
            outcome = tokio::time::timeout(pace.attempt, self.attempt(line, &posted)) => {
                outcome.unwrap_or_else(|_| Err(Failed::for_now("no answer in time")))
            }
        };
        posted.attempts += 1;
        let (message_id, kind, attempts) = (posted.id, posted.message.kind.code(), posted.attempts);
        let Err(failed) = outcome else {
            tracing::debug!(%message_id, kind, attempts, "a message was sent");
            return;
        };
        let (pause, reason) = (pace.pause(posted.attempts), &*failed.why);
        let in_time = posted.since.elapsed() + pause < self.patience(&posted.message);
        if failed.again && in_time && self.phase() == Phase::Open {
            tracing::info!(%message_id, kind, attempts, reason, ?pause, "a message will be sent again");
            tokio::spawn(Arc::clone(self).again(posted, pause));
        } else {
            tracing::warn!(%message_id, kind, attempts, reason, "a message was not sent, and is given up");
        }
    }

    async fn again(self: Arc<Self>, posted: Posted, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.until(Phase::Closing) => {}
        }
        self.take(posted);
    }

    /// A token that is over is sent to nobody.
    fn patience(&self, message: &Message) -> Duration {
        let good_for = message.kind.lifetime(&self.lifetimes).and_then(|good_for| good_for.to_std().ok());
        good_for.map_or(self.settings.pace.patience, |good_for| good_for.min(self.settings.pace.patience))
    }

    async fn attempt(&self, line: &mut Line, posted: &Posted) -> Result<(), Failed> {
        let Posted { id, at, message, .. } = posted;
        let letter = Letter::of(message, &self.settings.public_url, &self.lifetimes);
        let letter = letter.map_err(|error| Failed::for_good(error.to_string()))?;
        let cover = Cover { id: *id, at: *at, from: &self.settings.from, to: &message.to };
        let eml = Eml::of(cover, letter)?;
        match &self.exit {
            Exit::Smtp(smtp) => smtp.send(line, &eml).await,
            Exit::Folder(path) => {
                let file = folder::write(path, *id, *at, eml).await?;
                tracing::info!(kind = message.kind.code(), file = %file.display(), "a message was written to a file");
                Ok(())
            }
        }
    }
}
