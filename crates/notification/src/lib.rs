//! Who is told what, when, and by which way: a store's customers of their bookings, and a tenant's systems of events.
//!
//! This crate is pure: rules, entities, use cases, ports and fakes of them. `docs/notifications.md` has the rules as a page.
//!
//! | module | subject |
//! |---|---|
//! | [`kind`], [`channel`] | what somebody is told, and by which way |
//! | [`settings`], [`preferences`] | what a store has decided about it, and what a customer |
//! | [`quiet`], [`timing`] | quiet hours, and when somebody is told |
//! | [`facts`], [`event`] | what must be known of a store, a customer, a booking, and what became of it |
//! | [`plan`], [`due`] | what an event leads to, and whether it is still to be told |
//! | [`notification`] | one thing that one customer is told, and its life |
//! | [`route`], [`retry`], [`pace`] | by which channel next, whether again, and how fast a store's messages go out |
//! | [`template`], [`compose`], [`message`] | wordings, writing by them, and what is handed to a channel |
//! | [`promotion`], [`consent`] | offers to all who agreed to hear of them, and taking that back |
//! | [`planner`], [`sender`], [`job`] | the use cases that plan and send, and the job between them |
//! | [`templates`], [`inbox`], [`desk`] | the use cases on a store's own wordings, on a person's own list, and on what a store has told |
//! | [`chat`] | what customers do in their chats with a store at LINE |
//! | [`webhook`] | events to endpoints of tenants |
//! | [`ports`], [`memory`] | what the outside must do, and its fakes |
//! | [`witness`] | what has become of messages, for those who run the installation |
//!
//! # How it goes
//!
//! A booking's change and its event are written together. The [`Planner`](planner::Planner) gets the event, at least once,
//! reads how the booking stands, and writes [`Notification`](notification::Notification)s, each with the
//! job that sends it. At its time the [`Sender`](sender::Sender) gets the job, asks again whether it is [still
//! due](due::still_due), and hands a [`Message`](message::Message) to the [`Channels`](ports::Channels). Nothing is
//! planned twice, as what is planned twice has the same key; nothing due is lost, as what was not written down as sent is
//! sent again, with the same retry key.
//!
//! # Example
//!
//! A customer books for tomorrow; they are told at once, and reminded a day before.
//!
//! ```
//! # use chrono::{DateTime, TimeDelta, Utc};
//! # use musubi_kernel::clock::ManualClock;
//! # use musubi_kernel::entity::EntitiesInMemory;
//! # use musubi_kernel::id::{CountingIds, IdGen, TenantId};
//! # use musubi_kernel::job::memory::JobsInMemory;
//! # use musubi_kernel::record::DomainEvent;
//! # use musubi_kernel::retry::NoPause;
//! # use musubi_notification::channel::Addresses;
//! # use musubi_notification::event::BookingEventKind;
//! # use musubi_notification::facts::{
//! #     Addressee, Author, BookingFacts, BookingStatus, Snapshot, Step, Terms, Unsubscribe,
//! # };
//! # use musubi_notification::memory::{BookInMemory, NotificationsInMemory, Post};
//! # use musubi_notification::preferences::Preferences;
//! # use musubi_notification::template::examples;
//! # use musubi_kernel::money::Amount;
//! # use std::sync::Arc;
//! use musubi_notification::job::Sending;
//! use musubi_notification::planner::{self, Planner};
//! use musubi_notification::sender::{self, Progress, Sender};
//! # use musubi_notification::witness::NoWitness;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let ids = Arc::new(CountingIds::default());
//! # let now: DateTime<Utc> = "2026-03-16T03:00:00Z".parse()?;
//! # let start: DateTime<Utc> = "2026-03-20T05:00:00Z".parse()?;
//! # let clock = Arc::new(ManualClock::at(now));
//! # let book = Arc::new(BookInMemory::default());
//! # let store = Arc::new(NotificationsInMemory::new(Arc::new(JobsInMemory::default())));
//! # let post = Arc::new(Post::default());
//! # let tenant = TenantId(ids.uuid(now));
//! # let shop = examples::house();
//! # let id = ids.uuid(now);
//! # let terms = Terms {
//! #     start, end: start + TimeDelta::hours(1), menu_id: id.into(), menu_name: "カット".into(), option_ids: vec![],
//! #     party_size: 1, resources: vec![], total_price: Amount(5_500),
//! # };
//! # let snapshot = Snapshot { status: BookingStatus::Confirmed, version: 1, terms };
//! # let addresses = Addresses { line: Some("U4af4980629".into()), ..Addresses::default() };
//! # let hanako = Addressee {
//! #     customer: id.into(), name: Some("山田 花子".into()), addresses, preferences: Preferences::default(),
//! #     in_use: true, agrees_to_offers: false, unsubscribe: Unsubscribe::default(),
//! # };
//! # let made = Step {
//! #     kind: BookingEventKind::Created, at: now, by: Author::Customer, before: None, after: snapshot.clone(),
//! # };
//! # let booking = BookingFacts {
//! #     id: id.into(), number: "260320-XTHYJC8-P".into(), now: snapshot.clone(), created_at: now,
//! #     changeable_until: start - TimeDelta::hours(24), links: None, addressee: hanako, history: vec![made],
//! # };
//! # let created = DomainEvent {
//! #     id: ids.uuid(now).into(), kind: "booking.created".into(), tenant: Some(tenant), store: Some(shop.store),
//! #     subject: id, payload: serde_json::to_value(&snapshot)?, occurred_at: now,
//! # };
//! # let at_shop = shop.store;
//! book.put_house(shop);
//! book.put_booking(at_shop, booking);
//! # let planner = Planner::new(planner::Ports {
//! #     book: book.clone(), store: store.clone(), clock: clock.clone(), ids: ids.clone(), pause: Arc::new(NoPause),
//! # });
//! # let sender = Sender::new(sender::Ports {
//! #     book, store: store.clone(), promotions: store, templates: Arc::new(EntitiesInMemory::default()),
//! #     channels: post.clone(), clock: clock.clone(), ids, pause: Arc::new(NoPause), witness: Arc::new(NoWitness),
//! # });
//! let told = planner.on(&created).await?.told;
//! assert_eq!(told.len(), 2, "the confirmation and the reminder");
//! assert!(planner.on(&created).await?.told.is_empty(), "the event came again");
//!
//! let sending = |notification| Sending { tenant, store: at_shop, notification };
//! assert_eq!(sender.send(&sending(told[0])).await?, Progress::Settled);
//! let message = &post.handed_over()[0];
//! assert!(message.text.contains("ご予約が確定いたしました") && message.text.contains("2026年3月20日(金) 14:00"));
//!
//! // The reminder waits until 24 hours before.
//! let due = start - TimeDelta::hours(24);
//! assert_eq!(sender.send(&sending(told[1])).await?, Progress::Waits(due));
//! clock.set(due);
//! assert_eq!(sender.send(&sending(told[1])).await?, Progress::Settled);
//! assert!(post.handed_over()[1].text.contains("明日14:00からのご予約"));
//! # Ok(())
//! # }
//! ```

pub mod channel;
pub mod chat;
pub mod compose;
pub mod consent;
pub mod desk;
pub mod due;
pub mod event;
pub mod facts;
pub mod inbox;
pub mod job;
pub mod kind;
mod limits;
mod members;
pub mod memory;
pub mod message;
pub mod notification;
pub mod pace;
pub mod plan;
pub mod planner;
pub mod ports;
pub mod preferences;
pub mod promotion;
pub mod quiet;
pub mod retry;
pub mod route;
pub mod sender;
pub mod settings;
pub mod template;
pub mod templates;
#[cfg(test)]
mod testing;
pub mod timing;
pub mod webhook;
pub mod witness;
mod words;
