//! Where a tenant wants to hear of what.

use super::address::{check, host};
use super::filter::EventFilter;
use super::ports::Guard;
use super::schedule::is_hopeless;
use super::secret::{SigningSecret, renewed};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::codes;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{EndpointId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What can be set of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "url": "https://example.jp/hooks/musubi",
    "events": ["booking.*"]
})))]
#[serde(deny_unknown_fields)]
pub struct EndpointDetails {
    /// The address that is called, `https`, up to 2,048 characters.
    pub url: String,
    /// What it is for, up to 255 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Of which events it hears: `booking.created`, `booking.*`, `*`.
    pub events: EventFilter,
    /// Of which store's; absent: of all of the tenant's stores, and of the tenant itself.
    #[serde(default)]
    pub store_id: Option<StoreId>,
}

impl EndpointDetails {
    /// Every rule that they break.
    pub fn check(&self, guard: &dyn Guard) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check(&self.url, guard, "/url", &mut invalid);
        invalid.line("/description", self.description.as_deref(), 0..=255);
        self.events.check("/events", &mut invalid);
        invalid.finish()
    }
}

codes! {
    /// Why an endpoint is switched off.
    DisabledReason {
        /// Somebody of the tenant did it.
        ByHand = "by_hand",
        /// Nothing had worked there for days.
        Failing = "failing",
        /// It answered that it is gone for good (410).
        Gone = "gone",
    }
}

/// Whether an endpoint is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It is not.
    Disabled {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        why: DisabledReason,
    },
}

/// Where a tenant wants to hear of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Id.
    pub id: EndpointId,
    /// Whose.
    pub tenant: TenantId,
    /// What can be set.
    pub details: EndpointDetails,
    /// What deliveries are signed with, the present one first. Sealed where they are stored.
    pub secrets: Vec<SigningSecret>,
    /// Whether it is called.
    pub state: EndpointState,
    /// Since when nothing has worked; `None`: the last thing did, or nothing was tried.
    pub failing_since: Option<DateTime<Utc>>,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

impl Endpoint {
    /// A new one, which is called from now on.
    pub fn new(
        id: EndpointId,
        tenant: TenantId,
        details: EndpointDetails,
        secret: SigningSecret,
        now: DateTime<Utc>,
    ) -> Self {
        let (state, secrets) = (EndpointState::Enabled, vec![secret]);
        Self { id, tenant, details, secrets, state, failing_since: None, version: 1, created_at: now, updated_at: now }
    }

    /// Whether it is called.
    pub const fn is_enabled(&self) -> bool {
        matches!(self.state, EndpointState::Enabled)
    }

    /// Whether it hears of an event of this kind, in this store or in none.
    pub fn hears(&self, kind: &str, store: Option<StoreId>) -> bool {
        let of_store = self.details.store_id.is_none_or(|only| Some(only) == store);
        self.is_enabled() && of_store && self.details.events.lets_through(kind)
    }

    /// With other details.
    #[must_use]
    pub fn revise(&self, details: EndpointDetails, now: DateTime<Utc>) -> Self {
        Self { details, ..self.next(now) }
    }

    /// With a new secret; those before go on being used for `overlap`.
    #[must_use]
    pub fn renew(&self, secret: SigningSecret, overlap: TimeDelta, now: DateTime<Utc>) -> Self {
        Self { secrets: renewed(&self.secrets, secret, overlap, now), ..self.next(now) }
    }

    /// It is called again, with all the patience of a new one.
    #[must_use]
    pub fn enable(&self, now: DateTime<Utc>) -> Self {
        Self { state: EndpointState::Enabled, failing_since: None, ..self.next(now) }
    }

    /// It is not called any more.
    #[must_use]
    pub fn disable(&self, why: DisabledReason, now: DateTime<Utc>) -> Self {
        Self { state: EndpointState::Disabled { at: now, why }, ..self.next(now) }
    }

