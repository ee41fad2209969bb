//! Links to WordPress, on every store of them; the groups of ages.

use super::{HANAKO, House};
use crate::contract::{World, contract};
use musubi_identity::age_group::AgeGroupBook as _;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::wordpress_link::WordPressLinks;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::retry::NoPause;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;
use uuid::Uuid;

contract!(one_person_is_one_member, who_is_deleted_is_no_member_any_more);
on_each_engine!(every_age_is_in_one_group);

async fn one_person_is_one_member(world: World) {
    let house = House::of(&world);
    let (hanako, taro) = (house.person(HANAKO).await, house.person("taro@example.jp").await);
    let pause = Arc::new(NoPause);
    let links = WordPressLinks::new(world.wordpress.clone(), world.clock.clone(), world.ids.clone(), pause);
    let (caller, operator) = (&world.caller, world.operator());
    let missing = || EntityError::NotFound("wordpress_link");
    assert_eq!(links.get(&operator, hanako.id).await, Err(missing()));
    let link = links.put(caller, &operator, hanako.id, 42).await.unwrap();
    assert_eq!((link.user_id, link.wp_user_id, link.linked_at), (hanako.id, 42, house.now()));
    assert_eq!(links.get(&operator, hanako.id).await, Ok(link));
    house.later(chrono::TimeDelta::seconds(1));
    assert_eq!(links.put(caller, &operator, hanako.id, 42).await, Ok(link), "nothing to do");

    let taken = links.put(caller, &operator, taro.id, 42).await;
    let code = "wordpress_user_taken";
    assert!(matches!(taken, Err(EntityError::Store(StoreError::Taken { code: found, .. })) if found == code));
    let moved = links.put(caller, &operator, hanako.id, i64::MAX).await.unwrap();
    assert_eq!(links.get(&operator, hanako.id).await, Ok(moved));
    links.put(caller, &operator, taro.id, 42).await.unwrap();
    assert!(matches!(links.put(caller, &operator, taro.id, 0).await, Err(EntityError::Invalid(_))));
    let nobody = links.put(caller, &operator, Uuid::from_u128(9).into(), 1).await;
    assert_eq!(nobody, Err(EntityError::NotFound("user")));
    links.remove(caller, &operator, hanako.id).await.unwrap();
    assert_eq!(links.remove(caller, &operator, hanako.id).await, Err(missing()));
}

async fn who_is_deleted_is_no_member_any_more(world: World) {
    let house = House::of(&world);
    let (hanako, taro) = (house.person(HANAKO).await, house.person("taro@example.jp").await);
    let pause = Arc::new(NoPause);
    let links = WordPressLinks::new(world.wordpress.clone(), world.clock.clone(), world.ids.clone(), pause);
    let (caller, operator) = (&world.caller, world.operator());
    links.put(caller, &operator, hanako.id, 42).await.unwrap();
    let theirs = links.put(caller, &operator, taro.id, 43).await.unwrap();
    let scope = PeopleScope::Operator(operator.clone(), hanako.id);
    house.people.delete(caller, &scope).await.unwrap();
    assert_eq!(links.get(&operator, hanako.id).await, Err(EntityError::NotFound("wordpress_link")));
    assert_eq!(links.put(caller, &operator, hanako.id, 42).await, Err(EntityError::NotFound("user")));
    assert_eq!(links.get(&operator, taro.id).await, Ok(theirs), "another's stays");
    links.put(caller, &operator, taro.id, 42).await.unwrap();
}

async fn every_age_is_in_one_group(test: TestDb) {
    let groups = test.store().age_groups().await.unwrap();
    for age in 0..=130 {
        let within = |max: Option<i32>| max.is_none_or(|max| age <= max);
        let found = groups.iter().filter(|group| group.min_age <= age && within(group.max_age)).count();
        assert_eq!(found, 1, "{age}: {groups:?}");
    }
}
