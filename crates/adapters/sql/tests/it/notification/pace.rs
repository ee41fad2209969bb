//! How fast a store's messages go out.

use super::{Told, at, told};
use chrono::{DateTime, Utc};
use musubi_notification::pace::{Ask, Pace, Turn};
use musubi_notification::ports::NotificationStore as _;
use musubi_sql::notification::SqlNotifications;
use musubi_sql_testing::{TestDb, on_each_engine};

told!(a_pace_is_kept_for_each_store);
on_each_engine!(nobody_overtakes_the_rate);

/// Seven a minute: a step of ten seconds.
const RATE: u32 = 7;

async fn a_pace_is_kept_for_each_store(told: Told) {
    let mut kept = Pace::default();
    let in_line = |place: Option<i64>| Ask::InLine(place.map(at));
    let asked = [
        (in_line(None), 0),
        (in_line(None), 0),
        (Ask::InPassing, 0),
        (in_line(None), 0),
        (in_line(None), 0),
        (in_line(Some(10)), 5),
        (in_line(None), 9),
        (in_line(Some(10)), 10),
        (in_line(Some(20)), 29),
        (Ask::InPassing, 98),
        (in_line(None), 99),
    ];
    for (ask, now) in asked {
        let now = at(now);
        let (next, expected) = kept.ask(ask, RATE, now);
        kept = next;
        assert_eq!(told.store.turn(&told.ours, ask, RATE, now).await, Ok(expected), "{ask:?} at {now}");
    }
    assert_eq!(told.store.turn(&told.theirs, in_line(None), RATE, at(0)).await, Ok(Turn::Now));
}

/// What has gathered for a day asks all at once, on two nodes.
async fn nobody_overtakes_the_rate(test: TestDb) {
    let told = Told::over(&test).await;
    let beside = musubi_sql::SqlStore::new(test.reconnect().await, test.store().cipher);
    let nodes = [SqlNotifications::new(test.store()), SqlNotifications::new(beside)];
    let ask = |number: usize| {
        let (node, scope) = (nodes[number % 2].clone(), told.ours.clone());
        async move {
            loop {
                match node.turn(&scope, Ask::InLine(None), RATE, at(0)).await {
                    Err(musubi_kernel::error::StoreError::Conflict) => {}
                    turn => return turn.unwrap(),
                }
            }
        }
    };
    let turns = futures_util::future::join_all((0..20).map(ask)).await;
    let mut places: Vec<DateTime<Utc>> =
        turns.iter().filter_map(|turn| if let Turn::At(at) = turn { Some(*at) } else { None }).collect();
    places.sort_unstable();
    assert_eq!(turns.len() - places.len(), 2, "as many go at once as one after the other");
    let expected: Vec<_> = (1..=18).map(|step| at(step * 10)).collect();
    assert_eq!(places, expected);
}
