//! The sender over its fakes: the table of what can happen to a message on its way.

use super::{Ports, Progress, Report, Reports, Sender};
use crate::channel::{Addresses, Channel};
use crate::event::BookingEventKind;
use crate::facts::{Addressee, Author, BookingStatus};
use crate::job::Sending;
use crate::kind::NotificationKind;
use crate::memory::{BookInMemory, NotificationsInMemory, Post};
use crate::notification::Notification;
use crate::notification::status::{Needless, NotificationStatusCode, Status};
use crate::planner::{self, Planned, Planner};
use crate::promotion::ports::PromotionStore as _;
use crate::promotion::promoter::{self, Planning, Promoter};
use crate::promotion::{Audience, OfferText, OfferTexts, Promotion, PromotionDetails, desk};
use crate::template::engine::Fault;
use crate::template::{Template, TemplateDetails};
use crate::testing::{Life, STORE, TENANT, USER, at, house, outbox, scope};
use crate::webhook::delivery::Delivery;
use crate::witness::Witness;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::delivery::Outcome;
use musubi_kernel::entity::{EntitiesInMemory, EntityStore as _};
use musubi_kernel::error::EntityError;
use musubi_kernel::id::{CountingIds, NotificationId, SystemIds, TemplateId};
use musubi_kernel::job::memory::JobsInMemory;
use musubi_kernel::job::{Lease, queue::JobQueue as _};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::NoPause;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// What has become of notifications.
#[derive(Default)]
struct Heard(
    Mutex<Vec<(NotificationId, NotificationStatusCode)>>,
    Mutex<Vec<(NotificationId, TemplateId, &'static str)>>,
);

impl Witness for Heard {
    fn notification(&self, settled: &Notification) {
        self.0.lock().unwrap().push((settled.id, settled.status.name()));
    }
    fn wording(&self, of: &Notification, template: TemplateId, fault: &Fault) {
        self.1.lock().unwrap().push((of.id, template, fault.code));
    }
    fn delivery(&self, _: &Delivery) {}
}

struct World {
    planner: Planner,
    sender: Sender,
    witness: Arc<Heard>,
    store: Arc<NotificationsInMemory>,
    templates: Arc<EntitiesInMemory<Template>>,
    jobs: Arc<JobsInMemory>,
    book: Arc<BookInMemory>,
    post: Arc<Post>,
    clock: Arc<ManualClock>,
    ids: Arc<CountingIds>,
    life: Life,
}

/// Four days before the booking, at noon in Tokyo.
const MADE: &str = "2026-03-16T03:00:00Z";
const START: &str = "2026-03-20T05:00:00Z";

fn world(settings: &Value) -> World {
    let clock = Arc::new(ManualClock::at(at(MADE)));
    let (jobs, book, post) =
        (Arc::new(JobsInMemory::default()), Arc::new(BookInMemory::default()), Arc::new(Post::default()));
    let (store, ids) = (Arc::new(NotificationsInMemory::new(jobs.clone())), Arc::new(CountingIds::default()));
    let (witness, templates) = (Arc::new(Heard::default()), Arc::new(EntitiesInMemory::<Template>::default()));
    let planner = Planner::new(planner::Ports {
        book: book.clone(),
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        pause: Arc::new(NoPause),
    });
    let sender = Sender::new(Ports {
        book: book.clone(),
        store: store.clone(),
        promotions: store.clone(),
        templates: templates.clone(),
        channels: post.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        pause: Arc::new(NoPause),
        witness: witness.clone(),
    });
    book.put_house(house(settings));
    let life = Life::made(Author::Customer, BookingStatus::Confirmed, at(START), at(MADE));
    book.put_booking(STORE, life.facts.clone());
    World { planner, sender, witness, store, templates, jobs, book, post, clock, ids, life }
}

impl World {
    fn reports(&self) -> Reports {
        Reports {
            book: self.book.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds),
            pause: Arc::new(NoPause),
            witness: self.witness.clone(),
        }
    }

    async fn plan(&self) -> Planned {
        self.book.put_booking(STORE, self.life.facts.clone());
        self.planner.on(&outbox(self.life.last())).await.unwrap()
    }

    /// Plans an offer to the customer, if they agreed.
    async fn offer(&self) -> (Promotion, Vec<NotificationId>) {
        let (book, store, clock) = (self.book.clone(), self.store.clone(), self.clock.clone());
        let (ids, pause) = (self.ids.clone(), Arc::new(NoPause));
        let offer = OfferText { headline: "春".into(), body: "2割引".into() };
        let texts = OfferTexts { ja: Some(offer), en: None };
        let details = PromotionDetails { texts, send_at: None, audience: Audience::default() };
        let ports = desk::Ports { book, store, clock, ids: ids.clone(), pause: pause.clone() };
        let promotions = desk::Promotions::new(ports);
        let made = promotions.create(&Caller::system(), &scope(), &details, &NoReceipt).await.unwrap();
        let (book, store, clock) = (self.book.clone(), self.store.clone(), self.clock.clone());
        let promoter = Promoter::new(promoter::Ports { book, store, clock, ids, pause });
        promoter.lot(&Planning { tenant: TENANT, store: STORE, promotion: made.id }).await.unwrap();
        let told = self.store.all().into_iter().filter(|one| one.promotion() == Some(made.id));
        let told = told.map(|one| one.id).collect();
        (made, told)
    }

    async fn send(&self, id: NotificationId) -> Progress {
        self.sender.send(&Sending { tenant: TENANT, store: STORE, notification: id }).await.unwrap()
    }

    fn one(&self, id: NotificationId) -> Notification {
        self.store.all().into_iter().find(|one| one.id == id).unwrap()
    }

    fn status(&self, id: NotificationId) -> NotificationStatusCode {
        self.one(id).status.name()
    }

    fn handed_over(&self) -> Vec<(Channel, Uuid)> {
        self.post.handed_over().iter().map(|message| (message.to.channel(), message.retry_key)).collect()
    }

    /// Moves the clock to where it waits until.
    fn wait(&self, progress: Progress) {
        let Progress::Waits(until) = progress else { panic!("it does not wait") };
        self.clock.set(until.max(self.clock.now()));
    }
}

