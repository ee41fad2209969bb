//! What a store offers, and whom it is told to.

use super::{Told, at, new_id, told};
use crate::crowd::all_at_once;
use musubi_kernel::access::Caller;
use musubi_kernel::bound::Bound;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{CustomerId, PromotionId};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::JobFilter;
use musubi_kernel::page::PageRequest;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{NoPause, retrying};
use musubi_notification::channel::Recipient;
use musubi_notification::kind::NotificationKind;
use musubi_notification::notification::status::{Needless, Status};
use musubi_notification::notification::{About, Content, Notification};
use musubi_notification::promotion::ports::{Counts, Waiting};
use musubi_notification::promotion::promoter::PLAN;
use musubi_notification::promotion::{Audience, OfferText, OfferTexts, Promotion, PromotionDetails, WAITING};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;

told!(
    a_promotion_comes_back_as_it_was_written,
    promotions_are_listed_the_youngest_first,
    a_lot_is_written_as_a_whole_or_not,
    a_lot_may_be_large,
    what_has_become_of_it_is_counted,
    what_waits_is_called_off_a_few_at_a_time,
    no_more_wait_than_may_however_many_are_made_at_once,
);

fn details() -> PromotionDetails {
    let text = |headline: &str| Some(OfferText { headline: headline.to_owned(), body: "5月まで 🌸\n".to_owned() });
    let audience = Audience { last_visit_from: Some(at(-900)), last_visit_before: None };
    PromotionDetails { texts: OfferTexts { ja: text("半額"), en: text("Half") }, send_at: Some(at(30)), audience }
}

impl Told {
    fn promotion(&self) -> Promotion {
        Promotion::new(PromotionId::new(&self.ids, at(0)), &self.ours, details(), at(0))
    }

    fn record(&self, of: &Promotion) -> Record {
        let change = Change {
            kind: "promotion.created".into(),
            subject_kind: Promotion::NOUN,
            subject: of.id.0,
            tenant: Some(of.tenant),
            store: Some(of.store),
            caller: &Caller::system(),
            at: at(0),
        };
        Record::of::<(), _>(&self.ids, &change, None, Some(&of.public_record()))
    }

    fn planning(&self, of: &Promotion) -> NewJob {
        NewJob::new(&self.ids, PLAN, json!({}), at(0)).keyed(format!("{}.{}", of.id, of.version))
    }

    async fn offered(&self) -> Promotion {
        let new = self.promotion();
        let (record, job) = (self.record(&new), self.planning(&new));
        self.promotions.add(&self.ours, &new, WAITING, (&record, &job), None).await.unwrap();
        new
    }

    async fn promotion_found(&self, id: PromotionId) -> Promotion {
        self.promotions.find(&self.ours, id).await.unwrap().unwrap()
    }

    /// What tells the customer of a promotion, with its job.
    fn offer(&self, of: &Promotion, key: &str) -> (Notification, NewJob) {
        let (new, job) = self.reminder(0, key);
        let about = About::Offer { promotion: of.id };
        (Notification { kind: NotificationKind::Promotional, about, ..new }, NewJob { key: None, ..job })
    }

    async fn counts(&self, of: &Promotion) -> Counts {
        self.promotions.counts(&self.ours, of.id).await.unwrap()
    }

    /// How many jobs of each kind there are.
    async fn sending_and_planning(&self) -> (usize, usize) {
        let lines = self.queue.list(&JobFilter::default(), 1_000).await.unwrap();
        let planning = lines.iter().filter(|line| line.kind == PLAN).count();
        (lines.len() - planning, planning)
    }
}

