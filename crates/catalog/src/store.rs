//! Stores: shops of a tenant, each with its hours and booking settings.

mod details;
mod rules;
mod shown;

pub use crate::shape::is_slug;
pub use details::{BookingMode, IndustryType, NoShowPolicy, StoreDetails};

use chrono::{DateTime, Utc};
use musubi_kernel::access::{StoreScope, TenantScope};
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{StoreId, TenantId};
use serde::Serialize;
use serde_json::Value;

/// A store. Its secrets are not shown, only whether they are set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "shown::Shown")]
pub struct Store {
    /// Id.
    pub id: StoreId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// What can be set.
    pub details: StoreDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Leave to work on stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoresScope {
    /// On all of a tenant: to open and to list them as well.
    Of(TenantScope),
    /// On one that exists.
    One(StoreScope),
}

impl From<TenantScope> for StoresScope {
    fn from(scope: TenantScope) -> Self {
        Self::Of(scope)
    }
}

impl From<StoreScope> for StoresScope {
    fn from(scope: StoreScope) -> Self {
        Self::One(scope)
    }
}

impl StoresScope {
    /// The tenant whose stores they are.
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::Of(scope) => scope.tenant(),
            Self::One(scope) => scope.tenant(),
        }
    }

    /// The only store within it; `None`: all of the tenant are.
    pub const fn only(&self) -> Option<StoreId> {
        match self {
            Self::Of(_) => None,
            Self::One(scope) => Some(scope.store()),
        }
    }
}

/// Which stores a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreFilter {
    /// Inactive ones too.
    pub include_inactive: bool,
}

impl Store {
    /// What answers the attempt to give a store a slug that another has.
    pub const SLUG_TAKEN: StoreError = StoreError::Taken { code: "slug_taken", detail: "another store has this slug" };

    /// The name that customers see.
    pub fn shown_name(&self) -> &str {
        self.details.display_name.as_deref().unwrap_or(&self.details.name)
    }
}

impl Entity for Store {
    type Id = StoreId;
    type Scope = StoresScope;
    type Details = StoreDetails;
    type Filter = StoreFilter;
    type SortKey = StoreId;

    const NOUN: &'static str = "store";

