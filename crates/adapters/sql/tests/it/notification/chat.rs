//! What customers do in their chats at LINE.

use super::{Told, at, told};
use chrono::TimeDelta;
use musubi_kernel::access::Caller;
use musubi_kernel::id::{BookingId, CustomerId, IdGen as _, SystemIds};
use musubi_kernel::job::NewJob;
use musubi_kernel::job::queue::JobFilter;
use musubi_notification::chat::event::{ChatEvent, Deed};
use musubi_notification::chat::ports::{Code, Heard, Redeemed};
use musubi_notification::chat::{ACT, Acting};

told!(
    what_comes_again_is_known,
    a_flood_of_one_store_leaves_others_their_turns,
    what_happened_last_tells_whether_the_store_is_blocked,
    a_code_of_a_booking_is_good_for_one_person_at_one_store,
    a_newer_code_takes_the_place_of_the_last,
    a_code_of_the_customer_makes_them_known,
);

fn heard(told: &Told, key: &str) -> Heard {
    let id = SystemIds.uuid(at(0));
    let which = Acting { tenant: told.ours.tenant(), store: told.ours.store(), event: id };
    let event = ChatEvent {
        key: key.to_owned(),
        at: at(0),
        user: "U1".to_owned(),
        reply_token: Some("r".to_owned()),
        deed: Deed::Text("明日は？ '🍎' \"".to_owned()),
    };
    Heard { id, event, job: NewJob::new(&SystemIds, ACT, which, at(0)).keyed(id.to_string()) }
}

async fn what_comes_again_is_known(told: Told) {
    let (chats, ours) = (&told.chats, &told.ours);
    let [one, again, two] = ["E1", "E1", "E2"].map(|key| heard(&told, key));
    assert_eq!(chats.keep(ours, std::slice::from_ref(&one), at(0)).await, Ok(1));
    assert_eq!(chats.keep(ours, &[again.clone(), two.clone()], at(1)).await, Ok(1));
    assert_eq!(chats.keep(ours, std::slice::from_ref(&again), at(2)).await, Ok(0));
    let lines = told.queue.list(&JobFilter::default(), 1_000).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.kind == ACT).count(), 2);

    assert_eq!(chats.event(ours, one.id).await, Ok(Some(one.event)));
    assert_eq!(chats.event(ours, again.id).await, Ok(None));
    assert_eq!(chats.event(&told.theirs, two.id).await, Ok(None));
    chats.settle(&told.theirs, two.id).await.unwrap();
    assert_eq!(chats.event(ours, two.id).await, Ok(Some(two.event)));
    for _ in 0..2 {
        chats.settle(ours, one.id).await.unwrap();
        assert_eq!(chats.event(ours, one.id).await, Ok(None));
    }
    assert_eq!(
        chats.keep(ours, std::slice::from_ref(&again), at(3)).await,
        Ok(0),
        "it stays known once it was acted on"
    );
}

async fn a_flood_of_one_store_leaves_others_their_turns(told: Told) {
    let flood: Vec<_> = (0..100).map(|n| heard(&told, &format!("E{n}"))).collect();
    // What is known already takes no turn.
    for (some, new) in [(&flood[..70], 70), (&flood[..70], 0), (&flood[60..], 30)] {
        assert_eq!(told.chats.keep(&told.ours, some, at(0)).await, Ok(new));
    }
    let other = heard(&told, "E1");
    assert_eq!(told.chats.keep(&told.theirs, std::slice::from_ref(&other), at(0)).await, Ok(1));
    let lines = told.queue.list(&JobFilter::default(), 1_000).await.unwrap();
    let due = |of: &Heard| lines.iter().find(|line| line.id == of.job.id).map(|line| line.due_at);
    let after = |millis: i64| Some(at(0) + TimeDelta::milliseconds(millis));
    assert_eq!(flood[..60].iter().map(due).collect::<Vec<_>>(), [after(0); 60]);
    assert_eq!([60, 69, 70, 99].map(|n| due(&flood[n])), [after(100), after(1_000), after(1_100), after(4_000)]);
    assert_eq!(due(&other), after(0));
    // After a silence it is as in the beginning.
    let later = heard(&told, "E100");
    assert_eq!(told.chats.keep(&told.ours, std::slice::from_ref(&later), at(60)).await, Ok(1));
    let lines = told.queue.list(&JobFilter::default(), 1_000).await.unwrap();
    assert_eq!(lines.iter().find(|line| line.id == later.job.id).map(|line| line.due_at), after(60_000));
}

