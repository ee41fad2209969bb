//! Many who book the same days at a time: they share transactions, and none of them can tell.

use crate::fixture::{CLASS, COLOUR, CUT, Front, code, fresh, named, staff, wish};
use chrono::TimeDelta;
use musubi_booking::code::{Rank, Source};
use musubi_booking::desk::{Booked, Desk, NewBooking, Who};
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_kernel::id::{CustomerId, MenuId};
use musubi_kernel::receipt::{Answered, NoReceipt, Receipt};
use musubi_kernel::task::{Task, Tasks};
use proptest::prelude::*;
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

struct OnTokio;

impl Tasks for OnTokio {
    fn run(&self, task: Task) {
        tokio::spawn(task);
    }
}

#[derive(Clone)]
struct Numbered(usize);

impl Receipt<Booked> for Numbered {
    fn of(&self, booked: &Booked) -> Option<Answered> {
        let at = booked.booking.created_at;
        Some(Answered {
            caller: "till".to_owned(),
            key: self.0.to_string(),
            fingerprint: [3; 32],
            status: 201,
            body: booked.booking.id.to_string().into_bytes(),
            answered_at: at,
            expires_at: at + TimeDelta::days(1),
        })
    }
}

/// The front desk with a line, and so many customers.
fn front(customers: u128) -> (Arc<Front>, Vec<CustomerId>) {
    let mut front = Front::new();
    front.desk = front.desk.clone().with_lines(Arc::new(OnTokio));
    let customers = (0..customers).map(|number| front.customer(number, Rank::Regular)).collect();
    (Arc::new(front), customers)
}

fn cut(start: &str, customer: CustomerId) -> NewBooking {
    fresh(CUT, start, wish(Source::Staff), Who::Known(customer))
}

type Answer = Result<Booked, BookingError>;

/// Books on its own task, which runs when this one waits.
fn booking(front: &Arc<Front>, place: usize, new: NewBooking) -> JoinHandle<Answer> {
    let front = Arc::clone(front);
    tokio::spawn(async move { front.desk.book(&staff(), &front.scope, &new, &Numbered(place)).await })
}

async fn all_at_once(front: &Arc<Front>, wanted: Vec<NewBooking>) -> Vec<Answer> {
    let tasks: Vec<_> = wanted.into_iter().enumerate().map(|(place, new)| booking(front, place, new)).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.expect("no panic"));
    }
    answers
}

fn begun(front: &Front) -> u32 {
    front.ledger.seen(|seen| seen.begun)
}

#[tokio::test]
async fn those_who_wait_share_a_transaction_and_each_has_their_own_answer() {
    let (front, customers) = front(10);
    let answers = all_at_once(&front, customers.iter().map(|one| cut("2026-06-10 12:00", *one)).collect()).await;
    assert_eq!(begun(&front), 2, "the first, and all others");
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes[..2], ["", ""], "two have the scissors");
    assert!(codes[2..].iter().all(|code| *code == "slot_taken"), "{codes:?}");
    let kept = front.ledger.seen(|seen| seen.answered.clone());
    let told: Vec<_> = kept.iter().map(|one| (&*one.key, String::from_utf8_lossy(&one.body).into_owned())).collect();
    let id = |place: usize| answers[place].as_ref().expect("booked").booking.id;
    assert_eq!(told, [("0", id(0).to_string()), ("1", id(1).to_string())]);
    assert_eq!(front.bookings.records().len(), 2);
    for place in 0..2 {
        assert_eq!(front.desk.history(&front.scope, id(place), Reach::Store).await.map(|entries| entries.len()), Ok(1));
    }
}

#[tokio::test]
async fn a_long_line_is_served_in_parts_and_other_days_do_not_wait() {
    let (front, customers) = front(41);
    let start = |place: usize| match place {
        40 => "2026-06-11 12:00".to_owned(),
        _ => format!("2026-06-10 {:02}:00", 10 + 2 * (place % 4)),
    };
    let wanted = customers.iter().enumerate().map(|(place, one)| cut(&start(place), *one)).collect();
    let answers = all_at_once(&front, wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2 * 4 + 1);
    // The first, the other day, and 39 others, 16 at a time.
    assert_eq!(begun(&front), 1 + 1 + 3);
}

#[tokio::test]
async fn nobody_suffers_for_another() {
    let (front, customers) = front(4);
    let mut wanted: Vec<_> =
        customers.iter().zip(10..).map(|(one, hour)| cut(&format!("2026-06-10 {hour}:00"), *one)).collect();
    wanted[2].who = Who::Known(CustomerId(Uuid::from_u128(9)));
    let codes: Vec<_> = all_at_once(&front, wanted).await.iter().map(code).collect();
    assert_eq!(codes, ["", "", "not_found", ""]);
}

