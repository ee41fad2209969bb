//! What every store of short-lived entries must do. The adapters' tests include this file, and run it over each of them.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::ephemeral::{Counted, CountedAll, Counter, Ephemeral, LONGEST_KEY};
use std::sync::Arc;

/// A store, as two servers have it, and names that nobody else uses in it.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) servers: [Arc<dyn Ephemeral>; 2],
    pub(crate) prefix: String,
}

impl Shelf {
    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn one(&self) -> &dyn Ephemeral {
        &*self.servers[0]
    }

    fn two(&self) -> &dyn Ephemeral {
        &*self.servers[1]
    }
}

/// Names every test of this file to a macro, which makes tests of them.
macro_rules! for_each_rule {
    ($make:ident) => {
        $make!(
            values_are_kept_until_they_end,
            a_value_is_taken_once,
            a_value_is_tried_so_often,
            counting_ends_and_begins_anew,
            what_was_right_is_not_counted,
            names_and_values_may_be_long_and_strange,
            what_has_ended_can_be_cleared,
            of_all_who_take_at_once_one_gets_it,
            tries_at_once_are_never_more,
            counts_at_once_are_never_more,
            writes_at_once_do_not_fail,
            several_are_counted_together_or_not_at_all,
            several_at_once_are_never_more,
        );
    };
}
pub(crate) use for_each_rule;

fn at(seconds: i64) -> DateTime<Utc> {
    "2026-03-20T01:02:03.123456Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::seconds(seconds)
}

fn text(value: &str) -> String {
    value.to_owned()
}

/// What they come to, when eight on each server begin at once.
async fn crowd<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    shelf: &Shelf,
    task: impl Fn(Arc<dyn Ephemeral>) -> F,
) -> Vec<T> {
    let gate = Arc::new(tokio::sync::Barrier::new(16));
    let start = |n: usize| {
        let (gate, task) = (gate.clone(), task(shelf.servers[n % 2].clone()));
        tokio::spawn(async move {
            gate.wait().await;
            task.await
        })
    };
    let mut done = Vec::new();
    for one in (0..16).map(start).collect::<Vec<_>>() {
        done.push(one.await.expect("nobody panics"));
    }
    done
}

pub(crate) async fn values_are_kept_until_they_end(shelf: Shelf) {
    let (key, other) = (shelf.key("a"), shelf.key("b"));
    assert_eq!(shelf.one().get(&key, at(0)).await, Ok(None));
    shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
    shelf.one().put(&other, "other", at(99), at(0)).await.unwrap();
    let last = at(10) - TimeDelta::microseconds(1);
    assert_eq!(shelf.two().get(&key, last).await, Ok(Some(text("one"))));
    assert_eq!(shelf.two().get(&key, at(10)).await, Ok(None));
    shelf.two().put(&key, "two", at(20), at(5)).await.unwrap();
    assert_eq!(shelf.one().get(&key, at(19)).await, Ok(Some(text("two"))));
    shelf.one().remove(&key).await.unwrap();
    shelf.one().remove(&key).await.unwrap();
    assert_eq!(shelf.two().get(&key, at(5)).await, Ok(None));
    assert_eq!(shelf.two().get(&other, at(5)).await, Ok(Some(text("other"))));
}

pub(crate) async fn a_value_is_taken_once(shelf: Shelf) {
    let key = shelf.key("a");
    assert_eq!(shelf.one().take(&key, at(0)).await, Ok(None));
    shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
    assert_eq!(shelf.two().take(&key, at(1)).await, Ok(Some(text("one"))));
    assert_eq!(shelf.one().take(&key, at(1)).await, Ok(None));
    assert_eq!(shelf.one().get(&key, at(1)).await, Ok(None));
    shelf.one().put(&key, "late", at(10), at(0)).await.unwrap();
    assert_eq!(shelf.two().take(&key, at(10)).await, Ok(None));
}

pub(crate) async fn a_value_is_tried_so_often(shelf: Shelf) {
    let key = shelf.key("a");
    assert_eq!(shelf.one().attempt(&key, 3, at(0)).await, Ok(None), "of nothing there are no tries");
    for _ in 0..2 {
        shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
        for server in [shelf.one(), shelf.two(), shelf.one()] {
            assert_eq!(server.attempt(&key, 3, at(1)).await, Ok(Some(text("one"))));
        }
        for server in [shelf.one(), shelf.two()] {
            assert_eq!(server.attempt(&key, 3, at(1)).await, Ok(None));
        }
        assert_eq!(
            shelf.one().get(&key, at(1)).await,
            Ok(Some(text("one"))),
            "a value that was tried out is still there"
        );
    }
    shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
    assert_eq!(shelf.one().attempt(&key, 3, at(10)).await, Ok(None));
}

