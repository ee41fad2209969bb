//! Holds.

use super::ground::{Ground, contract, now, sent};
use super::house::{june, tokyo};
use chrono::TimeDelta;
use musubi_booking::hold::Hold;
use musubi_booking::occupancy::ALL_SEATS;
use musubi_kernel::error::StoreError;

async fn a_hold_is_read_as_it_was_written(ground: Ground) {
    let hold = ground.hold();
    ground.insert_hold(&hold).await;
    assert_eq!(ground.store.find_hold(&ground.ours, &hold.token_hash).await, Ok(Some(hold.clone())));
    assert_eq!(ground.unit(&ground.ours).await.hold(&hold.token_hash).await, Ok(Some(hold.clone())));
    assert_eq!(ground.store.find_hold(&ground.ours, &[1; 32]).await, Ok(None));
    assert_eq!(ground.store.find_hold(&ground.theirs, &hold.token_hash).await, Ok(None));
    assert_eq!(ground.unit(&ground.theirs).await.hold(&hold.token_hash).await, Ok(None));

    let mut bare = ground.hold();
    bare.terms.agreement.resources.clear();
    bare.terms.agreement.options.clear();
    ground.insert_hold(&bare).await;
    assert_eq!(ground.store.find_hold(&ground.ours, &bare.token_hash).await, Ok(Some(bare)));
}

async fn a_hold_is_removed_once(ground: Ground) {
    let hold = ground.hold();
    ground.insert_hold(&hold).await;
    if ground.house.is_some() {
        let mut unit = ground.unit(&ground.theirs).await;
        let removed = unit.remove_hold(hold.id).await;
        assert_eq!(sent(removed, unit).await, Err(StoreError::Conflict));
    }
    let mut unit = ground.unit(&ground.ours).await;
    assert_eq!(unit.remove_hold(hold.id).await, Ok(()));
    assert_eq!(unit.hold(&hold.token_hash).await, Ok(None));
    unit.commit(&[]).await.unwrap();
    let mut unit = ground.unit(&ground.ours).await;
    let removed = unit.remove_hold(hold.id).await;
    assert_eq!(sent(removed, unit).await, Err(StoreError::Conflict));
    let taken = ground.store.occupancy(&ground.ours, &(june(10)..=june(10)), now()).await.unwrap();
    assert!(taken.taken.is_empty() && taken.parties.is_empty());
}

async fn a_hold_keeps_until_its_instant(ground: Ground) {
    let hold = ground.hold();
    ground.insert_hold(&hold).await;
    let seats = async |at| {
        let read = ground.store.occupancy(&ground.ours, &(june(10)..=june(10)), at).await.unwrap();
        let locked = ground.unit(&ground.ours).await.occupancy(&(june(10)..=june(10)), at, None).await.unwrap();
        assert_eq!(read.parties, locked.parties);
        assert_eq!(read.taken.len(), locked.taken.len());
        (read.parties_on(june(10)), read.taken.iter().map(|taken| taken.seats).sum::<u32>())
    };
    assert_eq!(seats(hold.expires_at - TimeDelta::microseconds(1)).await, (1, 3 + ALL_SEATS));
    assert_eq!(seats(hold.expires_at).await, (0, 0));
    assert!(ground.store.find_hold(&ground.ours, &hold.token_hash).await.unwrap().is_some(), "live or not");
}

async fn only_ended_holds_are_tidied_away(ground: Ground) {
    let ends = |minutes| Hold { expires_at: now() + TimeDelta::minutes(minutes), ..ground.hold() };
    let holds = [ends(1), ends(2), ends(3), ends(4)];
    for hold in &holds {
        ground.insert_hold(hold).await;
    }
    let before = now() + TimeDelta::minutes(3);
    assert_eq!(ground.store.tidy_holds(before, 2).await, Ok(2));
    assert_eq!(ground.store.tidy_holds(before, 2).await, Ok(1));
    assert_eq!(ground.store.tidy_holds(before, 2).await, Ok(0));
    let left = ground.store.occupancy(&ground.ours, &(june(10)..=june(10)), now()).await.unwrap();
    assert_eq!((left.parties_on(june(10)), left.taken.len()), (1, 2));
    assert!(ground.store.find_hold(&ground.ours, &holds[3].token_hash).await.unwrap().is_some());
    ground.insert(&ground.booking_at(tokyo(10, "10:00"))).await;
}

contract!(
    a_hold_is_read_as_it_was_written,
    a_hold_is_removed_once,
    a_hold_keeps_until_its_instant,
    only_ended_holds_are_tidied_away,
);
