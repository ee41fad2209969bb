use super::*;
use proptest::prelude::*;

const BREAKING: Breaking = Breaking { failures: 3, rest: Duration::from_secs(10), longest: Duration::from_secs(35) };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
}

fn opened(now: i64) -> Circuit {
    let mut circuit = Circuit::default();
    for _ in 0..BREAKING.failures {
        let turn = circuit.ask(&BREAKING, at(now)).expect("closed");
        circuit.failed(turn, &BREAKING, at(now));
    }
    circuit
}

#[test]
fn failures_in_a_row_open_it_and_each_failed_try_doubles_the_rest() {
    let mut circuit = opened(0);
    let mut now = 0;
    for rest in [10, 20, 35, 35] {
        assert_eq!(circuit.ask(&BREAKING, at(now)), Err(Duration::from_secs(rest)));
        now += i64::try_from(rest).expect("small");
        assert!(circuit.ask(&BREAKING, at(now - 1)).is_err());
        let probe = circuit.ask(&BREAKING, at(now)).expect("one to see");
        assert_eq!(circuit.ask(&BREAKING, at(now)), Err(BREAKING.rest), "one alone");
        circuit.failed(probe, &BREAKING, at(now));
    }
    now += 35;
    let probe = circuit.ask(&BREAKING, at(now)).expect("one to see");
    assert!(circuit.succeeded(probe), "closed for good");
}

#[test]
fn what_was_under_way_when_it_opened_says_nothing() {
    let mut circuit = Circuit::default();
    let early = circuit.ask(&BREAKING, at(0)).expect("closed");
    for _ in 0..3 {
        let turn = circuit.ask(&BREAKING, at(0)).expect("closed");
        circuit.failed(turn, &BREAKING, at(0));
    }
    assert!(!circuit.succeeded(early), "it stays open");
    assert!(circuit.ask(&BREAKING, at(9)).is_err());
    let probe = circuit.ask(&BREAKING, at(10)).expect("one to see");
    circuit.failed(early, &BREAKING, at(11));
    assert!(circuit.succeeded(probe), "the one to see decides");
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_it_open() {
    let mut circuit = opened(1_000_000);
    assert!(circuit.ask(&BREAKING, at(1_000_009)).is_err());
    assert!(circuit.ask(&BREAKING, at(0)).is_ok());
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(i64),
    Ask,
    /// The oldest or newest call under way ends so.
    End {
        newest: bool,
        with: End,
    },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Success,
    Failure,
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    let with = prop_oneof![1 => Just(End::Success), 3 => Just(End::Failure), 1 => Just(End::Nothing)];
    prop_oneof![
        2 => (0i64..20).prop_map(Step::Wait),
        3 => Just(Step::Ask),
        3 => (any::<bool>(), with).prop_map(|(newest, with)| Step::End { newest, with }),
    ]
}

/// The rules once more, from all that has happened: a call counts when nothing has changed since it was let through.
#[derive(Default)]
struct Oracle {
    /// Every change, oldest first: when it opened, for how long, or that one tries, or that it closed.
    changes: Vec<(i64, Change)>,
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Opened { rest: i64 },
    Tries,
    GivenUp,
    Closed,
}

impl Oracle {
    fn admits(&self, now: i64) -> bool {
        match self.changes.last() {
            None | Some((_, Change::Closed | Change::GivenUp)) => true,
            Some((_, Change::Tries)) => false,
            Some((since, Change::Opened { rest })) => now >= since + rest,
        }
    }

    fn asked(&mut self, now: i64) -> usize {
        if matches!(self.changes.last(), Some((_, Change::Opened { .. } | Change::GivenUp))) {
            self.changes.push((now, Change::Tries));
        }
        self.changes.len()
    }

    fn ended(&mut self, let_through: usize, with: End, now: i64) {
        if let_through != self.changes.len() {
            return;
        }
        let trying = matches!(self.changes.last(), Some((_, Change::Tries)));
        match with {
            End::Success => {
                self.failures = 0;
                if trying {
                    self.changes.push((now, Change::Closed));
                }
            }
            End::Failure => {
                self.failures += 1;
                if trying || self.failures >= BREAKING.failures {
                    let closed = self.changes.iter().rposition(|(_, change)| *change == Change::Closed);
                    let since = &self.changes[closed.map_or(0, |at| at + 1)..];
                    let before = since.iter().filter(|(_, change)| matches!(change, Change::Opened { .. })).count();
                    let rest = [10, 20].get(before).copied().unwrap_or(35);
                    self.changes.push((now, Change::Opened { rest }));
                }
            }
            End::Nothing if trying => self.changes.push((now, Change::GivenUp)),
            End::Nothing => {}
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_its_history_says(steps in prop::collection::vec(step(), 0..80)) {
        let (mut circuit, mut oracle, mut now, mut under_way) = (Circuit::default(), Oracle::default(), 0, Vec::new());
        // A circuit that is well is forgotten, so a new one begins: what is under way then belongs to none.
        let mut generation = 0;
        for step in steps {
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Ask => {
                    let asked = circuit.ask(&BREAKING, at(now));
                    prop_assert_eq!(asked.is_ok(), oracle.admits(now), "at {}", now);
                    if let Ok(turn) = asked {
                        under_way.push((generation, turn, oracle.asked(now)));
                    }
                }
                Step::End { .. } if under_way.is_empty() => {}
                Step::End { newest, with } => {
                    let ended = if newest { under_way.len() - 1 } else { 0 };
                    let (begun, turn, let_through) = under_way.remove(ended);
                    if begun != generation {
                        continue;
                    }
                    oracle.ended(let_through, with, now);
                    match with {
                        End::Success => if circuit.succeeded(turn) {
                            circuit = Circuit::default();
                            oracle = Oracle::default();
                            generation += 1;
                        },
                        End::Failure => circuit.failed(turn, &BREAKING, at(now)),
                        End::Nothing => circuit.given_up(turn),
                    }
                }
            }
        }
    }
}
