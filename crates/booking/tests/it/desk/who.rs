//! Who books, and what they are told.

use crate::fixture::{CUT, Front, STORE, at, code, fresh, named, public, resources, services, shop, staff, wish};
use chrono::NaiveDate;
use musubi_booking::booking::By;
use musubi_booking::code::{Rank, Source};
use musubi_booking::desk::{NewBooking, NewTerms, Who};
use musubi_booking::patron::{Newcomer, Patron};
use musubi_booking::ports::Offering;
use musubi_booking::shop::{Calendar, Shop};
use musubi_kernel::id::CustomerId;
use musubi_kernel::receipt::NoReceipt;

fn somebody(name: &str, phone: Option<&str>, email: Option<&str>, line: Option<&str>) -> Newcomer {
    Newcomer {
        name: Some(name.to_owned()),
        phone: phone.map(str::to_owned),
        email: email.map(str::to_owned),
        line_user_id: line.map(str::to_owned),
        ..Newcomer::default()
    }
}

async fn customer_of(front: &Front, hour: u32, newcomer: Newcomer) -> CustomerId {
    let new = fresh(CUT, &format!("2026-06-{hour} 12:00"), wish(Source::Web), Who::Described(newcomer));
    front.make(&new).await.expect("free").booking.customer
}

#[tokio::test]
async fn people_are_known_again_by_line_telephone_and_mail() {
    let front = Front::new();
    let (phone, email, line) = (Some("+819011112222"), Some("ema@example.com"), Some("U-ema"));
    let ema = customer_of(&front, 10, somebody("Ema", phone, email, line)).await;
    assert_eq!(customer_of(&front, 11, somebody("E.", phone, None, None)).await, ema);
    assert_eq!(customer_of(&front, 12, somebody("E.", None, email, None)).await, ema);
    assert_eq!(customer_of(&front, 13, somebody("E.", None, None, line)).await, ema);
    let other = customer_of(&front, 14, somebody("Ema", None, None, None)).await;
    assert_ne!(other, ema, "a name is nobody's alone");
    let fumi = customer_of(&front, 15, somebody("Fumi", Some("+819033334444"), None, Some("U-fumi"))).await;
    assert_ne!(fumi, ema);
    // The LINE user counts before the telephone number, the number before the address.
    assert_eq!(customer_of(&front, 16, somebody("?", phone, None, Some("U-fumi"))).await, fumi);
    assert_eq!(customer_of(&front, 17, somebody("?", Some("+819033334444"), email, None)).await, fumi);
    assert_eq!(front.patron(ema).await.name.as_deref(), Some("Ema"), "what others say changes nothing");
}

#[tokio::test]
async fn a_booking_tells_only_what_its_maker_said() {
    let front = Front::new();
    let known = front.customer(1, Rank::Vip);
    let phone = front.patron(known).await.phone;
    let claim = Newcomer { phone: phone.clone(), ..Newcomer::default() };
    let booked = front.make(&fresh(CUT, "2026-06-10 12:00", wish(Source::Web), Who::Described(claim))).await;
    let booking = booked.expect("free").booking;
    assert_eq!((booking.customer, booking.contact.name.clone(), booking.contact.phone), (known, None, phone.clone()));
    let chosen = front.make(&fresh(CUT, "2026-06-11 12:00", wish(Source::Staff), Who::Known(known))).await;
    assert_eq!(chosen.expect("free").booking.contact.name.as_deref(), Some("Customer 1"));
}

#[tokio::test]
async fn a_store_may_want_to_know_who_comes() {
    let front = Front::of(Shop { require_customer_info: true, ..shop() });
    let nameless = || Who::Described(Newcomer { phone: Some("+819011112222".to_owned()), ..Newcomer::default() });
    let asks = |source| fresh(CUT, "2026-06-10 12:00", wish(source), nameless());
    assert_eq!(code(&front.make(&asks(Source::Web)).await), "customer_info_required");
    assert_eq!(front.bookings.records(), []);
    front.make(&asks(Source::WalkIn)).await.expect("staff see who comes");
    front.make(&fresh(CUT, "2026-06-10 12:00", wish(Source::Web), named("Ema"))).await.expect("said who");
}

#[tokio::test]
async fn a_full_day_refuses_customers_and_not_staff() {
    let front = Front::of(Shop { daily_limit: 1, ..shop() });
    let new = |source, time: &str, who| fresh(CUT, &format!("2026-06-10 {time}"), wish(source), named(who));
    let first = front.make(&new(Source::Line, "10:00", "Ema")).await.expect("the first").booking;
    for source in [Source::Line, Source::Web] {
        assert_eq!(code(&front.make(&new(source, "15:00", "Fumi")).await), "day_limit_reached", "{source:?}");
    }
    for (source, time) in [(Source::Phone, "12:00"), (Source::WalkIn, "14:00"), (Source::Staff, "16:00")] {
        front.make(&new(source, time, "Goro")).await.expect("staff may");
    }
    // A cancelled booking counts no more, but three others do.
    let by = musubi_booking::booking::By::Customer { reason: None };
    front.desk.cancel(front.target(&public(), first.id), &by, &NoReceipt).await.expect("in time");
    assert_eq!(code(&front.make(&new(Source::Line, "10:00", "Ema")).await), "day_limit_reached");
    front.make(&fresh(CUT, "2026-06-11 10:00", wish(Source::Line), named("Ema"))).await.expect("another day");
}

