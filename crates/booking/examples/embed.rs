//! Booking alone, without database and server: `cargo run -p musubi-booking --example embed`
//!
//! A program that embeds the crate brings four things: what the store offers ([`ShopBook`]), where bookings are kept
//! ([`BookingStore`]), a clock, and a source of ids. Here all of them live in memory, and the clock stands at nine on a
//! Monday morning in Tokyo, so that every run prints the same.
//!
//! [`ShopBook`]: musubi_booking::ports::ShopBook
//! [`BookingStore`]: musubi_booking::ports::BookingStore

use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::{By, Notes};
use musubi_booking::code::{BookingMode, ResourceKind, ServiceKind, Source};
use musubi_booking::desk::{Desk, NewBooking, NewTerms, SlotQuery, Target, What, Who};
use musubi_booking::memory::{BookingsInMemory, ShopsInMemory};
use musubi_booking::patron::Newcomer;
use musubi_booking::ports::Offering;
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, Pricing, Service};
use musubi_booking::shop::{Calendar, NoShowPolicy, Shop};
use musubi_kernel::access::{Caller, Permission, StoreRef};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{CountingIds, MenuId, ResourceId, StoreId, TenantId};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::NoPause;
use musubi_kernel::zone::Tz;
use std::error::Error;
use std::sync::Arc;
use uuid::Uuid;

const STORE: StoreId = StoreId(Uuid::from_u128(1));
const TRIM: MenuId = MenuId(Uuid::from_u128(2));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // What the store offers.
    let shops = Arc::new(ShopsInMemory::default());
    shops.put_shop(shop()?, Calendar::new());
    shops.put_offering(STORE, Offering { service: trim(), resources: staff(), calendar: Calendar::new() });

    // The front desk over the ports. A program of its own takes `SystemClock`, `SystemIds` and a pause that waits.
    let ids = Arc::new(CountingIds::default());
    let clock = Arc::new(ManualClock::at("2026-06-01T00:00:00Z".parse()?));
    let bookings = Arc::new(BookingsInMemory::new(ids.clone()));
    let desk = Desk::new(shops, bookings.clone(), clock.clone(), ids, Arc::new(NoPause));

    // Who acts, and leave to work on the store.
    let caller = Caller::system();
    let store = StoreRef { store: STORE, tenant: TenantId(Uuid::from_u128(3)), open_to_public: true };
    let scope = caller.actor.on_store(&store, Permission::BookingWrite)?;

    // Tomorrow's free starts.
    let tomorrow: NaiveDate = "2026-06-02".parse()?;
    let wish = Wish { party_size: 1, nominated: None, options: Vec::new(), source: Source::Web };
    let query =
        SlotQuery { menu: TRIM, from: tomorrow, to: tomorrow, wish: wish.clone(), customer: None, explain: false };
    let found = desk.slots(&scope, &query).await?;
    println!("Tomorrow:");
    for offer in &found.offers {
        let who: Vec<&str> =
            offer.choices.iter().map(|choice| found.resources[choice.resource].name.as_str()).collect();
        println!("  {}  ¥{}  {}", local(offer.service.from.instant()), offer.price.total.0, who.join(", "));
    }

    // The first of them is kept free for ten minutes, then booked.
    let first = found.offers.first().ok_or("nothing is free")?.service.from.instant();
    let held = desk.hold(&scope, TRIM, first, &wish, &NoReceipt).await?;
    println!("Held until {}", local(held.hold.expires_at));
    let new = NewBooking {
        what: What::Held { token: held.token.expose().to_owned() },
        who: Who::Described(Newcomer {
            name: Some("Ema".to_owned()),
            phone: Some("+819012345678".to_owned()),
            ..Newcomer::default()
        }),
        notes: Notes::default(),
        preferred_times: Vec::new(),
    };
    let booked = desk.book(&caller, &scope, &new, &NoReceipt).await?.booking;
    println!("Booked {} with {} at {}", booked.number, booked.agreement.resources[0].name, local(booked.starts_at()));

    // The same start once more: Ben is free. A third time: nobody is.
    let again = |name: &str| NewBooking {
        what: What::Fresh { menu: TRIM, start: first, wish: wish.clone() },
        who: Who::Described(Newcomer { name: Some(name.to_owned()), ..Newcomer::default() }),
        notes: Notes::default(),
        preferred_times: Vec::new(),
    };
    let second = desk.book(&caller, &scope, &again("Fumi"), &NoReceipt).await?.booking;
    println!("Booked {} with {}", second.number, second.agreement.resources[0].name);
    if let Err(refused) = desk.book(&caller, &scope, &again("Goro"), &NoReceipt).await {
        println!("Refused: {refused}");
    }

    // Moved to the last start of the day.
    let last = found.offers.last().ok_or("nothing is free")?.service.from.instant();
    let terms = NewTerms { start: Some(last), ..NewTerms::default() };
    let target = Target {
        caller: &caller,
        scope: &scope,
        booking: booked.id,
        version: Some(booked.version),
        reach: Reach::Store,
    };
    let by = By::Staff { reason: "the train is late".to_owned() };
    let moved = desk.reschedule(target, &terms, &by, &NoReceipt).await?;
    println!("Moved {} to {}", moved.number, local(moved.starts_at()));

    println!("History of {}:", moved.number);
    for change in desk.history(&scope, moved.id, Reach::Store).await? {
        let reason = change.reason.as_deref().unwrap_or("-");
        println!("  {} by {}: start {}, reason: {reason}", change.kind.code(), change.by_kind, change.after["start"]);
    }
    println!("Events: {}", bookings.records().len());
    Ok(())
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Tz::Asia__Tokyo).format("%a %H:%M").to_string()
}

fn shop() -> Result<Shop, Box<dyn Error>> {
    let morning = vec![OpenInterval { open: "10:00".parse()?, close: "12:00".parse()? }];
    Ok(Shop {
        id: STORE,
        name: "Salon".to_owned(),
        address: None,
        zone: Tz::Asia__Tokyo,
        hours: WeeklyHours { tue: morning, ..WeeklyHours::default() },
        slot_interval: 30,
        advance_booking_days: 60,
        accept_same_day: true,
        daily_limit: 50,
        hold_minutes: 10,
        mode: BookingMode::Auto,
        require_customer_info: false,
        active: true,
        public: true,
        no_show_policy: NoShowPolicy::default(),
    })
}

fn trim() -> Service {
    Service {
        id: TRIM,
        name: "Trim".to_owned(),
        kind: ServiceKind::Individual,
        base_duration: 30,
        prep: 0,
        cleanup: 0,
        buffer: 0,
        pricing: Pricing { base: Amount(3000), ..Pricing::default() },
        requires_resource: false,
        allowed_kinds: Some(vec![ResourceKind::Staff]),
        allowed_resources: None,
        required_resources: Vec::new(),
        participants: (1, 1),
        eligibility: Eligibility::default(),
        advance_booking_hours: 2,
        cancellation_hours: 24,
        online: true,
        requires_approval: false,
        active: true,
        bookable: true,
        options: Vec::new(),
    }
}

fn staff() -> Vec<BookableResource> {
    let someone = |number: u128, name: &str| BookableResource {
        id: ResourceId(Uuid::from_u128(number)),
        kind: ResourceKind::Staff,
        name: name.to_owned(),
        efficiency: 100,
        hourly_rate_diff: 0,
        capacity: 1,
        sort_order: 0,
        hours: None,
        absences: Vec::new(),
    };
    vec![someone(10, "Aki"), someone(11, "Ben")]
}
