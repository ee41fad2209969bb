//! The parts of a wish: options, what can be the primary resource, what is needed beside it.

use super::{Lengths, Situation};
use crate::minute::Span;
use crate::price;
use crate::refusal::Refusal;
use crate::request::Wish;
use crate::resource::BookableResource;
use crate::service::{Requirement, Service, ServiceOption};
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;

/// A resource that can be the primary one; one without a resource where the service uses none.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) resource: Option<usize>,
    pub(super) lengths: Lengths,
    /// The place of these lengths in [`super::Plan`]'s lengths.
    pub(super) pace: usize,
    pub(super) nomination: Amount,
}

/// Resources needed beside the primary one: so many of these.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) quantity: usize,
    pub(super) resources: Vec<usize>,
}

/// The chosen options, in the menu's order.
pub(super) fn chosen_options<'a>(service: &'a Service, wish: &Wish) -> Result<Vec<&'a ServiceOption>, Refusal> {
    let is_chosen = |option: &ServiceOption| wish.options.contains(&option.id);
    let available = |id| service.options.iter().any(|option| option.id == id && option.active);
    if !wish.options.iter().all(|id| available(*id)) {
        return Err(Refusal::OptionNotAvailable);
    }
    if service.options.iter().any(|option| option.required && option.active && !is_chosen(option)) {
        return Err(Refusal::OptionRequired);
    }
    Ok(service.options.iter().filter(|option| is_chosen(option)).collect())
}

/// Everything that can be the primary resource.
pub(super) fn candidates(
    situation: &Situation<'_>,
    wish: &Wish,
    options: &[&ServiceOption],
) -> Result<Vec<Candidate>, Refusal> {
    let service = situation.service;
    let work = u64::from(service.base_duration) + options.iter().map(|option| u64::from(option.duration)).sum::<u64>();
    let lengths = |efficiency: u16| Lengths {
        prep: i64::from(service.prep),
        service: i64::try_from((work * 100).div_ceil(u64::from(efficiency.max(1)))).unwrap_or(i64::from(u32::MAX)),
        cleanup: i64::from(service.cleanup),
        buffer: i64::from(service.buffer),
    };
    if !service.uses_primary() {
        let nothing = Candidate { resource: None, lengths: lengths(100), pace: 0, nomination: Amount::ZERO };
        return if wish.nominated.is_some() { Err(Refusal::ResourceNotAllowed) } else { Ok(vec![nothing]) };
    }
    if wish.nominated.is_none() && service.requires_resource {
        return Err(Refusal::ResourceRequired);
    }
    let admitted = situation.resources.iter().enumerate().filter(|(_, one)| {
        service.admits(one.kind, one.id) && wish.nominated.is_none_or(|nominated| nominated == one.id)
    });
    let mut candidates = Vec::with_capacity(situation.resources.len());
    candidates.extend(admitted.map(|(place, one)| {
        let lengths = lengths(one.efficiency);
        let nomination = price::of_nomination(&service.pricing, one.hourly_rate_diff, lengths.service);
        Candidate { resource: Some(place), lengths, pace: 0, nomination }
    }));
    if wish.nominated.is_some() && candidates.is_empty() {
        return Err(Refusal::ResourceNotAllowed);
    }
    Ok(candidates)
}

/// The order among resources that are busy for as long: sort order, then id.
pub(super) fn standing(one: &BookableResource) -> (i32, ResourceId) {
    (one.sort_order, one.id)
}

/// The different lengths that candidates need; tells each candidate the place of its own.
pub(super) fn distinct_lengths(candidates: &mut [Candidate]) -> Vec<Lengths> {
    let mut lengths: Vec<Lengths> = Vec::new();
    for candidate in candidates {
        candidate.pace = lengths.iter().position(|known| *known == candidate.lengths).unwrap_or_else(|| {
            lengths.push(candidate.lengths);
            lengths.len() - 1
        });
    }
    lengths
}

/// When each resource is away: sorted, disjoint.
pub(super) fn absences(resources: &[BookableResource]) -> Vec<Vec<Span>> {
    let of = |one: &BookableResource| {
        let mut absences = one.absences.clone();
        absences.sort_unstable();
        absences.dedup_by(|next, kept| {
            let joined = next.from <= kept.to;
            if joined {
                kept.to = kept.to.max(next.to);
            }
            joined
        });
        absences
    };
    resources.iter().map(of).collect()
}

/// The needs beside the primary resource, each with its resources in order of their standing.
pub(super) fn needs(situation: &Situation<'_>) -> Vec<Need> {
    let of = |requirement: &Requirement| {
        let fits = |one: &BookableResource| {
            one.kind == requirement.kind && requirement.resources.as_ref().is_none_or(|ids| ids.contains(&one.id))
        };
        let places = 0..situation.resources.len();
        let mut resources = Vec::with_capacity(places.len());
        resources.extend(places.filter(|place| fits(&situation.resources[*place])));
        resources.sort_unstable_by_key(|place| standing(&situation.resources[*place]));
        Need { quantity: requirement.quantity as usize, resources }
    };
    situation.service.required_resources.iter().map(of).collect()
}

/// Whether no resource can serve two of these needs.
pub(super) fn are_apart(needs: &[Need]) -> bool {
    let share = |a: &Need, b: &Need| a.resources.iter().any(|one| b.resources.contains(one));
    !needs.iter().enumerate().any(|(place, need)| needs[place + 1..].iter().any(|other| share(need, other)))
}