async fn what_happened_last_tells_whether_the_store_is_blocked(told: Told) {
    let (chats, ours) = (&told.chats, &told.ours);
    assert!(!told.friends.has_blocked(ours, "U1").await);
    for (second, blocked, then) in
        [(10, true, true), (5, false, true), (10, true, true), (20, false, false), (15, true, false)]
    {
        chats.mark(ours, "U1", blocked, at(second)).await.unwrap();
        assert_eq!(told.friends.has_blocked(ours, "U1").await, then, "told at {second}");
    }
    chats.mark(ours, "U1", true, at(30)).await.unwrap();
    assert!(!told.friends.has_blocked(ours, "u1").await);
    assert!(!told.friends.has_blocked(&told.theirs, "U1").await);
}

fn code(digest: u8, booking: BookingId, customer: Option<CustomerId>) -> Code {
    let expires_at = at(0) + TimeDelta::minutes(30);
    Code { id: SystemIds.uuid(at(0)), digest: [digest; 32], booking, customer, created_at: at(0), expires_at }
}

async fn a_code_of_a_booking_is_good_for_one_person_at_one_store(told: Told) {
    let (chats, ours, caller) = (&told.chats, &told.ours, Caller::system());
    let [booking, other] = told.bookings;
    chats.put_code(ours, &code(1, booking, None)).await.unwrap();
    for (scope, digest, user, second) in
        [(&told.theirs, 1, "U1", 0), (ours, 2, "U1", 0), (ours, 1, "U1", 1_800), (ours, 1, "U1", 9_999)]
    {
        let found = chats.redeem(scope, &[digest; 32], user, &caller, at(second)).await;
        assert_eq!(found, Ok(Redeemed::Unknown), "{digest} {second}");
    }
    assert_eq!(chats.holds(ours, "U1", booking).await, Ok(false));
    for _ in 0..2 {
        assert_eq!(chats.redeem(ours, &[1; 32], "U1", &caller, at(1_799)).await, Ok(Redeemed::Linked(booking)));
    }
    assert_eq!(chats.redeem(ours, &[1; 32], "U2", &caller, at(0)).await, Ok(Redeemed::Unknown));
    for (scope, user, which, holds) in [
        (ours, "U1", booking, true),
        (ours, "U2", booking, false),
        (ours, "U1", other, false),
        (&told.theirs, "U1", booking, false),
        (ours, "U1", BookingId(SystemIds.uuid(at(0))), false),
    ] {
        assert_eq!(chats.holds(scope, user, which).await, Ok(holds), "{user}");
    }
}

async fn a_newer_code_takes_the_place_of_the_last(told: Told) {
    let (chats, ours, caller) = (&told.chats, &told.ours, Caller::system());
    let [booking, other] = told.bookings;
    for (digest, booking) in [(1, booking), (2, other), (3, booking)] {
        chats.put_code(ours, &code(digest, booking, None)).await.unwrap();
    }
    assert_eq!(chats.redeem(ours, &[1; 32], "U1", &caller, at(0)).await, Ok(Redeemed::Unknown));
    assert_eq!(chats.redeem(ours, &[3; 32], "U1", &caller, at(0)).await, Ok(Redeemed::Linked(booking)));
    // Whoever sends a later code is told instead.
    chats.put_code(ours, &code(4, booking, None)).await.unwrap();
    assert_eq!(chats.redeem(ours, &[4; 32], "U2", &caller, at(0)).await, Ok(Redeemed::Linked(booking)));
    assert_eq!(chats.holds(ours, "U1", booking).await, Ok(false));
    assert_eq!(chats.holds(ours, "U2", booking).await, Ok(true));
}

async fn a_code_of_the_customer_makes_them_known(told: Told) {
    let (chats, ours, caller) = (&told.chats, &told.ours, Caller::system());
    let [booking, other] = told.bookings;
    chats.put_code(ours, &code(9, booking, None)).await.unwrap();
    assert_eq!(chats.redeem(ours, &[9; 32], "U9", &caller, at(0)).await, Ok(Redeemed::Linked(booking)));
    assert_eq!(chats.holds(ours, "U9", booking).await, Ok(true));
    for (digest, user) in [(1, "U1"), (2, "U2")] {
        chats.put_code(ours, &code(digest, booking, Some(told.customer))).await.unwrap();
        for _ in 0..2 {
            let redeemed = chats.redeem(ours, &[digest; 32], user, &caller, at(0)).await;
            assert_eq!(redeemed, Ok(Redeemed::Linked(booking)));
        }
        assert_eq!(chats.holds(ours, user, other).await, Ok(true));
    }
    assert_eq!(chats.holds(ours, "U1", other).await, Ok(false), "they are somebody else on LINE now");
    assert_eq!(chats.holds(ours, "U9", booking).await, Ok(false), "who only had the link makes way");
    // Nobody signs in as them through LINE: nothing changes.
    chats.link_by_sign_in(ours, "U3", &caller, at(0)).await.unwrap();
    assert_eq!(chats.holds(ours, "U3", booking).await, Ok(false));
}
