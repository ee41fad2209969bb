//! What is out of reach is not there.

use crate::fixture::{AKI, BEN, COLOUR, CUT, Front, STORE, at, code, fresh, named, public, staff, wish};
use musubi_booking::booking::{Booking, By, Notes};
use musubi_booking::code::Source;
use musubi_booking::desk::{NewBooking, NewTerms, Target, Who};
use musubi_booking::patron::{Newcomer, Patron, Person};
use musubi_booking::ports::BookingFilter;
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_kernel::access::{Actor, Caller, PersonScope};
use musubi_kernel::id::{CustomerId, ResourceId, UserId};
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::NoReceipt;
use uuid::Uuid;

const EMA: UserId = UserId(Uuid::from_u128(501));
const FUMI: UserId = UserId(Uuid::from_u128(502));

fn signed_in(user: UserId) -> Caller {
    Caller { actor: Actor::Person { user, session: Uuid::from_u128(9).into() }, ..public() }
}

fn scope_of(user: UserId) -> PersonScope {
    signed_in(user).actor.as_person().expect("a person")
}

fn who(user: UserId, name: &str, phone: Option<&str>, email: Option<&str>) -> Who {
    let text = |text: &str| text.to_owned();
    let said =
        Newcomer { name: Some(text(name)), phone: phone.map(text), email: email.map(text), ..Newcomer::default() };
    Who::Person(Person { user, said })
}

async fn booked(front: &Front, user: UserId, start: &str, who: Who) -> Booking {
    let new = fresh(CUT, start, wish(Source::Web), who);
    front.desk.book(&signed_in(user), &front.scope, &new, &NoReceipt).await.expect("free").booking
}

async fn nominated(front: &Front, start: &str, resource: ResourceId) -> Booking {
    let wish = Wish { nominated: Some(resource), ..wish(Source::Staff) };
    front.make(&fresh(CUT, start, wish, named("Goro"))).await.expect("free").booking
}

fn because() -> By {
    By::Staff { reason: "ill".to_owned() }
}

/// The codes of every step that there is, taken with this reach.
async fn steps(front: &Front, booking: &Booking, reach: Reach) -> [&'static str; 9] {
    let caller = staff();
    let target = || Target { reach, ..front.target(&caller, booking.id) };
    let terms = NewTerms { start: Some(at("2026-06-20 12:00")), ..NewTerms::default() };
    let preferred = Some(at("2026-06-21 12:00"));
    let keep = |notes: &Notes| Ok(notes.clone());
    [
        code(&front.desk.booking(&front.scope, booking.id, reach).await),
        code(&front.desk.history(&front.scope, booking.id, reach).await),
        code(&front.desk.annotate(target(), &keep, &NoReceipt).await),
        code(&front.desk.confirm(target(), None, None, &NoReceipt).await),
        code(&front.desk.confirm(target(), preferred, None, &NoReceipt).await),
        code(&front.desk.reschedule(target(), &terms, &because(), &NoReceipt).await),
        code(&front.desk.complete(target(), None, &NoReceipt).await),
        code(&front.desk.no_show(target(), None, &NoReceipt).await),
        code(&front.desk.cancel(target(), &because(), &NoReceipt).await),
    ]
}

async fn listed(front: &Front, reach: Reach) -> Vec<Booking> {
    let filter = BookingFilter { reach, ..BookingFilter::default() };
    front.desk.bookings(&front.scope, &filter, &PageRequest::default()).await.expect("memory").items
}

#[tokio::test]
async fn no_step_touches_what_is_out_of_reach() {
    let front = Front::new();
    let mine = nominated(&front, "2026-06-10 12:00", BEN).await;
    for reach in [Reach::Resource(AKI), Reach::Person(EMA)] {
        assert_eq!(steps(&front, &mine, reach).await, ["not_found"; 9], "{reach:?}");
        assert_eq!(listed(&front, reach).await, []);
    }
    assert_eq!(front.desk.booking(&front.scope, mine.id, Reach::Store).await, Ok(mine.clone()));
    let pending = "invalid_transition";
    let own = ["", "", "", pending, pending, "", "not_started", "not_started", ""];
    assert_eq!(steps(&front, &mine, Reach::Resource(BEN)).await, own);
}

