//! Who handles what.

use musubi_kernel::job::JobHandler;
use musubi_kernel::outbox::{Delivery, Subscriber, Wanted};
use musubi_kernel::schedule::Schedule;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a worker can do.
#[derive(Clone, Default)]
pub struct Work {
    handlers: BTreeMap<String, Arc<dyn JobHandler>>,
    subscribers: Vec<Arc<dyn Subscriber>>,
    schedules: Vec<Schedule>,
}

impl Work {
    /// Jobs of the handler's kind are run by it.
    ///
    /// # Panics
    /// When another handler has this kind.
    #[must_use]
    pub fn handler(mut self, handler: impl JobHandler + 'static) -> Self {
        let kind = handler.kind().to_owned();
        let before = self.handlers.insert(kind, Arc::new(handler));
        assert!(before.is_none(), "two handlers have the kind {:?}", before.map(|before| before.kind().to_owned()));
        self
    }

    /// The subscriber gets the events that it wants.
    ///
    /// # Panics
    /// When another has its name.
    #[must_use]
    pub fn subscriber(mut self, subscriber: impl Subscriber + 'static) -> Self {
        let subscriber: Arc<dyn Subscriber> = Arc::new(subscriber);
        self.subscribers.push(Arc::clone(&subscriber));
        self.handler(Delivery::to(subscriber))
    }

    /// The handler runs at the times of the schedule.
    ///
    /// # Panics
    /// When the handler's kind is not the schedule's name.
    #[must_use]
    pub fn scheduled(mut self, schedule: Schedule, handler: impl JobHandler + 'static) -> Self {
        assert_eq!(schedule.name, handler.kind(), "a schedule makes jobs of its name");
        self.schedules.push(schedule);
        self.handler(handler)
    }

    /// This and that.
    ///
    /// # Panics
    /// When both do the same.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (kind, handler) in other.handlers {
            assert!(self.handlers.insert(kind, handler).is_none(), "two parts of the work have a kind in common");
        }
        self.subscribers.extend(other.subscribers);
        self.schedules.extend(other.schedules);
        self
    }

    /// The kinds of jobs that it can do.
    pub fn kinds(&self) -> Vec<&str> {
        self.handlers.keys().map(String::as_str).collect()
    }

    /// Who runs the jobs of a kind.
    pub fn handler_of(&self, kind: &str) -> Option<&Arc<dyn JobHandler>> {
        self.handlers.get(kind)
    }

    /// Which events somebody here wants.
    pub fn wanted(&self) -> Wanted {
        let subscribers = self.subscribers.clone();
        Arc::new(move |kind| subscribers.iter().any(|subscriber| subscriber.wants(kind)))
    }

    /// Who wants events.
    pub fn subscribers(&self) -> &[Arc<dyn Subscriber>] {
        &self.subscribers
    }

    /// What comes back at its times.
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }
}