    fn create(id: StoreId, scope: &StoresScope, details: StoreDetails, at: DateTime<Utc>) -> Self {
        Self { id, tenant_id: scope.tenant(), details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: StoreDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &StoreDetails) -> Result<(), Invalid> {
        rules::check(details)
    }

    fn id(&self) -> StoreId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &StoreDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.id))
    }
    fn public_record(&self) -> Value {
        let mut record = serde_json::json!(self);
        if let Some(members) = record.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "phone" | "email"));
        }
        record
    }
    fn lives_in(&self, scope: &StoresScope) -> bool {
        self.tenant_id == scope.tenant() && scope.only().is_none_or(|only| only == self.id)
    }
    fn admitted_by(&self, filter: &StoreFilter) -> bool {
        self.details.is_active || filter.include_inactive
    }
    fn sort_key(&self) -> StoreId {
        self.id
    }
    fn clash(&self, other: &Self) -> Option<StoreError> {
        (self.details.slug == other.details.slug).then_some(Self::SLUG_TAKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{keeper, sample_store, store_scope, tenant_scope};
    use musubi_kernel::access::Caller;
    use musubi_kernel::check::JsonObject;
    use musubi_kernel::error::EntityError;
    use musubi_kernel::receipt::NoReceipt;
    use musubi_kernel::secret::Secret;
    use serde_json::json;

    #[test]
    fn defaults_are_those_of_the_wire() {
        let wire: StoreDetails =
            serde_json::from_value(json!({"name": "Hanako", "slug": "hanako", "industry_type": "beauty",
                "business_hours": {"mon": [{"open": "10:00", "close": "19:00"}]}}))
            .unwrap();
        assert_eq!(wire, sample_store("hanako"));
        let none: StoreDetails = serde_json::from_value(json!({"name": "Hanako", "slug": "hanako",
            "industry_type": "beauty", "business_hours": {}, "holiday_region": ""}))
        .unwrap();
        assert_eq!(none.holiday_region, None);
        for (member, wrong) in
            [("time_zone", json!("Mars/Base")), ("industry_type", json!("mining")), ("colour", json!("red"))]
        {
            let mut body = json!({"name": "Hanako", "slug": "hanako", "industry_type": "beauty", "business_hours": {}});
            body[member] = wrong;
            assert!(serde_json::from_value::<StoreDetails>(body).is_err(), "{member}");
        }
    }

    #[tokio::test]
    async fn secrets_are_kept_but_not_shown() {
        let keeper = keeper::<Store>();
        let (caller, scope) = (Caller::system(), StoresScope::from(tenant_scope(1)));
        let details = StoreDetails {
            line_channel_secret: Some(Secret::new("hidden")),
            phone: Some("03-1234-5678".into()),
            ..sample_store("hanako")
        };
        let store = keeper.create(&caller, &scope, details, &NoReceipt).await.unwrap();

        let shown = json!(store);
        assert_eq!((&shown["line_channel_secret_set"], &shown["line_access_token_set"]), (&json!(true), &json!(false)));
        assert!(!shown.to_string().contains("hidden"));
        assert!(!store.public_record().to_string().contains("1234"));

        // A merge patch works on what is shown; what it does not name stays, the secret too.
        let patched: StoreDetails = serde_json::from_value(json!(store.details)).unwrap();
        let patch = JsonObject::from_iter([("name".to_owned(), json!("x"))]);
        assert_eq!(patched.clone().with_secrets_of(&store.details, &patch), store.details);
        let patch = JsonObject::from_iter([("line_channel_secret".to_owned(), json!(null))]);
        assert_eq!(patched.with_secrets_of(&store.details, &patch).line_channel_secret, None);
    }

    #[tokio::test]
    async fn a_slug_names_one_store_of_the_installation() {
        let keeper = keeper::<Store>();
        let caller = Caller::system();
        let (ours, theirs) = (StoresScope::from(tenant_scope(1)), StoresScope::from(tenant_scope(2)));
        let first = keeper.create(&caller, &ours, sample_store("hanako"), &NoReceipt).await.unwrap();
        let taken = keeper.create(&caller, &theirs, sample_store("hanako"), &NoReceipt).await;
        assert_eq!(taken, Err(EntityError::Store(Store::SLUG_TAKEN)));
        let second = keeper.create(&caller, &theirs, sample_store("taro"), &NoReceipt).await.unwrap();
        let moved = keeper
            .update(&caller, &theirs, second.id, None, |store| {
                Ok(StoreDetails { slug: "hanako".into(), ..store.details.clone() })
            })
            .await;
        assert_eq!(moved, Err(EntityError::Store(Store::SLUG_TAKEN)));
        let same = keeper.update(&caller, &ours, first.id, Some(1), |store| Ok(store.details.clone())).await.unwrap();
        assert_eq!(same.version, 2);
        assert_eq!(keeper.get(&theirs, first.id).await, Err(EntityError::NotFound("store")));
    }

    #[test]
    fn a_store_scope_holds_that_store_alone() {
        let one = StoresScope::from(store_scope(1, 1));
        let at = DateTime::UNIX_EPOCH;
        let own = Store::create(store_scope(1, 1).store(), &one, sample_store("own"), at);
        let sister = Store::create(store_scope(1, 2).store(), &one, sample_store("sister"), at);
        assert!(own.lives_in(&one) && !sister.lives_in(&one));
        assert!(sister.lives_in(&StoresScope::from(tenant_scope(1))));
        assert!(!sister.lives_in(&StoresScope::from(tenant_scope(2))));
    }
}
