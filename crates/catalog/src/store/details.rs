//! What can be set of a store.

use crate::yes;
use musubi_kernel::check::JsonObject;
use musubi_kernel::codes;
use musubi_kernel::hours::WeeklyHours;
use musubi_kernel::money::Currency;
use musubi_kernel::secret::Secret;
use musubi_kernel::zone::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

codes! {
    /// Line of business.
    IndustryType {
        /// Hair and beauty.
        Beauty = "beauty",
        /// Nails.
        Nail = "nail",
        /// Medical practice.
        Clinic = "clinic",
        /// Massage and therapy.
        Therapy = "therapy",
        /// Rooms or things for rent.
        Rental = "rental",
        /// Lessons and classes.
        School = "school",
        /// Tours and activities.
        Activity = "activity",
    }
}

codes! {
    /// Whether bookings are confirmed at once.
    #[derive(Default)]
    BookingMode {
        /// A booking is confirmed when it is made.
        #[default]
        Auto = "auto",
        /// A booking waits for the store's word.
        Manual = "manual",
    }
}

/// When a customer who does not come is kept from booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NoShowPolicy {
    /// How many no-shows restrict a customer, 1 to 1,000.
    pub threshold: i32,
    /// For how many days, 1 to 36,500.
    pub restrict_days: i32,
}

impl Default for NoShowPolicy {
    fn default() -> Self {
        Self { threshold: 3, restrict_days: 90 }
    }
}

/// What can be set of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "name": "さくら美容室 表参道",
    "slug": "sakura-omotesando",
    "industry_type": "beauty",
    "phone": "03-1234-5678",
    "time_zone": "Asia/Tokyo",
    "business_hours": {
        "tue": [{ "open": "10:00", "close": "19:00" }],
        "wed": [{ "open": "10:00", "close": "19:00" }],
        "thu": [{ "open": "10:00", "close": "19:00" }],
        "fri": [{ "open": "10:00", "close": "13:00" }, { "open": "14:00", "close": "21:00" }],
        "sat": [{ "open": "09:00", "close": "19:00" }],
        "sun": [{ "open": "09:00", "close": "18:00" }]
    },
    "time_slot_interval": 30,
    "advance_booking_days": 60
})))]
pub struct StoreDetails {
    /// Name, 1 to 255 characters.
    pub name: String,
    /// Name in web addresses: 2 to 100 lower-case letters, digits and inner hyphens; unique in the installation.
    pub slug: String,
    /// Name that customers see, up to 255 characters; absent: the name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What the store is about.
    #[serde(default)]
    pub description: Option<String>,
    /// Line of business.
    pub industry_type: IndustryType,
    /// Settings of that line of business, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub industry_settings: Option<JsonObject>,

    /// Telephone number as customers read it, up to 20 digits, spaces and `+-()`.
    #[serde(default)]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Street address.
    #[serde(default)]
    pub address: Option<String>,
    /// Postal code, up to 10 characters.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// Degrees north, -90 to 90; together with `longitude`.
    #[serde(default)]
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180; together with `latitude`.
    #[serde(default)]
    pub longitude: Option<f64>,

    /// IANA time zone in which the hours are meant.
    #[serde(default = "tokyo")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, default = "Asia/Tokyo"))]
    pub time_zone: Tz,
    /// Whose national holidays the store keeps: a region with known holidays, or the empty text for none.
    #[serde(default = "japan", deserialize_with = "region")]
    #[cfg_attr(feature = "openapi", schema(default = "JP"))]
    pub holiday_region: Option<String>,
    /// Opening hours by weekday.
    pub business_hours: WeeklyHours,
    /// Minutes from one possible start to the next, 1 to 1,440.
    #[serde(default = "half_an_hour")]
    pub time_slot_interval: i32,
    /// How many days ahead customers may book, 0 to 730.
    #[serde(default = "a_month_ahead")]
    pub advance_booking_days: i32,
    /// Whether customers may book for today.
    #[serde(default = "yes")]
    pub accept_same_day_booking: bool,
    /// Whether bookings are confirmed at once.
    #[serde(default)]
    pub booking_mode: BookingMode,
    /// The most bookings of one day, 1 to 100,000.
    #[serde(default = "fifty")]
    pub booking_limit_per_day: i32,
    /// For how many minutes a start is held for somebody who is about to book, 1 to 1,440.
    #[serde(default = "ten_minutes")]
    pub hold_minutes: i32,
    /// Whether customers must say who they are.
    #[serde(default)]
    pub require_customer_info: bool,
    /// When customers who do not come are kept from booking.
    #[serde(default)]
    pub no_show_policy: NoShowPolicy,
    /// Currency of all prices.
    #[serde(default)]
    pub currency: Currency,

