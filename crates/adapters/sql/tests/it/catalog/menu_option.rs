//! Menu options.

use crate::contract::{World, assert_nothing_is_default, behaves, contract, pages};
use musubi_catalog::menu::MenuDetails;
use musubi_catalog::menu_option::{InMenu, MenuOptionDetails, MenuOptionFilter};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::EntityError;
use musubi_kernel::money::Amount;

contract!(live, page, filter, with_their_menu);

fn plain() -> MenuOptionDetails {
    MenuOptionDetails::new("Head spa")
}

async fn in_menu(world: &World, scope: &StoreScope) -> InMenu {
    let menu = world.add(&world.menus, scope, MenuDetails::new("Cut", 60, Amount(5500))).await;
    menu.options(scope).unwrap()
}

async fn live(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    let cut = in_menu(&world, &own).await;
    let full = MenuOptionDetails {
        name: "学割".into(),
        description: Some("two\nlines".into()),
        price: Amount(-1000),
        duration: 1440,
        is_required: true,
        sort_order: -3,
        is_active: false,
    };
    assert_nothing_is_default(&plain(), &full, &[]);
    for elsewhere in [in_menu(&world, &own).await, in_menu(&world, &foreign).await] {
        behaves(&world, &world.options, (&cut, &elsewhere), plain(), full.clone()).await;
    }
}

async fn page(world: World) {
    let shop = world.shop("shop").await;
    let cut = in_menu(&world, &shop).await;
    let order = |index: usize| i32::try_from(index / 2).unwrap();
    pages(&world, &world.options, &cut, |index| MenuOptionDetails { sort_order: order(index), ..plain() }).await;
}

async fn filter(world: World) {
    let shop = world.shop("shop").await;
    let cut = in_menu(&world, &shop).await;
    let active = world.add(&world.options, &cut, plain()).await.id;
    let inactive = MenuOptionDetails { is_active: false, sort_order: -1, ..plain() };
    let inactive = world.add(&world.options, &cut, inactive).await.id;
    for (include_inactive, expected) in [(false, vec![active]), (true, vec![inactive, active])] {
        let listed = world.list(&world.options, &cut, &MenuOptionFilter { include_inactive }).await;
        assert_eq!(listed.iter().map(|option| option.id).collect::<Vec<_>>(), expected);
    }
}

async fn with_their_menu(world: World) {
    let (own, foreign) = (world.shop("own").await, world.shop("foreign").await);
    let cut = in_menu(&world, &own).await;
    let menu = world.keeper(&world.menus).get(&own, cut.menu()).await.unwrap();
    assert_eq!(menu.options(&foreign), Err(EntityError::NotFound("menu")));
    assert_eq!(menu.options(&own), Ok(cut));
}
