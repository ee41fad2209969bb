//! The last seat.

use super::{Crowd, all_at_once};
use crate::booking::agree::{books_agree, rows_of};
use crate::booking::house::{fresh, tokyo, wish};
use musubi_booking::desk::{NewBooking, What};
use musubi_booking::error::BookingError;
use musubi_booking::refusal::Refusal;
use musubi_booking::request::Wish;
use musubi_catalog::menu::{MenuDetails, ServiceType};
use musubi_catalog::resource::ResourceType;
use musubi_kernel::receipt::NoReceipt;
use musubi_sql_testing::{TestDb, on_each_engine};

fn class(menu: &mut MenuDetails) {
    menu.service_type = ServiceType::Group;
    menu.allowed_resource_types = Some(vec![ResourceType::Room]);
    menu.max_participants = 10;
}

/// One got it, and all others were told why they did not.
fn one_of<T: std::fmt::Debug>(results: &[Result<T, BookingError>], otherwise: &BookingError) {
    let refusals: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(refusals.len(), results.len() - 1, "{refusals:?}");
    assert!(refusals.iter().all(|refusal| *refusal == otherwise), "{refusals:?}");
}

async fn the_last_seat_is_sold_once(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Room, |room| room.capacity = 10).await;
    let menu = house.menu(&scope, class).await;
    let customers = house.customers(&scope, 50).await;
    let nine = Wish { party_size: 9, ..wish() };
    let new = fresh(menu, tokyo(10, "10:00"), nine, customers[0]);
    crowd.desk(0).book(&house.caller, &scope, &new, &NoReceipt).await.unwrap();
    let results = all_at_once(50, |n| {
        let (desk, house, scope) = (crowd.desk(n), house.clone(), scope.clone());
        let new = fresh(menu, tokyo(10, "10:00"), wish(), customers[n]);
        Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await })
    });
    one_of(&results.await, &BookingError::Refused(Refusal::SlotTaken));
    assert_eq!(rows_of(&test.db, "bookings").await, 2);
    books_agree(&test.db).await;
}
on_each_engine!(the_last_seat_is_sold_once);

/// On a day that nobody has opened yet.
async fn a_seat_is_held_and_used_once(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Room, |_| ()).await;
    let menu = house.menu(&scope, class).await;
    let customers = house.customers(&scope, 20).await;
    let results = all_at_once(50, |n| {
        let (desk, scope) = (crowd.desk(n), scope.clone());
        Box::pin(async move { desk.hold(&scope, menu, tokyo(10, "10:00"), &wish(), &NoReceipt).await })
    });
    let results = results.await;
    let token = results.iter().find_map(|result| result.as_ref().ok()).unwrap().token.expose().to_owned();
    one_of(&results, &BookingError::Refused(Refusal::SlotTaken));
    assert_eq!(rows_of(&test.db, "holds").await, 1);

    let results = all_at_once(20, |n| {
        let (desk, house, scope) = (crowd.desk(n), house.clone(), scope.clone());
        let what = What::Held { token: token.clone() };
        let new = NewBooking { what, ..fresh(menu, tokyo(10, "10:00"), wish(), customers[n]) };
        Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await })
    });
    one_of(&results.await, &BookingError::HoldExpired);
    assert_eq!((rows_of(&test.db, "bookings").await, rows_of(&test.db, "holds").await), (1, 0));
    books_agree(&test.db).await;
}
on_each_engine!(a_seat_is_held_and_used_once);