pub(crate) async fn counting_ends_and_begins_anew(shelf: Shelf) {
    let key = shelf.key("a");
    for (now, counted) in [
        (0, Counted::Within(1)),
        (9, Counted::Within(2)),
        (9, Counted::Full { until: at(10) }),
        (9, Counted::Full { until: at(10) }),
        (10, Counted::Within(1)),
        (19, Counted::Within(2)),
        (19, Counted::Full { until: at(20) }),
        (20, Counted::Within(1)),
    ] {
        assert_eq!(shelf.one().count(&key, 2, at(now + 10), at(now)).await, Ok(counted), "{now}");
    }
    let other = shelf.key("b");
    assert_eq!(shelf.two().count(&other, 2, at(10), at(0)).await, Ok(Counted::Within(1)));
}

pub(crate) async fn what_was_right_is_not_counted(shelf: Shelf) {
    let key = shelf.key("a");
    shelf.one().uncount(&key, at(0)).await.unwrap();
    for (by, counted) in [(0, 1), (0, 2), (1, 2), (2, 1), (5, 1)] {
        for _ in 0..by {
            shelf.two().uncount(&key, at(0)).await.unwrap();
        }
        assert_eq!(shelf.one().count(&key, 2, at(10), at(0)).await, Ok(Counted::Within(counted)), "{by}");
    }
    shelf.one().count(&key, 2, at(10), at(0)).await.unwrap();
    shelf.one().uncount(&key, at(10)).await.unwrap();
    assert_eq!(shelf.one().count(&key, 2, at(10), at(0)).await, Ok(Counted::Full { until: at(10) }));
}

pub(crate) async fn names_and_values_may_be_long_and_strange(shelf: Shelf) {
    let long = shelf.key(&"k".repeat(LONGEST_KEY - shelf.prefix.len() - 1));
    assert_eq!(long.len(), LONGEST_KEY);
    for (key, value) in [
        (shelf.key("session:1:2"), String::new()),
        (shelf.key("Session:1:2"), "{\"絵\":\"🌸 \\\" \\\\ \\n\"}".to_owned()),
        (shelf.key("'%_*?[x]\""), "'; --\r\n\t".to_owned()),
        (long, "x".repeat(100_000)),
    ] {
        shelf.one().put(&key, &value, at(10), at(0)).await.unwrap();
        assert_eq!(shelf.two().attempt(&key, 1, at(0)).await, Ok(Some(text(&value))), "{key}");
        assert_eq!(shelf.two().take(&key, at(0)).await, Ok(Some(text(&value))), "{key}");
    }
}

pub(crate) async fn what_has_ended_can_be_cleared(shelf: Shelf) {
    let (ended, lives) = (shelf.key("a"), shelf.key("b"));
    shelf.one().put(&ended, "one", at(10), at(0)).await.unwrap();
    shelf.one().put(&lives, "two", at(11), at(0)).await.unwrap();
    // Redis deletes them by itself, so it has none to tell of.
    assert!(shelf.two().clear(at(10)).await.unwrap() <= 1);
    assert_eq!(shelf.one().get(&ended, at(10)).await, Ok(None));
    assert_eq!(shelf.one().get(&lives, at(10)).await, Ok(Some(text("two"))));
    assert_eq!(shelf.two().clear(at(10)).await, Ok(0));
}

pub(crate) async fn of_all_who_take_at_once_one_gets_it(shelf: Shelf) {
    let key = shelf.key("a");
    for _ in 0..5 {
        shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
        let taken = crowd(&shelf, |server| {
            let key = key.clone();
            async move { server.take(&key, at(1)).await.unwrap() }
        });
        assert_eq!(taken.await.into_iter().flatten().collect::<Vec<_>>(), ["one"]);
    }
}

