//! Resources: the people, rooms, equipment and vehicles that can be booked.

use crate::efficiency::EfficiencyRate;
use crate::yes;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::check::JsonObject;
use musubi_kernel::codes;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::Invalid;
use musubi_kernel::hours::WeeklyHours;
use musubi_kernel::id::{ResourceId, StoreId, TenantId};
use musubi_kernel::money::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::RangeInclusive;

codes! {
    /// What kind of thing is booked.
    #[derive(Default)]
    ResourceType {
        /// Somebody who works.
        #[default]
        Staff = "staff",
        /// A room.
        Room = "room",
        /// A machine, a chair, a bed.
        Equipment = "equipment",
        /// A vehicle.
        Vehicle = "vehicle",
    }
}

impl ResourceType {
    /// How many can be served, seated or carried at once.
    pub const fn capacities(self) -> RangeInclusive<i32> {
        match self {
            Self::Staff => 1..=10,
            Self::Room => 1..=100,
            Self::Equipment => 1..=20,
            Self::Vehicle => 1..=50,
        }
    }
}

/// What can be set of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "type": "staff",
    "name": "佐藤 美咲",
    "display_name": "MISAKI",
    "working_hours": {
        "thu": [{ "open": "11:00", "close": "19:00" }],
        "fri": [{ "open": "11:00", "close": "19:00" }]
    },
    "hourly_rate_diff": 500
})))]
pub struct ResourceDetails {
    /// Kind.
    #[serde(rename = "type", default)]
    pub kind: ResourceType,
    /// Name, 1 to 255 characters.
    pub name: String,
    /// Name that customers see, up to 255 characters; absent: the name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What customers are told of it.
    #[serde(default)]
    pub description: Option<String>,
    /// Web address of a picture.
    #[serde(default)]
    pub photo_url: Option<String>,
    /// Skills, features and the like: an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub attributes: Option<JsonObject>,
    /// Working hours by weekday; absent: whenever the store is open.
    #[serde(default)]
    pub working_hours: Option<WeeklyHours>,
    /// How fast it works: 2 takes half as long as 1.
    #[serde(default)]
    pub efficiency_rate: EfficiencyRate,
    /// What nominating it adds to a price, in yen per hour; -1,000,000 to 1,000,000.
    #[serde(default)]
    pub hourly_rate_diff: Amount,
    /// How many it serves, seats or carries at once: staff 1 to 10, room 1 to 100, equipment 1 to 20, vehicle 1 to 50.
    #[serde(default = "one")]
    pub capacity: i32,
    /// Place in lists, lowest first; -1,000,000 to 1,000,000.
    #[serde(default)]
    pub sort_order: i32,
    /// Whether it can be booked.
    #[serde(default = "yes")]
    pub is_active: bool,
}

const fn one() -> i32 {
    1
}

impl ResourceDetails {
    /// A resource of this name with defaults for the rest.
    pub fn new(kind: ResourceType, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            display_name: None,
            description: None,
            photo_url: None,
            attributes: None,
            working_hours: None,
            efficiency_rate: EfficiencyRate::default(),
            hourly_rate_diff: Amount::ZERO,
            capacity: one(),
            sort_order: 0,
            is_active: yes(),
        }
    }
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resource {
    /// Id.
    pub id: ResourceId,
    /// Whose store's it is.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Whose it is.
    pub store_id: StoreId,
    /// What can be set.
    #[serde(flatten)]
    pub details: ResourceDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which resources a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Those of this kind alone.
    pub kind: Option<ResourceType>,
    /// Inactive ones too.
    pub include_inactive: bool,
}

impl Entity for Resource {
    type Id = ResourceId;
    type Scope = StoreScope;
    type Details = ResourceDetails;
    type Filter = ResourceFilter;
    type SortKey = (i32, ResourceId);

    const NOUN: &'static str = "resource";

