//! Revisions: what bookings and the catalog move, and what they leave alone.

use super::ground::Ground;
use super::house::{House, june};
use chrono::Days;
use musubi_catalog::resource::{Resource, ResourceDetails, ResourceType};
use musubi_customer::customer::Customer;
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::StoreScope;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::revision::{Revisions as _, Subject};
use musubi_sql_testing::{TestDb, on_each_engine};

fn days(scope: &StoreScope, from: u32, to: u32) -> Subject {
    Subject::Days { store: scope.store(), from: june(from), to: june(to) }
}

async fn days_count_for_themselves_and_for_every_range_they_lie_in(test: TestDb) {
    let ground = Ground::in_sql(&test).await;
    let revisions = test.store();
    let (ours, theirs) = (&ground.ours, &ground.theirs);
    let asked = [
        days(ours, 10, 10),
        days(ours, 9, 9),
        days(ours, 11, 12),
        days(ours, 8, 12),
        days(theirs, 8, 12),
        Subject::Days { store: ours.store(), from: june(10) - Days::new(30), to: june(10) + Days::new(30) },
    ];
    assert_eq!(revisions.of(&asked).await.unwrap(), [0; 6]);
    let lock = async |dates: &[u32]| {
        let mut unit = ground.store.begin(ours).await.unwrap();
        unit.lock(&dates.iter().map(|day| june(*day)).collect()).await.unwrap();
        unit
    };
    lock(&[10]).await.commit(&[]).await.unwrap();
    assert_eq!(revisions.of(&asked).await.unwrap(), [1, 0, 0, 1, 0, 1]);
    lock(&[10, 11]).await.commit(&[]).await.unwrap();
    assert_eq!(revisions.of(&asked).await.unwrap(), [2, 0, 1, 3, 0, 3]);
    // What is not committed does not count.
    drop(lock(&[9, 10]).await);
    assert_eq!(revisions.of(&asked).await.unwrap(), [2, 0, 1, 3, 0, 3]);
}

async fn a_store_counts_its_settings_and_not_its_customers(test: TestDb) {
    let house = House::new(&test).await;
    let (one, other) = (house.store("one", |_| ()).await, house.store("other", |_| ()).await);
    let [tenant, store] = Subject::settings(&one);
    let asked = [Subject::Installation, tenant, store, Subject::Store(other.store())];
    let before = house.sql.of(&asked).await.unwrap();
    let customer = CustomerDetails { name: Some("山田".to_owned()), ..CustomerDetails::default() };
    house.keeper::<Customer>().create(&house.caller, &one, customer, &NoReceipt).await.unwrap();
    assert_eq!(house.sql.of(&asked).await.unwrap(), before);
    let resource = ResourceDetails::new(ResourceType::Staff, "花子");
    house.keeper::<Resource>().create(&house.caller, &one, resource, &NoReceipt).await.unwrap();
    let after = house.sql.of(&asked).await.unwrap();
    assert_eq!(after, [before[0], before[1], before[2] + 1, before[3]]);
}

/// However many are asked for at a time, each gets its own.
async fn many_subjects_are_answered_in_their_order(test: TestDb) {
    let house = House::new(&test).await;
    let scope = house.store("one", |_| ()).await;
    let known = Subject::Store(scope.store());
    let own = house.sql.of(&[known]).await.unwrap()[0];
    assert!(own > 0);
    assert!(house.sql.of(&[]).await.unwrap().is_empty());
    for size in [1, 2, 3, 5, 64, 200, 256, 257, 600] {
        let unknown = |n: usize| Subject::Store(uuid::Uuid::from_u128(n as u128).into());
        let asked: Vec<Subject> = (0..size).map(|n| if n % 7 == 0 { known } else { unknown(n) }).collect();
        let right: Vec<i64> = (0..size).map(|n| if n % 7 == 0 { own } else { 0 }).collect();
        assert_eq!(house.sql.of(&asked).await.unwrap(), right, "{size}");
    }
}

on_each_engine!(
    a_store_counts_its_settings_and_not_its_customers,
    days_count_for_themselves_and_for_every_range_they_lie_in,
    many_subjects_are_answered_in_their_order,
);
