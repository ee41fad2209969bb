//! What is done when a message was handed over.

use super::prepare::{Ready, defect};
use super::{Progress, Sender};
use crate::notification::Notification;
use crate::retry::{Attempt, Next, after};
use crate::route;
use musubi_kernel::access::StoreScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::error::StoreError;

impl Sender {
    /// Writes down what became of a message. If somebody else has written meanwhile, over what they wrote: what was taken
    /// was taken. Mostly nobody has, so that is not asked first: a worker that dies before it is written sends once more.
    pub(super) async fn settle(
        &self,
        scope: &StoreScope,
        ready: &Ready,
        outcome: &Outcome,
    ) -> Result<Progress, StoreError> {
        let sent = &ready.notification;
        match self.settle_over(scope, sent, ready, outcome).await {
            Err(StoreError::Conflict) => match self.ports.store.find(scope, sent.id).await? {
                Some(present) => self.settle_over(scope, &present, ready, outcome).await,
                None => Ok(Progress::Settled),
            },
            settled => settled,
        }
    }

    async fn settle_over(
        &self,
        scope: &StoreScope,
        present: &Notification,
        ready: &Ready,
        outcome: &Outcome,
    ) -> Result<Progress, StoreError> {
        let sent = &ready.notification;
        let at_present = Notification { version: present.version, status: present.status.clone(), ..sent.clone() };
        let now = self.ports.clock.now();
        let next = match outcome {
            Outcome::Sent { provider_id } => {
                match at_present.accepted(ready.content.clone(), provider_id.clone(), now) {
                    Ok(next) => next,
                    // Another worker has settled it, by the same key: nothing is to be added.
                    Err(_) => return Ok(Progress::of(present)),
                }
            }
            _ if !present.status.is_pending() => return Ok(Progress::Settled),
            failed => {
                let why = failed.why().unwrap_or_default().to_owned();
                self.not_taken(ready, at_present, failed, &why)?
            }
        };
        self.write(scope, &next).await
    }

    fn not_taken(
        &self,
        ready: &Ready,
        notification: Notification,
        outcome: &Outcome,
        why: &str,
    ) -> Result<Notification, StoreError> {
        let now = self.ports.clock.now();
        let mut gone = notification.gone();
        gone.push(notification.channel());
        let other = route::first(notification.kind, &ready.house.settings, &ready.preferences, &ready.addresses, &gone);
        let attempt = Attempt {
            tries: notification.tries,
            other_left: other.is_some(),
            key: notification.retry_key,
            expires_at: notification.expires_at,
            at: now,
        };
        let next = match (after(outcome, attempt), other) {
            (Next::Again(at), _) => notification.again(at, why, now),
            (Next::Elsewhere, Some(other)) => notification.redirected(other, why, now),
            (Next::Elsewhere | Next::GiveUp, _) => notification.failed(why, now),
        };
        next.map_err(defect)
    }
}
