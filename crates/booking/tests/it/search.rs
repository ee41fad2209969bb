//! Search and booking agree with the oracle on random shops.

use crate::oracle::{self, Case, Verdict};
use crate::random_shop;
use crate::translate::{World, world};
use chrono::NaiveDate;
use musubi_booking::minute::Minute;
use musubi_booking::plan::{Offer, Plan, Situation};
use proptest::prelude::*;
use std::ops::RangeInclusive;

fn situation(world: &World) -> Situation<'_> {
    Situation {
        shop: &world.shop,
        service: &world.service,
        resources: &world.resources,
        calendar: &world.calendar,
        occupancy: &world.occupancy,
        now: world.now.instant(),
    }
}

/// An offer in the oracle's words. `choices` are left out where the plan was asked about one start alone.
fn told(world: &World, offer: &Offer<'_>, with_choices: bool) -> Verdict {
    let number = |id: musubi_kernel::id::ResourceId| u32::try_from(id.0.as_u128()).expect("a small number");
    let choices = offer.choices.iter().map(|choice| (number(world.resources[choice.resource].id), choice.total.0));
    Verdict::Offered {
        business_date: offer.business_date,
        end: offer.service.to.0,
        primary: offer.has_primary.then(|| number(offer.resources[0].0)),
        assigned: offer.resources.iter().map(|(id, _)| number(*id)).collect(),
        price: oracle::Price {
            base: offer.price.base.0,
            option: offer.price.options.0,
            resource: offer.price.resource.0,
            total: offer.price.total.0,
        },
        remaining: if with_choices { i64::from(offer.remaining) } else { 0 },
        choices: if with_choices { choices.collect() } else { Vec::new() },
    }
}

fn without_choices(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Offered { business_date, end, primary, assigned, price, .. } => {
            Verdict::Offered { business_date, end, primary, assigned, price, remaining: 0, choices: Vec::new() }
        }
        refused @ Verdict::Refused(_) => refused,
    }
}

fn offers(world: &World, dates: &RangeInclusive<NaiveDate>) -> Vec<(i64, Verdict)> {
    match Plan::new(situation(world), &world.wish, world.guest.as_ref(), dates) {
        Err(_) => Vec::new(),
        Ok(plan) => plan.offers(dates).iter().map(|offer| (offer.service.from.0, told(world, &offer, true))).collect(),
    }
}

fn place(world: &World, start: i64) -> Verdict {
    let dates = Plan::dates_of(&world.shop, Minute(start));
    let offer =
        Plan::new(situation(world), &world.wish, world.guest.as_ref(), &dates).and_then(|plan| plan.at(Minute(start)));
    offer.map_or_else(|refusal| Verdict::Refused(refusal.code()), |offer| told(world, &offer, false))
}

/// Starts around the grid and around what is taken, on and off the grid.
fn starts_to_try(case: &Case, dates: &RangeInclusive<NaiveDate>) -> Vec<i64> {
    let first = oracle::instant(case.zone, *dates.start(), 0);
    let last = oracle::instant(case.zone, *dates.end(), 30 * 60);
    let near = |at: i64| [at - 1, at, at + 1];
    let edges = case.taken.iter().flat_map(|taken| [taken.from, taken.to]).flat_map(near);
    (first..last).step_by(35).chain(edges).chain(near(case.now + case.menu.advance_hours * 60)).collect()
}

/// So many cases at least; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { cases: asked.cases.max(1500), ..asked }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn search_offers_what_the_oracle_offers((case, (from, to)) in random_shop::case()) {
        let world = world(&case);
        prop_assert_eq!(offers(&world, &(from..=to)), oracle::offered(&case, from, to));
    }

    #[test]
    fn booking_gives_what_search_offers((case, (from, to)) in random_shop::case()) {
        let world = world(&case);
        let dates = from..=to;
        if let Ok(plan) = Plan::new(situation(&world), &world.wish, world.guest.as_ref(), &dates) {
            for offer in &plan.offers(&dates) {
                let start = offer.service.from;
                let same = plan.at(start);
                prop_assert_eq!(same.as_ref(), Ok(&offer));
                let own = Plan::dates_of(&world.shop, start);
                let alone = Plan::new(situation(&world), &world.wish, world.guest.as_ref(), &own);
                prop_assert_eq!(alone.and_then(|plan| plan.at(start)), Ok(offer));
            }
        }
    }

    #[test]
    fn a_start_is_placed_or_refused_as_the_oracle_says((case, (from, to)) in random_shop::case()) {
        let world = world(&case);
        for start in starts_to_try(&case, &(from..=to)) {
            prop_assert_eq!(place(&world, start), without_choices(oracle::verdict(&case, start)), "start {}", start);
        }
    }

    #[test]
    fn every_start_of_the_grid_is_offered_or_explained((case, (from, to)) in random_shop::case()) {
        let world = world(&case);
        let dates = from..=to;
        if let Ok(plan) = Plan::new(situation(&world), &world.wish, world.guest.as_ref(), &dates) {
            let offered: Vec<Minute> = plan.offers(&dates).iter().map(|offer| offer.service.from).collect();
            for (start, _, refusal) in plan.refusals(&dates) {
                prop_assert!(!offered.contains(&start));
                prop_assert_eq!(oracle::verdict(&case, start.0), Verdict::Refused(refusal.code()));
            }
        }
    }
}
