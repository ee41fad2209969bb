//! Events on their way.

use super::{Works, at, works};
use crate::crowd::all_at_once;
use async_trait::async_trait;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{EventId, TenantId};
use musubi_kernel::job::Outcome;
use musubi_kernel::job::queue::JobStatus;
use musubi_kernel::outbox::{Outbox, PassedOn, Subscriber, kind_of};
use musubi_kernel::record::DomainEvent;
use musubi_sql::engine::{Db, Write};
use musubi_sql::outbox::{noting, was_handled};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use std::sync::Arc;
use uuid::Uuid;

works!(
    each_event_reaches_those_who_want_it,
    who_has_an_audience_gets_its_events_alone,
    what_an_audience_cannot_be_asked_about_waits,
    nobody_gets_what_was_before_them,
    those_of_other_programs_get_everything,
    those_who_are_gone_get_nothing,
    each_event_is_passed_on_once,
    old_events_are_forgotten,
);

/// Wants the kinds that begin so.
struct Wants(&'static str, &'static str);

#[async_trait]
impl Subscriber for Wants {
    fn name(&self) -> &'static str {
        self.0
    }
    fn wants(&self, kind: &str) -> bool {
        kind.starts_with(self.1)
    }
    async fn handle(&self, _: &DomainEvent) -> Outcome {
        Outcome::Done
    }
}

/// Has to do with one tenant alone, where that can be found out.
struct Serves(Option<TenantId>);

#[async_trait]
impl Subscriber for Serves {
    fn name(&self) -> &'static str {
        "serves"
    }
    fn wants(&self, kind: &str) -> bool {
        kind.starts_with("booking.")
    }
    async fn audience(&self, tenants: Vec<TenantId>) -> Result<Vec<TenantId>, StoreError> {
        let served = self.0.ok_or_else(|| StoreError::Unavailable("for the test".into()))?;
        Ok(tenants.into_iter().filter(|tenant| *tenant == served).collect())
    }
    async fn handle(&self, _: &DomainEvent) -> Outcome {
        Outcome::Done
    }
}

fn subscribers(all: &[(&'static str, &'static str)]) -> Vec<Arc<dyn Subscriber>> {
    all.iter().map(|(name, wants)| Arc::new(Wants(name, wants)) as Arc<dyn Subscriber>).collect()
}

impl Works {
    fn outbox(&self) -> &dyn Outbox {
        &*self.outboxes[0]
    }

    async fn pass_on(&self, known: &[(&'static str, &'static str)], now: i64) -> PassedOn {
        self.outbox().pass_on(&subscribers(known), 100, &*self.ids, at(now)).await.unwrap()
    }

    /// What a subscriber is to handle, in order.
    async fn for_subscriber(&self, name: &str) -> Vec<DomainEvent> {
        let jobs = self.claim(&kind_of(name), 1000, 1_000_000).await;
        jobs.iter().map(|job| job.payload_as().unwrap()).collect()
    }
}

const BOTH: [(&str, &str); 2] = [("mails", "booking."), ("counts", "")];

async fn each_event_reaches_those_who_want_it(works: Works) {
    works.outbox().register(&["mails", "counts"], at(0)).await.unwrap();
    assert_eq!(works.outbox().waiting_since().await, Ok(None));
    let booked = works.happens("booking.created", 1).await.event;
    let changed = works.happens("menu.updated", 2).await.event;
    assert_eq!(works.outbox().waiting_since().await, Ok(Some(at(1))));
    assert_eq!(works.outbox().waiting().await, Ok(2));
    assert_eq!(works.pass_on(&BOTH, 3).await, PassedOn { events: 2, jobs: 3 });
    assert_eq!(works.outbox().waiting_since().await, Ok(None));
    assert_eq!(works.pass_on(&BOTH, 3).await, PassedOn::default());
    let line = &works.all().await[0];
    assert_eq!((line.status, line.created_at, line.max_attempts), (JobStatus::Waiting, at(3), 15));
    assert_eq!(works.for_subscriber("mails").await, std::slice::from_ref(&booked));
    assert_eq!(works.for_subscriber("counts").await, [booked, changed]);
}

