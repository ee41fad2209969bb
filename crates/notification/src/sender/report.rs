//! What a provider says later of a message that it took.

use super::prepare::defect;
use crate::channel::Channel;
use crate::facts::Addressee;
use crate::job::sending;
use crate::notification::Notification;
use crate::notification::status::NotificationStatusCode;
use crate::ports::{Book, NotificationStore};
use crate::route;
use crate::witness::Witness;
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::retry::{Pause, retrying};
use std::sync::Arc;

/// What a provider says of a message that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It has arrived.
    Delivered,
    /// It will not arrive.
    Undeliverable {
        /// Why; without addresses.
        why: String,
    },
}

/// Takes up what providers say later.
#[derive(Clone)]
pub struct Reports {
    /// Knows stores, bookings and customers.
    pub book: Arc<dyn Book>,
    /// Where notifications are kept.
    pub store: Arc<dyn NotificationStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
    /// Hears what has become of notifications.
    pub witness: Arc<dyn Witness>,
}

impl Reports {
    /// Takes up what a provider says of the message that it calls so; whether that is known. What will not arrive goes by the
    /// next channel, if there is one and it is still worth telling. A report that comes again changes nothing.
    pub async fn take(
        &self,
        scope: &StoreScope,
        channel: Channel,
        provider_id: &str,
        report: &Report,
    ) -> Result<bool, StoreError> {
        retrying(&*self.pause, || async {
            let found = self.store.named_by_provider(scope, channel, provider_id).await?;
            let Some(found) = found else { return Ok(false) };
            if found.status.name() != NotificationStatusCode::Sent {
                return Ok(true);
            }
            let now = self.clock.now();
            let next = match report {
                Report::Delivered => found.delivered(now).map_err(defect)?,
                Report::Undeliverable { why } => self.elsewhere(scope, found, why).await?,
            };
            let job = next.status.is_pending().then(|| sending(&*self.ids, &next, now, now));
            self.store.save(scope, &next, job.as_ref()).await?;
            if !next.status.is_pending() {
                self.witness.notification(&next);
            }
            Ok(true)
        })
        .await
    }

    async fn elsewhere(&self, scope: &StoreScope, sent: Notification, why: &str) -> Result<Notification, StoreError> {
        let (book, now) = (&self.book, self.clock.now());
        let house = book.house(scope).await?;
        let addressee = match sent.booking() {
            Some(booking) => book.booking(scope, booking).await?.map(|facts| facts.addressee),
            None => book.customer(scope, sent.customer).await?,
        };
        let mut gone = sent.gone();
        gone.push(sent.channel());
        let other = house.zip(addressee).filter(|_| now < sent.expires_at).and_then(|(house, addressee)| {
            let Addressee { preferences, addresses, .. } = &addressee;
            route::first(sent.kind, &house.settings, preferences, addresses, &gone)
        });
        let next = match other {
            Some(other) => sent.redirected(other, why, now),
            None => sent.failed(why, now),
        };
        next.map_err(defect)
    }
}
