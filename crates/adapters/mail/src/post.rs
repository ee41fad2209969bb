//! Takes messages, and sends them in the background.

mod office;

use crate::settings::MailSettings;
use async_trait::async_trait;
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::message::{Courier, Message};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use office::{Office, Phase, Posted};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Why mail cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No TLS after STARTTLS.
    #[error("no TLS to the mail server: {0}")]
    StartTls(#[from] lettre::transport::smtp::Error),
    /// No TLS from the first byte on.
    #[error("no TLS to the mail server: {0}")]
    Tls(#[from] std::io::Error),
}

/// Takes messages, and sends them in the background. What waits when it is dropped is lost: call [`Post::drain`] before.
pub struct Post {
    office: Arc<Office>,
    phase: watch::Sender<Phase>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
}

impl Post {
    /// Opens the post office, inside a runtime of Tokio. Nothing is sent yet: that the server is away now keeps nobody
    /// from starting.
    pub fn begin(
        settings: MailSettings,
        lifetimes: Lifetimes,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
    ) -> Result<Self, SetupError> {
        let (phase, watched) = watch::channel(Phase::Open);
        let office = Office::open(settings, lifetimes, watched)?;
        Ok(Self { office, phase, clock, ids })
    }

    /// Takes no more messages, sends what waits, what failed before included, and says how many messages were given up
    /// because this took too long.
    pub async fn drain(&self, at_most: Duration) -> u32 {
        self.phase.send_replace(Phase::Closing);
        if tokio::time::timeout(at_most, self.office.empty()).await.is_ok() {
            return 0;
        }
        let left = self.office.waiting();
        self.phase.send_replace(Phase::Over);
        self.office.empty().await;
        left
    }
}

#[async_trait]
impl Courier for Post {
    async fn post(&self, message: Message) -> Result<(), StoreError> {
        let full = || StoreError::Unavailable("no more messages can wait to be sent".to_owned());
        let room = self.office.room().ok_or_else(full)?;
        let at = self.clock.now();
        let id = self.ids.uuid(at);
        self.office.take(Posted::new(id, at, message, room));
        Ok(())
    }
}
