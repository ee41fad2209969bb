//! Bookings and their history are read as they were written.

use super::ground::{Ground, change, contract, now};
use super::house::{june, tokyo};
use chrono::TimeDelta;
use musubi_booking::booking::{Booking, Contact, Notes, Status};
use musubi_booking::change::ChangeKind;
use musubi_booking::code::Source;
use musubi_booking::reach::Reach;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen as _;
use musubi_kernel::id::SystemIds;

async fn a_booking_is_read_as_it_was_written(ground: Ground) {
    let booking = ground.booking();
    ground.insert(&booking).await;
    assert_eq!(ground.store.find(&ground.ours, booking.id, Reach::Store).await, Ok(Some(booking.clone())));
    assert_eq!(ground.unit(&ground.ours).await.booking(booking.id, Reach::Store).await, Ok(Some(booking.clone())));
    let missing = SystemIds.uuid(now()).into();
    assert_eq!(ground.store.find(&ground.ours, missing, Reach::Store).await, Ok(None));

    let mut bare = ground.booking_at(tokyo(10, "12:00"));
    bare.agreement.resources.clear();
    bare.agreement.nominated = false;
    bare.contact = Contact::default();
    bare.notes = Notes::default();
    bare.preferred_times.clear();
    (bare.status, bare.confirmed_at) = (Status::Pending, None);
    ground.insert(&bare).await;
    assert_eq!(ground.store.find(&ground.ours, bare.id, Reach::Store).await, Ok(Some(bare)));
}

async fn every_status_and_source_is_kept(ground: Ground) {
    let at = now() + TimeDelta::days(9) + TimeDelta::microseconds(7);
    let mut booking = Booking { status: Status::Pending, confirmed_at: None, ..ground.booking() };
    ground.insert(&booking).await;
    let statuses = [
        Status::Confirmed,
        Status::Cancelled { at, reason: None },
        Status::Cancelled { at, reason: Some("🌧".to_owned()) },
        Status::Completed { at },
        Status::NoShow { at },
        Status::Pending,
    ];
    for status in statuses {
        booking = Booking { status, version: booking.version + 1, updated_at: at, ..booking };
        assert_eq!(ground.save(&ground.ours, &booking).await, Ok(()));
        assert_eq!(ground.store.find(&ground.ours, booking.id, Reach::Store).await, Ok(Some(booking.clone())));
    }
    for source in Source::ALL {
        booking.version += 1;
        booking.agreement.source = *source;
        assert_eq!(ground.save(&ground.ours, &booking).await, Ok(()));
        assert_eq!(ground.store.find(&ground.ours, booking.id, Reach::Store).await, Ok(Some(booking.clone())));
    }
}

async fn a_booking_is_changed_in_every_part(ground: Ground) {
    let first = ground.booking();
    ground.insert(&first).await;
    let mut second = ground.booking_at(tokyo(11, "15:01"));
    second.agreement.resources = first.agreement.resources[1..].to_vec();
    second.agreement.resources[0].primary = true;
    second.agreement.options = first.agreement.options[..1].to_vec();
    let second = Booking {
        id: first.id,
        number: first.number.clone(),
        manage_token_hash: first.manage_token_hash,
        contact: Contact { name: None, phone: Some("+16502530000".to_owned()) },
        notes: Notes { customer: None, staff: Some("s".to_owned()), internal: None },
        preferred_times: Vec::new(),
        version: 2,
        ..second
    };
    assert_eq!(ground.save(&ground.ours, &second).await, Ok(()));
    assert_eq!(ground.store.find(&ground.ours, first.id, Reach::Store).await, Ok(Some(second.clone())));
    let third = Booking { agreement: first.agreement.clone(), version: 3, ..second };
    assert_eq!(ground.save(&ground.ours, &third).await, Ok(()));
    assert_eq!(ground.store.find(&ground.ours, first.id, Reach::Store).await, Ok(Some(third)));
}

