//! The use case that sends a notification.
//!
//! 1. What waits for its time or for quiet hours to end goes on waiting. A channel that takes few messages at once is waited for.
//! 2. It asks for its turn at the store's rate, once it could go, and waits for its place in the line if it has to.
//! 3. The try is written down. From here on whoever else changes the notification finds another version.
//! 4. How everything stands is read: nothing lies between this and the message but writing it. What is no longer so, or
//!    comes too late, is called off; what has no address left has failed.
//! 5. The message is handed to its channel, with the notification's retry key.
//! 6. The outcome is written down. A worker that dies before that leaves a notification that waits: it is sent again, with
//!    the same key.
//!
//! So what is due is accepted at least once; twice only where a worker died between 5 and 6, or an answer was lost, and the
//! provider knows no retry keys.

mod outcome;
mod prepare;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Report, Reports};

use crate::job::{SEND, Sending};
use crate::notification::Notification;
use crate::ports::{Book, Channels, NotificationStore};
use crate::promotion::ports::PromotionStore;
use crate::template::Template;
use crate::witness::Witness;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::entity::EntityStore;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::job::{Job, JobHandler, Outcome};
use musubi_kernel::retry::{Pause, retrying};
use prepare::Prepared;
pub(crate) use prepare::defect;
use std::sync::Arc;

/// The ports of [`Sender`].
#[derive(Clone)]
pub struct Ports {
    /// Knows stores, bookings and customers.
    pub book: Arc<dyn Book>,
    /// Where notifications are kept.
    pub store: Arc<dyn NotificationStore>,
    /// Where promotions are kept.
    pub promotions: Arc<dyn PromotionStore>,
    /// Stores' own wordings.
    pub templates: Arc<dyn EntityStore<Template>>,
    /// Hands messages to those who carry them.
    pub channels: Arc<dyn Channels>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
    /// Hears what has become of notifications.
    pub witness: Arc<dyn Witness>,
}

/// Sends notifications.
#[derive(Clone)]
pub struct Sender {
    ports: Ports,
}

/// How far a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left to do.
    Settled,
    /// It waits until then.
    Waits(DateTime<Utc>),
}

impl Progress {
    fn of(notification: &Notification) -> Self {
        match notification.status {
            crate::notification::status::Status::Pending { until } => Self::Waits(until),
            _ => Self::Settled,
        }
    }
}

impl Sender {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Sends a notification, if it is time and still to be sent.
    pub async fn send(&self, which: &Sending) -> Result<Progress, StoreError> {
        let Ok(scope) = which.scope() else { return Ok(Progress::Settled) };
        let prepared = retrying(&*self.ports.pause, || self.prepare(&scope, which.notification)).await?;
        match prepared {
            Prepared::Not(progress) => Ok(progress),
            Prepared::Ready(mut ready) => {
                let room = std::mem::take(&mut ready.room);
                let outcome = match &ready.message {
                    Some(message) => self.ports.channels.send(&scope, message, room).await,
                    None => musubi_kernel::delivery::Outcome::SENT,
                };
                retrying(&*self.ports.pause, || self.settle(&scope, &ready, &outcome)).await
            }
        }
    }

    async fn write(&self, scope: &StoreScope, next: &Notification) -> Result<Progress, StoreError> {
        self.ports.store.save(scope, next, None).await?;
        if !next.status.is_pending() {
            self.ports.witness.notification(next);
        }
        Ok(Progress::of(next))
    }
}

#[async_trait]
impl JobHandler for Sender {
    fn kind(&self) -> &str {
        SEND
    }

    async fn run(&self, job: &Job) -> Outcome {
        let which = match job.payload_as::<Sending>() {
            Ok(which) => which,
            Err(outcome) => return outcome,
        };
        match self.send(&which).await {
            Ok(Progress::Settled) => Outcome::Done,
            Ok(Progress::Waits(until)) => {
                Outcome::not_before(until, format!("the notification {} waits", which.notification))
            }
            Err(error) => error.into(),
        }
    }
}
