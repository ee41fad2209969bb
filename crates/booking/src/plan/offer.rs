//! What a search finds.

use super::Lengths;
use crate::minute::{Minute, Span};
use crate::price::{ExactBase, Price};
use chrono::NaiveDate;
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use std::borrow::Cow;
use std::ops::Range;

/// A start that is offered, and what a booking of it would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The date it belongs to.
    pub business_date: NaiveDate,
    /// What the customer sees.
    pub service: Span,
    /// What is kept free of other bookings.
    pub occupied: Span,
    /// The lengths behind these.
    pub lengths: Lengths,
    /// The resources with their seats, the primary one first where there is one.
    pub resources: Cow<'a, [(ResourceId, u32)]>,
    /// Whether the first of them is the primary one.
    pub has_primary: bool,
    /// The price of the request as it was made.
    pub price: Price,
    /// The price of the service before rounding and rank.
    pub base: ExactBase,
    /// How many more can come, see `docs/booking-rules.md`, 14.
    pub remaining: u32,
    /// Every resource that can be the primary one, in order of preference, with the total when it is nominated.
    pub choices: Cow<'a, [Choice]>,
}

/// A resource that a customer can nominate for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its place in [`Situation::resources`](super::Situation::resources).
    pub resource: usize,
    /// What the booking costs that nominates it.
    pub total: Amount,
}

/// Offered starts. What many of them share is kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    starts: Vec<OfferedStart>,
    terms: Vec<Terms>,
    resources: Vec<(ResourceId, u32)>,
    choices: Vec<Choice>,
}

/// One start, and the place of the terms on which it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OfferedStart {
    at: Minute,
    terms: u32,
    remaining: u32,
}

/// What a run of starts has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) business_date: NaiveDate,
    /// Bookings and live holds of that date.
    pub(super) parties: u32,
    pub(super) lengths: Lengths,
    /// The place of the primary resource.
    pub(super) primary: Option<usize>,
    pub(super) price: Price,
    pub(super) base: ExactBase,
    /// Their places in [`Offers`].
    pub(super) resources: Range<usize>,
    pub(super) choices: Range<usize>,
}

impl Offers {
    /// With room for so many starts, terms and choices; more find room, too.
    pub(super) fn with_capacity(starts: usize, terms: usize, choices: usize) -> Self {
        Self {
            starts: Vec::with_capacity(starts),
            terms: Vec::with_capacity(terms),
            resources: Vec::with_capacity(terms),
            choices: Vec::with_capacity(choices),
        }
    }

    /// Begins new terms, with the resources that a booking on them holds. The choices follow, then [`Offers::end`].
    pub(super) fn begin(&mut self, mut terms: Terms, resources: impl Iterator<Item = (ResourceId, u32)>) {
        let (begun, choices) = (self.resources.len(), self.choices.len());
        self.resources.extend(resources);
        (terms.resources, terms.choices) = (begun..self.resources.len(), choices..choices);
        self.terms.push(terms);
    }

    /// Adds to the choices of the terms that were begun last.
    #[inline]
    pub(super) fn add_choice(&mut self, choice: Choice) {
        self.choices.push(choice);
    }

    /// Ends the choices of the terms that were begun last.
    pub(super) fn end(&mut self) {
        if let Some(terms) = self.terms.last_mut() {
            terms.choices.end = self.choices.len();
        }
    }

    /// The terms that were ended last, and how many choices they have.
    pub(super) fn begun(&self) -> Option<(&Terms, usize)> {
        self.terms.last().map(|terms| (terms, terms.choices.len()))
    }

    /// Forgets the terms that were ended last. No start may be offered on them.
    pub(super) fn forget_begun(&mut self) {
        if let Some(terms) = self.terms.pop() {
            self.resources.truncate(terms.resources.start);
            self.choices.truncate(terms.choices.start);
        }
    }

    /// Offers starts on the terms that were ended last, each with how many more can come.
    pub(super) fn offer(&mut self, starts: impl Iterator<Item = (Minute, u32)>) {
        let Some(terms) = self.terms.len().checked_sub(1).and_then(|place| u32::try_from(place).ok()) else { return };
        self.starts.extend(starts.map(|(at, remaining)| OfferedStart { at, terms, remaining }));
    }

    /// Puts the starts in order of time.
    pub(super) fn sort(&mut self) {
        if !self.starts.is_sorted_by_key(|start| start.at) {
            self.starts.sort_by_key(|start| start.at);
        }
    }

    /// The first start alone, which then owns what it holds.
    pub(super) fn into_first(self) -> Option<Offer<'static>> {
        let offer = self.first()?;
        let (resources, choices) = (offer.resources.into_owned(), offer.choices.into_owned());
        Some(Offer { resources: Cow::Owned(resources), choices: Cow::Owned(choices), ..offer })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The one at a place, in order of time.
    pub fn get(&self, place: usize) -> Option<Offer<'_>> {
        self.starts.get(place).map(|start| self.with_terms(start))
    }

    /// The earliest.
    pub fn first(&self) -> Option<Offer<'_>> {
        self.get(0)
    }

    /// The latest.
    pub fn last(&self) -> Option<Offer<'_>> {
        self.starts.last().map(|start| self.with_terms(start))
    }

    /// All of them, in order of time.
    pub fn iter(&self) -> OffersIter<'_> {
        OffersIter { offers: self, starts: self.starts.iter() }
    }

    #[inline]
    fn with_terms(&self, start: &OfferedStart) -> Offer<'_> {
        let terms = &self.terms[start.terms as usize];
        Offer {
            business_date: terms.business_date,
            service: terms.lengths.service_window(start.at),
            occupied: terms.lengths.occupied_window(start.at),
            lengths: terms.lengths,
            resources: Cow::Borrowed(&self.resources[terms.resources.clone()]),
            has_primary: terms.primary.is_some(),
            price: terms.price,
            base: terms.base,
            remaining: start.remaining,
            choices: Cow::Borrowed(&self.choices[terms.choices.clone()]),
        }
    }
}

impl<'a> IntoIterator for &'a Offers {
    type Item = Offer<'a>;
    type IntoIter = OffersIter<'a>;

    fn into_iter(self) -> OffersIter<'a> {
        self.iter()
    }
}

/// Offered starts in order of time.
#[derive(Debug, Clone)]
pub struct OffersIter<'a> {
    offers: &'a Offers,
    starts: std::slice::Iter<'a, OfferedStart>,
}

impl<'a> Iterator for OffersIter<'a> {
    type Item = Offer<'a>;

    #[inline]
    fn next(&mut self) -> Option<Offer<'a>> {
        self.starts.next().map(|start| self.offers.with_terms(start))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.starts.size_hint()
    }
}

impl ExactSizeIterator for OffersIter<'_> {}
