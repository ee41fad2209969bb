//! What a provider says later of a message that it took.

use super::Sender;
use super::prepare::defect;
use crate::channel::Channel;
use crate::facts::Addressee;
use crate::job::sending;
use crate::notification::Notification;
use crate::notification::status::NotificationStatusCode;
use crate::route;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::retry::retrying;

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

impl Sender {
    /// Takes up what a provider says of the message that it calls so; whether that is known. What will not arrive goes by the
    /// next channel, if there is one and it is still worth telling. A report that comes again changes nothing.
    pub async fn report(
        &self,
        scope: &StoreScope,
        channel: Channel,
        provider_id: &str,
        report: &Report,
    ) -> Result<bool, StoreError> {
        retrying(&*self.ports.pause, || async {
            let found = self.ports.store.named_by_provider(scope, channel, provider_id).await?;
            let Some(found) = found else { return Ok(false) };
            if found.status.name() != NotificationStatusCode::Sent {
                return Ok(true);
            }
            let now = self.ports.clock.now();
            let next = match report {
                Report::Delivered => found.delivered(now).map_err(defect)?,
                Report::Undeliverable { why } => self.elsewhere(scope, found, why).await?,
            };
            let job = next.status.is_pending().then(|| sending(&*self.ports.ids, &next, now, now));
            self.ports.store.save(scope, &next, job.as_ref()).await?;
            Ok(true)
        })
        .await
    }

    async fn elsewhere(&self, scope: &StoreScope, sent: Notification, why: &str) -> Result<Notification, StoreError> {
        let (book, now) = (&self.ports.book, self.ports.clock.now());
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