async fn a_promotion_comes_back_as_it_was_written(told: Told) {
    let new = told.offered().await;
    assert_eq!(told.promotion_found(new.id).await, new);
    assert_eq!(told.promotions.find(&told.theirs, new.id).await, Ok(None));
    let planning = new.clone().planned(Some(told.customer), at(1)).unwrap();
    let planned = planning.clone().planned(None, at(2)).unwrap();
    for step in [planning, planned.clone()] {
        told.promotions.plan(&told.ours, &step, &[]).await.unwrap();
        assert_eq!(told.promotion_found(new.id).await, step);
    }
    let cancelled = planned.cancelled(at(3)).unwrap();
    assert_eq!(cancelled.planned_at(), Some(at(2)));
    let record = told.record(&cancelled);
    told.promotions.save(&told.ours, &cancelled, &record, &told.planning(&cancelled)).await.unwrap();
    assert_eq!(told.promotion_found(new.id).await, cancelled);
    let late = new.cancelled(at(4)).unwrap();
    let job = told.planning(&late);
    assert_eq!(told.promotions.save(&told.ours, &late, &told.record(&late), &job).await, Err(StoreError::Conflict));
    assert_eq!(told.sending_and_planning().await, (0, 2));
    let bare = PromotionDetails { send_at: None, audience: Audience::default(), ..details() };
    let bare = Promotion { details: bare, ..told.promotion() };
    let (record, job) = (told.record(&bare), told.planning(&bare));
    told.promotions.add(&told.ours, &bare, WAITING, (&record, &job), None).await.unwrap();
    assert_eq!(told.promotion_found(bare.id).await, bare);
}

async fn promotions_are_listed_the_youngest_first(told: Told) {
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(told.offered().await.id);
    }
    all.reverse();
    let (mut seen, mut page) = (Vec::new(), PageRequest { limit: 2, after: None });
    loop {
        let found = told.promotions.list(&told.ours, &page).await.unwrap();
        seen.extend(found.items.iter().map(|one| one.id));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen, all);
    assert!(told.promotions.list(&told.theirs, &PageRequest::default()).await.unwrap().items.is_empty());
}

async fn a_lot_is_written_as_a_whole_or_not(told: Told) {
    let new = told.offered().await;
    let next = new.clone().planned(Some(told.customer), at(1)).unwrap();
    let lot = [told.offer(&new, "a"), told.offer(&new, "b")];
    told.promotions.plan(&told.ours, &next, &lot).await.unwrap();
    assert_eq!(told.found(lot[1].0.id).await, lot[1].0);
    assert_eq!(told.sending_and_planning().await, (2, 1));
    // Another was first.
    let other = [told.offer(&new, "c")];
    assert_eq!(told.promotions.plan(&told.ours, &next, &other).await, Err(StoreError::Conflict));
    // A key is taken.
    let last = next.clone().planned(None, at(2)).unwrap();
    let taken = [told.offer(&new, "d"), told.offer(&new, "a")];
    assert_eq!(told.promotions.plan(&told.ours, &last, &taken).await, Err(StoreError::Conflict));
    assert_eq!(told.promotion_found(new.id).await, next);
    assert_eq!((told.sending_and_planning().await, told.counts(&new).await.planned()), ((2, 1), 2));
}

/// More rows than one statement writes.
async fn a_lot_may_be_large(told: Told) {
    let new = told.offered().await;
    let lot: Vec<_> = (0..401).map(|n| told.offer(&new, &n.to_string())).collect();
    told.promotions.plan(&told.ours, &new.clone().planned(None, at(1)).unwrap(), &lot).await.unwrap();
    assert_eq!(told.counts(&new).await, Counts { pending: 401, ..Counts::default() });
    assert_eq!(told.sending_and_planning().await, (401, 1));
}

async fn what_has_become_of_it_is_counted(told: Told) {
    let (new, other) = (told.offered().await, told.offered().await);
    let lot: Vec<_> = (0..7).map(|n| told.offer(&new, &n.to_string())).collect();
    let mut lot = lot;
    lot[6].0.recipient = Recipient::InApp(new_id());
    told.promotions.plan(&told.ours, &new.clone().planned(None, at(1)).unwrap(), &lot).await.unwrap();
    let content = || Content { subject: None, text: "半額".to_owned() };
    let accepted = |n: usize| lot[n].0.clone().accepted(content(), None, at(61)).unwrap();
    let steps = [
        accepted(0),
        accepted(1),
        accepted(1).delivered(at(62)).unwrap(),
        lot[2].0.clone().failed("nobody there", at(61)).unwrap(),
        lot[3].0.clone().cancelled(Needless::Declined, at(61)).unwrap(),
    ];
    for step in &steps {
        told.save(step).await;
    }
    let counts = Counts { pending: 2, sent: 1, delivered: 1, failed: 1, cancelled: 1, listed: 1 };
    assert_eq!((told.counts(&new).await, counts.planned()), (counts, 6));
    assert_eq!(told.counts(&other).await, Counts::default());
    assert_eq!(told.promotions.counts(&told.theirs, new.id).await, Ok(Counts::default()));
}