    /// Something worked; `None`: nothing changes by that.
    pub fn worked(&self, now: DateTime<Utc>) -> Option<Self> {
        self.failing_since.map(|_| Self { failing_since: None, ..self.next(now) })
    }

    /// Something did not work; `gone`: it said that it is gone for good. `None`: nothing changes by that.
    pub fn failed(&self, gone: bool, now: DateTime<Utc>) -> Option<Self> {
        if !self.is_enabled() {
            return None;
        }
        if gone {
            return Some(self.disable(DisabledReason::Gone, now));
        }
        if is_hopeless(self.failing_since, now) {
            return Some(self.disable(DisabledReason::Failing, now));
        }
        let first = self.failing_since.is_none();
        first.then(|| Self { failing_since: Some(now), ..self.next(now) })
    }

    /// How it stands in events and audit entries: without secrets, and of the address the host alone.
    pub fn public_record(&self) -> Value {
        let (disabled_at, reason) = match self.state {
            EndpointState::Enabled => (None, None),
            EndpointState::Disabled { at, why } => (Some(at), Some(why)),
        };
        json!({
            "id": self.id,
            "host": host(&self.details.url),
            "description": self.details.description,
            "events": self.details.events,
            "store_id": self.details.store_id,
            "enabled": self.is_enabled(),
            "disabled_at": disabled_at,
            "disabled_reason": reason,
            "failing_since": self.failing_since,
            "version": self.version,
        })
    }

    fn next(&self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::schedule::PATIENCE;
    use uuid::Uuid;

    fn endpoint(store: Option<StoreId>) -> Endpoint {
        let details = EndpointDetails {
            url: "https://example.jp/hooks/t0ps3cret".into(),
            description: None,
            events: EventFilter(vec!["booking.*".into()]),
            store_id: store,
        };
        let (id, now) = (Uuid::from_u128, DateTime::UNIX_EPOCH);
        Endpoint::new(id(1).into(), id(2).into(), details, SigningSecret::new([1; 32], now), now)
    }

    #[test]
    fn it_hears_of_its_stores_events_while_it_is_called() {
        let (own, other) = (StoreId(Uuid::from_u128(3)), StoreId(Uuid::from_u128(4)));
        for (of, kind, store, hears) in [
            (None, "booking.created", Some(own), true),
            (None, "booking.created", None, true),
            (None, "menu.created", Some(own), false),
            (Some(own), "booking.created", Some(own), true),
            (Some(own), "booking.created", Some(other), false),
            (Some(own), "booking.created", None, false),
        ] {
            assert_eq!(endpoint(of).hears(kind, store), hears, "{of:?} {kind} {store:?}");
            let off = endpoint(of).disable(DisabledReason::ByHand, DateTime::UNIX_EPOCH);
            assert!(!off.hears(kind, store));
        }
    }

    #[test]
    fn it_is_switched_off_when_nothing_works_for_days() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let first = endpoint(None).failed(false, at(1)).unwrap();
        assert_eq!((first.failing_since, first.failed(false, at(2))), (Some(at(1)), None));
        assert_eq!(first.worked(at(3)).unwrap().failing_since, None);
        assert_eq!(endpoint(None).worked(at(3)), None);
        let hopeless = first.failed(false, at(1) + PATIENCE).unwrap();
        let why = |one: &Endpoint| match one.state {
            EndpointState::Enabled => None,
            EndpointState::Disabled { why, .. } => Some(why),
        };
        assert_eq!((why(&hopeless), hopeless.failed(false, at(999))), (Some(DisabledReason::Failing), None));
        assert_eq!(why(&endpoint(None).failed(true, at(1)).unwrap()), Some(DisabledReason::Gone));
        let again = hopeless.enable(at(200));
        assert_eq!((again.is_enabled(), again.failing_since, again.version), (true, None, 4));
    }

    #[test]
    fn records_hold_no_secret() {
        let record = endpoint(None).public_record().to_string();
        assert!(
            record.contains("example.jp") && !record.contains("t0ps3cret") && !record.contains("whsec"),
            "{record}"
        );
    }
}
