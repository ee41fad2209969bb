//! The desk over a database, from the hold to the visit.

use super::agree::{books_agree, records_of, rows_of};
use super::house::{House, fresh, tokyo, wish};
use chrono::TimeDelta;
use musubi_booking::booking::{By, Status};
use musubi_booking::change::ChangeKind;
use musubi_booking::code::Source;
use musubi_booking::desk::{NewBooking, NewTerms, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::patron::Newcomer;
use musubi_booking::ports::BookingFilter;
use musubi_booking::reach::Reach;
use musubi_booking::refusal::Refusal;
use musubi_booking::request::Wish;
use musubi_catalog::menu::Requirement;
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::ResourceType;
use musubi_catalog::store::NoShowPolicy;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::money::Amount;
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::NoReceipt;
use musubi_sql_testing::{TestDb, on_each_engine};

fn because() -> By {
    By::Staff { reason: "雨 ☔".to_owned() }
}

async fn from_the_hold_to_the_visit(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("ours", |_| ()).await;
    let staff = house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let room = house.resource(&scope, ResourceType::Room, |_| ()).await;
    let menu = house.menu(&scope, |menu| {
        (menu.prep_duration, menu.cleanup_duration, menu.buffer_duration) = (5, 10, 5);
        menu.require_approval = true;
        let room = Requirement { kind: ResourceType::Room, quantity: 1, resource_ids: None };
        menu.required_resources = vec![room];
    });
    let menu = menu.await;
    let spa = MenuOptionDetails { price: Amount(500), duration: 15, ..MenuOptionDetails::new("スパ") };
    let spa = house.option(&scope, menu, spa).await;
    let desk = house.desk();
    let wanted = Wish { options: vec![spa], source: Source::Web, ..wish() };
    let held = desk.hold(&scope, menu, tokyo(10, "10:00"), &wanted, &NoReceipt).await.unwrap();
    let taken = desk.hold(&scope, menu, tokyo(10, "11:00"), &wanted, &NoReceipt).await;
    assert_eq!(taken.err(), Some(BookingError::Refused(Refusal::SlotTaken)));

    let new = NewBooking {
        what: What::Held { token: held.token.expose().to_owned() },
        who: Who::Described(Newcomer {
            name: Some("花子".to_owned()),
            phone: Some("+819012345678".to_owned()),
            ..Newcomer::default()
        }),
        notes: musubi_booking::booking::Notes::default(),
        preferred_times: vec![tokyo(11, "10:00"), tokyo(11, "12:00")],
    };
    let booked = desk.book(&house.caller, &scope, &new, &NoReceipt).await.unwrap().booking;
    assert_eq!((&booked.status, booked.agreement.resources.len()), (&Status::Pending, 2));
    assert_eq!(booked.agreement.price.total, Amount(6_000));
    assert_eq!(desk.booking(&scope, booked.id, Reach::Store).await, Ok(booked.clone()));
    assert_eq!(rows_of(&test.db, "holds").await, 0);
    let again = desk.book(&house.caller, &scope, &new, &NoReceipt).await;
    assert_eq!(again.err(), Some(BookingError::HoldExpired));

    let target = || house.target(&scope, booked.id);
    let confirmed = desk.confirm(target(), Some(tokyo(11, "10:00")), None, &NoReceipt).await.unwrap();
    assert_eq!((&confirmed.status, confirmed.starts_at()), (&Status::Confirmed, tokyo(11, "10:00")));
    let terms = NewTerms { start: Some(tokyo(12, "15:00")), options: Some(Vec::new()), ..NewTerms::default() };
    let moved = desk.reschedule(target(), &terms, &because(), &NoReceipt).await.unwrap();
    assert_eq!((moved.starts_at(), moved.agreement.price.total), (tokyo(12, "15:00"), Amount(5_500)));
    assert!(moved.agreement.options.is_empty());
    assert_eq!(desk.booking(&scope, booked.id, Reach::Store).await, Ok(moved));
    assert_eq!(desk.complete(target(), None, &NoReceipt).await, Err(BookingError::NotStarted));
    house.clock.set(tokyo(12, "16:00"));
    let done = desk.complete(target(), Some("お会計済み"), &NoReceipt).await.unwrap();
    assert_eq!((&done.status, done.version), (&Status::Completed { at: tokyo(12, "16:00") }, 4));
    let late = desk.cancel(target(), &because(), &NoReceipt).await;
    assert!(matches!(late, Err(BookingError::InvalidTransition { .. })));

    let history = desk.history(&scope, booked.id, Reach::Store).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Create, ChangeKind::Confirm, ChangeKind::Update, ChangeKind::Complete]);
    assert_eq!(history[2].reason.as_deref(), Some("雨 ☔"));
    assert_eq!(
        records_of(&test.db, booked.id.0).await,
        ["booking.completed", "booking.confirmed", "booking.created", "booking.updated"]
    );
    for resource in [staff, room] {
        let filter = BookingFilter { resource: Some(resource), ..BookingFilter::default() };
        let page = desk.bookings(&scope, &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(page.items, std::slice::from_ref(&done));
    }
    assert_eq!(rows_of(&test.db, "customers").await, 1);
    books_agree(&test.db).await;
}
on_each_engine!(from_the_hold_to_the_visit);

