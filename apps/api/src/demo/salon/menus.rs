//! What the salon offers.

use super::team::Team;
use crate::demo::hours::clock;
use crate::demo::premises::{Audience, Demand, Offered, Premises};
use crate::demo::{DemoError, House};
use musubi_catalog::menu::{MenuDetails, PriceDay, PriceKind, PricingOptions, Rank, Requirement, TimePrice};
use musubi_catalog::menu_option::MenuOptionDetails;
use musubi_catalog::resource::ResourceType;
use musubi_kernel::money::Amount;

/// Puts the menus on the list.
pub(super) async fn write(
    house: House<'_>,
    premises: &Premises,
    team: &Team,
) -> Result<Vec<(Offered, Demand)>, DemoError> {
    let mut menus = Vec::new();
    for (sort_order, (details, options, demand)) in (0..).zip(list(team)) {
        let details = MenuDetails { sort_order, ..details };
        menus.push((premises.menu(house, details, options).await?, demand));
    }
    Ok(menus)
}

type Entry = (MenuDetails, Vec<MenuOptionDetails>, Demand);

fn list(team: &Team) -> Vec<Entry> {
    vec![cut(team), cut_and_colour(team), perm(team), head_spa(team), kimono(team), student_cut(team)]
}

fn cut(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some("骨格と髪質に合わせたカット。 / A cut to suit your hair.".to_owned()),
        is_popular: true,
        ..at_a_chair("カット", "カット", 60, 5500)
    };
    let options = vec![
        MenuOptionDetails {
            is_required: true, ..option("シャンプー・ブロー", "Shampoo and blow-dry", 550, 10)
        },
        option("トリートメント", "Treatment", 3300, 20),
        option("前髪カット", "Fringe trim", 1100, 10),
    ];
    (details, options, demand(team, 34))
}

fn cut_and_colour(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some("カットとフルカラー。 / Cut and full colour.".to_owned()),
        advance_booking_hours: 3,
        is_featured: true,
        ..at_a_chair("カット+カラー", "カラー", 120, 12_100)
    };
    let options = vec![option("トリートメント", "Treatment", 3300, 20), option("前髪カット", "Fringe trim", 1100, 10)];
    (details, options, demand(team, 26))
}

fn perm(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some("カット込みのデジタルパーマ。 / Digital perm with cut.".to_owned()),
        advance_booking_hours: 3,
        prep_duration: 5,
        ..at_a_chair("パーマ", "パーマ", 150, 14_300)
    };
    (details, vec![option("トリートメント", "Treatment", 3300, 20)], demand(team, 10))
}

fn head_spa(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some("個室で受ける炭酸ヘッドスパ。 / Head spa in the private room.".to_owned()),
        prep_duration: 5,
        cleanup_duration: 10,
        is_new: true,
        required_resources: vec![one_of(ResourceType::Room)],
        ..priced("ヘッドスパ(個室)", "スパ", 45, 6600)
    };
    (details, vec![option("アロマオイル", "Aroma oil", 880, 5)], demand(team, 16))
}

fn kimono(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some(
            "振袖・訪問着の着付け。お店の確認後に確定します。 / Kimono dressing, on approval.".to_owned(),
        ),
        advance_booking_hours: 48,
        cancellation_hours: 72,
        cleanup_duration: 10,
        require_approval: true,
        allowed_resource_types: None,
        resource_ids: Some(team.dressers.clone()),
        required_resources: vec![one_of(ResourceType::Room)],
        price_varies_by_time: false,
        time_based_pricing: Vec::new(),
        ..priced("着付け", "着付け", 60, 8800)
    };
    let demand = Demand { nominated: team.dressers.clone(), ..demand(team, 11) };
    (details, vec![option("ヘアセット", "Hair styling", 4400, 40)], demand)
}

fn student_cut(team: &Team) -> Entry {
    let details = MenuDetails {
        description: Some("22歳までの方の学割。 / For guests up to 22 years of age.".to_owned()),
        max_age: Some(22),
        pricing_options: PricingOptions::default(),
        price_varies_by_time: false,
        time_based_pricing: Vec::new(),
        ..at_a_chair("学割カット", "カット", 45, 3300)
    };
    (details, Vec::new(), Demand { audience: Audience::Students, ..demand(team, 6) })
}

/// A menu of a stylist at a chair.
fn at_a_chair(name: &str, category: &str, minutes: i32, yen: i64) -> MenuDetails {
    MenuDetails {
        cleanup_duration: 5,
        buffer_duration: 5,
        required_resources: vec![one_of(ResourceType::Equipment)],
        ..priced(name, category, minutes, yen)
    }
}

/// A menu of a stylist: cheaper on the mornings of working days, dearer at weekends, and cheaper for good customers.
fn priced(name: &str, category: &str, minutes: i32, yen: i64) -> MenuDetails {
    let rule = |days: &[PriceDay], from, to, value| TimePrice {
        days: days.to_vec(),
        from: clock(from),
        to: clock(to),
        kind: PriceKind::Percent,
        value,
    };
    MenuDetails {
        category: Some(category.to_owned()),
        allowed_resource_types: Some(vec![ResourceType::Staff]),
        price_varies_by_resource: true,
        price_varies_by_time: true,
        // The first rule that holds counts, so a holiday on a working day is dear all day.
        time_based_pricing: vec![
            rule(&[PriceDay::Sat, PriceDay::Sun, PriceDay::Holiday], "09:00", "19:00", 10),
            rule(&[PriceDay::Tue, PriceDay::Wed, PriceDay::Thu, PriceDay::Fri], "10:00", "12:00", -10),
        ],
        pricing_options: PricingOptions {
            per_participant: false,
            rank_percent: [(Rank::Vip, -5), (Rank::Premium, -10)].into(),
        },
        ..MenuDetails::new(name, minutes, Amount(yen))
    }
}

fn one_of(kind: ResourceType) -> Requirement {
    Requirement { kind, quantity: 1, resource_ids: None }
}

fn option(name: &str, english: &str, yen: i64, duration: i32) -> MenuOptionDetails {
    let description = Some(format!("{name} / {english}"));
    MenuOptionDetails { description, price: Amount(yen), duration, ..MenuOptionDetails::new(name) }
}

fn demand(team: &Team, weight: u32) -> Demand {
    let nominated = team.stylists.clone();
    Demand { weight, parties: &[1], audience: Audience::All, nominated, sociable: false }
}
