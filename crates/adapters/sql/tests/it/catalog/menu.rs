//! Menus, and the lists of resources that may give them.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, object, pages};
use musubi_catalog::menu::{
    GenderRestriction, MenuDetails, MenuFilter, PriceDay, PriceKind, PricingOptions, Rank, Requirement, ServiceType,
    TimePrice,
};
use musubi_catalog::menus::Menus;
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::{EntityError, Failure as _};
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::NoReceipt;

contract!(live, page, filter, lists, strangers);

fn plain() -> MenuDetails {
    MenuDetails::new("カット", 60, Amount(5500))
}

fn full(resources: &[ResourceId]) -> MenuDetails {
    MenuDetails {
        name: "ヨガ 🧘".into(),
        display_name: Some("Yoga".into()),
        description: Some("in short".into()),
        detailed_description: Some("at\nlength".into()),
        category: Some("クラス".into()),
        tags: vec!["朝".into(), "b".into()],
        service_type: ServiceType::Group,
        base_duration: 1440,
        prep_duration: 5,
        cleanup_duration: 10,
        buffer_duration: 15,
        base_price: Amount(100_000_000),
        pricing_options: PricingOptions { per_participant: true, rank_percent: [(Rank::Vip, -10)].into() },
        price_varies_by_resource: true,
        price_varies_by_time: true,
        time_based_pricing: vec![TimePrice {
            days: vec![PriceDay::Sun, PriceDay::Holiday],
            from: "17:00".parse().unwrap(),
            to: "26:00".parse().unwrap(),
            kind: PriceKind::Amount,
            value: -300,
        }],
        requires_resource: true,
        allowed_resource_types: Some(vec![ResourceType::Room, ResourceType::Staff]),
        resource_ids: Some(resources.to_vec()),
        required_resources: vec![
            Requirement { kind: ResourceType::Room, quantity: 2, resource_ids: Some(resources.to_vec()) },
            Requirement { kind: ResourceType::Equipment, quantity: 1, resource_ids: None },
        ],
        min_participants: 2,
        max_participants: 12,
        min_age: Some(0),
        max_age: Some(150),
        gender_restriction: GenderRestriction::FemaleOnly,
        advance_booking_hours: 0,
        cancellation_hours: 8760,
        booking_rules: Some(object()),
        allow_online_booking: false,
        require_approval: true,
        image_url: Some("https://example.jp/1.png".into()),
        image_gallery: vec!["https://example.jp/2.png".into()],
        icon_class: Some("icon".into()),
        background_color: Some("#abcdef".into()),
        sort_order: -1,
        is_featured: true,
        is_popular: true,
        is_new: true,
        is_active: false,
        is_bookable: false,
        settings: Some(object()),
        notes: Some("notes".into()),
    }
}

async fn rooms(world: &World, scope: &StoreScope, count: usize) -> Vec<ResourceId> {
    let mut rooms = Vec::new();
    for _ in 0..count {
        let room = ResourceDetails::new(ResourceType::Room, "room");
        rooms.push(world.add(&world.resources, scope, room).await.id);
    }
    rooms
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    let full = full(&rooms(&world, &own, 2).await);
    assert_nothing_is_default(&plain(), &full, &[]);
    behaves(&world, &world.menus, (&own, &foreign), plain(), full).await;
}

async fn page(world: World) {
    let scope = world.shop("shop").await;
    let listed = rooms(&world, &scope, 1).await;
    let make = |index: usize| MenuDetails {
        sort_order: i32::try_from(index / 3).unwrap(),
        resource_ids: index.is_multiple_of(2).then(|| listed.clone()),
        ..plain()
    };
    pages(&world, &world.menus, &scope, make).await;
}

async fn filter(world: World) {
    let scope = world.shop("shop").await;
    for (name, category, is_active, is_bookable) in [
        ("cut", Some("hair"), true, true),
        ("by telephone", Some("hair"), true, false),
        ("gone", Some("Hair"), false, true),
        ("plain", None, true, true),
    ] {
        let details =
            MenuDetails { name: name.into(), category: category.map(Into::into), is_active, is_bookable, ..plain() };
        world.add(&world.menus, &scope, details).await;
    }
    for (category, include_inactive, only_bookable, expected) in [
        (None, false, false, &["cut", "by telephone", "plain"] as &[_]),
        (None, true, false, &["cut", "by telephone", "gone", "plain"]),
        (None, false, true, &["cut", "plain"]),
        (Some("hair"), true, false, &["cut", "by telephone"]),
        (Some("hair "), true, false, &[]),
        (Some("hair\0"), true, false, &[]),
        (Some("' OR ''='"), true, false, &[]),
    ] {
        let filter = MenuFilter { category: category.map(Into::into), include_inactive, only_bookable };
        let listed = world.list(&world.menus, &scope, &filter).await;
        let names: Vec<_> = listed.iter().map(|menu| menu.details.name.as_str()).collect();
        assert_eq!(names, expected, "{filter:?}");
    }
}

async fn lists(world: World) {
    let scope = world.shop("shop").await;
    let rooms = rooms(&world, &scope, 3).await;
    let with = |ids: Option<&[ResourceId]>| MenuDetails { resource_ids: ids.map(<[_]>::to_vec), ..plain() };
    let backwards: Vec<_> = rooms.iter().rev().copied().collect();
    let menu = world.add(&world.menus, &scope, with(Some(&backwards))).await;
    world.add(&world.menus, &scope, with(Some(&rooms[..1]))).await;
    world.add(&world.menus, &scope, with(None)).await;

    let keeper = world.keeper(&world.menus);
    for ids in [Some(&rooms[1..]), Some(&rooms[..2]), None, Some(&rooms[..])] {
        keeper.update(&world.caller, &scope, menu.id, None, |_| Ok(with(ids))).await.unwrap();
        let listed = world.list(&world.menus, &scope, &MenuFilter::default()).await;
        let lists: Vec<_> = listed.iter().map(|menu| menu.details.resource_ids.as_deref()).collect();
        assert_eq!(lists, [ids, Some(&rooms[..1]), None]);
    }
}

async fn strangers(world: World) {
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    let (own, foreign) = (rooms(&world, &ours, 2).await, rooms(&world, &theirs, 1).await[0]);
    let menus = Menus::new(world.keeper(&world.menus), world.book.clone());
    let mixed = full(&[own[0], foreign]);
    let refused = menus.create(&world.caller, &ours, mixed, &NoReceipt).await.unwrap_err();
    let pointers: Vec<_> = refused.violations().iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(pointers, ["/resource_ids/1", "/required_resources/0/resource_ids/1"]);
    assert!(menus.list(&ours, &MenuFilter::default(), &PageRequest::default()).await.unwrap().items.is_empty());

    let menu = menus.create(&world.caller, &ours, full(&own), &NoReceipt).await.unwrap();
    let refused = menus.update(&world.caller, &ours, menu.id, None, |_| Ok(full(&[own[0], foreign]))).await;
    assert!(matches!(refused, Err(EntityError::Invalid(_))), "{refused:?}");
    assert_eq!(menus.get(&ours, menu.id).await, Ok(menu));
}
