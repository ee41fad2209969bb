//! What a menu's details must satisfy.

use super::{MAX_PRICE, MenuDetails, eligibility, pricing, requirements};
use crate::shape::is_color;
use musubi_kernel::error::Invalid;

/// The most tags, and the most further pictures.
const MAX_ITEMS: usize = 50;

pub(super) fn check(details: &MenuDetails) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    texts(details, &mut invalid);
    lengths(details, &mut invalid);
    invalid.range("/base_price", details.base_price.0, 0..=MAX_PRICE);
    pricing::check_options(&details.pricing_options, &mut invalid);
    pricing::check_times(&details.time_based_pricing, &mut invalid);
    requirements::check_types(details.allowed_resource_types.as_deref(), &mut invalid);
    if let Some(listed) = &details.resource_ids {
        requirements::check_list(listed, "/resource_ids", &mut invalid);
    }
    requirements::check(&details.required_resources, &mut invalid);
    eligibility::check(details, &mut invalid);
    invalid.range("/advance_booking_hours", details.advance_booking_hours, 0..=8760);
    invalid.range("/cancellation_hours", details.cancellation_hours, 0..=8760);
    invalid.object("/booking_rules", &details.booking_rules);
    appearance(details, &mut invalid);
    invalid.object("/settings", &details.settings);
    invalid.prose("/notes", details.notes.as_deref());
    invalid.finish()
}

fn texts(details: &MenuDetails, invalid: &mut Invalid) {
    invalid.line("/name", details.name.as_str(), 1..=255);
    invalid.line("/display_name", details.display_name.as_deref(), 0..=255);
    invalid.prose("/description", details.description.as_deref());
    invalid.prose("/detailed_description", details.detailed_description.as_deref());
    invalid.line("/category", details.category.as_deref(), 0..=100);
    bounded(&details.tags, "/tags", invalid);
    for (index, tag) in details.tags.iter().enumerate().take(MAX_ITEMS) {
        let pointer = format!("/tags/{index}");
        invalid.line(&pointer, tag.as_str(), 1..=50);
        invalid.require(!details.tags[..index].contains(tag), &pointer, "repeated", "must be named once");
    }
}

fn lengths(details: &MenuDetails, invalid: &mut Invalid) {
    invalid.range("/base_duration", details.base_duration, 1..=1440);
    invalid.range("/prep_duration", details.prep_duration, 0..=1440);
    invalid.range("/cleanup_duration", details.cleanup_duration, 0..=1440);
    invalid.range("/buffer_duration", details.buffer_duration, 0..=1440);
}

fn appearance(details: &MenuDetails, invalid: &mut Invalid) {
    invalid.web_address("/image_url", details.image_url.as_deref());
    bounded(&details.image_gallery, "/image_gallery", invalid);
    for (index, address) in details.image_gallery.iter().enumerate().take(MAX_ITEMS) {
        invalid.web_address(&format!("/image_gallery/{index}"), address.as_str());
    }
    invalid.line("/icon_class", details.icon_class.as_deref(), 0..=255);
    let color = details.background_color.as_deref();
    invalid.require(color.is_none_or(is_color), "/background_color", "bad_color", "must be written as #rrggbb");
    invalid.range("/sort_order", details.sort_order, -1_000_000..=1_000_000);
}

