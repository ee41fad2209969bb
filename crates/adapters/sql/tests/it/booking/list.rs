//! Lists of bookings.

use super::ground::{Ground, contract};
use super::house::{june, tokyo};
use musubi_booking::booking::{Booking, Status, StatusCode};
use musubi_booking::number::BookingNumber;
use musubi_booking::ports::{BookingFilter, BookingPosition};
use musubi_kernel::id::{BookingId, SystemIds};
use musubi_kernel::page::PageRequest;

async fn listed(ground: &Ground, filter: &BookingFilter) -> Vec<BookingId> {
    let page = ground.store.list(&ground.ours, filter, &PageRequest::default(), None).await.unwrap();
    page.items.iter().map(|booking| booking.id).collect()
}

async fn each_filter_admits_its_own(ground: Ground) {
    let cancelled = Status::Cancelled { at: super::ground::now(), reason: None };
    let mut first = ground.booking_at(tokyo(9, "10:00"));
    first.status = cancelled;
    let second = ground.booking();
    let mut third = ground.booking_at(tokyo(11, "10:00"));
    third.customer = ground.add_customer(&ground.ours, "太郎", None).await;
    third.agreement.resources.clear();
    // After midnight, but still of the 10th.
    let mut late = ground.booking_at(tokyo(11, "00:30"));
    late.agreement.business_date = june(10);
    late.status = Status::Pending;
    for booking in [&third, &late, &first, &second] {
        ground.insert(booking).await;
    }
    let all = BookingFilter::default();
    assert_eq!(listed(&ground, &all).await, [first.id, second.id, late.id, third.id]);
    let from = BookingFilter { date_from: Some(june(10)), ..all.clone() };
    assert_eq!(listed(&ground, &from).await, [second.id, late.id, third.id]);
    let to = BookingFilter { date_to: Some(june(10)), ..all.clone() };
    assert_eq!(listed(&ground, &to).await, [first.id, second.id, late.id]);
    let on = BookingFilter { date_from: Some(june(10)), ..to };
    assert_eq!(listed(&ground, &on).await, [second.id, late.id]);
    let one = BookingFilter { statuses: vec![StatusCode::Pending], ..all.clone() };
    assert_eq!(listed(&ground, &one).await, [late.id]);
    let two = BookingFilter { statuses: vec![StatusCode::Cancelled, StatusCode::Pending], ..all.clone() };
    assert_eq!(listed(&ground, &two).await, [first.id, late.id]);
    let primary = BookingFilter { resource: Some(ground.staff), ..all.clone() };
    assert_eq!(listed(&ground, &primary).await, [first.id, second.id, late.id]);
    let beside = BookingFilter { resource: Some(ground.room), ..all.clone() };
    assert_eq!(listed(&ground, &beside).await, [second.id]);
    let customer = BookingFilter { customer: Some(third.customer), ..all.clone() };
    assert_eq!(listed(&ground, &customer).await, [third.id]);
    let number = BookingFilter { number: Some(second.number.clone()), ..all.clone() };
    assert_eq!(listed(&ground, &number).await, [second.id]);
    let nobody = BookingFilter { number: Some(BookingNumber::new(&SystemIds, june(3))), ..all.clone() };
    assert_eq!(listed(&ground, &nobody).await, []);
    let together = BookingFilter { resource: Some(ground.staff), customer: Some(ground.customer), ..on };
    assert_eq!(listed(&ground, &together).await, [second.id, late.id]);
    let theirs = ground.store.list(&ground.theirs, &all, &PageRequest::default(), None).await.unwrap();
    assert!(theirs.items.is_empty() && theirs.next.is_none());
    let found = ground.store.list(&ground.ours, &beside, &PageRequest::default(), None).await.unwrap();
    assert_eq!(found.items, [second]);
}

/// Half of them begin at one time: then the ids decide.
async fn pages_hold_while_others_book(ground: Ground) {
    let starts = ["10:00", "11:00", "11:00", "11:00", "11:00", "12:00", "13:00"];
    let mut bookings: Vec<Booking> = starts.iter().map(|start| ground.booking_at(tokyo(10, start))).collect();
    for booking in bookings.iter().rev() {
        ground.insert(booking).await;
    }
    bookings.sort_by_key(Booking::position);
    let filter = BookingFilter { date_from: Some(june(10)), ..BookingFilter::default() };
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let request = PageRequest { limit: 2, after: None };
        let page = ground.store.list(&ground.ours, &filter, &request, after).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        pages += 1;
        // One before the position, which is not seen any more.
        ground.insert(&ground.booking_at(tokyo(10, "09:30"))).await;
        match page.next {
            Some(next) => after = Some(next.read::<BookingPosition>().unwrap()),
            None => break,
        }
    }
    assert_eq!((pages, seen), (4, bookings));
}

contract!(each_filter_admits_its_own, pages_hold_while_others_book);
