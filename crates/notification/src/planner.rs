//! The use case that plans what somebody is told.

use crate::event::{BookingEvent, BookingEventKind};
use crate::job::{sending, store_scope};
use crate::kind::NotificationKind;
use crate::notification::Notification;
use crate::plan::{Draft, Home, Silence, plan};
use crate::ports::{Book, NotificationStore};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, IdGen, NotificationId};
use musubi_kernel::job::Outcome;
use musubi_kernel::outbox::Subscriber;
use musubi_kernel::record::DomainEvent;
use musubi_kernel::retry::{Pause, retrying};
use std::sync::Arc;

/// The ports of [`Planner`].
#[derive(Clone)]
pub struct Ports {
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
}

/// Plans what somebody is told.
#[derive(Clone)]
pub struct Planner {
    ports: Ports,
}

/// What was planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// What is to be told.
    pub told: Vec<NotificationId>,
    /// What is not told any more.
    pub called_off: Vec<NotificationId>,
    /// What could be told and is not.
    pub silent: Vec<(NotificationKind, Silence)>,
}

impl Planner {
    /// The use case over these ports.
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Plans what an event leads to. One that is no booking's leads to nothing; one that comes again, to nothing more.
    pub async fn on(&self, event: &DomainEvent) -> Result<Planned, StoreError> {
        let Some(event) = BookingEvent::read(event)? else { return Ok(Planned::default()) };
        let Ok(scope) = store_scope(event.tenant, event.store) else { return Ok(Planned::default()) };
        retrying(&*self.ports.pause, || self.plan_once(&scope, &event)).await
    }

    async fn plan_once(&self, scope: &StoreScope, event: &BookingEvent) -> Result<Planned, StoreError> {
        let Ports { book, store, clock, .. } = &self.ports;
        let mut unit = store.begin(scope, event.booking).await?;
        let Some(house) = book.house(scope).await? else { return Ok(Planned::default()) };
        let Some(facts) = book.booking(scope, event.booking).await? else { return Ok(Planned::default()) };
        let (planned, now) = (unit.planned().await?, clock.now());
        let plan = plan(event, &house, &facts, &planned, now);
        let mut done = Planned { silent: plan.silent, ..Planned::default() };
        for (id, why) in plan.call_off {
            let waiting = planned.iter().find(|one| one.id == id).cloned();
            if let Some(Ok(called_off)) = waiting.map(|waiting| waiting.cancelled(why, now)) {
                unit.save(&called_off);
                done.called_off.push(id);
            }
        }
        for draft in plan.tell {
            let new = self.written(scope, facts.addressee.customer, draft, now);
            unit.add(&new, &sending(&*self.ports.ids, &new, new.scheduled_at, now));
            done.told.push(new.id);
        }
        unit.commit().await?;
        Ok(done)
    }

    fn written(&self, scope: &StoreScope, customer: CustomerId, draft: Draft, now: DateTime<Utc>) -> Notification {
        let (ids, home) = (&*self.ports.ids, Home { tenant: scope.tenant(), store: scope.store(), customer });
        draft.written(home, NotificationId::new(ids, now), ids.uuid(now), now)
    }
}

#[async_trait]
impl Subscriber for Planner {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn wants(&self, kind: &str) -> bool {
        BookingEventKind::from_code(kind).is_some()
    }

    async fn handle(&self, event: &DomainEvent) -> Outcome {
        self.on(event).await.map(drop).into()
    }
}
