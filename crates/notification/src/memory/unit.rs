//! One transaction in memory.

use super::{NotificationsInMemory, State, is_of};
use crate::notification::Notification;
use crate::ports::NotificationUnit;
use async_trait::async_trait;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::BookingId;
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::JobQueue as _;

pub(super) struct Unit {
    kept: NotificationsInMemory,
    scope: StoreScope,
    booking: BookingId,
    began_at: u64,
    state: State,
    jobs: Vec<NewJob>,
    failed: bool,
}

impl Unit {
    pub(super) fn new(kept: NotificationsInMemory, scope: StoreScope, booking: BookingId) -> Self {
        let state = kept.state().clone();
        Self { kept, scope, booking, began_at: state.writes, state, jobs: Vec::new(), failed: false }
    }
}

#[async_trait]
impl NotificationUnit for Unit {
    async fn planned(&mut self) -> Result<Vec<Notification>, StoreError> {
        let of_booking = |one: &&Notification| is_of(&self.scope, one) && one.booking() == Some(self.booking);
        Ok(self.state.rows.values().filter(of_booking).cloned().collect())
    }

    fn add(&mut self, new: &Notification, job: &NewJob) {
        self.failed |= !self.state.add(new);
        self.jobs.push(job.clone());
    }

    fn save(&mut self, new: &Notification) {
        self.failed |= self.state.save(new).is_err();
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { kept, began_at, state, jobs, failed, .. } = *self;
        {
            let mut present = kept.state();
            if failed || present.writes != began_at {
                return Err(StoreError::Conflict);
            }
            let paces = present.paces.clone();
            *present = State { writes: began_at + 1, paces, ..state };
        }
        kept.jobs.enqueue(&jobs).await
    }
}
