//! Several steps of one booking, several bookings of one customer.

use super::{Crowd, all_at_once};
use crate::booking::agree::books_agree;
use crate::booking::house::{fresh, tokyo, wish};
use musubi_booking::booking::{By, Status};
use musubi_booking::desk::NewTerms;
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::receipt::NoReceipt;
use musubi_sql_testing::{TestDb, on_each_engine};

/// Each step is taken on what the one before has left, or is told that it cannot be.
async fn steps_of_one_booking_follow_one_another(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |menu| menu.require_approval = true).await;
    let customer = house.customer(&scope, CustomerDetails::named("太郎")).await;
    for day in 8..13 {
        let new = fresh(menu, tokyo(day, "10:00"), wish(), customer);
        let booked = crowd.desk(0).book(&house.caller, &scope, &new, &NoReceipt).await.unwrap().booking;
        let results = all_at_once(9, |n| {
            let (desk, house, scope, id) = (crowd.desk(n), house.clone(), scope.clone(), booked.id);
            Box::pin(async move {
                let target = house.target(&scope, id);
                let by = By::Staff { reason: "x".to_owned() };
                // To the day after, and within the day.
                let elsewhere = if n < 6 { tokyo(day + 1, "12:00") } else { tokyo(day, "14:00") };
                let terms = NewTerms { start: Some(elsewhere), ..NewTerms::default() };
                match n % 3 {
                    0 => desk.cancel(target, &by, &NoReceipt).await,
                    1 => desk.confirm(target, None, None, &NoReceipt).await,
                    _ => desk.reschedule(target, &terms, &by, &NoReceipt).await,
                }
            })
        });
        let results = results.await;
        let mut done = 0;
        for result in results {
            match result {
                Ok(_) => done += 1,
                Err(BookingError::InvalidTransition { .. } | BookingError::NotChangeable { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let last = crowd.desk(1).booking(&scope, booked.id, Reach::Store).await.unwrap();
        assert!(matches!(last.status, Status::Cancelled { .. }), "{last:?}");
        assert_eq!(last.version, 1 + done);
        assert_eq!(
            crowd.desk(1).history(&scope, booked.id, Reach::Store).await.unwrap().len(),
            1 + usize::try_from(done).unwrap()
        );
    }
    books_agree(&test.db).await;
}
on_each_engine!(steps_of_one_booking_follow_one_another);

async fn visits_of_one_customer_add_up(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let customer = house.customer(&scope, CustomerDetails::named("太郎")).await;
    // All days at a time, for one customer.
    let booked = all_at_once(16, |n| {
        let (desk, house, scope) = (crowd.desk(n), house.clone(), scope.clone());
        let new = fresh(menu, tokyo(2 + u32::try_from(n).unwrap(), "10:00"), wish(), customer);
        Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await.unwrap().booking.id })
    });
    let booked = booked.await;
    house.clock.set(tokyo(25, "10:00"));
    let results = all_at_once(16, |n| {
        let (desk, house, scope, id) = (crowd.desk(n), house.clone(), scope.clone(), booked[n]);
        Box::pin(async move {
            let target = house.target(&scope, id);
            if n % 4 == 3 {
                desk.no_show(target, None, &NoReceipt).await
            } else {
                desk.complete(target, None, &NoReceipt).await
            }
        })
    });
    for result in results.await {
        result.unwrap();
    }
    books_agree(&test.db).await;
}
on_each_engine!(visits_of_one_customer_add_up);
