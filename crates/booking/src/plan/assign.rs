//! The resources beside the primary one.

use super::day::Day;
use super::{Minute, Plan};

impl Plan<'_> {
    /// Finds the resources needed beside a candidate at a start, in the order of the entries. False: they cannot all be
    /// had.
    #[inline]
    pub(super) fn assign(&self, start: Minute, candidate: usize, day: &Day, chosen: &mut Vec<usize>) -> bool {
        chosen.clear();
        self.needs.is_empty() || self.assign_beside(start, candidate, day, chosen)
    }

    fn assign_beside(&self, start: Minute, candidate: usize, day: &Day, chosen: &mut Vec<usize>) -> bool {
        let resources = self.resources();
        let beside = &self.beside_on(day)[self.candidates[candidate].pace * resources..][..resources];
        self.assign_where(candidate, day, &|one| self.settled.book.contains(beside[one], start), chosen)
    }

    /// Finds the first combination, in order of preference, of different resources that pass a test. False: none.
    pub(super) fn assign_where(
        &self,
        candidate: usize,
        day: &Day,
        test: &dyn Fn(usize) -> bool,
        chosen: &mut Vec<usize>,
    ) -> bool {
        let primary = self.candidates[candidate].resource;
        let possible = |one: &usize| Some(*one) != primary && test(*one);
        chosen.clear();
        if self.needs_apart {
            return self.first_of_each(day, possible, chosen);
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        for (need, resources) in self.needs.iter().zip(self.needed_on(day)) {
            let choices: Vec<usize> = resources.iter().copied().filter(possible).collect();
            if choices.len() < need.quantity {
                return false;
            }
            places.extend(std::iter::repeat_n(choices, need.quantity));
        }
        let found = first_of_all_different(&places);
        chosen.extend(found.iter().flatten());
        found.is_some()
    }

    /// Where no resource can serve two needs, each takes the first that it can have.
    fn first_of_each(&self, day: &Day, possible: impl Fn(&usize) -> bool, chosen: &mut Vec<usize>) -> bool {
        self.needs.iter().zip(self.needed_on(day)).all(|(need, resources)| {
            let before = chosen.len();
            chosen.extend(resources.iter().copied().filter(&possible).take(need.quantity));
            chosen.len() - before == need.quantity
        })
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