    fn create(id: ResourceId, scope: &StoreScope, details: ResourceDetails, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.tenant(), scope.store());
        Self { id, tenant_id, store_id, details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: ResourceDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &ResourceDetails) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/name", details.name.as_str(), 1..=255);
        invalid.line("/display_name", details.display_name.as_deref(), 0..=255);
        invalid.prose("/description", details.description.as_deref());
        invalid.web_address("/photo_url", details.photo_url.as_deref());
        invalid.object("/attributes", &details.attributes);
        if let Some(hours) = &details.working_hours {
            hours.check("/working_hours", &mut invalid);
        }
        invalid.range("/hourly_rate_diff", details.hourly_rate_diff.0, -1_000_000..=1_000_000);
        invalid.range("/capacity", details.capacity, details.kind.capacities());
        invalid.range("/sort_order", details.sort_order, -1_000_000..=1_000_000);
        invalid.finish()
    }

    fn id(&self) -> ResourceId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &ResourceDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }
    fn public_record(&self) -> Value {
        serde_json::json!(self)
    }
    fn lives_in(&self, scope: &StoreScope) -> bool {
        (self.tenant_id, self.store_id) == (scope.tenant(), scope.store())
    }
    fn admitted_by(&self, filter: &ResourceFilter) -> bool {
        (self.details.is_active || filter.include_inactive) && filter.kind.is_none_or(|kind| kind == self.details.kind)
    }
    fn sort_key(&self) -> (i32, ResourceId) {
        (self.details.sort_order, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{broken, keeper, store_scope};
    use musubi_kernel::access::Caller;
    use musubi_kernel::page::PageRequest;
    use musubi_kernel::receipt::NoReceipt;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: ResourceDetails = serde_json::from_str(r#"{"name":"Hanako"}"#).unwrap();
        assert_eq!(wire, ResourceDetails::new(ResourceType::Staff, "Hanako"));
        assert_eq!(serde_json::json!(wire)["type"], "staff");
        assert!(serde_json::from_str::<ResourceDetails>(r#"{"name":"Hanako","kind":"room"}"#).is_err());
    }

    #[test]
    fn rules() {
        let with = |change: fn(&mut ResourceDetails)| {
            let mut details = ResourceDetails::new(ResourceType::Staff, "Hanako");
            change(&mut details);
            broken::<Resource>(&details)
        };
        assert_eq!(with(|_| ()), []);
        assert_eq!(with(|d| d.name = String::new()), [("/name".into(), "blank")]);
        assert_eq!(with(|d| d.photo_url = Some("x".into())), [("/photo_url".into(), "bad_url")]);
        assert_eq!(with(|d| d.hourly_rate_diff = Amount(-500)), []);
        assert_eq!(with(|d| d.hourly_rate_diff = Amount(1_000_001)), [("/hourly_rate_diff".into(), "out_of_range")]);
        assert_eq!(with(|d| d.sort_order = i32::MIN), [("/sort_order".into(), "out_of_range")]);
        assert_eq!(
            with(|d| {
                d.working_hours =
                    Some(serde_json::from_str(r#"{"holiday":[{"open":"12:00","close":"11:00"}]}"#).unwrap());
            }),
            [("/working_hours/holiday/0".into(), "open_not_before_close")]
        );
    }

    #[test]
    fn capacity_depends_on_the_kind() {
        for (kind, most) in [
            (ResourceType::Staff, 10),
            (ResourceType::Room, 100),
            (ResourceType::Equipment, 20),
            (ResourceType::Vehicle, 50),
        ] {
            for (capacity, fits) in [(0, false), (1, true), (most, true), (most + 1, false)] {
                let details = ResourceDetails { capacity, ..ResourceDetails::new(kind, "x") };
                assert_eq!(Resource::check(&details).is_ok(), fits, "{} {capacity}", kind.code());
            }
        }
    }

    #[tokio::test]
    async fn lists_are_in_the_stores_order_and_filtered() {
        let (keeper, caller, scope) = (keeper::<Resource>(), Caller::system(), store_scope(1, 1));
        for (name, kind, sort_order, is_active) in [
            ("c", ResourceType::Staff, 3, true),
            ("a", ResourceType::Staff, 1, true),
            ("b", ResourceType::Room, 2, true),
            ("gone", ResourceType::Staff, 0, false),
        ] {
            let details = ResourceDetails { sort_order, is_active, ..ResourceDetails::new(kind, name) };
            keeper.create(&caller, &scope, details, &NoReceipt).await.unwrap();
        }
        let names = async |filter: ResourceFilter| {
            let page = keeper.list(&scope, &filter, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|resource| resource.details.name).collect::<Vec<_>>()
        };
        assert_eq!(names(ResourceFilter::default()).await, ["a", "b", "c"]);
        let staff = ResourceFilter { kind: Some(ResourceType::Staff), include_inactive: true };
        assert_eq!(names(staff).await, ["gone", "a", "c"]);
    }
}