async fn what_waits_is_called_off_a_few_at_a_time(told: Told) {
    let (new, other) = (told.offered().await, told.offered().await);
    let lot: Vec<_> = (0..5).map(|n| told.offer(&new, &n.to_string())).collect();
    told.promotions.plan(&told.ours, &new.clone().planned(None, at(1)).unwrap(), &lot).await.unwrap();
    let kept = [told.offer(&other, "other")];
    told.promotions.plan(&told.ours, &other.clone().planned(None, at(1)).unwrap(), &kept).await.unwrap();
    let (reminder, _) = told.reminder(0, "reminder");
    told.add(&reminder).await;
    let sent = lot[0].0.clone().accepted(Content { subject: None, text: "半額".into() }, None, at(61)).unwrap();
    told.save(&sent).await;
    let call_off = async |scope, which, most| {
        told.promotions.call_off(scope, which, Needless::OfferCancelled, most, at(70)).await.unwrap()
    };
    assert_eq!(call_off(&told.theirs, Waiting::Of(new.id), 9).await, 0);
    assert_eq!(call_off(&told.ours, Waiting::Of(new.id), 3).await, 3);
    assert_eq!(call_off(&told.ours, Waiting::Of(new.id), 3).await, 1);
    assert_eq!(call_off(&told.ours, Waiting::Of(new.id), 3).await, 0);
    assert_eq!(told.counts(&new).await, Counts { sent: 1, cancelled: 4, ..Counts::default() });
    let gone = told.found(lot[1].0.id).await;
    assert_eq!(gone, lot[1].0.clone().cancelled(Needless::OfferCancelled, at(70)).unwrap());
    assert!(matches!(gone.status, Status::Cancelled { .. }) && told.found(kept[0].0.id).await.status.is_pending());

    let nobody: CustomerId = new_id();
    assert_eq!(call_off(&told.ours, Waiting::To(nobody), 9).await, 0);
    assert_eq!(call_off(&told.ours, Waiting::To(told.customer), 9).await, 1);
    assert!(told.found(reminder.id).await.status.is_pending(), "their reminder is no offer");
}

async fn no_more_wait_than_may_however_many_are_made_at_once(told: Told) {
    const FEW: Bound = Bound { most: 5, ..WAITING };
    let full = StoreError::Full { code: "too_many_promotions", detail: WAITING.detail };
    let (first, second) = (told.offered().await, told.offered().await);
    let told = Arc::new(told);
    let add = |_| {
        let told = told.clone();
        let task = async move {
            let new = told.promotion();
            let (record, job) = (told.record(&new), told.planning(&new));
            retrying(&NoPause, || told.promotions.add(&told.ours, &new, FEW, (&record, &job), None)).await
        };
        Box::pin(task) as Pin<Box<dyn Future<Output = _> + Send>>
    };
    let made: Vec<Result<(), StoreError>> = all_at_once(10, add).await;
    assert_eq!(made.iter().filter(|one| one.is_ok()).count(), 3, "{made:?}");
    assert!(made.into_iter().all(|one| one.is_ok() || one == Err(full.clone())));
    let kept = told.promotions.list(&told.ours, &PageRequest::default()).await.unwrap().items.len();
    assert_eq!((kept, told.sending_and_planning().await), (5, (0, 5)));
    // One that is being planned waits still; one that was planned or called off does not.
    let planning = first.planned(Some(told.customer), at(1)).unwrap();
    told.promotions.plan(&told.ours, &planning, &[]).await.unwrap();
    assert_eq!(add(0).await, Err(full.clone()));
    told.promotions.plan(&told.ours, &planning.planned(None, at(2)).unwrap(), &[]).await.unwrap();
    assert_eq!(add(0).await, Ok(()));
    assert_eq!(add(0).await, Err(full));
    let cancelled = second.cancelled(at(3)).unwrap();
    let (record, job) = (told.record(&cancelled), told.planning(&cancelled));
    told.promotions.save(&told.ours, &cancelled, &record, &job).await.unwrap();
    assert_eq!(add(0).await, Ok(()));
}
