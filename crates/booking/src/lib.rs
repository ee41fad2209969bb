//! What can be booked when, and the life of a booking.
//!
//! This crate is the booking context of Musubi, and it stands alone: it knows no database, no protocol and no other
//! context. What it needs of the outside it says in [`ports`]; `examples/embed.rs` runs it with the ports in memory.
//!
//! # Words
//!
//! | word | what it is |
//! |---|---|
//! | [`Shop`](shop::Shop), [`Service`](service::Service), [`BookableResource`](resource::BookableResource) | a store, a menu and what can be booked, as far as booking needs to know them |
//! | [`Wish`](request::Wish), [`Guest`](request::Guest) | what somebody asks for, and what the rules need to know of them |
//! | [`Occupancy`](occupancy::Occupancy) | what bookings and live holds have taken already |
//! | [`Plan`](plan::Plan) | one wish against one [`Situation`](plan::Situation), prepared for a range of dates |
//! | [`Offer`](plan::Offer), [`Offers`](plan::Offers) | a start that can be had, with its windows, resources and price; all that a search found |
//! | [`Refusal`](refusal::Refusal) | the first rule that a start breaks |
//! | [`Agreement`](agreement::Agreement) | an offer that was taken: names, lengths and prices are copied into it, so later edits of the menu never change it |
//! | [`Hold`](hold::Hold) | an agreement kept free for some minutes; it ends by the clock alone |
//! | [`Booking`](booking::Booking) | an agreement with a customer, a number and a status |
//! | [`Reach`](reach::Reach) | which bookings of a store a caller reaches: all, their own resource's, their own |
//! | [`BookingChange`](change::BookingChange) | one entry of a booking's history |
//! | [`Desk`](desk::Desk) | the use cases: search, hold, book, confirm, reschedule, cancel, complete, no-show |
//!
//! # One judge
//!
//! All rules are pure functions over a [`Situation`](plan::Situation). The search judges the first of every run of
//! starts between which nothing changes; holding, booking, confirming at a preferred time and rescheduling ask
//! [`Plan::at`](plan::Plan::at) about one. Both go through the same code, so what is offered can be booked, and nothing else. Which rules there are, in which order they
//! are named, and how they read where they leave a choice is written in `docs/booking-rules.md`; worked cases are in
//! `docs/booking-examples.md`, which the tests read.
//!
//! # Days are the locks
//!
//! A write first takes the locks of every day that it touches
//! ([`days_to_lock`](agreement::days_to_lock): the business date, and the UTC dates of the occupied window), then reads what
//! is taken, decides by the plan, and commits. Two windows that meet share a moment and so a day: their writers queue,
//! whatever the lengths, resources and sources. Writers of different days never wait for each other. A lost race is run
//! again from the start.
//!
//! # Example
//!
//! The free starts of a Tuesday morning, of which 10:30 is taken:
//!
//! ```
//! # use chrono::{DateTime, NaiveDate, Utc};
//! # use musubi_booking::code::{BookingMode, ResourceKind, ServiceKind, Source};
//! # use musubi_booking::resource::BookableResource;
//! # use musubi_booking::service::{Eligibility, Pricing, Service};
//! # use musubi_booking::shop::{Calendar, NoShowPolicy, Shop};
//! # use musubi_kernel::hours::{OpenInterval, WeeklyHours};
//! # use musubi_kernel::id::{MenuId, ResourceId, StoreId};
//! # use musubi_kernel::money::Amount;
//! # use musubi_kernel::zone::Tz;
//! # use uuid::Uuid;
//! use musubi_booking::minute::{Minute, Span};
//! use musubi_booking::occupancy::{Occupancy, Taken};
//! use musubi_booking::plan::{Plan, Situation};
//! use musubi_booking::refusal::Refusal;
//! use musubi_booking::request::Wish;
//!
//! # let aki = ResourceId(Uuid::from_u128(1));
//! # let open = OpenInterval { open: "10:00".parse()?, close: "12:00".parse()? };
//! # let shop = Shop {
//! #     id: StoreId(Uuid::nil()), name: "Shop".into(), address: None, zone: Tz::Asia__Tokyo,
//! #     hours: WeeklyHours { tue: vec![open], ..WeeklyHours::default() }, slot_interval: 30, advance_booking_days: 60,
//! #     accept_same_day: true, daily_limit: 50, hold_minutes: 10, mode: BookingMode::Auto,
//! #     require_customer_info: false, active: true, public: true, no_show_policy: NoShowPolicy::default(),
//! # };
//! # let service = Service {
//! #     id: MenuId(Uuid::nil()), name: "Trim".into(), kind: ServiceKind::Individual, base_duration: 30, prep: 0,
//! #     cleanup: 0, buffer: 0, pricing: Pricing { base: Amount(3000), ..Pricing::default() }, requires_resource: false,
//! #     allowed_kinds: Some(vec![ResourceKind::Staff]), allowed_resources: None, required_resources: vec![],
//! #     participants: (1, 1), eligibility: Eligibility::default(), advance_booking_hours: 2, cancellation_hours: 24,
//! #     online: true, requires_approval: false, active: true, bookable: true, options: vec![],
//! # };
//! # let resources = [BookableResource {
//! #     id: aki, kind: ResourceKind::Staff, name: "Aki".into(), efficiency: 100, hourly_rate_diff: 0, capacity: 1,
//! #     sort_order: 0, hours: None, absences: vec![],
//! # }];
//! let tuesday: NaiveDate = "2026-06-02".parse()?;
//! let minute = |text: &str| text.parse::<DateTime<Utc>>().map(Minute::containing);
//! // Half past ten in Tokyo is half past one in UTC.
//! let window = Span { from: minute("2026-06-02T01:30:00Z")?, to: minute("2026-06-02T02:00:00Z")? };
//! let mut occupancy = Occupancy::default();
//! occupancy.taken.push(Taken { resource: aki, business_date: tuesday, window, seats: 1 });
//!
//! let situation = Situation {
//!     shop: &shop,
//!     service: &service,
//!     resources: &resources,
//!     calendar: &Calendar::new(),
//!     occupancy: &occupancy,
//!     now: "2026-06-01T00:00:00Z".parse()?,
//! };
//! let wish = Wish { party_size: 1, nominated: None, options: vec![], source: Source::Web };
//! let plan = Plan::new(situation, &wish, None, &(tuesday..=tuesday)).expect("options and nomination are fine");
//!
//! let starts: Vec<String> = plan
//!     .offers(&(tuesday..=tuesday))
//!     .iter()
//!     .map(|offer| offer.service.from.instant().with_timezone(&shop.zone).format("%H:%M").to_string())
//!     .collect();
//! assert_eq!(starts, ["10:00", "11:00", "11:30"]);
//! assert_eq!(plan.at(minute("2026-06-02T01:30:00Z")?), Err(Refusal::SlotTaken));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod agreement;
pub mod booking;
pub mod change;
pub mod code;
pub mod desk;
pub mod error;
pub mod hold;
pub mod memory;
pub mod minute;
pub mod number;
pub mod occupancy;
pub mod patron;
pub mod plan;
pub mod ports;
pub mod price;
pub mod reach;
pub mod refusal;
pub mod request;
pub mod resource;
pub mod service;
pub mod shop;
pub mod token;