fn later(minutes: i64) -> DateTime<Utc> {
    at(MADE) + TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn what_is_planned_is_sent_when_it_is_time() {
    let world = world(&json!({}));
    let told = world.plan().await.told;
    let [confirmed, reminder] = told[..] else { panic!("{told:?}") };
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    let message = world.post.handed_over().remove(0);
    assert_eq!((message.to.channel(), message.kind), (Channel::Line, NotificationKind::BookingConfirmed));
    assert!(message.text.contains("2026年3月20日(金) 14:00") && message.card.is_some(), "{}", message.text);
    assert_eq!((message.sender_name.as_str(), message.retry_key), ("サロン花子", world.one(confirmed).retry_key));
    let sent = world.one(confirmed);
    assert_eq!((sent.status.name(), sent.status.provider_id()), (NotificationStatusCode::Sent, Some("p-1")));
    assert_eq!(sent.content.map(|content| content.text), Some(message.text));

    let due = at("2026-03-19T05:00:00Z");
    assert_eq!(world.send(reminder).await, Progress::Waits(due));
    world.clock.set(due);
    assert_eq!(world.send(reminder).await, Progress::Settled);
    assert_eq!(world.send(reminder).await, Progress::Settled, "and not once more");
    let settled = [confirmed, reminder].map(|one| (one, NotificationStatusCode::Sent));
    assert_eq!(*world.witness.0.lock().unwrap(), settled);
    assert_eq!(world.handed_over().len(), 2);

    let lease = Lease { id: Uuid::nil().into(), until: due + TimeDelta::minutes(1) };
    let jobs = world.jobs.claim("notification.send", 9, lease, due).await.unwrap();
    let due_at: Vec<_> = jobs.iter().map(|job| (job.due_at, job.store)).collect();
    assert_eq!(due_at, [(at(MADE), Some(STORE)), (due, Some(STORE))]);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_with_the_same_key_and_then_elsewhere() {
    let world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    world.post.answer([Outcome::later("busy"), Outcome::unknown("no answer"), Outcome::refused("blocked")]);
    for _ in 0..3 {
        let progress = world.send(confirmed).await;
        world.wait(progress);
    }
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    let key = world.one(confirmed).retry_key;
    let expected = [Channel::Line, Channel::Line, Channel::Line, Channel::Email].map(|channel| (channel, key));
    assert_eq!(world.handed_over(), expected);
    let sent = world.one(confirmed);
    assert_eq!(
        (sent.status.name(), sent.channel(), sent.retry_count()),
        (NotificationStatusCode::Sent, Channel::Email, 3)
    );
    assert_eq!(sent.given_up.iter().map(|one| one.why.as_str()).collect::<Vec<_>>(), ["blocked"]);
    let mail = world.post.handed_over().remove(3);
    assert!(mail.subject.is_some() && mail.html.is_some() && mail.calendar.is_some() && mail.card.is_none());
    assert_eq!(mail.written_at, at(MADE));
}

#[tokio::test]
async fn who_else_is_told_on_line_between_two_tries_is_told_under_another_key() {
    let mut world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    let first = world.one(confirmed).retry_key;
    world.post.answer([Outcome::unknown("no answer"), Outcome::unknown("no answer")]);
    let progress = world.send(confirmed).await;
    world.wait(progress);
    world.life.facts.addressee.addresses.line = Some("U-another".to_owned());
    world.book.put_booking(STORE, world.life.facts.clone());
    let progress = world.send(confirmed).await;
    world.wait(progress);
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    let second = world.one(confirmed).retry_key;
    assert_ne!(second, first, "LINE would take it for what it took before");
    assert_eq!(world.handed_over(), [first, second, second].map(|key| (Channel::Line, key)));
}

#[tokio::test]
async fn when_nobody_takes_it_it_has_failed() {
    let world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    world.post.answer(std::iter::repeat_n(Outcome::refused("no such number"), 3));
    for _ in 0..2 {
        let progress = world.send(confirmed).await;
        world.wait(progress);
    }
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    let failed = world.one(confirmed);
    assert_eq!(
        (failed.status.name(), failed.error.as_deref()),
        (NotificationStatusCode::Failed, Some("no such number"))
    );
    assert_eq!(failed.gone(), [Channel::Line, Channel::Email]);
}

#[tokio::test]
async fn a_worker_that_dies_before_it_has_written_leaves_the_same_key() {
    let world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    // The try was written, and the message perhaps handed over: nothing is written of the outcome.
    let prepared = world.sender.prepare(&scope(), confirmed).await.unwrap();
    let super::Prepared::Ready(ready) = prepared else { panic!("it is due") };
    let lost = ready.message.unwrap();
    assert_eq!(world.one(confirmed).tries, 1);
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    assert_eq!(world.post.handed_over()[0], lost);
}

#[tokio::test]
async fn nothing_is_sent_of_what_was_called_off() {
    let mut world = world(&json!({}));
    let told = world.plan().await.told;
    world.life.becomes(BookingEventKind::Cancelled, Author::Customer, later(1));
    world.clock.set(later(1));
    // The event has not come yet; the booking is read all the same.
    world.book.put_booking(STORE, world.life.facts.clone());
    assert_eq!(world.send(told[0]).await, Progress::Settled);
    assert_eq!((world.status(told[0]), world.handed_over().len()), (NotificationStatusCode::Cancelled, 0));
    let planned = world.plan().await;
    assert_eq!(planned.called_off, [told[1]]);
    world.clock.set(at("2026-03-19T05:00:00Z"));
    assert_eq!(world.send(told[1]).await, Progress::Settled);
    assert_eq!((world.status(told[1]), world.handed_over().len()), (NotificationStatusCode::Cancelled, 0));
}

#[tokio::test]
async fn who_was_put_away_is_told_nothing_and_that_is_no_failure() {
    let mut world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    let mut hanako = crate::testing::hanako();
    hanako.agrees_to_offers = true;
    world.book.put_customer(STORE, hanako.clone());
    let (_, offered) = world.offer().await;
    let addressee = Addressee { in_use: false, addresses: Addresses::default(), ..hanako };
    world.book.put_customer(STORE, addressee.clone());
    world.life.facts.addressee = addressee;
    world.book.put_booking(STORE, world.life.facts.clone());
    for told in [confirmed, offered[0]] {
        assert_eq!(world.send(told).await, Progress::Settled);
        let status = world.one(told).status;
        assert!(matches!(status, Status::Cancelled { why: Needless::Erased, .. }), "{status:?}");
    }
    assert_eq!(world.handed_over(), []);
    assert!(world.witness.0.lock().unwrap().iter().all(|(_, status)| *status == NotificationStatusCode::Cancelled));
    // Nor is anything planned of what becomes of their bookings.
    world.life.becomes(BookingEventKind::Cancelled, Author::Staff, later(1));
    world.clock.set(later(1));
    assert_eq!(world.plan().await.told, []);
}

#[tokio::test]
async fn it_is_told_of_an_own_wording_that_fails() {
    let world = world(&json!({}));
    let id = TemplateId(Uuid::from_u128(70));
    let details = TemplateDetails {
        kind: NotificationKind::BookingConfirmed,
        channel: Channel::Line,
        language: musubi_kernel::locale::Locale::Ja,
        name: "Own".into(),
        subject: None,
        content: "{{ gone }}".into(),
        html: None,
        is_default: true,
        is_active: true,
    };
    let now = world.clock.now();
    let own =
        Template { id, tenant_id: TENANT, store_id: STORE, details, version: 1, created_at: now, updated_at: now };
    let caller = Caller::system();
    let made = Change {
        kind: "notification_template.created".into(),
        subject_kind: "notification_template",
        subject: id.0,
        tenant: Some(TENANT),
        store: Some(STORE),
        caller: &caller,
        at: now,
    };
    let record = Record::of(&*world.ids, &made, None::<&Template>, Some(&own));
    world.templates.insert(&scope(), &own, &record, None).await.unwrap();
    let confirmed = world.plan().await.told[0];
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    assert!(world.post.handed_over()[0].text.contains("2026年3月20日"), "the usual wording is used");
    assert_eq!(*world.witness.1.lock().unwrap(), [(confirmed, id, "unknown_variable")]);
}

#[tokio::test]
async fn what_is_called_off_on_its_way_was_sent() {
    let mut world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    world.life.becomes(BookingEventKind::Cancelled, Author::Customer, later(0));
    let (store, why) = (world.store.clone(), crate::notification::status::Needless::BookingCancelled);
    world.post.meanwhile(move |message| {
        let one = store.all().into_iter().find(|one| one.id == message.notification).unwrap();
        let called_off = one.cancelled(why, later(0)).unwrap();
        futures_now(crate::ports::NotificationStore::save(&*store, &scope(), &called_off, None)).unwrap();
    });
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    assert_eq!((world.status(confirmed), world.handed_over().len()), (NotificationStatusCode::Sent, 1));
}

#[tokio::test]
async fn what_is_called_off_while_it_waits_for_its_channel_is_not_sent() {
    let mut world = world(&json!({}));
    let confirmed = world.plan().await.told[0];
    world.life.becomes(BookingEventKind::Cancelled, Author::Customer, later(0));
    let (book, cancelled) = (world.book.clone(), world.life.facts.clone());
    world.post.in_line(move || book.put_booking(STORE, cancelled.clone()));
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    assert_eq!((world.status(confirmed), world.handed_over().len()), (NotificationStatusCode::Cancelled, 0));
}

#[tokio::test]
async fn a_channel_that_is_full_is_no_try() {
    let world = world(&json!({ "rate_per_minute": 7 }));
    let confirmed = world.plan().await.told[0];
    world.post.full(true);
    for seconds in [0, 5, 10] {
        world.clock.set(at(MADE) + TimeDelta::seconds(seconds));
        let comes_back = world.clock.now() + TimeDelta::seconds(5);
        assert_eq!(world.send(confirmed).await, Progress::Waits(comes_back));
    }
    let waiting = world.store.all().into_iter().find(|one| one.id == confirmed).unwrap();
    assert_eq!((waiting.status.name(), waiting.tries_in_all), (NotificationStatusCode::Pending, 0));
    world.post.full(false);
    world.clock.set(at(MADE) + TimeDelta::seconds(60));
    assert_eq!(world.send(confirmed).await, Progress::Settled);
    assert_eq!((world.status(confirmed), world.handed_over().len()), (NotificationStatusCode::Sent, 1));
}

/// The result of what never waits.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) else { panic!("it waits") };
    done
}

#[tokio::test]
async fn a_worker_that_was_away_sends_what_is_still_worth_it() {
    for (now, status) in
        [("2026-03-20T04:59:59Z", NotificationStatusCode::Sent), (START, NotificationStatusCode::Cancelled)]
    {
        let world = world(&json!({}));
        let reminder = world.plan().await.told[1];
        world.clock.set(at(now));
        assert_eq!(world.send(reminder).await, Progress::Settled);
        assert_eq!(world.status(reminder), status, "{now}");
    }
    // In the quiet hours it waits for their end.
    let world = world(&json!({}));
    let reminder = world.plan().await.told[1];
    world.clock.set(at("2026-03-19T15:00:00Z"));
    assert_eq!(world.send(reminder).await, Progress::Waits(at("2026-03-19T23:00:00Z")));
    assert_eq!(world.one(reminder).tries, 0);
}

#[tokio::test]
async fn news_of_a_booking_does_not_wait_behind_offers() {
    let world = world(&json!({ "rate_per_minute": 7, "quiet_hours": false }));
    let mut addressee = crate::testing::hanako();
    addressee.agrees_to_offers = true;
    world.book.put_customer(STORE, addressee);
    for _ in 0..20 {
        let (_, told) = world.offer().await;
        world.send(told[0]).await;
    }
    let confirmed = world.plan().await.told[0];
    assert_eq!(world.send(confirmed).await, Progress::Waits(world.clock.now() + TimeDelta::seconds(10)));
}

#[tokio::test]
async fn offers_are_sent_at_the_rate_of_their_store() {
    let world = world(&json!({ "rate_per_minute": 7, "quiet_hours": false }));
    let mut addressee = crate::testing::hanako();
    addressee.agrees_to_offers = true;
    world.book.put_customer(STORE, addressee);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let (_, told) = world.offer().await;
        waiting.push((world.clock.now(), told[0]));
    }
    let mut sent = Vec::new();
    while !waiting.is_empty() {
        waiting.sort_by_key(|(until, _)| *until);
        let (until, id) = waiting.remove(0);
        world.clock.set(until.max(world.clock.now()));
        match world.send(id).await {
            Progress::Settled => sent.push((world.clock.now(), id)),
            Progress::Waits(until) => waiting.push((until, id)),
        }
    }
    assert_eq!(sent.len(), 20);
    for (first, _) in &sent {
        let within = sent.iter().filter(|(at, _)| at >= first && *at < *first + TimeDelta::minutes(1));
        assert!(within.count() <= 7);
    }
    let took = sent[19].0 - sent[0].0;
    assert!(took >= TimeDelta::seconds(180), "two at once, and then one every ten seconds: {took}");
}

