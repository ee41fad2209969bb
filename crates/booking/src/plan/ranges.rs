//! Ranges of starts.

use crate::minute::{Minute, Span};

/// Sorted, disjoint ranges of starts, both ends possible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StartRanges(Vec<(Minute, Minute)>);

impl StartRanges {
    /// Starts at which a window that reaches `before` minutes back and `after` minutes on lies inside one of `spans`.
    pub(super) fn inside(spans: &[Span], before: i64, after: i64) -> Self {
        let mut ranges: Vec<(Minute, Minute)> = spans
            .iter()
            .map(|span| (span.from + before, span.to - after))
            .filter(|(first, last)| first <= last)
            .collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joined = next.0 <= kept.1;
            if joined {
                kept.1 = kept.1.max(next.1);
            }
            joined
        });
        Self(ranges)
    }

    /// Those that are in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(one), Some(two)) = (a.peek(), b.peek()) {
            let (first, last) = (one.0.max(two.0), one.1.min(two.1));
            if first <= last {
                both.push((first, last));
            }
            if one.1 < two.1 {
                a.next();
            } else {
                b.next();
            }
        }
        Self(both)
    }

    /// Those that are not in the other.
    pub(super) fn except(self, other: &Self) -> Self {
        if other.0.is_empty() {
            return self;
        }
        let holes = other.0.iter().map(|(first, last)| Span { from: *first, to: *last + 1 });
        self.except_spans(holes)
    }

    /// Those at which a window that reaches `before` back and `after` on meets none of the `busy` spans (in order).
    pub(super) fn clear_of(self, busy: &[Span], before: i64, after: i64) -> Self {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return self };
        let (from, to) = (first.0 - before, last.1 + after);
        let begin = busy.partition_point(|span| span.to <= from);
        if busy.get(begin).is_none_or(|span| span.from >= to) {
            return self;
        }
        let near = busy[begin..].iter().take_while(|span| span.from < to);
        self.except_spans(near.map(|span| Span { from: span.from - after + 1, to: span.to + before }))
    }

    /// Without these holes, which come in order of their beginnings.
    fn except_spans(self, holes: impl Iterator<Item = Span>) -> Self {
        let mut holes = holes.peekable();
        let mut left = Vec::with_capacity(self.0.len() + 4);
        for (mut first, last) in self.0 {
            while let Some(hole) = holes.peek() {
                if hole.from > last {
                    break;
                }
                if first < hole.from {
                    left.push((first, hole.from - 1));
                }
                first = first.max(hole.to);
                if hole.to > last + 1 {
                    break;
                }
                holes.next();
            }
            if first <= last {
                left.push((first, last));
            }
        }
        Self(left)
    }

    /// Whether a start is one of them.
    pub(super) fn contains(&self, start: Minute) -> bool {
        let place = self.0.partition_point(|(_, last)| *last < start);
        self.0.get(place).is_some_and(|(first, _)| *first <= start)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(most: usize) -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec((0i64..200, 1i64..40), 0..most).prop_map(|pairs| {
            let mut spans: Vec<Span> =
                pairs.into_iter().map(|(from, long)| Span { from: Minute(from), to: Minute(from + long) }).collect();
            spans.sort_unstable();
            spans
        })
    }

    proptest! {
        #[test]
        fn ranges_agree_with_looking_at_every_start(
            work in spans(4), open in spans(4), busy in spans(6), later in spans(2),
            before in 0i64..15, after in 1i64..30,
        ) {
            let mut disjoint: Vec<Span> = Vec::new();
            for span in busy {
                if disjoint.last().is_none_or(|last| last.to <= span.from) {
                    disjoint.push(span);
                }
            }
            let ranges = StartRanges::inside(&work, before, after)
                .and(&StartRanges::inside(&open, 0, after))
                .clear_of(&disjoint, before, after)
                .except(&StartRanges::inside(&later, 0, after));
            for start in (-50..300).map(Minute) {
                let window = Span { from: start - before, to: start + after };
                let served = Span { from: start, to: start + after };
                let expected = work.iter().any(|span| span.contains(window))
                    && open.iter().any(|span| span.contains(served))
                    && !disjoint.iter().any(|span| span.meets(window))
                    && !later.iter().any(|span| span.contains(served));
                prop_assert_eq!(ranges.contains(start), expected, "start {:?}", start);
            }
        }
    }
}
