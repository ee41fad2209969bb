//! One transaction on what is told about a booking.
//!
//! It holds nothing while its caller reads and decides: a connection that waits for another one of its own pool could wait
//! for ever. Instead it begins by reading how often something was planned about the booking, and counts that up when it
//! commits. Whoever has planned meanwhile makes that a lost race, and the use case is run again on what there is then.

use super::{SqlNotifications, notifications, own};
use crate::engine::Write;
use crate::jobs;
use async_trait::async_trait;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::BookingId;
use musubi_kernel::job::NewJob;
use musubi_notification::notification::Notification;
use musubi_notification::ports::NotificationUnit;
use sea_query::{Expr, ExprTrait as _, Query};

const PLANS: &str = "notification_plans";

pub(super) struct SqlUnit {
    kept: SqlNotifications,
    scope: StoreScope,
    booking: BookingId,
    /// How often something had been planned when it began.
    version: i64,
    writes: Vec<Write>,
    jobs: Vec<NewJob>,
    foreign: Result<(), StoreError>,
}

impl SqlUnit {
    pub(super) async fn begin(
        kept: SqlNotifications,
        scope: StoreScope,
        booking: BookingId,
    ) -> Result<Self, StoreError> {
        let query =
            Query::select().column("version").from(PLANS).and_where(Expr::col("booking_id").eq(booking.0)).to_owned();
        let version = match kept.store.db.optional(&query).await? {
            Some(row) => row.get("version")?,
            None => 0,
        };
        Ok(Self { kept, scope, booking, version, writes: Vec::new(), jobs: Vec::new(), foreign: Ok(()) })
    }

    /// What makes it the only one that planned since it began.
    fn counting(&self) -> Write {
        let next = self.version + 1;
        if self.version == 0 {
            let mut first = Query::insert();
            first
                .into_table(PLANS)
                .columns(["booking_id", "version"])
                .values_panic([self.booking.0.into(), next.into()]);
            return Write::one(first);
        }
        let mut update = Query::update();
        update
            .table(PLANS)
            .value("version", next)
            .and_where(Expr::col("booking_id").eq(self.booking.0))
            .and_where(Expr::col("version").eq(self.version));
        Write::one(update)
    }
}

#[async_trait]
impl NotificationUnit for SqlUnit {
    async fn planned(&mut self) -> Result<Vec<Notification>, StoreError> {
        self.kept.all(&notifications::of_booking(&self.scope, self.booking)).await
    }

    fn add(&mut self, new: &Notification, job: &NewJob) {
        let foreign = own(&self.scope, new);
        self.foreign = std::mem::replace(&mut self.foreign, Ok(())).and(foreign);
        self.writes.push(self.kept.inserting(new));
        self.jobs.push(job.clone());
    }

    fn save(&mut self, new: &Notification) {
        self.writes.push(self.kept.updating(&self.scope, new));
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.foreign.clone()?;
        if self.writes.is_empty() {
            return Ok(());
        }
        let mut writes = vec![self.counting()];
        let Self { kept, writes: gathered, jobs, .. } = *self;
        writes.extend(gathered);
        writes.extend(jobs::adding(&jobs));
        kept.write(&writes).await
    }
}
