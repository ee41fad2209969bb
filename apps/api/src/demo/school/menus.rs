//! What the school offers.

use super::rooms::Rooms;
use crate::demo::hours::clock;
use crate::demo::premises::{Audience, Demand, Offered, Premises};
use crate::demo::{DemoError, House};
use musubi_catalog::menu::{
    GenderRestriction, MenuDetails, PriceDay, PriceKind, PricingOptions, Rank, Requirement, ServiceType, TimePrice,
};
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::ResourceType;
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;

/// Puts the menus on the list.
pub(super) async fn write(
    house: House<'_>,
    premises: &Premises,
    rooms: &Rooms,
) -> Result<Vec<(Offered, Demand)>, DemoError> {
    let list = [morning(rooms), night(rooms), trial(rooms), for_women(rooms), private(rooms), course(rooms)];
    let mut menus = Vec::new();
    for (sort_order, (details, demand)) in (0..).zip(list) {
        let details = MenuDetails { sort_order, ..details };
        let mat = MenuOptionDetails {
            description: Some("レンタルマット / Mat for rent".to_owned()),
            price: Amount(330),
            ..MenuOptionDetails::new("レンタルマット")
        };
        menus.push((premises.menu(house, details, vec![mat]).await?, demand));
    }
    Ok(menus)
}

type Entry = (MenuDetails, Demand);

fn morning(rooms: &Rooms) -> Entry {
    let early = TimePrice {
        days: vec![PriceDay::Mon, PriceDay::Tue, PriceDay::Wed, PriceDay::Thu, PriceDay::Fri],
        from: clock("07:00"),
        to: clock("08:30"),
        kind: PriceKind::Percent,
        value: -20,
    };
    let details = MenuDetails {
        description: Some("一日を整える朝のクラス、定員12名。 / A morning class of twelve.".to_owned()),
        price_varies_by_time: true,
        time_based_pricing: vec![early],
        is_popular: true,
        ..class("朝ヨガ", 75, 2200, &[rooms.morning])
    };
    (details, demand(28, &[1, 1, 1, 2, 2, 3]))
}

fn night(rooms: &Rooms) -> Entry {
    let late = TimePrice {
        days: vec![PriceDay::Fri],
        from: clock("22:00"),
        to: clock("25:00"),
        kind: PriceKind::Amount,
        value: -550,
    };
    let details = MenuDetails {
        description: Some("仕事帰りの夜のクラス、金曜は25時まで。 / A night class, on Fridays till 25:00.".to_owned()),
        price_varies_by_time: true,
        time_based_pricing: vec![late],
        is_featured: true,
        ..class("夜ヨガ", 75, 2750, &[rooms.night])
    };
    (details, demand(34, &[1, 1, 2, 2, 3, 4]))
}

fn trial(rooms: &Rooms) -> Entry {
    let details = MenuDetails {
        description: Some("はじめての方の体験。いつものクラスに参加します。 / A first lesson, in a class.".to_owned()),
        max_participants: 2,
        advance_booking_hours: 12,
        is_new: true,
        ..class("体験レッスン", 60, 1100, &[rooms.morning, rooms.night])
    };
    (details, demand(10, &[1, 1, 2]))
}

fn for_women(rooms: &Rooms) -> Entry {
    let details = MenuDetails {
        description: Some("女性限定のやさしいクラス。 / A gentle class for women.".to_owned()),
        gender_restriction: GenderRestriction::FemaleOnly,
        max_participants: 2,
        ..class("女性限定リラックスヨガ", 75, 2750, &[rooms.small])
    };
    (details, Demand { audience: Audience::Women, ..demand(14, &[1, 1, 2]) })
}

fn private(rooms: &Rooms) -> Entry {
    let details = MenuDetails {
        description: Some("ひとりの、または二人のためのレッスン。 / A lesson for one or two.".to_owned()),
        service_type: ServiceType::Individual,
        allowed_resource_types: Some(vec![ResourceType::Staff]),
        resource_ids: None,
        required_resources: vec![Requirement {
            kind: ResourceType::Room,
            quantity: 1,
            resource_ids: Some(vec![rooms.small]),
        }],
        price_varies_by_resource: true,
        max_participants: 2,
        advance_booking_hours: 24,
        cancellation_hours: 48,
        pricing_options: rank_prices(false),
        ..class("プライベートレッスン", 60, 8800, &[])
    };
    (details, Demand { nominated: rooms.teachers.clone(), sociable: false, ..demand(8, &[1, 1, 2]) })
}

fn course(rooms: &Rooms) -> Entry {
    let details = MenuDetails {
        description: Some("4回で基礎を学ぶコース、その初回。 / First of four lessons on the basics.".to_owned()),
        service_type: ServiceType::Course,
        max_participants: 1,
        advance_booking_hours: 24,
        ..class("はじめてのヨガ4回コース", 75, 9900, &[rooms.small])
    };
    (details, demand(6, &[1]))
}

/// A class in one of these rooms, whose seats the parties share.
fn class(name: &str, minutes: i32, yen: i64, rooms: &[ResourceId]) -> MenuDetails {
    MenuDetails {
        category: Some("ヨガ".to_owned()),
        service_type: ServiceType::Group,
        cleanup_duration: 10,
        buffer_duration: 5,
        resource_ids: Some(rooms.to_vec()),
        max_participants: 6,
        advance_booking_hours: 2,
        cancellation_hours: 12,
        pricing_options: rank_prices(true),
        ..MenuDetails::new(name, minutes, Amount(yen))
    }
}

fn rank_prices(per_participant: bool) -> PricingOptions {
    PricingOptions { per_participant, rank_percent: [(Rank::New, -10), (Rank::Premium, -5)].into() }
}

fn demand(weight: u32, parties: &'static [u32]) -> Demand {
    Demand { weight, parties, audience: Audience::All, nominated: Vec::new(), sociable: true }
}
