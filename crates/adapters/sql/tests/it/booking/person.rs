//! People who sign in: who they are at a store, and what they reach.

use super::agree::{books_agree, records_of};
use super::ground::{Ground, caller, contract, now};
use super::house::{june, tokyo};
use musubi_booking::booking::{Booking, StatusCode};
use musubi_booking::code::Rank;
use musubi_booking::patron::{Newcomer, Patron, Person};
use musubi_booking::ports::{BookingFilter, BookingPosition};
use musubi_booking::reach::Reach;
use musubi_customer::customer::Customer;
use musubi_kernel::access::{Actor, PersonScope, StoreScope};
use musubi_kernel::id::{BookingId, IdGen as _, ResourceId, SessionId, SystemIds, UserId};
use musubi_kernel::page::PageRequest;

fn somebody() -> UserId {
    SystemIds.uuid(now()).into()
}

fn own(user: UserId) -> PersonScope {
    let session = SessionId(SystemIds.uuid(now()));
    Actor::Person { user, session }.as_person().unwrap()
}

fn hanako(user: UserId) -> Person {
    let said = Newcomer {
        name: Some("花子".to_owned()),
        phone: Some("+819011112222".to_owned()),
        email: Some("hanako@example.jp".to_owned()),
        birthday: Some(june(1)),
        ..Newcomer::default()
    };
    Person { user, said }
}

async fn identified(ground: &Ground, scope: &StoreScope, person: &Person) -> Patron {
    let mut unit = ground.unit(scope).await;
    let patron = unit.identify_person(person, &caller(), now()).await.unwrap();
    unit.commit(&[]).await.unwrap();
    patron
}

async fn described(ground: &Ground, said: &Newcomer) -> Patron {
    let mut unit = ground.unit(&ground.ours).await;
    let patron = unit.identify(said, &caller(), now()).await.unwrap();
    unit.commit(&[]).await.unwrap();
    patron
}

async fn a_person_becomes_a_customer_once(ground: Ground) {
    let person = hanako(somebody());
    let made = identified(&ground, &ground.ours, &person).await;
    assert_eq!((made.name.clone(), made.phone.clone()), (person.said.name.clone(), person.said.phone.clone()));
    assert_eq!((made.guest.rank, made.guest.birthday), (Rank::Regular, Some(june(1))));
    assert_eq!(ground.store.patron(&ground.ours, made.id).await, Ok(Some(made.clone())));
    // Whatever they say of themselves.
    let other = Newcomer { name: Some("H".to_owned()), ..Newcomer::default() };
    let again = Person { said: other, ..person.clone() };
    assert_eq!(identified(&ground, &ground.ours, &again).await, made);
    // At another store they are another customer.
    assert_ne!(identified(&ground, &ground.theirs, &person).await.id, made.id);
    if let Some(house) = &ground.house {
        let customer = house.keeper::<Customer>().get(&ground.ours, made.id).await.unwrap();
        assert_eq!((customer.user_id, customer.version), (Some(person.user), 1));
        assert_eq!(customer.details.email.unwrap().as_str(), "hanako@example.jp");
        assert_eq!(records_of(&house.sql.db, made.id.0).await, ["customer.created"]);
        books_agree(&house.sql.db).await;
    }
}

async fn an_address_links_what_is_nobodys(ground: Ground) {
    let (first, second) = (hanako(somebody()), hanako(somebody()));
    let on_file = described(&ground, &Newcomer { line_user_id: Some("U1".to_owned()), ..first.said.clone() }).await;
    // A telephone number alone is no proof.
    let neighbour = Newcomer { email: Some("other@example.jp".to_owned()), ..first.said.clone() };
    let neighbour = identified(&ground, &ground.ours, &Person { user: somebody(), said: neighbour }).await;
    assert_ne!(neighbour.id, on_file.id);
    assert_eq!(identified(&ground, &ground.ours, &first).await, on_file);
    assert_eq!(identified(&ground, &ground.ours, &first).await, on_file);
    // It is somebody's now.
    let made = identified(&ground, &ground.ours, &second).await;
    assert!(![on_file.id, neighbour.id].contains(&made.id));
    if let Some(house) = &ground.house {
        let customer = house.keeper::<Customer>().get(&ground.ours, on_file.id).await.unwrap();
        assert_eq!((customer.user_id, customer.version), (Some(first.user), 2));
        assert_eq!(records_of(&house.sql.db, on_file.id.0).await, ["customer.created", "customer.updated"]);
        books_agree(&house.sql.db).await;
    }
}

async fn a_person_whose_record_was_put_away_comes_anew(ground: Ground) {
    let Some(house) = &ground.house else { return };
    let person = hanako(somebody());
    let made = identified(&ground, &ground.ours, &person).await;
    let keeper = house.keeper::<Customer>();
    let put_away = keeper.update(&house.caller, &ground.ours, made.id, None, |customer| {
        let mut details = customer.details.clone();
        details.is_active = false;
        Ok(details)
    });
    // A revision by the store keeps the link.
    assert_eq!(put_away.await.unwrap().user_id, Some(person.user));
    let anew = identified(&ground, &ground.ours, &person).await;
    assert_ne!(anew.id, made.id);
    let old = keeper.get(&ground.ours, made.id).await.unwrap();
    assert_eq!((old.user_id, old.version), (None, 3));
    assert_eq!(keeper.get(&ground.ours, anew.id).await.unwrap().user_id, Some(person.user));
    assert_eq!(
        records_of(&house.sql.db, made.id.0).await,
        ["customer.created", "customer.updated", "customer.updated"],
    );
    books_agree(&house.sql.db).await;
}

