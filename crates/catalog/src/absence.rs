//! Absences: times at which a resource is away.

use crate::resource::Resource;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::entity::Entity;
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::id::{AbsenceId, ResourceId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most days of one absence.
pub const MAX_DAYS: i64 = 366;

/// What can be set of an absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({ "from": "2026-03-20T01:00:00Z", "to": "2026-03-20T04:00:00Z", "reason": "研修" })))]
pub struct AbsenceDetails {
    /// First minute away.
    pub from: DateTime<Utc>,
    /// First minute back; at most 366 days later.
    pub to: DateTime<Utc>,
    /// Why, up to 255 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A time `[from, to)` at which a resource is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Absence {
    /// Id.
    pub id: AbsenceId,
    /// Whose store's it is.
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// In which store.
    pub store_id: StoreId,
    /// Who or what is away.
    pub resource_id: ResourceId,
    /// What can be set.
    #[serde(flatten)]
    pub details: AbsenceDetails,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Leave to work on the absences of one resource. [`Resource::absences`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfResource {
    store: StoreScope,
    resource: ResourceId,
}

impl OfResource {
    /// The resource's store.
    pub const fn store(&self) -> &StoreScope {
        &self.store
    }

    /// The resource.
    pub const fn resource(&self) -> ResourceId {
        self.resource
    }
}

impl Resource {
    /// Leave to work on its absences, for who may work on its store.
    pub fn absences(&self, scope: &StoreScope) -> Result<OfResource, EntityError> {
        if self.lives_in(scope) {
            Ok(OfResource { store: scope.clone(), resource: self.id })
        } else {
            Err(EntityError::NotFound(Self::NOUN))
        }
    }
}

/// Which absences a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AbsenceFilter {
    /// Those that last beyond this instant.
    pub from: Option<DateTime<Utc>>,
    /// Those that begin before this instant.
    pub to: Option<DateTime<Utc>>,
}

impl Entity for Absence {
    type Id = AbsenceId;
    type Scope = OfResource;
    type Details = AbsenceDetails;
    type Filter = AbsenceFilter;
    type SortKey = (DateTime<Utc>, AbsenceId);

    const NOUN: &'static str = "absence";

    fn create(id: AbsenceId, scope: &OfResource, details: AbsenceDetails, at: DateTime<Utc>) -> Self {
        let (tenant_id, store_id) = (scope.store.tenant(), scope.store.store());
        let resource_id = scope.resource;
        Self { id, tenant_id, store_id, resource_id, details, version: 1, created_at: at, updated_at: at }
    }

    fn revise(&self, details: AbsenceDetails, at: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: at, ..*self }
    }

    fn check(details: &AbsenceDetails) -> Result<(), Invalid> {
        let AbsenceDetails { from, to, reason } = details;
        let mut invalid = Invalid::default();
        for (pointer, at) in [("/from", from), ("/to", to)] {
            invalid.instant(pointer, *at);
            let whole = at.timestamp() % 60 == 0 && at.timestamp_subsec_nanos() == 0;
            invalid.require(whole, pointer, "not_whole_minute", "must be a whole minute");
        }
        invalid.require(from < to, "/to", "from_not_before_to", "from must be before to");
        invalid.require(*to - *from <= TimeDelta::days(MAX_DAYS), "/to", "too_long", "must last at most 366 days");
        invalid.line("/reason", reason.as_deref(), 0..=255);
        invalid.finish()
    }

    fn id(&self) -> AbsenceId {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &AbsenceDetails {
        &self.details
    }
    fn home(&self) -> (Option<TenantId>, Option<StoreId>) {
        (Some(self.tenant_id), Some(self.store_id))
    }
    fn public_record(&self) -> Value {
        serde_json::json!(self)
    }
    fn lives_in(&self, scope: &OfResource) -> bool {
        (self.tenant_id, self.store_id) == (scope.store.tenant(), scope.store.store())
            && self.resource_id == scope.resource
    }
    fn admitted_by(&self, filter: &AbsenceFilter) -> bool {
        filter.from.is_none_or(|from| self.details.to > from) && filter.to.is_none_or(|to| self.details.from < to)
    }
    fn sort_key(&self) -> (DateTime<Utc>, AbsenceId) {
        (self.details.from, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{broken, keeper, store_scope};
    use crate::resource::{ResourceDetails, ResourceType};
    use musubi_kernel::access::Caller;
    use musubi_kernel::page::PageRequest;
    use musubi_kernel::receipt::NoReceipt;

    fn absence(from: &str, to: &str) -> AbsenceDetails {
        AbsenceDetails { from: from.parse().unwrap(), to: to.parse().unwrap(), reason: None }
    }

    #[test]
    fn rules() {
        type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
        let cases: [Case; 7] = [
            ("2026-03-20T01:00:00Z", "2026-03-20T02:00:00Z", &[]),
            ("2026-03-20T10:00:00+09:00", "2026-03-20T01:01:00Z", &[]),
            ("2026-03-20T01:00:00Z", "2026-03-20T01:00:00Z", &[("/to", "from_not_before_to")]),
            ("2026-03-20T02:00:00Z", "2026-03-20T01:00:00Z", &[("/to", "from_not_before_to")]),
            ("2026-03-20T01:00:30Z", "2026-03-20T02:00:00Z", &[("/from", "not_whole_minute")]),
            ("2026-03-20T01:00:00Z", "2027-03-21T01:00:00Z", &[]),
            ("2026-03-20T01:00:00Z", "2027-03-21T01:01:00Z", &[("/to", "too_long")]),
        ];
        for (from, to, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect();
            assert_eq!(broken::<Absence>(&absence(from, to)), expected, "{from} {to}");
        }
        let ages = AbsenceDetails { from: DateTime::<Utc>::MIN_UTC, to: DateTime::<Utc>::MAX_UTC, reason: None };
        assert!(Absence::check(&ages).is_err());
    }

    #[tokio::test]
    async fn absences_are_a_resources_own() {
        let (caller, ours, theirs) = (Caller::system(), store_scope(1, 1), store_scope(2, 2));
        let resources = keeper::<Resource>();
        let details = ResourceDetails::new(ResourceType::Staff, "Hanako");
        let hanako = resources.create(&caller, &ours, details.clone(), &NoReceipt).await.unwrap();
        let taro = resources.create(&caller, &ours, details, &NoReceipt).await.unwrap();
        assert_eq!(hanako.absences(&theirs), Err(EntityError::NotFound("resource")));

        let absences = keeper::<Absence>();
        let of_hanako = hanako.absences(&ours).unwrap();
        let first = absence("2026-03-20T01:00:00Z", "2026-03-20T02:00:00Z");
        let second = absence("2026-03-20T03:00:00Z", "2026-03-20T04:00:00Z");
        let late = absences.create(&caller, &of_hanako, second, &NoReceipt).await.unwrap();
        let early = absences.create(&caller, &of_hanako, first, &NoReceipt).await.unwrap();

        let listed = async |scope: &OfResource, from: Option<&str>, to: Option<&str>| {
            let at = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            let filter = AbsenceFilter { from: at(from), to: at(to) };
            let page = absences.list(scope, &filter, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|absence| absence.id).collect::<Vec<_>>()
        };
        assert_eq!(listed(&of_hanako, None, None).await, [early.id, late.id]);
        assert_eq!(listed(&of_hanako, Some("2026-03-20T02:00:00Z"), None).await, [late.id]);
        assert_eq!(listed(&of_hanako, None, Some("2026-03-20T03:00:00Z")).await, [early.id]);
        assert_eq!(listed(&taro.absences(&ours).unwrap(), None, None).await, []);
        assert_eq!(absences.get(&taro.absences(&ours).unwrap(), early.id).await, Err(EntityError::NotFound("absence")));
    }
}
