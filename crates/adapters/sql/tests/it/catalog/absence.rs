//! Absences of resources.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, pages};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_catalog::absence::{AbsenceDetails, AbsenceFilter, OfResource};
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_kernel::access::StoreScope;

contract!(live, page, filter);

fn absence(from: &str, minutes: i64) -> AbsenceDetails {
    let from: DateTime<Utc> = from.parse().unwrap();
    AbsenceDetails { from, to: from + TimeDelta::minutes(minutes), reason: None }
}

async fn of_somebody(world: &World, scope: &StoreScope) -> OfResource {
    let resource = world.add(&world.resources, scope, ResourceDetails::new(ResourceType::Staff, "Hanako")).await;
    resource.absences(scope).unwrap()
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    let hanako = of_somebody(&world, &own).await;
    let plain = absence("2026-03-20T01:00:00Z", 60);
    let full = AbsenceDetails { reason: Some("研修 📚".into()), ..absence("2027-01-01T00:00:00Z", 366 * 1440) };
    assert_nothing_is_default(&plain, &full, &[]);
    for elsewhere in [of_somebody(&world, &own).await, of_somebody(&world, &foreign).await] {
        behaves(&world, &world.absences, (&hanako, &elsewhere), plain.clone(), full.clone()).await;
    }
}

async fn page(world: World) {
    let shop = world.shop("shop").await;
    let hanako = of_somebody(&world, &shop).await;
    let start = |index: usize| format!("2026-03-20T{:02}:00:00Z", index / 2);
    pages(&world, &world.absences, &hanako, |index| absence(&start(index), 60)).await;
}

async fn filter(world: World) {
    let shop = world.shop("shop").await;
    let hanako = of_somebody(&world, &shop).await;
    let late = world.add(&world.absences, &hanako, absence("2026-03-20T03:00:00Z", 60)).await.id;
    let early = world.add(&world.absences, &hanako, absence("2026-03-20T01:00:00Z", 60)).await.id;
    for (from, to, expected) in [
        (None, None, vec![early, late]),
        (Some("2026-03-20T01:59:59.999999Z"), None, vec![early, late]),
        (Some("2026-03-20T02:00:00Z"), None, vec![late]),
        (None, Some("2026-03-20T03:00:00Z"), vec![early]),
        (None, Some("2026-03-20T03:00:00.000001Z"), vec![early, late]),
        (Some("2026-03-20T02:00:00Z"), Some("2026-03-20T03:00:00Z"), vec![]),
    ] {
        let at = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let filter = AbsenceFilter { from: at(from), to: at(to) };
        let listed = world.list(&world.absences, &hanako, &filter).await;
        assert_eq!(listed.iter().map(|absence| absence.id).collect::<Vec<_>>(), expected, "{from:?} {to:?}");
    }
}
