//! What a refresh token that somebody shows is good for.
//!
//! Each refresh replaces both tokens of a session. Answers get lost on phones, so the token before the newest may be shown
//! again while nobody has used what replaced it; then what was lost is replaced too. Any other token of the session that
//! is shown has been in two hands, and nobody can tell which of them is the owner's: the session ends (RFC 9700, 4.14.2,
//! "refresh token rotation").
//!
//! | shown | its successor | verdict |
//! |---|---|---|
//! | the newest | | [`Exchange::Rotate`] |
//! | the one before | not used | [`Exchange::Retry`] |
//! | the one before | used | [`Exchange::Reuse`] |
//! | any older one, or one that a retry replaced | | [`Exchange::Reuse`] |
//! | any, of a session that is over | | [`Exchange::Ended`] |
//!
//! A pair counts as used when its refresh token is shown, or its access token for the first time. So a thief and the
//! owner can both ask for pairs, but as soon as one of them uses a pair, whatever the other shows next ends the session.

use crate::lifetimes::Lifetimes;
use crate::session::{Fresh, Pair, Session};
use crate::token::TokenDigest;
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;

/// What a refresh token is good for. One whose session is not known is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A fresh pair; the token that was shown becomes the one before.
    Rotate,
    /// A fresh pair in the place of one that never arrived.
    Retry,
    /// The end of the session; the person is told.
    Reuse,
    /// Nothing: the session was over already.
    Ended,
}

/// What the refresh token of this digest, whose first half names this session, is good for.
pub fn judge(session: &Session, shown: &TokenDigest, now: DateTime<Utc>) -> Exchange {
    if !session.is_live(now) {
        Exchange::Ended
    } else if session.newest.refresh == *shown {
        Exchange::Rotate
    } else if session.before == Some(*shown) && !session.newest.used {
        Exchange::Retry
    } else {
        Exchange::Reuse
    }
}