#[tokio::test]
async fn staff_keep_what_is_theirs() {
    let front = Front::new();
    let booking = nominated(&front, "2026-06-10 12:00", AKI).await;
    let caller = staff();
    let own = || Target { reach: Reach::Resource(AKI), ..front.target(&caller, booking.id) };
    let to = |nominated| NewTerms { nominated: Some(Some(nominated)), ..NewTerms::default() };
    let given_away = front.desk.reschedule(own(), &to(BEN), &because(), &NoReceipt).await;
    assert_eq!(code(&given_away), "no_longer_own");
    assert_eq!(listed(&front, Reach::Resource(AKI)).await, std::slice::from_ref(&booking));
    // Whoever may change all of them may give it away, and then it is out of reach.
    let given = front.desk.reschedule(front.target(&caller, booking.id), &to(BEN), &because(), &NoReceipt).await;
    assert_eq!(given.expect("free").version, 2);
    assert_eq!(code(&front.desk.cancel(own(), &because(), &NoReceipt).await), "not_found");
    assert_eq!(listed(&front, Reach::Resource(AKI)).await, []);
}

#[tokio::test]
async fn a_preferred_time_is_agreed_for_ones_own_resource() {
    let front = Front::new();
    let wish = Wish { nominated: Some(AKI), ..wish(Source::Web) };
    let preferred_times = vec![at("2026-06-11 12:00")];
    let new = NewBooking { preferred_times, ..fresh(COLOUR, "2026-06-10 12:00", wish, named("Ema")) };
    let booking = front.make(&new).await.expect("free").booking;
    let caller = staff();
    let target = |reach| Target { reach, ..front.target(&caller, booking.id) };
    let start = Some(at("2026-06-11 12:00"));
    let others = front.desk.confirm(target(Reach::Resource(BEN)), start, None, &NoReceipt).await;
    assert_eq!(code(&others), "not_found");
    let own = front.desk.confirm(target(Reach::Resource(AKI)), start, None, &NoReceipt).await;
    assert_eq!(own.expect("free").starts_at(), at("2026-06-11 12:00"));
}

#[tokio::test]
async fn a_person_is_one_customer_and_reaches_their_own() {
    let front = Front::new();
    let first = booked(&front, EMA, "2026-06-10 12:00", who(EMA, "Ema", None, Some("ema@example.com"))).await;
    assert_eq!((first.contact.name.as_deref(), first.contact.phone.as_deref()), (Some("Ema"), None));
    // Without an address, and under another name: known by who they are.
    let phone = Some("+819011112222");
    let second = booked(&front, EMA, "2026-06-11 12:00", who(EMA, "Ema S.", phone, None)).await;
    assert_eq!(second.customer, first.customer);
    assert_eq!((second.contact.name.as_deref(), second.contact.phone.as_deref()), (Some("Ema S."), phone));
    assert_eq!(front.patron(first.customer).await.phone, None, "what is said with a booking is not written down");
    // The same address, as of an account that was taken over: the record is somebody's already.
    let fumi = booked(&front, FUMI, "2026-06-12 12:00", who(FUMI, "Fumi", None, Some("ema@example.com"))).await;
    assert_ne!(fumi.customer, first.customer);

    let own = [first.clone(), second];
    assert_eq!(listed(&front, Reach::Person(EMA)).await, own);
    let page = |limit, after| PageRequest { limit, after };
    let everywhere = BookingFilter::default();
    let found = front.desk.own_bookings(&scope_of(EMA), &everywhere, &page(1, None)).await.expect("memory");
    assert_eq!((&found.items[0].booking, found.items[0].store_name.as_str()), (&own[0], "Shop"));
    let rest = front.desk.own_bookings(&scope_of(EMA), &everywhere, &page(9, found.next)).await.expect("memory");
    assert_eq!((rest.items.len(), &rest.items[0].booking), (1, &own[1]));
    assert_eq!(front.desk.store_of_own(&scope_of(EMA), first.id).await.map(|at| at.store), Ok(STORE));
    assert_eq!(code(&front.desk.store_of_own(&scope_of(FUMI), first.id).await), "not_found");

    let caller = signed_in(EMA);
    let target = |reach| Target { reach, ..front.target(&caller, first.id) };
    let by = By::Customer { reason: None };
    let others = front.desk.cancel(target(Reach::Person(FUMI)), &by, &NoReceipt).await;
    assert_eq!(code(&others), "not_found");
    front.desk.cancel(target(Reach::Person(EMA)), &by, &NoReceipt).await.expect("in time");
}

