//! How often each use case calls the database within its transaction: begin and commit, and what lies between them.

use super::house::{House, every_day, tokyo, wish};
use musubi_booking::booking::{By, Notes};
use musubi_booking::desk::{NewBooking, NewTerms, What, Who};
use musubi_booking::patron::Newcomer;
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::receipt::NoReceipt;
use musubi_sql_testing::{TestDb, on_each_engine};

/// What `work` came to, and how many round trips it took.
async fn counted<T>(house: &House, work: impl Future<Output = T>) -> (T, u64) {
    let before = house.sql.db.round_trips();
    let done = work.await;
    (done, house.sql.db.round_trips() - before)
}

async fn round_trips_are_few(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("ours", |store| store.business_hours = every_day("08:00", "21:00")).await;
    for _ in 0..2 {
        house.resource(&scope, ResourceType::Staff, |_| ()).await;
    }
    let menu = house.menu(&scope, |menu| (menu.require_approval, menu.prep_duration) = (true, 10)).await;
    let customer = house.customer(&scope, CustomerDetails::named("太郎")).await;
    let desk = house.desk();
    let book = async |what, who| {
        let new = NewBooking { what, who, notes: Notes::default(), preferred_times: Vec::new() };
        let (booked, trips) = counted(&house, desk.book(&house.caller, &scope, &new, &NoReceipt)).await;
        (booked.unwrap().booking, trips)
    };
    let at = |day, time| What::Fresh { menu, start: tokyo(day, time), wish: wish() };
    let said = |phone: &str| {
        Who::Described(Newcomer {
            name: Some("花".to_owned()),
            phone: Some(phone.to_owned()),
            email: Some(format!("{}@example.com", &phone[1..])),
            ..Newcomer::default()
        })
    };

    let (booking, trips) = book(at(10, "10:00"), Who::Known(customer)).await;
    assert_eq!(trips, 6, "begin, lock, customer, what is taken, all writes, commit");
    // The window begins on the UTC date before.
    let (_, trips) = book(at(11, "09:00"), Who::Known(customer)).await;
    assert_eq!(trips, 6, "of several days as of one");
    book(at(10, "12:00"), said("+819011111111")).await;
    let (_, trips) = book(at(10, "13:00"), said("+819022222222")).await;
    assert_eq!(trips, 8, "who is new is looked for again under the lock of their audit chain");
    let (_, trips) = book(at(10, "14:00"), said("+819022222222")).await;
    assert_eq!(trips, 6, "who is recognised was looked for once");

    let wished = wish();
    let asked = desk.hold(&scope, menu, tokyo(10, "15:00"), &wished, &NoReceipt);
    let (held, trips) = counted(&house, asked).await;
    assert_eq!(trips, 5, "a hold");
    let what = What::Held { token: held.unwrap().token.expose().to_owned() };
    let (_, trips) = book(what, Who::Known(customer)).await;
    assert_eq!(trips, 7, "begin, lock, hold, customer, end of the audit chain, all writes, commit");
    let held = desk.hold(&scope, menu, tokyo(10, "16:00"), &wish(), &NoReceipt).await.unwrap();
    let (_, trips) = counted(&house, desk.release(&scope, held.token.expose())).await;
    assert_eq!(trips, 6, "a hold that is given back is read before its lock and under it");

    let target = || house.target(&scope, booking.id);
    let because = By::Staff { reason: "雨".to_owned() };
    let (_, trips) = counted(&house, desk.confirm(target(), None, None, &NoReceipt)).await;
    assert_eq!(trips, 7, "begin, its days, lock, booking, its parts, all writes, commit");
    let later = NewTerms { start: Some(tokyo(10, "11:00")), ..NewTerms::default() };
    let (moved, trips) = counted(&house, desk.reschedule(target(), &later, &because, &NoReceipt)).await;
    assert_eq!(trips, 7, "begin, lock, version, customer, what is taken, all writes, commit");
    let resources = moved.unwrap().agreement.resources;
    let others = house.resource(&scope, ResourceType::Staff, |_| ()).await;
    assert!(resources.iter().all(|held| held.id != others));
    let elsewhere = NewTerms { nominated: Some(Some(others)), ..NewTerms::default() };
    let (_, trips) = counted(&house, desk.reschedule(target(), &elsewhere, &because, &NoReceipt)).await;
    assert_eq!(trips, 8, "what a booking no longer holds is removed first");
    house.clock.set(tokyo(10, "12:00"));
    let (_, trips) = counted(&house, desk.complete(target(), None, &NoReceipt)).await;
    assert_eq!(trips, 9, "the customer's totals, and the end of the store's audit chain");
    let (other, _) = book(at(12, "10:00"), Who::Known(customer)).await;
    let cancelled = desk.cancel(house.target(&scope, other.id), &because, &NoReceipt);
    let (_, trips) = counted(&house, cancelled).await;
    assert_eq!(trips, 7, "as a confirmation");
}
on_each_engine!(round_trips_are_few);