/// The session with a fresh pair in exchange for the token that was shown. Its idle end moves, its absolute end does not.
#[must_use]
pub fn renew(
    session: Session,
    shown: &TokenDigest,
    fresh: Fresh,
    caller: &Caller,
    lifetimes: &Lifetimes,
    now: DateTime<Utc>,
) -> Session {
    let end = session.expires_at;
    Session {
        newest: Pair {
            refresh: fresh.refresh,
            access: fresh.access,
            access_expires_at: (now + lifetimes.access).min(end),
            used: false,
        },
        before: Some(*shown),
        last_used_at: now,
        idle_expires_at: (now + lifetimes.idle).min(end),
        ip: caller.ip.or(session.ip),
        user_agent: caller.user_agent.clone().or(session.user_agent),
        ..session
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::EndReason;
    use crate::session::tests::{at, begun, digest, short};
    use proptest::prelude::*;

    /// Refreshed at these moments, each time with the newest token.
    fn refreshed(moments: &[i64]) -> Session {
        let mut number = 1;
        moments.iter().fold(begun(), |session, moment| {
            let shown = digest(number);
            assert_eq!(judge(&session, &shown, at(*moment)), Exchange::Rotate);
            number += 1;
            let fresh = Fresh { refresh: digest(number), access: digest(100 + number) };
            renew(session, &shown, fresh, &Caller::system(), &short(), at(*moment))
        })
    }

    fn used(session: Session) -> Session {
        Session { newest: Pair { used: true, ..session.newest }, ..session }
    }

    #[test]
    fn every_line_of_the_table() {
        let three = refreshed(&[10, 20]);
        let ended = three.clone().end(EndReason::SignedOut, at(21));
        for (name, session, shown, verdict) in [
            ("newest", three.clone(), 3, Exchange::Rotate),
            ("newest, used", used(three.clone()), 3, Exchange::Rotate),
            ("before", three.clone(), 2, Exchange::Retry),
            ("before, successor used", used(three.clone()), 2, Exchange::Reuse),
            ("older", three.clone(), 1, Exchange::Reuse),
            ("never given out", three, 9, Exchange::Reuse),
            ("newest, ended", ended.clone(), 3, Exchange::Ended),
            ("older, ended", ended, 1, Exchange::Ended),
            ("only one", begun(), 1, Exchange::Rotate),
        ] {
            assert_eq!(judge(&session, &digest(shown), at(30)), verdict, "{name}");
        }
    }

    #[test]
    fn refreshing_moves_the_idle_end_and_not_the_absolute_one() {
        for (moments, last) in [(&[][..], 100), (&[90][..], 190), (&[90, 180][..], 250), (&[90, 180, 240][..], 250)] {
            let session = refreshed(moments);
            assert!(session.is_live(at(last - 1)) && !session.is_live(at(last)), "{moments:?}");
            assert_eq!(judge(&session, &session.newest.refresh, at(last)), Exchange::Ended, "{moments:?}");
            assert!(session.newest.access_expires_at <= session.expires_at);
        }
    }

    /// A pair as the oracle knows it.
    #[derive(Debug)]
    struct Node {
        parent: Option<usize>,
        /// Whether a token of it was ever shown.
        shown: bool,
    }

    /// Slow and obvious: every pair that was ever given out, and by which one it was asked for.
    #[derive(Debug)]
    struct Tree {
        nodes: Vec<Node>,
        over: bool,
    }

    impl Tree {
        fn new() -> Self {
            Self { nodes: vec![Node { parent: None, shown: false }], over: false }
        }

        fn newest(&self) -> usize {
            self.nodes.len() - 1
        }

        fn refresh(&mut self, pair: usize) -> Exchange {
            if self.over {
                return Exchange::Ended;
            }
            let (newest, is_parent) = (self.newest(), self.nodes[self.newest()].parent == Some(pair));
            let verdict = if pair == newest {
                Exchange::Rotate
            } else if is_parent && !self.nodes[newest].shown {
                Exchange::Retry
            } else {
                Exchange::Reuse
            };
            self.nodes[pair].shown = true;
            match verdict {
                Exchange::Rotate | Exchange::Retry => self.nodes.push(Node { parent: Some(pair), shown: false }),
                Exchange::Reuse | Exchange::Ended => self.over = true,
            }
            verdict
        }

        fn call(&mut self, pair: usize) -> bool {
            let good = !self.over && pair == self.newest();
            self.nodes[pair].shown |= good;
            good
        }
    }

    /// The rule under test, beside the oracle.
    #[derive(Debug)]
    struct Game {
        session: Session,
        tree: Tree,
    }

    fn tokens(pair: usize) -> Fresh {
        let named = |kind: u8| {
            let mut bits = [kind; 32];
            bits[..8].copy_from_slice(&(pair as u64).to_be_bytes());
            TokenDigest(bits)
        };
        Fresh { refresh: named(1), access: named(2) }
    }

    impl Game {
        fn new() -> Self {
            let first = tokens(0);
            let session = begun();
            let newest = Pair { refresh: first.refresh, access: first.access, ..session.newest };
            Self { session: Session { newest, ..session }, tree: Tree::new() }
        }

        /// What the holder of a pair gets for its refresh token.
        fn refresh(&mut self, pair: usize) -> (Exchange, Option<usize>) {
            let shown = tokens(pair).refresh;
            let verdict = judge(&self.session, &shown, at(1));
            assert_eq!(verdict, self.tree.refresh(pair), "{self:?}");
            let session = self.session.clone();
            match verdict {
                Exchange::Rotate | Exchange::Retry => {
                    let next = self.tree.newest();
                    self.session = renew(session, &shown, tokens(next), &Caller::system(), &short(), at(1));
                    (verdict, Some(next))
                }
                Exchange::Reuse => {
                    self.session = session.end(EndReason::Reuse, at(1));
                    (verdict, None)
                }
                Exchange::Ended => (verdict, None),
            }
        }

        /// Whether the access token of a pair opens anything.
        fn call(&mut self, pair: usize) -> bool {
            let good = self.session.admits(&tokens(pair).access, at(1));
            assert_eq!(good, self.tree.call(pair), "{self:?}");
            self.session.newest.used |= good;
            good
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Call {
            by_thief: bool,
        },
        Refresh {
            by_thief: bool,
            lost: bool,
        },
        /// The thief copies what the client has. Only the first time counts.
        Steal,
    }

    fn steps(with_thief: bool) -> impl Strategy<Value = Vec<Step>> {
        let who = if with_thief { any::<bool>().boxed() } else { Just(false).boxed() };
        let step = prop_oneof![
            4 => who.clone().prop_map(|by_thief| Step::Call { by_thief }),
            6 => (who, any::<bool>()).prop_map(|(by_thief, lost)| Step::Refresh { by_thief, lost }),
            1 => Just(Step::Steal),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn a_client_without_a_thief_is_never_thrown_out(steps in steps(false)) {
            let (mut game, mut held) = (Game::new(), 0);
            let mut arrived = true;
            for step in steps {
                match step {
                    // While an answer is awaited in vain, the access token may be dead already.
                    Step::Call { .. } if arrived => prop_assert!(game.call(held)),
                    Step::Call { .. } | Step::Steal => {}
                    Step::Refresh { lost, .. } => {
                        let (verdict, next) = game.refresh(held);
                        prop_assert!(matches!(verdict, Exchange::Rotate | Exchange::Retry), "{verdict:?}");
                        arrived = !lost;
                        held = next.filter(|_| !lost).unwrap_or(held);
                    }
                }
            }
            let (_, next) = game.refresh(held);
            prop_assert!(next.is_some_and(|next| game.call(next)));
        }

        #[test]
        fn the_thief_and_the_client_never_both_keep_working(steps in steps(true)) {
            let mut game = Game::new();
            // What each holds; who has worked with a pair that they got after the theft.
            let (mut held, mut stolen_from): ([Option<usize>; 2], _) = ([Some(0), None], usize::MAX);
            let mut worked = [false; 2];
            for step in steps {
                match step {
                    Step::Steal if held[1].is_none() => {
                        held[1] = held[0];
                        stolen_from = game.tree.newest();
                    }
                    Step::Steal => {}
                    Step::Call { by_thief } => {
                        let who = usize::from(by_thief);
                        let Some(pair) = held[who] else { continue };
                        worked[who] |= game.call(pair) && held[1].is_some() && pair > stolen_from;
                    }
                    Step::Refresh { by_thief, lost } => {
                        let who = usize::from(by_thief);
                        let Some(pair) = held[who] else { continue };
                        let (_, next) = game.refresh(pair);
                        held[who] = next.filter(|_| !lost).or(held[who]);
                    }
                }
                prop_assert!(!(worked[0] && worked[1]), "{game:?}");
            }
        }
    }
}
