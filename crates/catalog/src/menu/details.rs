//! What can be set of a menu.

use super::{GenderRestriction, PricingOptions, Requirement, TimePrice};
use crate::resource::ResourceType;
use crate::yes;
use musubi_kernel::check::JsonObject;
use musubi_kernel::codes;
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use serde::{Deserialize, Serialize};

codes! {
    /// How parties share what they use.
    #[derive(Default)]
    ServiceType {
        /// One party at a time.
        #[default]
        Individual = "individual",
        /// A class: parties share the resource.
        Group = "group",
        /// A series of classes: parties share the resource.
        Course = "course",
        /// A member's regular appointment: one party at a time.
        Subscription = "subscription",
    }
}

/// What can be set of a menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "name": "カット",
    "description": "シャンプー込み",
    "category": "ヘア",
    "base_duration": 60,
    "cleanup_duration": 10,
    "base_price": 5500,
    "allowed_resource_types": ["staff"],
    "advance_booking_hours": 2,
    "cancellation_hours": 24
})))]
pub struct MenuDetails {
    /// Name, 1 to 255 characters.
    pub name: String,
    /// Name that customers see, up to 255 characters; absent: the name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it is, in short.
    #[serde(default)]
    pub description: Option<String>,
    /// What it is, at length.
    #[serde(default)]
    pub detailed_description: Option<String>,
    /// Category, up to 100 characters.
    #[serde(default)]
    pub category: Option<String>,
    /// Words to find it by: up to 50 of 1 to 50 characters.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How parties share what they use.
    #[serde(default)]
    pub service_type: ServiceType,

    /// Minutes of service, 1 to 1,440.
    pub base_duration: i32,
    /// Minutes of preparation before, 0 to 1,440.
    #[serde(default)]
    pub prep_duration: i32,
    /// Minutes of tidying after, 0 to 1,440.
    #[serde(default)]
    pub cleanup_duration: i32,
    /// Minutes kept free after that, 0 to 1,440.
    #[serde(default)]
    pub buffer_duration: i32,

    /// Price in yen, 0 to 100,000,000.
    pub base_price: Amount,
    /// How the price depends on the party and the customer.
    #[serde(default)]
    pub pricing_options: PricingOptions,
    /// Whether nominating a resource adds its hourly difference.
    #[serde(default)]
    pub price_varies_by_resource: bool,
    /// Whether `time_based_pricing` is in force.
    #[serde(default)]
    pub price_varies_by_time: bool,
    /// What the price changes by at some times: the first rule that matches counts. Up to 50.
    #[serde(default)]
    pub time_based_pricing: Vec<TimePrice>,

    /// Whether the customer must nominate a resource.
    #[serde(default)]
    pub requires_resource: bool,
    /// Kinds of resources that can give the service; absent: not chosen by kind.
    #[serde(default)]
    pub allowed_resource_types: Option<Vec<ResourceType>>,
    /// The only resources that can give the service, up to 200; absent: not chosen by name.
    #[serde(default)]
    pub resource_ids: Option<Vec<ResourceId>>,
    /// What a booking takes beside that resource: up to 10 entries.
    #[serde(default)]
    pub required_resources: Vec<Requirement>,

    /// Smallest party, 1 to 1,000.
    #[serde(default = "one")]
    pub min_participants: i32,
    /// Largest party, 1 to 1,000.
    #[serde(default = "one")]
    pub max_participants: i32,
    /// Youngest age in full years, 0 to 150.
    #[serde(default)]
    pub min_age: Option<i32>,
    /// Oldest age in full years, 0 to 150.
    #[serde(default)]
    pub max_age: Option<i32>,
    /// Whom it is for.
    #[serde(default)]
    pub gender_restriction: GenderRestriction,

    /// How many hours before the start customers must book, 0 to 8,760.
    #[serde(default = "one")]
    pub advance_booking_hours: i32,
    /// Until how many hours before the start customers may cancel, 0 to 8,760.
    #[serde(default = "a_day")]
    pub cancellation_hours: i32,
    /// The store's further rules, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub booking_rules: Option<JsonObject>,
    /// Whether customers may book it themselves.
    #[serde(default = "yes")]
    pub allow_online_booking: bool,
    /// Whether a booking waits for the store's word.
    #[serde(default)]
    pub require_approval: bool,

    /// Web address of the main picture.
    #[serde(default)]
    pub image_url: Option<String>,
    /// Web addresses of further pictures, up to 50.
    #[serde(default)]
    pub image_gallery: Vec<String>,
    /// Class of the icon, up to 255 characters.
    #[serde(default)]
    pub icon_class: Option<String>,
    /// Background colour, `#rrggbb`.
    #[serde(default)]
    pub background_color: Option<String>,
    /// Place in lists, lowest first; -1,000,000 to 1,000,000.
    #[serde(default)]
    pub sort_order: i32,
    /// Recommended.
    #[serde(default)]
    pub is_featured: bool,
    /// Popular.
    #[serde(default)]
    pub is_popular: bool,
    /// New.
    #[serde(default)]
    pub is_new: bool,

    /// Whether it is offered at all.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// Whether customers can book it.
    #[serde(default = "yes")]
    pub is_bookable: bool,
    /// Other settings, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub settings: Option<JsonObject>,
    /// The store's notes to itself.
    #[serde(default)]
    pub notes: Option<String>,
}

const fn one() -> i32 {
    1
}

const fn a_day() -> i32 {
    24
}

impl MenuDetails {
    /// A menu of this name, length in minutes and price with defaults for the rest.
    pub fn new(name: impl Into<String>, base_duration: i32, base_price: Amount) -> Self {
        Self {
            name: name.into(),
            display_name: None,
            description: None,
            detailed_description: None,
            category: None,
            tags: Vec::new(),
            service_type: ServiceType::default(),
            base_duration,
            prep_duration: 0,
            cleanup_duration: 0,
            buffer_duration: 0,
            base_price,
            pricing_options: PricingOptions::default(),
            price_varies_by_resource: false,
            price_varies_by_time: false,
            time_based_pricing: Vec::new(),
            requires_resource: false,
            allowed_resource_types: None,
            resource_ids: None,
            required_resources: Vec::new(),
            min_participants: one(),
            max_participants: one(),
            min_age: None,
            max_age: None,
            gender_restriction: GenderRestriction::default(),
            advance_booking_hours: one(),
            cancellation_hours: a_day(),
            booking_rules: None,
            allow_online_booking: yes(),
            require_approval: false,
            image_url: None,
            image_gallery: Vec::new(),
            icon_class: None,
            background_color: None,
            sort_order: 0,
            is_featured: false,
            is_popular: false,
            is_new: false,
            is_active: yes(),
            is_bookable: yes(),
            settings: None,
            notes: None,
        }
    }

    /// The same details with those lists sorted whose order means nothing.
    pub(super) fn sorted(mut self) -> Self {
        if let Some(ids) = &mut self.resource_ids {
            ids.sort_unstable();
        }
        self
    }
}