async fn who_has_an_audience_gets_its_events_alone(works: Works) {
    let (served, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
    works.outbox().register(&["serves"], at(0)).await.unwrap();
    let theirs = works.happens_to(Some(served), "booking.created", 1).await.event;
    works.happens_to(Some(other), "booking.created", 2).await;
    works.happens_to(Some(served), "menu.updated", 3).await;
    let nobodys = works.happens("booking.created", 4).await.event;
    let known = [Arc::new(Serves(Some(served))) as Arc<dyn Subscriber>];
    let passed = works.outbox().pass_on(&known, 100, &*works.ids, at(5)).await;
    assert_eq!(passed, Ok(PassedOn { events: 4, jobs: 2 }));
    assert_eq!(works.for_subscriber("serves").await, [theirs, nobodys]);
}

async fn what_an_audience_cannot_be_asked_about_waits(works: Works) {
    let served = TenantId(Uuid::from_u128(1));
    works.outbox().register(&["serves"], at(0)).await.unwrap();
    works.happens_to(Some(served), "booking.created", 1).await;
    let known = [Arc::new(Serves(None)) as Arc<dyn Subscriber>];
    let passed = works.outbox().pass_on(&known, 100, &*works.ids, at(2)).await;
    assert!(matches!(passed, Err(StoreError::Unavailable(_))), "{passed:?}");
    let known = [Arc::new(Serves(Some(served))) as Arc<dyn Subscriber>];
    let passed = works.outbox().pass_on(&known, 100, &*works.ids, at(3)).await;
    assert_eq!(passed, Ok(PassedOn { events: 1, jobs: 1 }));
}

async fn nobody_gets_what_was_before_them(works: Works) {
    works.happens("booking.created", -1).await;
    works.outbox().register(&["mails"], at(0)).await.unwrap();
    let at_once = works.happens("booking.created", 0).await.event;
    // Who registers again is still the one who came first.
    works.outbox().register(&["mails", "counts"], at(5)).await.unwrap();
    let late = works.happens("booking.created", 5).await.event;
    assert_eq!(works.pass_on(&BOTH, 9).await, PassedOn { events: 3, jobs: 3 });
    assert_eq!(works.for_subscriber("mails").await, [at_once, late.clone()]);
    assert_eq!(works.for_subscriber("counts").await, [late]);
}

async fn those_of_other_programs_get_everything(works: Works) {
    works.outbox().register(&["mails", "newer"], at(0)).await.unwrap();
    works.happens("menu.updated", 1).await;
    assert_eq!(works.pass_on(&BOTH, 2).await, PassedOn { events: 1, jobs: 1 });
    assert_eq!(works.for_subscriber("newer").await.len(), 1);
}

async fn those_who_are_gone_get_nothing(works: Works) {
    let day = 86_400;
    works.outbox().register(&["mails", "older"], at(0)).await.unwrap();
    works.outbox().register(&["mails"], at(6 * day)).await.unwrap();
    works.happens("booking.created", 7 * day - 1).await;
    assert_eq!(works.pass_on(&BOTH, 7 * day - 1).await.jobs, 2);
    works.happens("booking.created", 7 * day).await;
    assert_eq!(works.pass_on(&BOTH, 7 * day).await.jobs, 1);
    // Back again, it goes on where it is.
    works.outbox().register(&["older"], at(8 * day)).await.unwrap();
    works.happens("booking.created", 8 * day).await;
    assert_eq!(works.pass_on(&BOTH, 8 * day).await.jobs, 2);
}

async fn each_event_is_passed_on_once(works: Works) {
    works.outbox().register(&["mails"], at(0)).await.unwrap();
    let mut events = Vec::new();
    for n in 0..60 {
        events.push(works.happens("booking.created", n).await.event.id);
    }
    let passed = all_at_once(6, |n| {
        let works = works.clone();
        Box::pin(async move {
            let (known, mut sum) = (subscribers(&BOTH), 0);
            for _ in 0..20 {
                match works.outboxes[n % 2].pass_on(&known, 7, &*works.ids, at(100)).await {
                    Err(StoreError::Conflict) => {}
                    passed => sum += passed.unwrap().events,
                }
            }
            sum
        })
    });
    assert_eq!(passed.await.iter().sum::<u64>(), 60);
    let delivered: Vec<EventId> = works.for_subscriber("mails").await.iter().map(|event| event.id).collect();
    assert_eq!(delivered, events);
}

async fn old_events_are_forgotten(works: Works) {
    for n in 0..4 {
        works.happens("booking.created", n).await;
    }
    works.pass_on(&BOTH, 5).await;
    works.happens("booking.created", 0).await;
    assert_eq!(works.outbox().forget_events(at(0), 9).await, Ok(0));
    assert_eq!(
        works.outbox().forget_events(at(2), 9).await,
        Ok(2),
        "by when they happened, not by when they were passed on"
    );
    assert_eq!(works.outbox().forget_events(at(9), 1).await, Ok(1));
    assert_eq!(works.outbox().forget_events(at(9), 3).await, Ok(1));
    assert_eq!(works.outbox().forget_events(at(9), 3).await, Ok(0));
    assert_eq!(works.outbox().waiting().await, Ok(1));
}

/// A subscriber whose effect is a tenant's new name, which counts how often it came.
async fn handle(db: &Db, event: EventId) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    if was_handled(&mut tx, "mails", event).await? {
        return Ok(false);
    }
    let more = Query::update().table("tenants").value("version", Expr::col("version").add(1)).to_owned();
    tx.write_together(&[Write::one(more), noting("mails", event, at(0))]).await?;
    tx.commit().await?;
    Ok(true)
}

async fn an_effect_comes_once(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&crate::rows::tenant(1)).await.unwrap();
    tx.commit().await.unwrap();
    for n in 0..5 {
        let handled = all_at_once(6, |_| {
            let db = test.db.clone();
            Box::pin(async move {
                loop {
                    match handle(&db, EventId(Uuid::from_u128(n))).await {
                        Err(StoreError::Conflict) => {}
                        done => return done.unwrap(),
                    }
                }
            })
        });
        assert_eq!(handled.await.iter().filter(|effect| **effect).count(), 1);
    }
    let version = Query::select().column("version").from("tenants").to_owned();
    assert_eq!(test.db.optional(&version).await.unwrap().unwrap().int::<i64>("version"), Ok(6));
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(was_handled(&mut tx, "counts", EventId(Uuid::from_u128(1))).await, Ok(false));
    drop(tx);
    assert_eq!(test.db.forget_handled(at(0), 9).await, Ok(0));
    assert_eq!(test.db.forget_handled(at(1), 3).await, Ok(3));
    assert_eq!(test.db.forget_handled(at(1), 3).await, Ok(2));
}
on_each_engine!(an_effect_comes_once);
