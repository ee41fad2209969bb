//! The resources beside the primary one.

use super::{Candidate, Day, Lengths, Minute, Plan};
use crate::minute::Span;

impl Plan<'_> {
    /// Rule 2 for one resource: its hours on the date contain preparation, service and cleaning up.
    pub(super) fn works(&self, start: Minute, lengths: Lengths, resource: usize, day: &Day) -> bool {
        let worked = Span { from: start - lengths.prep, to: start + lengths.service + lengths.cleanup };
        self.work(resource, day).iter().any(|span| span.contains(worked))
    }

    /// Rule 3 for one resource: whether it is large enough at all.
    pub(super) fn party_fits(&self, resource: usize) -> bool {
        self.wish.party_size <= self.situation.resources[resource].capacity
    }

    /// Rule 3 for one resource: whether its seats suffice at every moment.
    pub(super) fn is_free(&self, start: Minute, lengths: Lengths, resource: usize) -> bool {
        let one = &self.situation.resources[resource];
        let needed = one.seats_for(self.situation.service.kind, self.wish.party_size);
        needed.saturating_add(self.usage[resource].peak(lengths.occupied_window(start))) <= one.capacity
    }

    /// The resources needed beside a candidate, in the order of the entries; `None`: they cannot all be had.
    pub(super) fn assign(&self, start: Minute, candidate: usize, day: &Day) -> Option<Vec<usize>> {
        if self.needs.is_empty() {
            return Some(Vec::new());
        }
        let beside = &day.beside[self.candidates[candidate].pace];
        self.assign_where(candidate, day, &|resource: usize| beside[resource].contains(start))
    }

    /// The first combination, in order of preference, of different resources that pass a test.
    pub(super) fn assign_where(
        &self,
        candidate: usize,
        day: &Day,
        test: &impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let Candidate { resource: primary, .. } = self.candidates[candidate];
        let possible = |one: &usize| Some(*one) != primary && test(*one);
        if self.needs_apart {
            return self.first_of_each(day, possible);
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        for (need, resources) in self.needs.iter().zip(&day.needed) {
            let choices: Vec<usize> = resources.iter().copied().filter(possible).collect();
            if choices.len() < need.quantity {
                return None;
            }
            places.extend(std::iter::repeat_n(choices, need.quantity));
        }
        first_of_all_different(&places)
    }

    /// Where no resource can serve two needs, each takes the first that it can have.
    fn first_of_each(&self, day: &Day, possible: impl Fn(&usize) -> bool) -> Option<Vec<usize>> {
        let mut chosen =
            Vec::with_capacity(self.needs.iter().map(|need| need.quantity.min(need.resources.len())).sum());
        for (need, resources) in self.needs.iter().zip(&day.needed) {
            let before = chosen.len();
            chosen.extend(resources.iter().copied().filter(&possible).take(need.quantity));
            if chosen.len() - before < need.quantity {
                return None;
            }
        }
        Some(chosen)
    }
}

/// One choice for each place, all different, such that no earlier place could choose better.
///
/// A choice is kept when the places after it can still be filled (a bipartite matching decides), so the work stays
/// polynomial however the choices overlap.
fn first_of_all_different(places: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut chosen: Vec<usize> = Vec::with_capacity(places.len());
    for (place, choices) in places.iter().enumerate() {
        let rest = &places[place + 1..];
        let choice = choices.iter().copied().find(|choice| {
            !chosen.contains(choice) && {
                chosen.push(*choice);
                let possible = can_fill(rest, &chosen);
                chosen.pop();
                possible
            }
        })?;
        chosen.push(choice);
    }
    Some(chosen)
}

/// Whether every place can have a choice of its own that is not used.
fn can_fill(places: &[Vec<usize>], used: &[usize]) -> bool {
    let mut holder: Vec<(usize, usize)> = Vec::with_capacity(places.len());
    (0..places.len()).all(|place| seat(place, places, used, &mut holder, &mut Vec::new()))
}

/// Kuhn's augmenting path: gives `place` a choice, moving others where needed.
fn seat(
    place: usize,
    places: &[Vec<usize>],
    used: &[usize],
    holder: &mut Vec<(usize, usize)>,
    tried: &mut Vec<usize>,
) -> bool {
    for choice in &places[place] {
        if used.contains(choice) || tried.contains(choice) {
            continue;
        }
        tried.push(*choice);
        match holder.iter().position(|(held, _)| held == choice) {
            None => {
                holder.push((*choice, place));
                return true;
            }
            Some(at) => {
                if seat(holder[at].1, places, used, holder, tried) {
                    holder[at] = (*choice, place);
                    return true;
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::first_of_all_different;

    #[test]
    fn a_later_place_can_make_an_earlier_one_take_its_second_choice() {
        assert_eq!(first_of_all_different(&[vec![1, 2], vec![1]]), Some(vec![2, 1]));
        assert_eq!(first_of_all_different(&[vec![1, 2, 3], vec![1, 2], vec![1]]), Some(vec![3, 2, 1]));
        assert_eq!(first_of_all_different(&[vec![1, 2], vec![1, 2], vec![1, 2]]), None);
        assert_eq!(first_of_all_different(&[]), Some(vec![]));
    }
}
