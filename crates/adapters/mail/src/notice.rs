//! What a store tells a customer: handed over once, and what became of it. Whether and when it is tried again is the sender's
//! business.

use crate::eml::{Cover, Eml, NoticeCover};
use crate::folder;
use crate::letter::Letter;
use crate::post::SetupError;
use crate::settings::{Pace, Sender, Way};
use crate::smtp::Smtp;
use chrono::{DateTime, Utc};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::email::EmailAddress;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a server may take with a message once there is a connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many connections are open at once.
const AT_ONCE: usize = 8;
/// How long a message waits for one of them. With the time that a server may take it is less than a job has.
const IN_LINE: Duration = Duration::from_secs(10);

/// What a store tells a customer.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// The left half of its `Message-ID`: the same at each attempt, so that what arrives twice can be known again.
    pub id: Uuid,
    /// When it was written, the same at each attempt.
    pub written_at: DateTime<Utc>,
    /// The name beside the installation's address.
    pub sender_name: &'a str,
    /// Where an answer goes, if not to the installation's address.
    pub reply_to: Option<&'a EmailAddress>,
    /// To whom.
    pub to: &'a EmailAddress,
    /// What it says.
    pub letter: Letter,
    /// What goes with it.
    pub file: Option<File<'a>>,
    /// Where whoever gets it can have it stop.
    pub unsubscribe: Option<Unsubscribe<'a>>,
}

/// Where whoever gets a message can have such messages stop.
#[derive(Debug, Clone, Copy)]
pub enum Unsubscribe<'a> {
    /// At a page (RFC 2369).
    Page(&'a str),
    /// By one call of their mail program (RFC 8058), at an https address.
    OneClick(&'a str),
}

/// A file that goes with a message.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type, such as `text/calendar; charset=utf-8; method=PUBLISH`.
    pub kind: &'a str,
    /// What is in it.
    pub text: &'a str,
}

enum Exit {
    Smtp(Smtp),
    Folder(PathBuf),
}

/// Hands over what stores tell their customers.
pub struct Notices {
    from: Sender,
    exit: Exit,
    room: Arc<Semaphore>,
}

impl Notices {
    /// By this way, from this address. That the server is away now keeps nobody from starting.
    pub fn new(way: Way, from: Sender) -> Result<Self, SetupError> {
        let exit = match way {
            Way::Smtp(server) => Exit::Smtp(Smtp::new(server, &from, &Pace::default())?),
            Way::Folder(folder) => Exit::Folder(folder),
        };
        Ok(Self { from, exit, room: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// A place among those that are handed over at once; `None`: the server is so slow that there is none for now.
    pub async fn room(&self) -> Option<OwnedSemaphorePermit> {
        timeout(IN_LINE, Arc::clone(&self.room).acquire_owned()).await.ok()?.ok()
    }

    /// Hands a message over, once, in a [`room`](Notices::room), which is free again when the server needs no more of it: that may be
    /// after the answer. No reason holds the address.
    pub async fn send(&self, notice: Notice<'_>, room: impl Send + 'static) -> Outcome {
        let Notice { id, written_at, sender_name, reply_to, to, letter, file, unsubscribe } = notice;
        let cover = Cover { id, at: written_at, from: &self.from, to };
        let eml = match Eml::notice(NoticeCover { cover, sender_name, reply_to, unsubscribe }, letter, file.as_ref()) {
            Ok(eml) => eml,
            Err(failed) => return failed.into(),
        };
        match &self.exit {
            Exit::Smtp(smtp) => smtp.send_alone(&eml, PATIENCE, room).await,
            Exit::Folder(path) => match folder::write(path, id, written_at, eml).await {
                Ok(file) => {
                    tracing::info!(file = %file.display(), "a message was written to a file");
                    Outcome::SENT
                }
                Err(failed) => failed.into(),
            },
        }
    }
}