async fn who_stays_away_is_restricted(test: TestDb) {
    let house = House::new(&test).await;
    let policy = NoShowPolicy { threshold: 2, restrict_days: 10 };
    let scope = house.store("ours", |store| store.no_show_policy = policy).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let customer = house.customer(&scope, CustomerDetails::named("太郎")).await;
    let desk = house.desk();
    let book = async |day, time| {
        let new = fresh(menu, tokyo(day, time), wish(), customer);
        desk.book(&house.caller, &scope, &new, &NoReceipt).await.map(|booked| booked.booking)
    };
    let missed = [book(2, "10:00").await.unwrap(), book(3, "10:00").await.unwrap()];
    let kept = book(4, "10:00").await.unwrap();
    house.clock.set(tokyo(3, "12:00"));
    for booking in &missed {
        desk.no_show(house.target(&scope, booking.id), None, &NoReceipt).await.unwrap();
    }
    assert_eq!(book(5, "10:00").await.err(), Some(BookingError::Refused(Refusal::CustomerRestricted)));
    house.clock.advance(TimeDelta::days(10));
    let back = book(14, "10:00").await.unwrap();
    desk.cancel(house.target(&scope, back.id), &because(), &NoReceipt).await.unwrap();
    desk.complete(house.target(&scope, kept.id), None, &NoReceipt).await.unwrap();
    books_agree(&test.db).await;
}
on_each_engine!(who_stays_away_is_restricted);

async fn what_is_given_back_can_be_booked(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let customer = house.customer(&scope, CustomerDetails::named("太郎")).await;
    let (desk, start) = (house.desk(), tokyo(10, "10:00"));
    let new = fresh(menu, start, wish(), customer);
    let held = desk.hold(&scope, menu, start, &wish(), &NoReceipt).await.unwrap();
    let taken = Some(BookingError::Refused(Refusal::SlotTaken));
    assert_eq!(desk.book(&house.caller, &scope, &new, &NoReceipt).await.err(), taken);
    desk.release(&scope, held.token.expose()).await.unwrap();
    desk.release(&scope, held.token.expose()).await.unwrap();
    let ended = desk.hold(&scope, menu, start, &wish(), &NoReceipt).await.unwrap();
    house.clock.set(ended.hold.expires_at);
    let first = desk.book(&house.caller, &scope, &new, &NoReceipt).await.unwrap().booking;
    let what = What::Held { token: ended.token.expose().to_owned() };
    let late = desk.book(&house.caller, &scope, &NewBooking { what, ..new.clone() }, &NoReceipt).await;
    assert_eq!(late.err(), Some(BookingError::HoldExpired));
    assert_eq!(desk.book(&house.caller, &scope, &new, &NoReceipt).await.err(), taken);
    // In its own way it is not.
    let terms = NewTerms { start: Some(tokyo(10, "10:30")), ..NewTerms::default() };
    desk.reschedule(house.target(&scope, first.id), &terms, &because(), &NoReceipt).await.unwrap();
    desk.cancel(house.target(&scope, first.id), &because(), &NoReceipt).await.unwrap();
    desk.book(&house.caller, &scope, &new, &NoReceipt).await.unwrap();
    books_agree(&test.db).await;
}
on_each_engine!(what_is_given_back_can_be_booked);