#[tokio::test]
async fn starts_are_whole_minutes_of_years_that_calendars_know() {
    let front = Front::new();
    let at_start = |start| {
        let mut new = fresh(CUT, "2026-06-10 12:00", wish(Source::Staff), named("Ema"));
        if let musubi_booking::desk::What::Fresh { start: place, .. } = &mut new.what {
            *place = start;
        }
        new
    };
    let noon = at("2026-06-10 12:00");
    let far = at("2999-01-01 12:00");
    for start in [noon + chrono::TimeDelta::seconds(30), noon + chrono::TimeDelta::microseconds(1), far] {
        assert_eq!(code(&front.make(&at_start(start)).await), "invalid_request", "{start}");
    }
    let crooked = NewBooking { preferred_times: vec![far], ..at_start(noon) };
    assert_eq!(code(&front.make(&crooked).await), "invalid_request");
}

#[tokio::test]
async fn what_is_not_on_file_can_be_said_and_is_not_written_down() {
    let front = Front::new();
    front.shops.put_offering(STORE, for_grown_ups());
    let known = front.customer(1, Rank::Regular);
    let phone = front.patron(known).await.phone;
    let said = |birthday| Who::Described(Newcomer { phone: phone.clone(), birthday, ..Newcomer::default() });
    let book = |who| fresh(CUT, "2026-06-10 12:00", wish(Source::Web), who);
    assert_eq!(code(&front.make(&book(said(None))).await), "age_unknown");
    assert_eq!(code(&front.make(&book(said(NaiveDate::from_ymd_opt(2010, 1, 1)))).await), "age_out_of_range");
    let booked = front.make(&book(said(NaiveDate::from_ymd_opt(1990, 1, 1)))).await.expect("grown up");
    assert_eq!(booked.booking.customer, known);
    assert_eq!(front.patron(known).await.guest.birthday, None);
}

#[tokio::test]
async fn who_was_put_away_keeps_their_bookings_and_makes_no_new_ones() {
    let front = Front::new();
    let known = front.customer(1, Rank::Regular);
    let new = |day: u32| fresh(CUT, &format!("2026-06-{day} 12:00"), wish(Source::Staff), Who::Known(known));
    let booking = front.make(&new(10)).await.expect("free").booking;
    let patron = front.patron(known).await;
    front.bookings.put_patron(STORE, Patron { active: false, ..patron });
    assert_eq!(code(&front.make(&new(11)).await), "not_found");
    let terms = NewTerms { start: Some(at("2026-06-12 12:00")), ..NewTerms::default() };
    let by = By::Staff { reason: "asked to".to_owned() };
    let moved = front.desk.reschedule(front.target(&staff(), booking.id), &terms, &by, &NoReceipt).await;
    assert_eq!(moved.expect("theirs still").starts_at(), at("2026-06-12 12:00"));
    front.clock.set(at("2026-06-12 13:00"));
    front.desk.complete(front.target(&staff(), booking.id), None, &NoReceipt).await.expect("begun");
    assert_eq!(front.patron(known).await.record.total_bookings, 1);
    let over = front.desk.reschedule(front.target(&staff(), booking.id), &terms, &by, &NoReceipt).await;
    assert_eq!(over.expect_err("over").to_string(), "a booking that is completed can no longer be changed");
}

/// The cut, from the age of twenty on.
fn for_grown_ups() -> Offering {
    let mut service = services().into_iter().find(|service| service.id == CUT).expect("there is a cut");
    service.eligibility.min_age = Some(20);
    Offering { service, resources: resources(), calendar: Calendar::new() }
}

#[tokio::test]
async fn a_claim_without_proof_earns_no_rank_and_lifts_no_restriction() {
    let front = Front::new();
    let vip = front.customer(1, Rank::Vip);
    let phone = front.patron(vip).await.phone;
    let claim = |line: Option<&str>| {
        let newcomer = Newcomer { phone: phone.clone(), line_user_id: line.map(str::to_owned), ..Newcomer::default() };
        Who::Described(newcomer)
    };
    let book = |day: u32, who| fresh(CUT, &format!("2026-06-{day} 12:00"), wish(Source::Web), who);
    let claimed = front.desk.book(&public(), &front.scope, &book(10, claim(None)), &NoReceipt).await.expect("free");
    assert_eq!((claimed.booking.customer, claimed.booking.agreement.price.total.0), (vip, 6000));
    let by_staff = front.make(&book(11, claim(None))).await.expect("free");
    assert_eq!(by_staff.booking.agreement.price.total.0, 5400);

    customer_of(&front, 12, somebody("Fumi", None, None, Some("U-fumi"))).await;
    let mut restricted = front.patron(vip).await;
    restricted.guest.restricted = true;
    front.bookings.put_patron(STORE, restricted);
    assert_eq!(code(&front.make(&book(13, claim(Some("U-fumi")))).await), "customer_restricted");
}