fn bounded(items: &[String], pointer: &str, invalid: &mut Invalid) {
    invalid.require(items.len() <= MAX_ITEMS, pointer, "too_many", format!("must have at most {MAX_ITEMS} entries"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::broken;
    use crate::menu::{Menu, PriceDay, PriceKind, Rank, Requirement, TimePrice};
    use crate::resource::ResourceType;
    use musubi_kernel::id::ResourceId;
    use musubi_kernel::money::Amount;
    use uuid::Uuid;

    fn rule(days: &[PriceDay], from: &str, to: &str, kind: PriceKind, value: i64) -> TimePrice {
        TimePrice { days: days.to_vec(), from: from.parse().unwrap(), to: to.parse().unwrap(), kind, value }
    }

    fn id(n: u128) -> ResourceId {
        Uuid::from_u128(n).into()
    }

    fn requirement(quantity: i32, ids: Option<Vec<ResourceId>>) -> Requirement {
        Requirement { kind: ResourceType::Room, quantity, resource_ids: ids }
    }

    #[test]
    fn each_rule_is_named_where_it_is_broken() {
        type Case = (fn(&mut MenuDetails), &'static [(&'static str, &'static str)]);
        let cases: &[Case] = &[
            (|_| (), &[]),
            (|d| d.name = "\t".into(), &[("/name", "blank"), ("/name", "control_character")]),
            (|d| d.category = Some("a".repeat(101)), &[("/category", "too_long")]),
            (
                |d| d.tags = vec!["cut".into(), String::new(), "cut".into()],
                &[("/tags/1", "blank"), ("/tags/2", "repeated")],
            ),
            (|d| d.tags = (0..51).map(|n| n.to_string()).collect(), &[("/tags", "too_many")]),
            (|d| d.base_duration = 0, &[("/base_duration", "out_of_range")]),
            (|d| d.base_duration = 1441, &[("/base_duration", "out_of_range")]),
            (|d| d.prep_duration = -1, &[("/prep_duration", "out_of_range")]),
            (|d| d.cleanup_duration = 1441, &[("/cleanup_duration", "out_of_range")]),
            (|d| d.buffer_duration = -5, &[("/buffer_duration", "out_of_range")]),
            (|d| d.base_price = Amount(-1), &[("/base_price", "out_of_range")]),
            (|d| d.base_price = Amount(100_000_000), &[]),
            (|d| d.base_price = Amount(100_000_001), &[("/base_price", "out_of_range")]),
            (|d| d.pricing_options.rank_percent = [(Rank::Vip, -100), (Rank::New, 1000)].into(), &[]),
            (
                |d| d.pricing_options.rank_percent = [(Rank::Vip, -101)].into(),
                &[("/pricing_options/rank_percent/vip", "out_of_range")],
            ),
            (|d| d.time_based_pricing = vec![rule(&[PriceDay::Sat], "17:00", "26:00", PriceKind::Percent, 20)], &[]),
            (
                |d| d.time_based_pricing = vec![rule(&[], "17:00", "17:00", PriceKind::Percent, 1001)],
                &[
                    ("/time_based_pricing/0/days", "empty"),
                    ("/time_based_pricing/0/to", "from_not_before_to"),
                    ("/time_based_pricing/0/value", "out_of_range"),
                ],
            ),
            (
                |d| {
                    let twice = [PriceDay::Holiday, PriceDay::Holiday];
                    d.time_based_pricing = vec![rule(&twice, "00:00", "30:00", PriceKind::Amount, -5000)];
                },
                &[("/time_based_pricing/0/days", "repeated")],
            ),
            (
                |d| {
                    let rule = rule(&[PriceDay::Mon], "00:00", "24:00", PriceKind::Amount, 1);
                    d.time_based_pricing = vec![rule; 51];
                },
                &[("/time_based_pricing", "too_many")],
            ),
            (|d| d.allowed_resource_types = Some(vec![]), &[("/allowed_resource_types", "empty")]),
            (
                |d| d.allowed_resource_types = Some(vec![ResourceType::Staff, ResourceType::Staff]),
                &[("/allowed_resource_types", "repeated")],
            ),
            (|d| d.resource_ids = Some(vec![]), &[("/resource_ids", "empty")]),
            (|d| d.resource_ids = Some(vec![id(1), id(2), id(1)]), &[("/resource_ids", "repeated")]),
            (|d| d.resource_ids = Some((0..201).map(id).collect()), &[("/resource_ids", "too_many")]),
            (|d| d.required_resources = vec![requirement(1, None), requirement(2, Some(vec![id(1), id(2)]))], &[]),
            (
                |d| d.required_resources = vec![requirement(0, None), requirement(21, None)],
                &[
                    ("/required_resources/0/quantity", "out_of_range"),
                    ("/required_resources/1/quantity", "out_of_range"),
                ],
            ),
            (
                |d| d.required_resources = vec![requirement(2, Some(vec![id(1)])), requirement(1, Some(vec![]))],
                &[("/required_resources/0/resource_ids", "too_few"), ("/required_resources/1/resource_ids", "empty")],
            ),
            (|d| d.required_resources = vec![requirement(1, None); 11], &[("/required_resources", "too_many")]),
            (|d| (d.min_participants, d.max_participants) = (2, 12), &[]),
            (|d| d.min_participants = 2, &[("/max_participants", "min_above_max")]),
            (
                |d| (d.min_participants, d.max_participants) = (0, 1001),
                &[("/min_participants", "out_of_range"), ("/max_participants", "out_of_range")],
            ),
            (|d| (d.min_age, d.max_age) = (Some(18), Some(18)), &[]),
            (|d| (d.min_age, d.max_age) = (Some(18), Some(17)), &[("/max_age", "min_above_max")]),
            (
                |d| (d.min_age, d.max_age) = (Some(-1), Some(151)),
                &[("/min_age", "out_of_range"), ("/max_age", "out_of_range")],
            ),
            (|d| d.advance_booking_hours = 8761, &[("/advance_booking_hours", "out_of_range")]),
            (|d| d.cancellation_hours = -1, &[("/cancellation_hours", "out_of_range")]),
            (
                |d| d.image_gallery = vec!["https://example.jp/1.png".into(), "2.png".into()],
                &[("/image_gallery/1", "bad_url")],
            ),
            (|d| d.background_color = Some("blue".into()), &[("/background_color", "bad_color")]),
            (|d| d.icon_class = Some("a".repeat(256)), &[("/icon_class", "too_long")]),
        ];
        for (index, (change, expected)) in cases.iter().enumerate() {
            let mut details = MenuDetails::new("Cut", 60, Amount(5500));
            change(&mut details);
            let expected: Vec<_> = expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect();
            assert_eq!(broken::<Menu>(&details), expected, "case {index}");
        }
    }
}