async fn only_the_next_version_is_written(ground: Ground) {
    let booking = ground.booking();
    let second = Booking { version: 2, notes: Notes::default(), ..booking.clone() };
    assert_eq!(ground.save(&ground.ours, &second).await, Err(StoreError::Conflict), "there is none");
    ground.insert(&booking).await;
    for wrong in [0, 1, 3] {
        let stale = Booking { version: wrong, ..second.clone() };
        assert_eq!(ground.save(&ground.ours, &stale).await, Err(StoreError::Conflict), "{wrong}");
    }
    assert_eq!(ground.store.find(&ground.ours, booking.id, Reach::Store).await, Ok(Some(booking.clone())));
    assert_eq!(ground.save(&ground.ours, &second).await, Ok(()));
    assert_eq!(ground.save(&ground.ours, &second).await, Err(StoreError::Conflict));
}

async fn a_number_is_given_once(ground: Ground) {
    let booking = ground.booking();
    ground.insert(&booking).await;
    let same = Booking { number: booking.number.clone(), ..ground.booking() };
    assert_eq!(ground.try_insert(&same).await, Err(StoreError::Conflict));
    assert_eq!(ground.store.find(&ground.ours, same.id, Reach::Store).await, Ok(None));
}

async fn a_manage_token_finds_its_booking(ground: Ground) {
    let booking = ground.booking();
    ground.insert(&booking).await;
    ground.insert(&ground.booking_at(tokyo(10, "15:00"))).await;
    let (at, id) = ground.store.find_managed(&booking.manage_token_hash).await.unwrap().unwrap();
    assert_eq!((at.store, at.tenant, id), (booking.store, booking.tenant, booking.id));
    assert_eq!(ground.store.find_managed(&[0; 32]).await, Ok(None));
}

async fn a_history_is_read_in_order(ground: Ground) {
    let mut booking = ground.booking();
    let other = ground.booking_at(tokyo(10, "15:00"));
    ground.insert(&booking).await;
    ground.insert(&other).await;
    let mut noted = Vec::new();
    // The clock may stand still, or be set back.
    for kind in ChangeKind::ALL {
        let (entry, record) = change(&booking, *kind);
        let mut unit = ground.unit(&ground.ours).await;
        if booking.version > 1 {
            unit.save(&booking, &booking).await.unwrap();
        }
        unit.note(&booking, &entry, &record).await.unwrap();
        unit.commit(&[]).await.unwrap();
        noted.push(entry);
        booking.version += 1;
        booking.updated_at -= TimeDelta::seconds(1);
    }
    assert_eq!(ground.store.changes(&ground.ours, booking.id).await, Ok(noted));
    assert_eq!(ground.store.changes(&ground.ours, other.id).await, Ok(Vec::new()));
    assert_eq!(ground.store.changes(&ground.theirs, booking.id).await, Ok(Vec::new()));
}

async fn another_store_has_no_part_in_it(ground: Ground) {
    let booking = ground.booking();
    ground.insert(&booking).await;
    assert_eq!(ground.store.find(&ground.theirs, booking.id, Reach::Store).await, Ok(None));
    let mut unit = ground.unit(&ground.theirs).await;
    assert_eq!(unit.booking(booking.id, Reach::Store).await, Ok(None));
    assert_eq!(unit.patron(ground.customer).await, Ok(None));
    drop(unit);
    assert_eq!(ground.store.patron(&ground.theirs, ground.customer).await, Ok(None));
    if ground.house.is_some() {
        let second = Booking { version: 2, notes: Notes::default(), ..booking.clone() };
        assert_eq!(ground.save(&ground.theirs, &second).await, Err(StoreError::Conflict));
    }
    assert_eq!(ground.store.find(&ground.ours, booking.id, Reach::Store).await, Ok(Some(booking)));
    let there = ground.store.occupancy(&ground.theirs, &(june(1)..=june(20)), now()).await.unwrap();
    assert!(there.taken.is_empty() && there.parties.is_empty());
}

contract!(
    a_booking_is_read_as_it_was_written,
    every_status_and_source_is_kept,
    a_booking_is_changed_in_every_part,
    only_the_next_version_is_written,
    a_number_is_given_once,
    a_manage_token_finds_its_booking,
    a_history_is_read_in_order,
    another_store_has_no_part_in_it,
);
