//! Slot search: seven cases over 30 days, and how the time grows with days, resources and bookings.
//!
//! Each case prepares a plan from the shop and reads every offered start with its price, its windows and everybody who
//! could be nominated. What the figures were is in `docs/benchmarks.md`.

mod world;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use musubi_booking::plan::Offer;
use std::hint::black_box;
use world::{World, cases};

/// One search, of which everything is read.
fn search(world: &World) {
    for offer in &world.search() {
        read(black_box(&offer));
    }
}

fn read(offer: &Offer<'_>) {
    for choice in &*offer.choices {
        black_box((choice.resource, choice.total));
    }
}

fn slots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("slots, 30 days");
    for (name, world, offered) in cases() {
        assert_eq!(world.search().len(), offered, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| search(black_box(&world))));
    }
    group.finish();
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth");
    for days in [15, 30, 60] {
        let world = World::in_june(days, 20, days * 5);
        group.bench_with_input(
            BenchmarkId::new("days, 20 resources with 5 bookings a day", days),
            &world,
            |bencher, world| {
                bencher.iter(|| search(black_box(world)));
            },
        );
    }
    for resources in [10, 20, 40] {
        let world = World::in_june(30, resources, 150);
        group.bench_with_input(
            BenchmarkId::new("resources with 5 bookings a day, 30 days", resources),
            &world,
            |bencher, world| {
                bencher.iter(|| search(black_box(world)));
            },
        );
    }
    for bookings in [75, 150, 300] {
        let world = World::in_june(30, 20, bookings);
        group.bench_with_input(
            BenchmarkId::new("bookings of each of 20 resources, 30 days", bookings),
            &world,
            |bencher, world| {
                bencher.iter(|| search(black_box(world)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, slots, growth);
criterion_main!(benches);
