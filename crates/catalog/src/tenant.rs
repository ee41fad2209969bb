//! Tenants: businesses that run stores.

use crate::yes;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{OperatorScope, TenantScope};
use musubi_kernel::check::JsonObject;
use musubi_kernel::codes;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{StoreId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

codes! {
    /// What a tenant has subscribed to.
    #[derive(Default)]
    PlanType {
        /// Nothing paid.
        #[default]
        Free = "free",
        /// The small plan.
        Standard = "standard",
        /// The large plan.
        Pro = "pro",
        /// By agreement.
        Enterprise = "enterprise",
    }
}

/// What can be set of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({ "name": "さくら美容室", "plan_type": "standard" })))]
pub struct TenantDetails {
    /// Name of the business, 1 to 255 characters.
    pub name: String,
    /// Plan.
    #[serde(default)]
    pub plan_type: PlanType,
    /// When the subscription ends; absent: it does not.
    #[serde(default)]
    pub subscription_expires_at: Option<DateTime<Utc>>,
    /// The tenant's own settings, an object of at most 16 KiB.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub settings: Option<JsonObject>,
    /// Whether the tenant does business here: the public pages of an inactive tenant's stores are closed.
    #[serde(default = "yes")]
    pub is_active: bool,
}

impl TenantDetails {
    /// A tenant of this name with defaults for the rest.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            plan_type: PlanType::default(),
            subscription_expires_at: None,
            settings: None,
            is_active: yes(),
        }
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tenant {
    /// Id.
    pub id: TenantId,
    /// What can be set.
    #[serde(flatten)]
    pub details: TenantDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Leave to work on tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantsScope {
    /// On all, as the operator: to make and to list them as well.
    All(OperatorScope),
    /// On one that exists.
    One(TenantScope),
}

impl From<OperatorScope> for TenantsScope {
    fn from(scope: OperatorScope) -> Self {
        Self::All(scope)
    }
}

impl From<TenantScope> for TenantsScope {
    fn from(scope: TenantScope) -> Self {
        Self::One(scope)
    }
}

impl TenantsScope {
    /// The only tenant within it; `None`: all are.
    pub const fn only(&self) -> Option<TenantId> {
        match self {
            Self::All(_) => None,
            Self::One(scope) => Some(scope.tenant()),
        }
    }
}

/// Which tenants a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Inactive ones too.
    pub include_inactive: bool,
}

impl Entity for Tenant {
    type Id = TenantId;
    type Scope = TenantsScope;
    type Details = TenantDetails;
    type Filter = TenantFilter;
    type SortKey = TenantId;

    const NOUN: &'static str = "tenant";

    fn create(id: TenantId, _: &TenantsScope, details: TenantDetails, at: DateTime<Utc>) -> Self {
        Self { id, details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: TenantDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &TenantDetails) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.line("/name", details.name.as_str(), 1..=255);
        invalid.instant("/subscription_expires_at", details.subscription_expires_at);
        invalid.object("/settings", &details.settings);
        invalid.finish()
    }

    fn id(&self) -> TenantId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &TenantDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.id), None)
    }
    fn public_record(&self) -> Value {
        serde_json::json!(self)
    }
    fn lives_in(&self, scope: &TenantsScope) -> bool {
        scope.only().is_none_or(|only| only == self.id)
    }
    fn admitted_by(&self, filter: &TenantFilter) -> bool {
        self.details.is_active || filter.include_inactive
    }
    fn sort_key(&self) -> TenantId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{broken, keeper};
    use musubi_kernel::access::{AccessError, Actor, Caller, Permission};
    use musubi_kernel::error::EntityError;
    use musubi_kernel::page::PageRequest;
    use musubi_kernel::receipt::NoReceipt;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: TenantDetails = serde_json::from_str(r#"{"name":"Hana"}"#).unwrap();
        assert_eq!(wire, TenantDetails::new("Hana"));
        assert_eq!(serde_json::json!(wire)["plan_type"], "free");
        assert!(serde_json::from_str::<TenantDetails>(r#"{"name":"Hana","id":1}"#).is_err());
        assert!(serde_json::from_str::<TenantDetails>(r#"{"name":"Hana","plan_type":"gold"}"#).is_err());
    }

    #[test]
    fn rules() {
        let with = |change: fn(&mut TenantDetails)| {
            let mut details = TenantDetails::new("花");
            change(&mut details);
            broken::<Tenant>(&details)
        };
        assert_eq!(with(|_| ()), []);
        assert_eq!(with(|d| d.name = "  ".into()), [("/name".into(), "blank")]);
        assert_eq!(with(|d| d.name = "花".repeat(256)), [("/name".into(), "too_long")]);
        assert_eq!(with(|d| d.name = "花".repeat(255)), []);
        assert_eq!(
            with(|d| d.subscription_expires_at = Some(DateTime::<Utc>::MIN_UTC)),
            [("/subscription_expires_at".into(), "out_of_range")]
        );
        assert_eq!(
            with(|d| d.settings = Some(JsonObject::from_iter([("a".into(), "\0".into())]))),
            [("/settings".into(), "control_character")]
        );
    }

    #[tokio::test]
    async fn a_tenants_own_key_sees_that_tenant_alone() {
        let keeper = keeper::<Tenant>();
        let operator = Caller::system();
        let all = TenantsScope::from(operator.actor.as_operator().unwrap());
        let ours = keeper.create(&operator, &all, TenantDetails::new("Ours"), &NoReceipt).await.unwrap();
        let other = keeper.create(&operator, &all, TenantDetails::new("Other"), &NoReceipt).await.unwrap();

        let key = Actor::Key {
            key: uuid::Uuid::nil().into(),
            tenant: ours.id,
            store: None,
            permissions: [Permission::TenantRead].into(),
        };
        let own = TenantsScope::from(key.on_tenant(ours.id, Permission::TenantRead).unwrap());
        assert_eq!(keeper.get(&own, ours.id).await, Ok(ours));
        assert_eq!(keeper.get(&own, other.id).await, Err(EntityError::NotFound("tenant")));
        assert_eq!(key.as_operator(), Err(AccessError::OperatorOnly));
        let listed = keeper.list(&all, &TenantFilter::default(), &PageRequest::default()).await.unwrap();
        assert_eq!(listed.items.len(), 2);
    }
}