pub(crate) async fn tries_at_once_are_never_more(shelf: Shelf) {
    let key = shelf.key("a");
    for _ in 0..5 {
        shelf.one().put(&key, "one", at(10), at(0)).await.unwrap();
        let tried = crowd(&shelf, |server| {
            let key = key.clone();
            async move { server.attempt(&key, 5, at(1)).await.unwrap() }
        });
        assert_eq!(tried.await.into_iter().flatten().count(), 5);
    }
}

pub(crate) async fn counts_at_once_are_never_more(shelf: Shelf) {
    for round in 0..5 {
        let key = shelf.key(&round.to_string());
        let counted = crowd(&shelf, |server| {
            let key = key.clone();
            async move { server.count(&key, 10, at(10), at(1)).await.unwrap() }
        });
        let mut counted = counted.await;
        counted.sort_by_key(|counted| if let Counted::Within(n) = counted { *n } else { 99 });
        let expected: Vec<_> = (1..=10).map(Counted::Within).chain([Counted::Full { until: at(10) }; 6]).collect();
        assert_eq!(counted, expected);
    }
}

pub(crate) async fn writes_at_once_do_not_fail(shelf: Shelf) {
    let key = shelf.key("a");
    let written = crowd(&shelf, |server| {
        let key = key.clone();
        async move {
            server.put(&key, "one", at(10), at(0)).await?;
            server.remove(&key).await?;
            server.put(&key, "one", at(10), at(0)).await
        }
    });
    assert!(written.await.into_iter().all(|written| written.is_ok()));
    assert_eq!(shelf.one().get(&key, at(0)).await, Ok(Some(text("one"))));
}

/// Counters of these names, up to so many, which end after so many seconds.
fn counters<const N: usize>(shelf: &Shelf, of: [(&str, u32, i64); N]) -> [Counter; N] {
    of.map(|(name, most, end)| Counter { key: shelf.key(name), most, expires_at: at(end) })
}

pub(crate) async fn several_are_counted_together_or_not_at_all(shelf: Shelf) {
    let (one, two) = (shelf.one(), shelf.two());
    let three = counters(&shelf, [("a", 9, 60), ("b", 2, 90), ("c", 3, 60)]);
    for server in [one, two] {
        assert_eq!(server.count_all(&three, at(0)).await.unwrap(), CountedAll::Within);
    }
    let full = CountedAll::Full { which: 1, until: at(90) };
    for (server, now) in [(one, 0), (two, 59)] {
        assert_eq!(server.count_all(&three, at(now)).await.unwrap(), full);
    }
    // None of the others was counted by that.
    assert_eq!(one.count(&three[0].key, 9, at(60), at(1)).await.unwrap(), Counted::Within(3));
    two.give_back(&three.clone().map(|counter| counter.key), &[shelf.key("none")], at(1)).await.unwrap();
    assert_eq!(one.count_all(&three, at(1)).await.unwrap(), CountedAll::Within);
    assert_eq!(one.count(&three[0].key, 9, at(60), at(1)).await.unwrap(), Counted::Within(4));
    // At their ends two begin anew, and the third goes on.
    assert_eq!(one.count_all(&three, at(60)).await.unwrap(), full);
    let later = counters(&shelf, [("a", 9, 120), ("b", 2, 120), ("c", 3, 120)]);
    let rest = [later[0].clone(), later[2].clone()];
    assert_eq!(two.count_all(&rest, at(60)).await.unwrap(), CountedAll::Within);
    two.give_back(&[], &[shelf.key("b")], at(60)).await.unwrap();
    assert_eq!(one.count_all(&later, at(60)).await.unwrap(), CountedAll::Within);
    assert_eq!(two.count(&three[1].key, 2, at(120), at(61)).await.unwrap(), Counted::Within(2));
    // What has ended is not taken back.
    one.give_back(&[shelf.key("b")], &[], at(500)).await.unwrap();
}

pub(crate) async fn several_at_once_are_never_more(shelf: Shelf) {
    let two = counters(&shelf, [("wide", 100, 60), ("narrow", 5, 60)]);
    let counted = crowd(&shelf, |server| {
        let two = two.clone();
        async move { server.count_all(&two, at(0)).await.unwrap() }
    })
    .await;
    assert_eq!(counted.iter().filter(|counted| **counted == CountedAll::Within).count(), 5);
    assert_eq!(shelf.one().count(&two[0].key, 100, at(60), at(0)).await.unwrap(), Counted::Within(6));
}
