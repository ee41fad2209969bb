//! The public side of catalog entities: what a customer needs to choose and to come; no settings, no notes.

use musubi_catalog::menu::{GenderRestriction, Menu, PricingOptions, Requirement, ServiceType, TimePrice};
use musubi_catalog::menu_option::MenuOption;
use musubi_catalog::resource::{Resource, ResourceType};
use musubi_catalog::store::{BookingMode, IndustryType, Store};
use musubi_kernel::check::JsonObject;
use musubi_kernel::hours::WeeklyHours;
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::{Amount, Currency};
use serde::Serialize;
use utoipa::ToSchema;

/// Declares a view whose fields are those of an entity's details, and how it is made from them.
macro_rules! view {
    (
        $(#[$meta:meta])*
        $name:ident of $entity:ident, shown as $shown:ident {
            id: $id:ty,
            $($(#[$field_meta:meta])* $field:ident: $kind:ty,)+
        } $(and { $($(#[$extra_meta:meta])* $extra:ident: $extra_kind:ty,)+ })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Serialize, ToSchema)]
        pub(super) struct $name {
            /// Id.
            id: $id,
            /// Name that customers see.
            name: String,
            $($(#[$field_meta])* $field: $kind,)+
            $($($(#[$extra_meta])* $extra: $extra_kind,)+)?
        }

        impl $name {
            fn of(entity: $entity $(, $($extra: $extra_kind),+)?) -> Self {
                let name = $shown(&entity);
                let details = entity.details;
                Self { id: entity.id, name, $($field: details.$field,)+ $($($extra,)+)? }
            }
        }
    };
}

fn store_name(store: &Store) -> String {
    store.shown_name().to_owned()
}

fn menu_name(menu: &Menu) -> String {
    menu.details.display_name.as_ref().unwrap_or(&menu.details.name).clone()
}

fn option_name(option: &MenuOption) -> String {
    option.details.name.clone()
}

fn resource_name(resource: &Resource) -> String {
    resource.details.display_name.as_ref().unwrap_or(&resource.details.name).clone()
}

view! {
    /// A store as its customers see it.
    PublicStore of Store, shown as store_name {
        id: StoreId,
        /// Name in web addresses.
        slug: String,
        /// What the store is about.
        description: Option<String>,
        /// Line of business.
        industry_type: IndustryType,
        /// Telephone number.
        phone: Option<String>,
        /// E-mail address.
        email: Option<String>,
        /// Street address.
        address: Option<String>,
        /// Postal code.
        postal_code: Option<String>,
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        /// IANA time zone in which the hours are meant.
        #[schema(value_type = String)]
        time_zone: musubi_kernel::zone::Tz,
        /// Whose national holidays the store keeps.
        holiday_region: Option<String>,
        /// Opening hours by weekday.
        business_hours: WeeklyHours,
        /// Minutes from one possible start to the next.
        time_slot_interval: i32,
        /// How many days ahead customers may book.
        advance_booking_days: i32,
        /// Whether customers may book for today.
        accept_same_day_booking: bool,
        /// Whether bookings are confirmed at once.
        booking_mode: BookingMode,
        /// For how many minutes a start is held.
        hold_minutes: i32,
        /// Whether customers must say who they are.
        require_customer_info: bool,
        /// Currency of all prices.
        currency: Currency,
        /// Id of the store's LIFF app.
        line_liff_id: Option<String>,
        /// Web address of the logo.
        logo_url: Option<String>,
        /// Web address of the cover picture.
        cover_image_url: Option<String>,
        /// Main colour of the store's pages.
        theme_color: String,
        /// Further style of the store's pages.
        #[schema(value_type = Option<Object>)]
        custom_css: Option<JsonObject>,
    }
}

impl From<Store> for PublicStore {
    fn from(store: Store) -> Self {
        Self::of(store)
    }
}

view! {
    /// A menu as customers see it.
    PublicMenu of Menu, shown as menu_name {
        id: MenuId,
        /// What it is, in short.
        description: Option<String>,
        /// What it is, at length.
        detailed_description: Option<String>,
        /// Category.
        category: Option<String>,
        /// Words to find it by.
        tags: Vec<String>,
        /// How parties share what they use.
        service_type: ServiceType,
        /// Minutes of service, before options and the pace of who gives it.
        base_duration: i32,
        /// Price, before options and everything that changes it.
        base_price: Amount,
        /// How the price depends on the party and the customer.
        pricing_options: PricingOptions,
        /// Whether nominating a resource changes the price.
        price_varies_by_resource: bool,
        /// Whether `time_based_pricing` is in force.
        price_varies_by_time: bool,
        /// What the price changes by at some times.
        time_based_pricing: Vec<TimePrice>,
        /// Whether a resource must be nominated.
        requires_resource: bool,
        /// Kinds of resources that can give the service.
        allowed_resource_types: Option<Vec<ResourceType>>,
        /// The only resources that can give the service.
        resource_ids: Option<Vec<ResourceId>>,
        /// What a booking takes beside that resource.
        required_resources: Vec<Requirement>,
        /// Smallest party.
        min_participants: i32,
        /// Largest party.
        max_participants: i32,
        /// Youngest age in full years.
        min_age: Option<i32>,
        /// Oldest age in full years.
        max_age: Option<i32>,
        /// Whom it is for.
        gender_restriction: GenderRestriction,
        /// How many hours before the start it must be booked.
        advance_booking_hours: i32,
        /// Until how many hours before the start it can be cancelled.
        cancellation_hours: i32,
        /// Whether a booking waits for the store's word.
        require_approval: bool,
        /// Web address of the main picture.
        image_url: Option<String>,
        /// Web addresses of further pictures.
        image_gallery: Vec<String>,
        /// Class of the icon.
        icon_class: Option<String>,
        /// Background colour.
        background_color: Option<String>,
        /// Recommended.
        is_featured: bool,
        /// Popular.
        is_popular: bool,
        /// New.
        is_new: bool,
    } and {
        /// Extras that can be chosen with it.
        options: Vec<PublicOption>,
    }
}

impl PublicMenu {
    /// A menu with its options.
    pub(super) fn new(menu: Menu, options: Vec<MenuOption>) -> Self {
        Self::of(menu, options.into_iter().map(PublicOption::of).collect())
    }
}

view! {
    /// An extra as customers see it.
    PublicOption of MenuOption, shown as option_name {
        id: MenuOptionId,
        /// What it is.
        description: Option<String>,
        /// What it adds to the price.
        price: Amount,
        /// Minutes that it adds to the service.
        duration: i32,
        /// Whether every booking must choose it.
        is_required: bool,
    }
}

view! {
    /// A resource as customers see it.
    PublicResource of Resource, shown as resource_name {
        id: ResourceId,
        /// Kind.
        #[serde(rename = "type")]
        kind: ResourceType,
        /// What it is.
        description: Option<String>,
        /// Web address of a picture.
        photo_url: Option<String>,
        /// Skills, features and the like.
        #[schema(value_type = Option<Object>)]
        attributes: Option<JsonObject>,
        /// What nominating it adds to a price, in yen per hour.
        hourly_rate_diff: Amount,
        /// How many it serves, seats or carries at once.
        capacity: i32,
    }
}

impl From<Resource> for PublicResource {
    fn from(resource: Resource) -> Self {
        Self::of(resource)
    }
}