async fn ids(ground: &Ground, reach: Reach) -> Vec<BookingId> {
    let filter = BookingFilter { reach, ..BookingFilter::default() };
    let page = ground.store.list(&ground.ours, &filter, &PageRequest::default(), None).await.unwrap();
    page.items.iter().map(|booking| booking.id).collect()
}

async fn what_is_out_of_reach_is_not_there(ground: Ground) {
    let (user, stranger) = (somebody(), somebody());
    let both = ground.booking();
    let mut bare = ground.booking_at(tokyo(11, "10:00"));
    bare.agreement.resources.retain(|held| held.id == ground.staff);
    bare.customer = identified(&ground, &ground.ours, &hanako(user)).await.id;
    let mut none = ground.booking_at(tokyo(11, "15:00"));
    none.agreement.resources.clear();
    for booking in [&both, &bare, &none] {
        ground.insert(booking).await;
    }
    let nothing = ResourceId(SystemIds.uuid(now()));
    for (reach, within) in [
        (Reach::Store, vec![&both, &bare, &none]),
        (Reach::Resource(ground.staff), vec![&both, &bare]),
        (Reach::Resource(ground.room), vec![&both]),
        (Reach::Resource(nothing), vec![]),
        (Reach::Person(user), vec![&bare]),
        (Reach::Person(stranger), vec![]),
    ] {
        let expected: Vec<_> = within.iter().map(|booking| booking.id).collect();
        assert_eq!(ids(&ground, reach).await, expected, "{reach:?}");
        for booking in [&both, &bare, &none] {
            let there = within.contains(&booking).then(|| (*booking).clone());
            assert_eq!(ground.store.find(&ground.ours, booking.id, reach).await, Ok(there.clone()), "{reach:?}");
            let mut unit = ground.unit(&ground.ours).await;
            let glance = unit.glance(booking.id, reach).await.unwrap();
            assert_eq!(glance.map(|glance| glance.version), there.as_ref().map(|booking| booking.version));
            assert_eq!(unit.booking(booking.id, reach).await, Ok(there), "{reach:?}");
        }
    }
}

async fn a_person_sees_their_own_at_every_store(ground: Ground) {
    let (user, stranger) = (somebody(), somebody());
    let here = identified(&ground, &ground.ours, &hanako(user)).await.id;
    let there = identified(&ground, &ground.theirs, &hanako(user)).await.id;
    let mut own_bookings: Vec<Booking> = Vec::new();
    for (day, time) in [(10, "12:00"), (9, "10:00"), (11, "10:00")] {
        let booking = Booking { customer: here, ..ground.booking_at(tokyo(day, time)) };
        ground.insert(&booking).await;
        own_bookings.push(booking);
    }
    ground.insert(&ground.booking()).await;
    if ground.house.is_none() {
        // In memory nothing refers to a menu of the other store.
        let elsewhere = Booking {
            customer: there,
            tenant: ground.theirs.tenant(),
            store: ground.theirs.store(),
            ..ground.booking_at(tokyo(10, "09:00"))
        };
        ground.insert(&elsewhere).await;
        own_bookings.push(elsewhere);
    }
    own_bookings.sort_by_key(Booking::position);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, after: None };
        let page = ground.store.list_own(&own(user), &BookingFilter::default(), &page, after).await.unwrap();
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        after = Some(next.read::<BookingPosition>().unwrap());
    }
    assert_eq!(seen, own_bookings);
    let filter =
        BookingFilter { date_from: Some(june(10)), statuses: vec![StatusCode::Confirmed], ..BookingFilter::default() };
    let page = ground.store.list_own(&own(user), &filter, &PageRequest::default(), None).await.unwrap();
    let expected = own_bookings.iter().filter(|booking| booking.agreement.business_date >= june(10));
    assert_eq!(page.items, expected.cloned().collect::<Vec<_>>());
    let page = ground.store.list_own(&own(stranger), &BookingFilter::default(), &PageRequest::default(), None).await;
    assert_eq!(page.unwrap().items, []);
    for booking in &own_bookings {
        let found = ground.store.find_own(&own(user), booking.id).await.unwrap().map(|at| (at.tenant, at.store));
        assert_eq!(found, Some((booking.tenant, booking.store)));
        assert_eq!(ground.store.find_own(&own(stranger), booking.id).await, Ok(None));
    }
}

contract!(
    a_person_becomes_a_customer_once,
    an_address_links_what_is_nobodys,
    a_person_whose_record_was_put_away_comes_anew,
    what_is_out_of_reach_is_not_there,
    a_person_sees_their_own_at_every_store,
);
