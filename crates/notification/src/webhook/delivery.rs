//! One event on its way to one endpoint.

use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::id::{DeliveryId, EndpointId, EventId, StoreId, TenantId};
use musubi_kernel::record::DomainEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;

codes! {
    /// The name of a status.
    DeliveryStatusCode {
        /// Waits for its first or next try.
        Pending = "pending",
        /// The endpoint has taken it.
        Delivered = "delivered",
        /// It was tried often enough, or the endpoint was switched off.
        Failed = "failed",
    }
}

/// How it stands with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It waits.
    Pending {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The endpoint has taken it.
    Delivered {
        /// When.
        at: DateTime<Utc>,
    },
    /// It is not tried any more.
    Failed {
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl DeliveryStatus {
    /// Its name.
    pub const fn name(self) -> DeliveryStatusCode {
        match self {
            Self::Pending { .. } => DeliveryStatusCode::Pending,
            Self::Delivered { .. } => DeliveryStatusCode::Delivered,
            Self::Failed { .. } => DeliveryStatusCode::Failed,
        }
    }
}

/// What was heard at the last try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// When.
    pub at: DateTime<Utc>,
    /// Status; null: there was no answer.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// Why it was not taken; null: it was.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub why: Option<String>,
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Id.
    pub id: DeliveryId,
    /// Whose.
    pub tenant: TenantId,
    /// To which endpoint. It has one delivery of an event.
    pub endpoint: EndpointId,
    /// Of which event: the header `webhook-id`, the same for every try and replay.
    pub event: EventId,
    /// Of which kind.
    pub kind: String,
    /// In which store, if in one.
    pub store: Option<StoreId>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What is sent, byte for byte.
    pub body: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried, since it was last replayed.
    pub tries: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// What was heard last.
    pub last: Option<Answer>,
    /// How often it was written.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

impl Delivery {
    /// An event on its way to an endpoint, at once. The body is as Standard Webhooks recommends it, with the store beside.
    pub fn of(id: DeliveryId, tenant: TenantId, endpoint: EndpointId, event: &DomainEvent, now: DateTime<Utc>) -> Self {
        let body = json!({
            "type": event.kind,
            "timestamp": event.occurred_at,
            "store_id": event.store,
            "data": event.payload,
        });
        Self {
            id,
            tenant,
            endpoint,
            event: event.id,
            kind: event.kind.to_string(),
            store: event.store,
            occurred_at: event.occurred_at,
            body: body.to_string(),
            status: DeliveryStatus::Pending { until: now },
            tries: 0,
            replays: 0,
            last: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Until when it waits; `None`: it does not.
    pub const fn waits_until(&self) -> Option<DateTime<Utc>> {
        match self.status {
            DeliveryStatus::Pending { until } => Some(until),
            DeliveryStatus::Delivered { .. } | DeliveryStatus::Failed { .. } => None,
        }
    }

    /// A try begins. Written before the endpoint is called.
    #[must_use]
    pub fn tried(&self, now: DateTime<Utc>) -> Self {
        Self { tries: self.tries + 1, ..self.next(self.status, now) }
    }

    /// The endpoint was called: taken, tried again then, or given up.
    #[must_use]
    pub fn answered(&self, answer: Answer, next_try: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let status = match next_try {
            _ if answer.why.is_none() => DeliveryStatus::Delivered { at: now },
            Some(until) => DeliveryStatus::Pending { until },
            None => DeliveryStatus::Failed { at: now },
        };
        Self { last: Some(answer), ..self.next(status, now) }
    }

    /// The endpoint was not called after all: that was no try, and it waits until then. What was heard before stays known.
    #[must_use]
    pub fn put_off(&self, why: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let unheard = || Answer { at: now, status: None, took_ms: 0, why: Some(why.to_owned()) };
        let last = Some(self.last.clone().unwrap_or_else(unheard));
        let tries = self.tries.saturating_sub(1);
        Self { tries, last, ..self.next(DeliveryStatus::Pending { until }, now) }
    }

    /// Not tried any more, as its endpoint is not called any more.
    #[must_use]
    pub fn given_up(&self, why: &str, now: DateTime<Utc>) -> Self {
        let last = Answer { at: now, status: None, took_ms: 0, why: Some(why.to_owned()) };
        Self { last: Some(last), ..self.next(DeliveryStatus::Failed { at: now }, now) }
    }

    /// Delivered once more, whatever became of it; `None`: it waits anyway.
    pub fn replayed(&self, now: DateTime<Utc>) -> Option<Self> {
        if self.waits_until().is_some() {
            return None;
        }
        let next = self.next(DeliveryStatus::Pending { until: now }, now);
        Some(Self { tries: 0, replays: self.replays + 1, ..next })
    }

    fn next(&self, status: DeliveryStatus, now: DateTime<Utc>) -> Self {
        Self { status, version: self.version + 1, updated_at: now, ..self.clone() }
    }
}
