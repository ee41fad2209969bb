//! One person who books several days at a time and is new.

use super::{Crowd, all_at_once};
use crate::booking::agree::{books_agree, rows_of};
use crate::booking::house::{fresh, tokyo, wish};
use musubi_booking::desk::{NewBooking, Who};
use musubi_booking::patron::{Newcomer, Person};
use musubi_catalog::resource::ResourceType;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::id::{CustomerId, IdGen as _, SystemIds, UserId};
use musubi_kernel::receipt::NoReceipt;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::collections::BTreeSet;

async fn one_person_becomes_one_customer(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let by_line = Newcomer { line_user_id: Some("U1".to_owned()), ..Newcomer::default() };
    let by_phone = Newcomer { phone: Some("+819012345678".to_owned()), ..Newcomer::default() };
    let by_email = Newcomer { email: Some("hanako@example.jp".to_owned()), ..Newcomer::default() };
    for (time, newcomer) in [("10:00", by_line), ("12:00", by_phone), ("14:00", by_email)] {
        let known = rows_of(&test.db, "customers").await;
        let results = all_at_once(12, |n| {
            let (desk, house, scope) = (crowd.desk(n), house.clone(), scope.clone());
            let nobody = CustomerId(SystemIds.uuid(tokyo(1, "09:00")));
            let new = fresh(menu, tokyo(2 + u32::try_from(n).unwrap(), time), wish(), nobody);
            let new = NewBooking { who: Who::Described(newcomer.clone()), ..new };
            Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await })
        });
        for result in results.await {
            result.unwrap();
        }
        assert_eq!(rows_of(&test.db, "customers").await, known + 1, "{newcomer:?}");
    }
    books_agree(&test.db).await;
}
on_each_engine!(one_person_becomes_one_customer);

async fn who_signs_in_becomes_one_customer(test: TestDb) {
    let crowd = Crowd::at(&test).await;
    let house = crowd.house.clone();
    let scope = house.store("ours", |_| ()).await;
    house.resource(&scope, ResourceType::Staff, |_| ()).await;
    let menu = house.menu(&scope, |_| ()).await;
    let on_file =
        CustomerDetails { email: Some("taro@example.jp".parse().unwrap()), ..CustomerDetails::named("太郎") };
    house.customer(&scope, on_file).await;
    // One is new, the other is on file.
    for (time, email, more) in [("10:00", "hanako@example.jp", 1), ("12:00", "taro@example.jp", 0)] {
        let known = rows_of(&test.db, "customers").await;
        let user = UserId(SystemIds.uuid(tokyo(1, "09:00")));
        let results = all_at_once(12, |n| {
            let (desk, house, scope) = (crowd.desk(n), house.clone(), scope.clone());
            let nobody = CustomerId(SystemIds.uuid(tokyo(1, "09:00")));
            let new = fresh(menu, tokyo(2 + u32::try_from(n).unwrap(), time), wish(), nobody);
            let said = Newcomer { email: Some(email.to_owned()), name: Some("花".to_owned()), ..Newcomer::default() };
            let new = NewBooking { who: Who::Person(Person { user, said }), ..new };
            Box::pin(async move { desk.book(&house.caller, &scope, &new, &NoReceipt).await })
        });
        let customers: BTreeSet<_> = results.await.into_iter().map(|booked| booked.unwrap().booking.customer).collect();
        assert_eq!((customers.len(), rows_of(&test.db, "customers").await), (1, known + more), "{email}");
    }
    books_agree(&test.db).await;
}
on_each_engine!(who_signs_in_becomes_one_customer);
