//! Resources.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, hours, object, pages};
use musubi_catalog::efficiency::EfficiencyRate;
use musubi_catalog::resource::{ResourceDetails, ResourceFilter, ResourceType};
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use uuid::Uuid;

contract!(live, page, filter, book);

fn plain() -> ResourceDetails {
    ResourceDetails::new(ResourceType::Staff, "Hanako")
}

fn full() -> ResourceDetails {
    ResourceDetails {
        kind: ResourceType::Vehicle,
        name: "送迎バス 🚌".into(),
        display_name: Some("Bus".into()),
        description: Some("with\ntwo lines".into()),
        photo_url: Some("https://example.jp/bus.png".into()),
        attributes: Some(object()),
        working_hours: Some(hours()),
        efficiency_rate: EfficiencyRate::from_hundredths(29).unwrap(),
        hourly_rate_diff: Amount(-500),
        capacity: 50,
        sort_order: -7,
        is_active: false,
    }
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    assert_nothing_is_default(&plain(), &full(), &[]);
    behaves(&world, &world.resources, (&own, &foreign), plain(), full()).await;
    let sister = world.sister(&world.of_tenant(own.tenant()), "sister").await;
    behaves(&world, &world.resources, (&own, &sister), plain(), full()).await;
}

async fn page(world: World) {
    let scope = world.shop("shop").await;
    // Several share a place, and some stand before zero.
    let order = |index: usize| i32::try_from(index / 2).unwrap() - 2;
    pages(&world, &world.resources, &scope, |index| ResourceDetails { sort_order: order(index), ..plain() }).await;
}

async fn filter(world: World) {
    let scope = world.shop("shop").await;
    for (name, kind, sort_order, is_active) in [
        ("c", ResourceType::Staff, 3, true),
        ("a", ResourceType::Staff, -1, true),
        ("b", ResourceType::Room, 2, true),
        ("gone", ResourceType::Staff, 0, false),
    ] {
        let details = ResourceDetails { sort_order, is_active, ..ResourceDetails::new(kind, name) };
        world.add(&world.resources, &scope, details).await;
    }
    for (kind, include_inactive, expected) in [
        (None, false, &["a", "b", "c"] as &[_]),
        (None, true, &["a", "gone", "b", "c"]),
        (Some(ResourceType::Staff), false, &["a", "c"]),
        (Some(ResourceType::Staff), true, &["a", "gone", "c"]),
        (Some(ResourceType::Vehicle), true, &[]),
    ] {
        let listed = world.list(&world.resources, &scope, &ResourceFilter { kind, include_inactive }).await;
        let names: Vec<_> = listed.iter().map(|resource| resource.details.name.as_str()).collect();
        assert_eq!(names, expected, "{kind:?} {include_inactive}");
    }
}

async fn book(world: World) {
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    let own = world.add(&world.resources, &ours, plain()).await.id;
    let put_away = ResourceDetails { is_active: false, ..plain() };
    let put_away = world.add(&world.resources, &ours, put_away).await.id;
    let foreign = world.add(&world.resources, &theirs, plain()).await.id;
    let unknown = ResourceId::from(Uuid::from_u128(7));
    let mut known = world.book.existing(&ours, &[foreign, put_away, unknown, own]).await.unwrap();
    known.sort_unstable();
    assert_eq!(known, [own, put_away]);
    assert_eq!(world.book.existing(&ours, &[]).await, Ok(Vec::new()));
}
