//! Menus: services that can be booked.

mod details;
mod eligibility;
mod pricing;
mod requirements;
mod rules;

pub use details::{MenuDetails, ServiceType};
pub use eligibility::GenderRestriction;
pub use pricing::{MAX_TIME_PRICES, PriceDay, PriceKind, PricingOptions, Rank, TimePrice};
pub use requirements::{MAX_LISTED, MAX_REQUIREMENTS, Requirement};

use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{MenuId, StoreId, TenantId};
use serde::Serialize;
use serde_json::Value;

/// The most yen of one price.
pub const MAX_PRICE: i64 = 100_000_000;

/// A menu.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Menu {
    /// Id.
    pub id: MenuId,
    /// Whose store's it is.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Whose it is.
    pub store_id: StoreId,
    /// What can be set.
    #[serde(flatten)]
    pub details: MenuDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which menus a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MenuFilter {
    /// Those of this category alone.
    pub category: Option<String>,
    /// Inactive ones too.
    pub include_inactive: bool,
    /// Only those that customers can book by themselves: bookable, and online.
    pub only_bookable: bool,
}

impl Entity for Menu {
    type Id = MenuId;
    type Scope = StoreScope;
    type Details = MenuDetails;
    type Filter = MenuFilter;
    type SortKey = (i32, MenuId);

    const NOUN: &'static str = "menu";

    fn create(id: MenuId, scope: &StoreScope, details: MenuDetails, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.tenant(), scope.store());
        Self { id, tenant_id, store_id, details: details.sorted(), version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: MenuDetails, at: DateTime<Utc>) -> Self {
        Self { details: details.sorted(), version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &MenuDetails) -> Result<(), Invalid> {
        rules::check(details)
    }

    fn id(&self) -> MenuId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &MenuDetails {
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
    fn admitted_by(&self, filter: &MenuFilter) -> bool {
        (self.details.is_active || filter.include_inactive)
            && ((self.details.is_bookable && self.details.allow_online_booking) || !filter.only_bookable)
            && filter.category.as_ref().is_none_or(|category| self.details.category.as_ref() == Some(category))
    }
    fn sort_key(&self) -> (i32, MenuId) {
        (self.details.sort_order, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{keeper, store_scope};
    use musubi_kernel::access::Caller;
    use musubi_kernel::money::Amount;
    use musubi_kernel::page::PageRequest;
    use musubi_kernel::receipt::NoReceipt;
    use serde_json::json;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: MenuDetails =
            serde_json::from_value(json!({"name": "Cut", "base_duration": 60, "base_price": 5500})).unwrap();
        assert_eq!(wire, MenuDetails::new("Cut", 60, Amount(5500)));
        for wrong in [
            json!({"name": "Cut", "base_duration": 60}),
            json!({"name": "Cut", "base_duration": "60", "base_price": 5500}),
            json!({"name": "Cut", "base_duration": 60, "base_price": 5500.5}),
            json!({"name": "Cut", "base_duration": 60, "base_price": 5500, "price": 1}),
            json!({"name": "Cut", "base_duration": 60, "base_price": 1, "pricing_options": {"rank_percent": {"gold": 1}}}),
            json!({"name": "Cut", "base_duration": 60, "base_price": 1, "required_resources": [{"kind": "room"}]}),
        ] {
            assert!(serde_json::from_value::<MenuDetails>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn prices_by_rank_and_time_are_written_as_the_rules_say() {
        let written = json!({
            "name": "Cut", "base_duration": 60, "base_price": 5500,
            "pricing_options": {"per_participant": true, "rank_percent": {"vip": -10}},
            "time_based_pricing": [
                {"days": ["sat", "sun", "holiday"], "from": "17:00", "to": "21:00", "kind": "percent", "value": -10}
            ],
            "required_resources": [{"type": "room"}],
        });
        let details: MenuDetails = serde_json::from_value(written.clone()).unwrap();
        let back = json!(details);
        assert_eq!(back["pricing_options"], written["pricing_options"]);
        assert_eq!(back["time_based_pricing"], written["time_based_pricing"]);
        assert_eq!(back["required_resources"], json!([{"type": "room", "quantity": 1}]));
    }

    #[tokio::test]
    async fn lists_are_filtered() {
        let (keeper, caller, scope) = (keeper::<Menu>(), Caller::system(), store_scope(1, 1));
        let menu = |name: &str| MenuDetails::new(name, 60, Amount(5500));
        for details in [
            MenuDetails { category: Some("hair".into()), sort_order: 2, ..menu("cut") },
            MenuDetails { sort_order: 1, is_bookable: false, ..menu("by telephone") },
            MenuDetails { is_active: false, ..menu("gone") },
        ] {
            keeper.create(&caller, &scope, details, &NoReceipt).await.unwrap();
        }
        let names = async |filter: MenuFilter| {
            let page = keeper.list(&scope, &filter, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|menu| menu.details.name).collect::<Vec<_>>()
        };
        let all = MenuFilter::default;
        assert_eq!(names(all()).await, ["by telephone", "cut"]);
        assert_eq!(names(MenuFilter { include_inactive: true, ..all() }).await, ["gone", "by telephone", "cut"]);
        assert_eq!(names(MenuFilter { only_bookable: true, ..all() }).await, ["cut"]);
        assert_eq!(names(MenuFilter { category: Some("hair".into()), ..all() }).await, ["cut"]);
        assert_eq!(names(MenuFilter { category: Some("nail".into()), ..all() }).await, [] as [&str; 0]);
    }
}