#[tokio::test]
async fn a_race_that_is_lost_together_is_won_alone() {
    let (front, customers) = front(5);
    front.ledger.seen(|seen| seen.races_to_lose = 2);
    let wanted = customers.iter().zip(10..).map(|(one, hour)| cut(&format!("2026-06-10 {hour}:00"), *one)).collect();
    let answers = all_at_once(&front, wanted).await;
    assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().map(code).collect::<Vec<_>>());
    assert_eq!(front.bookings.records().len(), 5);
}

#[tokio::test]
async fn who_hangs_up_keeps_nobody_waiting() {
    let (front, customers) = front(4);
    let new = |place: usize| cut(&format!("2026-06-10 {}:00", 10 + place), customers[place]);
    front.ledger.seen(|seen| seen.slowness = 5);
    let tasks: Vec<_> = (0..4).map(|place| booking(&front, place, new(place))).collect();
    // The first is in its transaction, the others stand in line.
    tokio::task::yield_now().await;
    assert_eq!(begun(&front), 1);
    tasks[2].abort();
    tokio::task::yield_now().await;
    tasks[0].abort();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.is_ok_and(|answer| answer.is_ok()));
    }
    assert_eq!(done, [false, true, false, true]);
    assert_eq!(front.bookings.records().len(), 2, "nothing is booked for who hung up");
}

/// Forgets every task.
struct Forgetting;

impl Tasks for Forgetting {
    fn run(&self, task: Task) {
        drop(task);
    }
}

#[tokio::test]
async fn a_line_that_nobody_serves_any_more_answers() {
    let (mut front, customers) = (Front::new(), 20);
    front.desk = front.desk.clone().with_lines(Arc::new(Forgetting));
    let customers: Vec<_> = (0..customers).map(|number| front.customer(number, Rank::Regular)).collect();
    let front = Arc::new(front);
    let answers = all_at_once(&front, customers.iter().map(|one| cut("2026-06-10 12:00", *one)).collect()).await;
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes[0], "");
    assert!(codes[1..].iter().all(|code| *code == "database_unavailable"), "{codes:?}");
}

fn one_after_the_other(desk: &Desk, front: &Front, wanted: &[NewBooking]) -> Vec<(&'static str, Option<Uuid>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    wanted.iter().map(|new| outcome(&runtime.block_on(desk.book(&staff(), &front.scope, new, &NoReceipt)))).collect()
}

/// The refusal, or the resource that a booking holds.
fn outcome(answer: &Answer) -> (&'static str, Option<Uuid>) {
    let held = answer.as_ref().ok().and_then(|booked| booked.booking.agreement.primary().map(|held| held.id.0));
    (code(answer), held)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn together_they_get_what_they_would_get_one_after_the_other(
        wanted in proptest::collection::vec((0..3_usize, 0..9_u32, 0..2_u32, 1..4_u32, 0..6_usize), 1..40),
    ) {
        let wanted = |customers: &[CustomerId]| -> Vec<NewBooking> {
            let new = |(menu, hour, half, party_size, who): &(usize, u32, u32, u32, usize)| {
                let menu: MenuId = [CUT, COLOUR, CLASS][*menu];
                let party_size = if menu == CLASS { *party_size } else { 1 };
                let start = format!("2026-06-10 {:02}:{:02}", 10 + hour, 30 * half);
                let wish = Wish { party_size, ..wish(Source::Staff) };
                // The sixth is nobody's customer.
                let who = customers.get(*who).copied().unwrap_or(CustomerId(Uuid::from_u128(9)));
                fresh(menu, &start, wish, Who::Known(who))
            };
            wanted.iter().map(new).collect()
        };
        let alone = Front::new();
        let customers: Vec<_> = (0..5).map(|number| alone.customer(number, Rank::Regular)).collect();
        let expected = one_after_the_other(&alone.desk, &alone, &wanted(&customers));

        let (lined, customers) = front(5);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answers = runtime.block_on(all_at_once(&lined, wanted(&customers)));
        let got: Vec<_> = answers.iter().map(outcome).collect();
        prop_assert_eq!(got, expected);
        prop_assert_eq!(lined.bookings.records().len(), alone.bookings.records().len());
    }
}

/// Who describes themselves is looked for under the lock.
#[tokio::test]
async fn newcomers_stand_in_line_and_are_booked_one_by_one() {
    let (front, customers) = front(4);
    let start = |place: usize| format!("2026-06-10 {}:00", 10 + 2 * (place % 4));
    let mut wanted: Vec<_> = (0..4).map(|place| cut(&start(place), customers[place])).collect();
    wanted.extend((0..4).map(|place| fresh(CUT, &start(place), wish(Source::Web), named("Ema"))));
    let answers = all_at_once(&front, wanted).await;
    assert_eq!(answers.iter().map(code).collect::<Vec<_>>(), [""; 8]);
    assert_eq!(begun(&front), 1 + 1 + 4, "the first, three together, four alone");
}