#[tokio::test]
async fn an_address_that_is_proven_finds_the_record_on_file() {
    let front = Front::new();
    let said = Newcomer {
        name: Some("Ema from the till".to_owned()),
        phone: Some("+819011112222".to_owned()),
        email: Some("ema@example.com".to_owned()),
        ..Newcomer::default()
    };
    let on_file = front.make(&fresh(CUT, "2026-06-10 12:00", wish(Source::Phone), Who::Described(said))).await;
    let on_file: CustomerId = on_file.expect("free").booking.customer;
    // A telephone number is no proof.
    let fumi = who(FUMI, "Fumi", Some("+819011112222"), Some("fumi@example.com"));
    assert_ne!(booked(&front, FUMI, "2026-06-11 12:00", fumi).await.customer, on_file);
    let ema = booked(&front, EMA, "2026-06-12 12:00", who(EMA, "Ema", None, Some("ema@example.com"))).await;
    assert_eq!((ema.customer, ema.contact.phone.as_deref()), (on_file, Some("+819011112222")));
    // What was booked before they signed in is theirs, too.
    assert_eq!(listed(&front, Reach::Person(EMA)).await.len(), 2);

    // A record that was put away makes no new bookings: they come anew.
    let patron = front.patron(on_file).await;
    front.bookings.put_patron(STORE, Patron { active: false, ..patron });
    let anew = booked(&front, EMA, "2026-06-13 12:00", who(EMA, "Ema", None, None)).await;
    assert_ne!(anew.customer, on_file);
    assert_eq!(listed(&front, Reach::Person(EMA)).await, [anew]);
}

#[tokio::test]
async fn signing_in_lifts_no_restriction_and_proves_a_rank() {
    let front = Front::new();
    let phone = Some("+819011112222");
    let described = Who::Described(Newcomer { phone: phone.map(str::to_owned), ..Newcomer::default() });
    let described = fresh(CUT, "2026-06-10 12:00", wish(Source::Phone), described);
    let restricted = front.make(&described).await.expect("free").booking.customer;
    front.restrict(restricted).await;
    let book = |who| fresh(CUT, "2026-06-11 12:00", wish(Source::Web), who);
    let new = book(who(EMA, "Ema", phone, Some("ema@example.com")));
    let refused = front.desk.book(&signed_in(EMA), &front.scope, &new, &NoReceipt).await;
    assert_eq!(code(&refused), "customer_restricted");
    let ema = booked(&front, EMA, "2026-06-11 12:00", who(EMA, "Ema", None, Some("ema@example.com"))).await;
    assert_eq!(ema.agreement.price.total.0, 6000);
    let mut patron = front.patron(ema.customer).await;
    patron.guest.rank = musubi_booking::code::Rank::Vip;
    front.bookings.put_patron(STORE, patron);
    let next = booked(&front, EMA, "2026-06-12 12:00", who(EMA, "Ema", None, None)).await;
    assert_eq!((next.customer, next.agreement.price.total.0), (ema.customer, 5400));
}
