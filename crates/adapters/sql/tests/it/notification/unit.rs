//! What is planned about one booking.

use super::{Told, at, told};
use musubi_kernel::error::StoreError;
use musubi_notification::notification::status::Needless;

told!(
    all_of_it_is_written_or_nothing,
    of_two_who_plan_at_once_one_plans_again,
    who_plans_nothing_is_in_nobodys_way,
    bookings_are_planned_apart,
);

async fn all_of_it_is_written_or_nothing(told: Told) {
    let ((first, job), (second, other)) = (told.reminder(0, "a"), told.reminder(0, "b"));
    let mut dropped = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    dropped.add(&first, &job);
    drop(dropped);
    assert_eq!(told.jobs().await, [""; 0]);

    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    assert_eq!(unit.planned().await, Ok(vec![]));
    unit.add(&first, &job);
    unit.add(&second, &other);
    unit.commit().await.unwrap();
    assert_eq!(told.jobs().await.len(), 2);

    // A key that is taken keeps the rest from being written, too.
    let ((third, job), (taken, other)) = (told.reminder(0, "c"), told.reminder(0, "a"));
    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    assert_eq!(unit.planned().await, Ok(vec![first.clone(), second.clone()]));
    unit.save(&second.clone().cancelled(Needless::Declined, at(1)).unwrap());
    unit.add(&third, &job);
    unit.add(&taken, &other);
    assert_eq!(unit.commit().await, Err(StoreError::Conflict));
    assert_eq!((told.found(second.id).await, told.jobs().await.len()), (second.clone(), 2));

    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    unit.save(&second.clone().cancelled(Needless::Declined, at(1)).unwrap());
    unit.commit().await.unwrap();
    assert!(!told.found(second.id).await.status.is_pending());
}

async fn of_two_who_plan_at_once_one_plans_again(told: Told) {
    for round in 0..2 {
        let plan = async |key: String| {
            let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
            unit.planned().await.unwrap();
            let (new, job) = told.reminder(0, &key);
            unit.add(&new, &job);
            unit
        };
        let (one, two) = (plan(format!("{round}.one")).await, plan(format!("{round}.two")).await);
        assert_eq!(two.commit().await, Ok(()));
        assert_eq!(one.commit().await, Err(StoreError::Conflict));
    }
    assert_eq!(told.jobs().await.len(), 2);
    // Nor can a sender and a planner both be first.
    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    let planned = unit.planned().await.unwrap();
    told.save(&planned[0].clone().tried(at(1)).unwrap()).await;
    unit.save(&planned[0].clone().cancelled(Needless::Declined, at(2)).unwrap());
    assert_eq!(unit.commit().await, Err(StoreError::Conflict));
    assert!(told.found(planned[0].id).await.status.is_pending());
}

async fn who_plans_nothing_is_in_nobodys_way(told: Told) {
    let idle = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    assert_eq!(idle.commit().await, Ok(()));
    let (new, job) = told.reminder(0, "a");
    unit.add(&new, &job);
    let committed = unit.commit().await;
    // The fake counts every commit.
    assert!(matches!(committed, Ok(()) | Err(StoreError::Conflict)), "{committed:?}");
}

async fn bookings_are_planned_apart(told: Told) {
    let (new, job) = told.reminder(0, "a");
    let mut unit = told.store.begin(&told.ours, told.bookings[0]).await.unwrap();
    unit.add(&new, &job);
    unit.commit().await.unwrap();
    let mut other = told.store.begin(&told.ours, told.bookings[1]).await.unwrap();
    assert_eq!(other.planned().await, Ok(vec![]));
}