#[tokio::test]
async fn an_offer_is_told_to_who_agrees_when_it_is_sent() {
    let world = world(&json!({}));
    assert_eq!(world.offer().await.1, [], "who has not agreed");
    let mut addressee = crate::testing::hanako();
    addressee.agrees_to_offers = true;
    addressee.unsubscribe.page = Some("https://example.jp/unsubscribe#t".into());
    world.book.put_customer(STORE, addressee.clone());
    let ((_, told), (called_off, other), (_, third)) = (world.offer().await, world.offer().await, world.offer().await);
    assert_eq!(world.send(told[0]).await, Progress::Settled);
    let message = world.post.handed_over().remove(0);
    assert!(
        message.text.contains("春") && message.text.contains("https://example.jp/unsubscribe#t"),
        "{}",
        message.text
    );
    assert_eq!(message.unsubscribe, Some(addressee.unsubscribe.clone()));
    let kept = world.one(told[0]).content.unwrap().text;
    assert!(kept.contains("[…]") && !kept.contains("unsubscribe#t"), "{kept}");
    assert!(!format!("{addressee:?}").contains("unsubscribe#t"));

    let cancelled = called_off.planned(None, at(MADE)).unwrap().cancelled(at(MADE)).unwrap();
    world.store.plan(&scope(), &cancelled, &[]).await.unwrap();
    addressee.agrees_to_offers = false;
    assert_eq!(world.send(other[0]).await, Progress::Settled);
    world.book.put_customer(STORE, addressee);
    assert_eq!(world.send(third[0]).await, Progress::Settled);
    let why = |id| match world.one(id).status {
        Status::Cancelled { why, .. } => Some(why),
        _ => None,
    };
    assert_eq!((why(other[0]), why(third[0])), (Some(Needless::OfferCancelled), Some(Needless::Declined)));
    assert_eq!(world.handed_over().len(), 1, "taken back in time");
}

