//! Stores.

use crate::entities::{Fields, Mapped, Stored};
use musubi_catalog::store::{BookingMode, IndustryType, Store, StoreDetails, StoreFilter, StoresScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::StoreId;
use musubi_kernel::money::Currency;
use musubi_kernel::secret::{Cipher, Secret};
use sea_query::{Condition, Expr, ExprTrait as _, Value};

impl Mapped for Store {
    const TABLE: &'static str = "stores";
    const COLUMNS: &'static [&'static str] = &[
        "tenant_id",
        "name",
        "slug",
        "display_name",
        "description",
        "industry_type",
        "industry_settings",
        "phone",
        "email",
        "address",
        "postal_code",
        "latitude",
        "longitude",
        "time_zone",
        "holiday_region",
        "business_hours",
        "time_slot_interval",
        "advance_booking_days",
        "accept_same_day_booking",
        "booking_mode",
        "booking_limit_per_day",
        "hold_minutes",
        "require_customer_info",
        "no_show_policy",
        "currency",
        "notification_settings",
        "send_booking_notifications",
        "send_reminder_notifications",
        "reminder_hours_before",
        "line_channel_id",
        "line_channel_secret",
        "line_access_token",
        "line_liff_id",
        "line_integration_active",
        "logo_url",
        "cover_image_url",
        "theme_color",
        "custom_css",
        "is_active",
        "is_public",
        "settings",
        "notes",
        "created_at",
        "updated_at",
    ];
    const ORDER: &'static [&'static str] = &["id"];

    fn write(&self, row: &mut Fields<'_>) {
        let details = &self.details;
        row.set("tenant_id", self.tenant_id.0);
        row.set("name", details.name.as_str());
        row.set("slug", details.slug.as_str());
        row.set("display_name", details.display_name.as_deref());
        row.set("description", details.description.as_deref());
        row.set("industry_type", details.industry_type.code());
        row.json_or_null("industry_settings", details.industry_settings.as_ref());
        row.set("phone", details.phone.as_deref());
        row.set("email", details.email.as_deref());
        row.set("address", details.address.as_deref());
        row.set("postal_code", details.postal_code.as_deref());
        row.set("latitude", details.latitude);
        row.set("longitude", details.longitude);
        row.set("time_zone", details.time_zone.name());
        row.set("holiday_region", details.holiday_region.as_deref());
        row.json("business_hours", &details.business_hours);
        row.set("time_slot_interval", details.time_slot_interval);
        row.set("advance_booking_days", details.advance_booking_days);
        row.set("accept_same_day_booking", details.accept_same_day_booking);
        row.set("booking_mode", details.booking_mode.code());
        row.set("booking_limit_per_day", details.booking_limit_per_day);
        row.set("hold_minutes", details.hold_minutes);
        row.set("require_customer_info", details.require_customer_info);
        row.json("no_show_policy", &details.no_show_policy);
        row.set("currency", details.currency.code());
        row.json_or_null("notification_settings", details.notification_settings.as_ref());
        row.set("send_booking_notifications", details.send_booking_notifications);
        row.set("send_reminder_notifications", details.send_reminder_notifications);
        row.set("reminder_hours_before", details.reminder_hours_before);
        row.set("line_channel_id", details.line_channel_id.as_deref());
        row.sealed("line_channel_secret", details.line_channel_secret.as_ref().map(Secret::expose));
        row.sealed("line_access_token", details.line_access_token.as_ref().map(Secret::expose));
        row.set("line_liff_id", details.line_liff_id.as_deref());
        row.set("line_integration_active", details.line_integration_active);
        row.set("logo_url", details.logo_url.as_deref());
        row.set("cover_image_url", details.cover_image_url.as_deref());
        row.set("theme_color", details.theme_color.as_str());
        row.json_or_null("custom_css", details.custom_css.as_ref());
        row.set("is_active", details.is_active);
        row.set("is_public", details.is_public);
        row.json_or_null("settings", details.settings.as_ref());
        row.set("notes", details.notes.as_deref());
        row.set("created_at", self.created_at);
        row.set("updated_at", self.updated_at);
    }

    fn read(row: &Stored<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.entity_id(),
            tenant_id: row.id("tenant_id")?,
            details: details(row)?,
            version: row.version()?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    fn within(scope: &StoresScope) -> Condition {
        Condition::all()
            .add(Expr::col("tenant_id").eq(scope.tenant().0))
            .add_option(scope.only().map(|only| Expr::col("id").eq(only.0)))
    }

    fn admitted(filter: &StoreFilter, _: &dyn Cipher) -> Condition {
        Condition::all().add_option((!filter.include_inactive).then(|| Expr::col("is_active").eq(true)))
    }

    fn position(id: StoreId) -> Vec<Value> {
        vec![id.0.into()]
    }
}

fn details(row: &Stored<'_>) -> Result<StoreDetails, StoreError> {
    Ok(StoreDetails {
        name: row.get("name")?,
        slug: row.get("slug")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        industry_type: row.code("industry_type", IndustryType::from_code)?,
        industry_settings: row.json_or_null("industry_settings")?,
        phone: row.get("phone")?,
        email: row.get("email")?,
        address: row.get("address")?,
        postal_code: row.get("postal_code")?,
        latitude: row.get("latitude")?,
        longitude: row.get("longitude")?,
        time_zone: row.code("time_zone", |name| name.parse().ok())?,
        holiday_region: row.get("holiday_region")?,
        business_hours: row.json("business_hours")?,
        time_slot_interval: row.int("time_slot_interval")?,
        advance_booking_days: row.int("advance_booking_days")?,
        accept_same_day_booking: row.get("accept_same_day_booking")?,
        booking_mode: row.code("booking_mode", BookingMode::from_code)?,
        booking_limit_per_day: row.int("booking_limit_per_day")?,
        hold_minutes: row.int("hold_minutes")?,
        require_customer_info: row.get("require_customer_info")?,
        no_show_policy: row.json("no_show_policy")?,
        currency: row.code("currency", Currency::from_code)?,
        notification_settings: row.json_or_null("notification_settings")?,
        send_booking_notifications: row.get("send_booking_notifications")?,
        send_reminder_notifications: row.get("send_reminder_notifications")?,
        reminder_hours_before: row.int("reminder_hours_before")?,
        line_channel_id: row.get("line_channel_id")?,
        line_channel_secret: row.sealed("line_channel_secret")?,
        line_access_token: row.sealed("line_access_token")?,
        line_liff_id: row.get("line_liff_id")?,
        line_integration_active: row.get("line_integration_active")?,
        logo_url: row.get("logo_url")?,
        cover_image_url: row.get("cover_image_url")?,
        theme_color: row.get("theme_color")?,
        custom_css: row.json_or_null("custom_css")?,
        is_active: row.get("is_active")?,
        is_public: row.get("is_public")?,
        settings: row.json_or_null("settings")?,
        notes: row.get("notes")?,
    })
}
