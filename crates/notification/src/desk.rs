//! The use cases on what a store has told: looking, and sending once more what had failed.

use crate::job::sending;
use crate::notification::Notification;
use crate::notification::status::NotificationStatusCode;
use crate::ports::{NotificationFilter, NotificationStore};
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::EntityError;
use musubi_kernel::id::{IdGen, NotificationId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::retry::{Pause, retrying};
use std::sync::Arc;

/// The use cases on what a store has told.
#[derive(Clone)]
pub struct Desk {
    store: Arc<dyn NotificationStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

impl Desk {
    /// The use cases over these ports.
    pub fn new(
        store: Arc<dyn NotificationStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
        pause: Arc<dyn Pause>,
    ) -> Self {
        Self { store, clock, ids, pause }
    }

    /// A page of what the store has told, the youngest first.
    pub async fn list(
        &self,
        scope: &StoreScope,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>, EntityError> {
        self.store.list(scope, filter, page).await
    }

    /// One thing that the store has told.
    pub async fn get(&self, scope: &StoreScope, id: NotificationId) -> Result<Notification, EntityError> {
        self.store.find(scope, id).await?.ok_or(EntityError::NotFound("notification"))
    }

    /// Sends what has failed once more, from the beginning: by the first channel that is open then.
    ///
    /// # Errors
    /// `not_failed` of one that has not, `too_late_to_send` of one that is worth nothing any more.
    pub async fn resend(&self, scope: &StoreScope, id: NotificationId) -> Result<Notification, EntityError> {
        retrying(&*self.pause, || async {
            let found = self.get(scope, id).await?;
            if found.status.name() != NotificationStatusCode::Failed {
                let detail = "only a notification that has failed can be sent again";
                return Err(EntityError::Refused { code: "not_failed", detail });
            }
            let now = self.clock.now();
            if now >= found.expires_at {
                let detail = "it would come too late to be worth anything";
                return Err(EntityError::Refused { code: "too_late_to_send", detail });
            }
            let next = found.resent(self.ids.uuid(now), now).map_err(crate::sender::defect)?;
            self.store.save(scope, &next, Some(&sending(&*self.ids, &next, now, now))).await?;
            Ok(next)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Recipient;
    use crate::job::SEND;
    use crate::kind::NotificationKind;
    use crate::memory::NotificationsInMemory;
    use crate::notification::About;
    use crate::plan::Draft;
    use crate::testing::{at, scope, written};
    use musubi_kernel::clock::ManualClock;
    use musubi_kernel::id::{CountingIds, LeaseId};
    use musubi_kernel::job::Lease;
    use musubi_kernel::job::memory::JobsInMemory;
    use musubi_kernel::job::queue::JobQueue as _;
    use musubi_kernel::locale::Locale;
    use musubi_kernel::retry::NoPause;

    #[tokio::test]
    async fn only_what_has_failed_and_is_still_worth_something_is_sent_again() {
        let now = at("2026-03-20T00:00:00Z");
        let (jobs, clock) = (Arc::new(JobsInMemory::default()), Arc::new(ManualClock::at(now)));
        let store = Arc::new(NotificationsInMemory::new(jobs.clone()));
        let ids = Arc::new(CountingIds::default());
        let desk = Desk::new(store.clone(), clock.clone(), ids.clone(), Arc::new(NoPause));
        let draft = Draft {
            kind: NotificationKind::Promotional,
            about: About::Offer { promotion: uuid::Uuid::nil().into() },
            key: "k".into(),
            language: Locale::En,
            recipient: Recipient::Line("U1".into()),
            scheduled_at: now,
            expires_at: at("2026-03-21T00:00:00Z"),
        };
        let new = written(draft, 5, now);
        store.add(&scope(), &new, &sending(&*ids, &new, now, now)).await.unwrap();
        let refused =
            |code| move |error: EntityError| matches!(error, EntityError::Refused { code: found, .. } if found == code);
        assert!(desk.resend(&scope(), new.id).await.is_err_and(refused("not_failed")));
        let failed = new.clone().tried(now).unwrap().failed("blocked", now).unwrap();
        store.save(&scope(), &new.clone().tried(now).unwrap(), None).await.unwrap();
        store.save(&scope(), &failed, None).await.unwrap();
        let lease = Lease { id: LeaseId::new(&*ids, now), until: failed.expires_at };
        let running = jobs.claim(SEND, 10, lease, now).await.unwrap();
        assert_eq!(running.len(), 1, "the job of the last try has not ended yet");
        let again = desk.resend(&scope(), new.id).await.unwrap();
        assert_eq!((again.status.name(), again.tries, again.tries_in_all), (NotificationStatusCode::Pending, 0, 1));
        assert_ne!(again.retry_key, new.retry_key);
        let waiting = jobs.claim(SEND, 10, lease, now).await.unwrap();
        assert_eq!(waiting.len(), 1, "one job sends it");
        assert_ne!(waiting[0].id, running[0].id);
        let failed = again.failed("blocked", now).unwrap();
        store.save(&scope(), &failed, None).await.unwrap();
        clock.set(failed.expires_at);
        assert!(desk.resend(&scope(), new.id).await.is_err_and(refused("too_late_to_send")));
        let nobody = desk.resend(&scope(), uuid::Uuid::nil().into()).await;
        assert_eq!(nobody, Err(EntityError::NotFound("notification")));
    }
}
