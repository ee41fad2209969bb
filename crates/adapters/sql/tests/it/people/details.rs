//! What people say of themselves.

use super::{HANAKO, House, acting, scope};
use crate::contract::{World, contract};
use musubi_identity::age_group::{AgeGroupBook as _, AgeGroupId};
use musubi_identity::locale::Locale;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::user::PersonDetails;
use musubi_kernel::error::Failure as _;
use musubi_sql_testing::{TestDb, on_each_engine};

contract!(people_say_what_they_like, only_groups_that_there_are_can_be_named);
on_each_engine!(every_group_that_is_listed_can_be_named);

async fn people_say_what_they_like(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let here = house.sign_in(HANAKO).await;
    let change = async |expected, details: PersonDetails| {
        let revision = |_: &PersonDetails| Ok(details.clone());
        house.people.change_details(&acting(&here), &scope(&here), expected, revision).await
    };
    let said = PersonDetails { display_name: "Hanako".into(), locale: Locale::Ja, age_group_id: Some(AgeGroupId(4)) };
    let changed = change(Some(1), said.clone()).await.unwrap();
    assert_eq!((changed.details(), changed.version), (said.clone(), 2));
    assert_eq!(house.store.user(changed.id).await, Ok(Some(changed.clone())));
    let stale = change(Some(1), said.clone()).await;
    assert_eq!(stale, Err(PeopleError::Stale { expected: 1, actual: 2 }));

    let wrong = PersonDetails { display_name: " ".into(), age_group_id: Some(AgeGroupId(9)), ..said.clone() };
    let wrong = change(None, wrong).await.unwrap_err();
    let told: Vec<_> = wrong.violations().iter().map(|one| (one.pointer.as_str(), one.code)).collect();
    assert_eq!(told, [("/display_name", "blank"), ("/age_group_id", "unknown_age_group")]);
    let nothing_said = change(None, PersonDetails { age_group_id: None, ..said }).await.unwrap();
    assert_eq!((nothing_said.age_group, nothing_said.version), (None, 3));

    house.people.delete(&acting(&here), &PeopleScope::Own(scope(&here))).await.unwrap();
    assert_eq!(change(None, changed.details()).await, Err(PeopleError::NotFound("user")));
}

async fn only_groups_that_there_are_can_be_named(world: World) {
    let house = House::of(&world);
    let mut unit = house.store.begin().await.unwrap();
    for (id, known) in [(-1, false), (0, false), (1, true), (4, true), (8, true), (9, false), (i32::MAX, false)] {
        assert_eq!(unit.has_age_group(AgeGroupId(id)).await, Ok(known), "{id}");
    }
}

async fn every_group_that_is_listed_can_be_named(test: TestDb) {
    let world = World::over(&test.store());
    let groups = test.store().age_groups().await.unwrap();
    assert_eq!(groups.len(), 8);
    let mut unit = world.people.begin().await.unwrap();
    for group in groups {
        assert_eq!(unit.has_age_group(group.id).await, Ok(true), "{}", group.code);
    }
}
