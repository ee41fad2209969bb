//! What a store's details must satisfy.

use super::StoreDetails;
use crate::holidays::REGIONS;
use crate::shape::{is_color, is_phone, is_slug};
use musubi_kernel::error::Invalid;
use musubi_kernel::secret::Secret;

pub(super) fn check(details: &StoreDetails) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    identity(details, &mut invalid);
    place(details, &mut invalid);
    booking(details, &mut invalid);
    channels(details, &mut invalid);
    appearance(details, &mut invalid);
    invalid.object("/settings", &details.settings);
    invalid.prose("/notes", details.notes.as_deref());
    invalid.finish()
}

fn identity(details: &StoreDetails, invalid: &mut Invalid) {
    invalid.line("/name", details.name.as_str(), 1..=255);
    invalid.require(
        is_slug(&details.slug),
        "/slug",
        "bad_slug",
        "must be 2 to 100 lower-case letters, digits and inner hyphens",
    );
    invalid.line("/display_name", details.display_name.as_deref(), 0..=255);
    invalid.prose("/description", details.description.as_deref());
    invalid.object("/industry_settings", &details.industry_settings);
}

fn place(details: &StoreDetails, invalid: &mut Invalid) {
    let phone = details.phone.as_deref();
    invalid.require(
        phone.is_none_or(is_phone),
        "/phone",
        "bad_phone",
        "must be a telephone number of at most 20 digits, spaces and +-()",
    );
    invalid.email("/email", details.email.as_deref());
    invalid.prose("/address", details.address.as_deref());
    invalid.line("/postal_code", details.postal_code.as_deref(), 0..=10);
    invalid.range("/latitude", details.latitude, -90.0..=90.0);
    invalid.range("/longitude", details.longitude, -180.0..=180.0);
    let missing = match (details.latitude, details.longitude) {
        (None, Some(_)) => Some("/latitude"),
        (Some(_), None) => Some("/longitude"),
        _ => None,
    };
    if let Some(pointer) = missing {
        invalid.add(pointer, "position_incomplete", "latitude and longitude are given together");
    }
}

fn booking(details: &StoreDetails, invalid: &mut Invalid) {
    let region = details.holiday_region.as_deref();
    invalid.require(
        region.is_none_or(|region| REGIONS.contains(&region)),
        "/holiday_region",
        "unknown_region",
        format!("must be empty or one of {}", REGIONS.join(", ")),
    );
    details.business_hours.check("/business_hours", invalid);
    invalid.range("/time_slot_interval", details.time_slot_interval, 1..=1440);
    invalid.range("/advance_booking_days", details.advance_booking_days, 0..=730);
    invalid.range("/booking_limit_per_day", details.booking_limit_per_day, 1..=100_000);
    invalid.range("/hold_minutes", details.hold_minutes, 1..=1440);
    invalid.range("/no_show_policy/threshold", details.no_show_policy.threshold, 0..=1000);
    invalid.range("/no_show_policy/restrict_days", details.no_show_policy.restrict_days, 1..=36_500);
}

fn channels(details: &StoreDetails, invalid: &mut Invalid) {
    invalid.object("/notification_settings", &details.notification_settings);
    invalid.range("/reminder_hours_before", details.reminder_hours_before, 0..=720);
    invalid.line("/line_channel_id", details.line_channel_id.as_deref(), 0..=100);
    invalid.line("/line_channel_secret", details.line_channel_secret.as_ref().map(Secret::expose), 1..=1000);
    invalid.line("/line_access_token", details.line_access_token.as_ref().map(Secret::expose), 1..=4000);
    invalid.line("/line_liff_id", details.line_liff_id.as_deref(), 0..=100);
}

