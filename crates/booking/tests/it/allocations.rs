//! How often a search asks for memory: counted, so the figures are the same on every machine.

#[path = "../../benches/slots/world.rs"]
mod world;

use allocation_counter::measure;
use world::{World, cases};

/// Allocations of one search.
fn allocations(world: &World) -> u64 {
    let mut offered = 0;
    let counted = measure(|| offered = world.search().len());
    assert!(offered > 0, "something is offered");
    counted.count_total
}

/// The most that any of the cases may ask for.
const MOST: u64 = 48;

#[test]
fn a_search_allocates_a_few_times_whatever_it_finds() {
    for (name, world, offered) in cases() {
        assert_eq!(world.search().len(), offered, "{name}");
        let counted = allocations(&world);
        println!("{name}: {counted}");
        assert!(counted <= MOST, "{name}: {counted} allocations");
    }
}

/// Lists that grow double their room: twice as much to look at costs each of them one more allocation at most.
#[test]
fn twice_as_much_to_look_at_costs_no_more_than_one_allocation_for_each_list() {
    let lists = 12;
    let doubled = [
        (World::in_june(15, 20, 75), World::in_june(30, 20, 150)),
        (World::in_june(30, 20, 150), World::in_june(60, 20, 300)),
        (World::in_june(30, 10, 150), World::in_june(30, 20, 150)),
        (World::in_june(30, 20, 150), World::in_june(30, 40, 150)),
        (World::in_june(30, 20, 75), World::in_june(30, 20, 150)),
        (World::in_june(30, 20, 150), World::in_june(30, 20, 300)),
    ];
    for (once, twice) in doubled {
        let (once, twice) = (allocations(&once), allocations(&twice));
        assert!(twice <= once + lists, "{once} allocations became {twice}");
    }
}