    /// Settings of notifications, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub notification_settings: Option<JsonObject>,
    /// Whether customers are told of their bookings.
    #[serde(default = "yes")]
    pub send_booking_notifications: bool,
    /// Whether customers are reminded of their bookings.
    #[serde(default = "yes")]
    pub send_reminder_notifications: bool,
    /// How many hours before a booking customers are reminded, 0 to 720.
    #[serde(default = "a_day")]
    pub reminder_hours_before: i32,

    /// Id of the store's LINE channel, up to 100 characters.
    #[serde(default)]
    pub line_channel_id: Option<String>,
    /// Secret of the LINE channel: taken, never shown.
    #[serde(default, skip_serializing_if = "never_shown", serialize_with = "nothing")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, write_only))]
    pub line_channel_secret: Option<Secret>,
    /// Access token of the LINE channel: taken, never shown.
    #[serde(default, skip_serializing_if = "never_shown", serialize_with = "nothing")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, write_only))]
    pub line_access_token: Option<Secret>,
    /// Id of the store's LIFF app, up to 100 characters.
    #[serde(default)]
    pub line_liff_id: Option<String>,
    /// Whether LINE is in use.
    #[serde(default)]
    pub line_integration_active: bool,

    /// Web address of the logo.
    #[serde(default)]
    pub logo_url: Option<String>,
    /// Web address of the cover picture.
    #[serde(default)]
    pub cover_image_url: Option<String>,
    /// Main colour of the store's pages, `#rrggbb`.
    #[serde(default = "green")]
    pub theme_color: String,
    /// Further style of the store's pages, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub custom_css: Option<JsonObject>,

    /// Whether the store does business: an inactive one takes no bookings at all.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// Whether customers may find the store.
    #[serde(default = "yes")]
    pub is_public: bool,
    /// The store's other settings, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub settings: Option<JsonObject>,
    /// The store's notes to itself.
    #[serde(default)]
    pub notes: Option<String>,
}

const fn tokyo() -> Tz {
    Tz::Asia__Tokyo
}

#[expect(clippy::unnecessary_wraps, reason = "serde takes defaults from functions of the field's type")]
fn japan() -> Option<String> {
    Some("JP".to_owned())
}

const fn half_an_hour() -> i32 {
    30
}

const fn a_month_ahead() -> i32 {
    30
}

const fn fifty() -> i32 {
    50
}

const fn ten_minutes() -> i32 {
    10
}

const fn a_day() -> i32 {
    24
}

fn green() -> String {
    "#10b981".to_owned()
}

// Not `skip_serializing`: with it the fields would be missing in the schema of what is taken.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn never_shown(_: &Option<Secret>) -> bool {
    true
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn nothing<S: Serializer>(_: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// A merge patch cannot set a member to null, so the empty text stands for no region as well.
fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|region| !region.is_empty()))
}

impl StoreDetails {
    /// A store with defaults for all but these.
    pub fn new(
        name: impl Into<String>,
        slug: impl Into<String>,
        industry_type: IndustryType,
        business_hours: WeeklyHours,
    ) -> Self {
        Self {
            name: name.into(),
            slug: slug.into(),
            display_name: None,
            description: None,
            industry_type,
            industry_settings: None,
            phone: None,
            email: None,
            address: None,
            postal_code: None,
            latitude: None,
            longitude: None,
            time_zone: tokyo(),
            holiday_region: japan(),
            business_hours,
            time_slot_interval: half_an_hour(),
            advance_booking_days: a_month_ahead(),
            accept_same_day_booking: yes(),
            booking_mode: BookingMode::default(),
            booking_limit_per_day: fifty(),
            hold_minutes: ten_minutes(),
            require_customer_info: false,
            no_show_policy: NoShowPolicy::default(),
            currency: Currency::default(),
            notification_settings: None,
            send_booking_notifications: yes(),
            send_reminder_notifications: yes(),
            reminder_hours_before: a_day(),
            line_channel_id: None,
            line_channel_secret: None,
            line_access_token: None,
            line_liff_id: None,
            line_integration_active: false,
            logo_url: None,
            cover_image_url: None,
            theme_color: green(),
            custom_css: None,
            is_active: yes(),
            is_public: yes(),
            settings: None,
            notes: None,
        }
    }

    /// These details with the present secrets for those that `patch` does not name: they are never shown, so a merge
    /// patch that was applied to what is shown has lost them.
    #[must_use]
    pub fn with_secrets_of(self, present: &Self, patch: &JsonObject) -> Self {
        let kept = |member: &str, new: Option<Secret>, old: &Option<Secret>| {
            if patch.contains_key(member) { new } else { old.clone() }
        };
        Self {
            line_channel_secret: kept("line_channel_secret", self.line_channel_secret, &present.line_channel_secret),
            line_access_token: kept("line_access_token", self.line_access_token, &present.line_access_token),
            ..self
        }
    }
}
