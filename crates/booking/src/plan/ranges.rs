//! Ranges of starts.

use crate::minute::{Minute, Span};

/// Sorted, disjoint ranges of starts, both ends possible; they lie in a [`RangeBook`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StartRanges {
    begin: usize,
    end: usize,
}

impl StartRanges {
    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.begin == self.end
    }
}

/// The ranges of a whole plan one after another: a day and a resource cost no allocation of their own.
#[derive(Debug, Default)]
pub(super) struct RangeBook(Vec<(Minute, Minute)>);

impl RangeBook {
    /// With room for so many ranges.
    pub(super) fn with_capacity(ranges: usize) -> Self {
        Self(Vec::with_capacity(ranges))
    }

    /// The ranges themselves.
    pub(super) fn of(&self, ranges: StartRanges) -> &[(Minute, Minute)] {
        &self.0[ranges.begin..ranges.end]
    }

    /// Starts at which a window that reaches `before` minutes back and `after` minutes on lies inside one of `spans`.
    pub(super) fn inside(&mut self, spans: &[Span], before: i64, after: i64) -> StartRanges {
        let begin = self.0.len();
        let starts = spans.iter().map(|span| (span.from + before, span.to - after));
        self.0.extend(starts.filter(|(first, last)| first <= last));
        self.0[begin..].sort_unstable();
        let mut kept = begin;
        for next in begin..self.0.len() {
            let (first, last) = self.0[next];
            if kept > begin && first <= self.0[kept - 1].1 {
                self.0[kept - 1].1 = last.max(self.0[kept - 1].1);
            } else {
                self.0[kept] = (first, last);
                kept += 1;
            }
        }
        self.0.truncate(kept);
        StartRanges { begin, end: kept }
    }

    /// Those that are in both.
    pub(super) fn both(&mut self, a: StartRanges, b: StartRanges) -> StartRanges {
        let begin = self.0.len();
        let (mut one, mut two) = (a.begin, b.begin);
        while one < a.end && two < b.end {
            let ((a_first, a_last), (b_first, b_last)) = (self.0[one], self.0[two]);
            let (first, last) = (a_first.max(b_first), a_last.min(b_last));
            if first <= last {
                self.0.push((first, last));
            }
            if a_last < b_last {
                one += 1;
            } else {
                two += 1;
            }
        }
        StartRanges { begin, end: self.0.len() }
    }

    /// Those of `ranges` that are not in the other.
    pub(super) fn except(&mut self, ranges: StartRanges, other: StartRanges) -> StartRanges {
        let holes: Vec<Span> =
            self.of(other).iter().map(|(first, last)| Span { from: *first, to: *last + 1 }).collect();
        self.except_spans(ranges, holes.into_iter())
    }

    /// Those at which a window that reaches `before` back and `after` on meets none of the `busy` spans, which are
    /// sorted and disjoint.
    pub(super) fn clear_of(&mut self, ranges: StartRanges, busy: &[Span], before: i64, after: i64) -> StartRanges {
        if busy.is_empty() || ranges.is_empty() {
            return ranges;
        }
        let (from, to) = (self.0[ranges.begin].0 - before, self.0[ranges.end - 1].1 + after);
        let begin = busy.partition_point(|span| span.to <= from);
        if busy.get(begin).is_none_or(|span| span.from >= to) {
            return ranges;
        }
        let near = busy[begin..].iter().take_while(|span| span.from < to);
        self.except_spans(ranges, near.map(|span| Span { from: span.from - after + 1, to: span.to + before }))
    }

    /// Without these holes, which come in order of their beginnings.
    fn except_spans(&mut self, ranges: StartRanges, holes: impl Iterator<Item = Span>) -> StartRanges {
        let begin = self.0.len();
        let mut holes = holes.peekable();
        for place in ranges.begin..ranges.end {
            let (mut first, last) = self.0[place];
            while let Some(hole) = holes.peek() {
                if hole.from > last {
                    break;
                }
                if first < hole.from {
                    self.0.push((first, hole.from - 1));
                }
                first = first.max(hole.to);
                if hole.to > last + 1 {
                    break;
                }
                holes.next();
            }
            if first <= last {
                self.0.push((first, last));
            }
        }
        StartRanges { begin, end: self.0.len() }
    }

    /// Whether a start is one of them.
    pub(super) fn contains(&self, ranges: StartRanges, start: Minute) -> bool {
        let ranges = self.of(ranges);
        let place = ranges.partition_point(|(_, last)| *last < start);
        ranges.get(place).is_some_and(|(first, _)| *first <= start)
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
            let mut book = RangeBook::default();
            let (worked, served) = (book.inside(&work, before, after), book.inside(&open, 0, after));
            let both = book.both(worked, served);
            let free = book.clear_of(both, &disjoint, before, after);
            let later_served = book.inside(&later, 0, after);
            let ranges = book.except(free, later_served);
            for start in (-50..300).map(Minute) {
                let window = Span { from: start - before, to: start + after };
                let served = Span { from: start, to: start + after };
                let expected = work.iter().any(|span| span.contains(window))
                    && open.iter().any(|span| span.contains(served))
                    && !disjoint.iter().any(|span| span.meets(window))
                    && !later.iter().any(|span| span.contains(served));
                prop_assert_eq!(book.contains(ranges, start), expected, "start {:?}", start);
            }
        }
    }
}