fn appearance(details: &StoreDetails, invalid: &mut Invalid) {
    invalid.web_address("/logo_url", details.logo_url.as_deref());
    invalid.web_address("/cover_image_url", details.cover_image_url.as_deref());
    invalid.require(is_color(&details.theme_color), "/theme_color", "bad_color", "must be written as #rrggbb");
    invalid.object("/custom_css", &details.custom_css);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{broken, sample_store};
    use crate::store::Store;
    use musubi_kernel::check::JsonObject;
    use musubi_kernel::hours::OpenInterval;

    #[test]
    fn each_rule_is_named_where_it_is_broken() {
        type Case = (fn(&mut StoreDetails), &'static [(&'static str, &'static str)]);
        let cases: &[Case] = &[
            (|_| (), &[]),
            (|d| d.name = String::new(), &[("/name", "blank")]),
            (|d| d.name = "🌸".repeat(255), &[]),
            (|d| d.name = "🌸".repeat(256), &[("/name", "too_long")]),
            (|d| d.slug = "Salon Hanako".into(), &[("/slug", "bad_slug")]),
            (|d| d.display_name = Some("a".repeat(256)), &[("/display_name", "too_long")]),
            (|d| d.description = Some("a".repeat(16_384)), &[("/description", "too_long")]),
            (|d| d.phone = Some("call us".into()), &[("/phone", "bad_phone")]),
            (|d| d.email = Some("nobody".into()), &[("/email", "bad_email")]),
            (|d| d.postal_code = Some("150-00010000".into()), &[("/postal_code", "too_long")]),
            (|d| (d.latitude, d.longitude) = (Some(35.6), Some(139.7)), &[]),
            (|d| (d.latitude, d.longitude) = (Some(90.1), Some(0.0)), &[("/latitude", "out_of_range")]),
            (|d| (d.latitude, d.longitude) = (Some(0.0), Some(-180.1)), &[("/longitude", "out_of_range")]),
            (|d| d.latitude = Some(35.6), &[("/longitude", "position_incomplete")]),
            (|d| d.longitude = Some(35.6), &[("/latitude", "position_incomplete")]),
            (|d| d.holiday_region = None, &[]),
            (|d| d.holiday_region = Some("XX".into()), &[("/holiday_region", "unknown_region")]),
            (
                |d| {
                    let noon = "12:00".parse().unwrap();
                    d.business_hours.sat = vec![OpenInterval { open: noon, close: noon }];
                },
                &[("/business_hours/sat/0", "open_not_before_close")],
            ),
            (|d| d.time_slot_interval = 0, &[("/time_slot_interval", "out_of_range")]),
            (|d| d.time_slot_interval = 1441, &[("/time_slot_interval", "out_of_range")]),
            (|d| d.advance_booking_days = -1, &[("/advance_booking_days", "out_of_range")]),
            (|d| d.advance_booking_days = 731, &[("/advance_booking_days", "out_of_range")]),
            (|d| d.booking_limit_per_day = 0, &[("/booking_limit_per_day", "out_of_range")]),
            (|d| d.hold_minutes = 0, &[("/hold_minutes", "out_of_range")]),
            (|d| d.no_show_policy.threshold = -1, &[("/no_show_policy/threshold", "out_of_range")]),
            (|d| d.no_show_policy.restrict_days = 0, &[("/no_show_policy/restrict_days", "out_of_range")]),
            (|d| d.reminder_hours_before = 721, &[("/reminder_hours_before", "out_of_range")]),
            (|d| d.line_channel_secret = Some(Secret::new("")), &[("/line_channel_secret", "blank")]),
            (|d| d.line_access_token = Some(Secret::new("a\nb")), &[("/line_access_token", "control_character")]),
            (|d| d.logo_url = Some("logo.png".into()), &[("/logo_url", "bad_url")]),
            (|d| d.cover_image_url = Some("javascript:x".into()), &[("/cover_image_url", "bad_url")]),
            (|d| d.theme_color = "green".into(), &[("/theme_color", "bad_color")]),
            (
                |d| d.custom_css = Some(JsonObject::from_iter([("a".into(), "x".repeat(20_000).into())])),
                &[("/custom_css", "too_large")],
            ),
            (|d| d.notes = Some("a\0".into()), &[("/notes", "control_character")]),
            (
                |d| (d.slug, d.hold_minutes) = ("-".into(), -5),
                &[("/slug", "bad_slug"), ("/hold_minutes", "out_of_range")],
            ),
        ];
        for (index, (change, expected)) in cases.iter().enumerate() {
            let mut details = sample_store("hanako");
            change(&mut details);
            let expected: Vec<_> = expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect();
            assert_eq!(broken::<Store>(&details), expected, "case {index}");
        }
    }
}