#[tokio::test]
async fn what_a_provider_says_later_is_taken_up() {
    let world = world(&json!({ "channels": ["sms", "email"] }));
    let told = world.plan().await.told;
    world.send(told[0]).await;
    let report = async |report: &Report| world.reports().take(&scope(), Channel::Sms, "p-1", report).await.unwrap();
    let lost = Report::Undeliverable { why: "no such number".into() };
    assert!(!world.reports().take(&scope(), Channel::Sms, "p-7", &Report::Delivered).await.unwrap());
    assert!(report(&lost).await);
    assert_eq!(
        (world.status(told[0]), world.one(told[0]).channel()),
        (NotificationStatusCode::Pending, Channel::Email)
    );
    assert!(!report(&lost).await, "what the provider calls so is no longer known");
    assert_eq!(world.send(told[0]).await, Progress::Settled);
    assert_eq!(world.reports().take(&scope(), Channel::Email, "p-2", &Report::Delivered).await, Ok(true));
    assert_eq!(world.status(told[0]), NotificationStatusCode::Delivered);
    assert_eq!(world.reports().take(&scope(), Channel::Email, "p-2", &lost).await, Ok(true));
    assert_eq!(world.status(told[0]), NotificationStatusCode::Delivered);
}

#[tokio::test]
async fn a_persons_own_list_is_written_without_a_message() {
    use crate::inbox::Inbox;
    use musubi_kernel::access::Actor;
    use musubi_kernel::page::PageRequest;
    let mut world = world(&json!({}));
    world.life.facts.addressee.addresses.user = Some(USER);
    let told = world.plan().await.told;
    // Both ways of the confirmation, and then of the reminder.
    let night = at("2026-03-19T12:30:00Z");
    for id in &told {
        world.send(*id).await;
    }
    world.clock.set(night);
    world.send(told[3]).await;
    assert_eq!(world.handed_over().len(), 1, "quiet hours are nothing to a list");
    assert_eq!(
        (world.status(told[1]), world.status(told[3])),
        (NotificationStatusCode::Delivered, NotificationStatusCode::Delivered)
    );

    let inbox = Inbox::new(world.store.clone(), world.clock.clone());
    let of = |user| Actor::Person { user, session: Uuid::nil().into() }.as_person().unwrap();
    let (person, stranger) = (of(USER), of(Uuid::from_u128(99).into()));
    let first = inbox.page(&person, false, &PageRequest { limit: 1, after: None }).await.unwrap();
    assert_eq!((first.items[0].id, first.items[0].title.as_str()), (told[3], "明日14:00のご予約のお知らせ"));
    let rest = inbox.page(&person, false, &PageRequest { limit: 9, after: first.next }).await.unwrap();
    assert_eq!(rest.items.iter().map(|entry| entry.id).collect::<Vec<_>>(), [told[1]]);
    assert_eq!((inbox.unread(&person).await, inbox.unread(&stranger).await), (Ok(2), Ok(0)));
    assert_eq!(inbox.mark_read(&stranger, told[1]).await, Err(EntityError::NotFound("notification")));
    inbox.mark_read(&person, told[1]).await.unwrap();
    inbox.mark_read(&person, told[1]).await.unwrap();
    assert_eq!(inbox.unread(&person).await, Ok(1));
    assert_eq!(inbox.mark_all_read(&person, at(MADE)).await, Ok(0), "what came later was not seen");
    assert_eq!(inbox.mark_all_read(&person, night).await, Ok(1));
    assert!(inbox.page(&person, true, &PageRequest::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_store_that_does_no_business_tells_nobody() {
    let world = world(&json!({}));
    let told = world.plan().await.told;
    world.book.close_house(STORE);
    assert_eq!(world.send(told[0]).await, Progress::Settled);
    assert_eq!(world.status(told[0]), NotificationStatusCode::Cancelled);
    assert_eq!(world.plan().await, Planned::default());
}

#[tokio::test]
async fn a_wait_that_a_provider_wants_is_kept() {
    let world = world(&json!({ "channels": ["email"] }));
    let confirmed = world.plan().await.told[0];
    world.post.answer([Outcome::Later { why: "429".into(), after: Some(Duration::from_mins(10)) }]);
    assert_eq!(world.send(confirmed).await, Progress::Waits(later(10)));
    assert_eq!(world.send(confirmed).await, Progress::Waits(later(10)), "and not before");
    assert_eq!(world.handed_over().len(), 1);
}
