//! Endpoints and deliveries as they are shown.

use chrono::{DateTime, Utc};
use musubi_kernel::id::{DeliveryId, EndpointId, EventId, StoreId};
use musubi_notification::webhook::delivery::{Answer, Delivery, DeliveryStatus, DeliveryStatusCode};
use musubi_notification::webhook::endpoint::{DisabledReason, Endpoint, EndpointDetails, EndpointState};
use serde::Serialize;
use utoipa::ToSchema;

/// An endpoint. Its secrets are not shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct EndpointView {
    /// Id.
    id: EndpointId,
    /// What can be set.
    #[serde(flatten)]
    details: EndpointDetails,
    /// Whether it is called.
    enabled: bool,
    /// Since when it is not; null: it is.
    #[schema(required)]
    disabled_at: Option<DateTime<Utc>>,
    /// Why it is not; null: it is.
    #[schema(required)]
    disabled_reason: Option<DisabledReason>,
    /// Since when nothing has worked there; null: the last thing did, or nothing was tried. After 5 days it is switched off.
    #[schema(required)]
    failing_since: Option<DateTime<Utc>>,
    /// What deliveries are signed with, the present secret first.
    secrets: Vec<SecretView>,
    /// How often it was written.
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last written.
    updated_at: DateTime<Utc>,
}

/// A secret, without itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct SecretView {
    /// Since when it is used.
    created_at: DateTime<Utc>,
    /// From when on it is not used any more; null: it is the present one.
    #[schema(required)]
    ends_at: Option<DateTime<Utc>>,
}

impl From<&Endpoint> for EndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        let (disabled_at, disabled_reason) = match endpoint.state {
            EndpointState::Enabled => (None, None),
            EndpointState::Disabled { at, why } => (Some(at), Some(why)),
        };
        let secrets = endpoint.secrets.iter();
        Self {
            id: endpoint.id,
            details: endpoint.details.clone(),
            enabled: endpoint.is_enabled(),
            disabled_at,
            disabled_reason,
            failing_since: endpoint.failing_since,
            secrets: secrets.map(|one| SecretView { created_at: one.created_at, ends_at: one.ends_at }).collect(),
            version: endpoint.version,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// An endpoint with a new secret. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedSecret<'a> {
    /// The endpoint.
    endpoint: EndpointView,
    /// What its receiver checks signatures with, as the libraries of Standard Webhooks take it.
    #[schema(example = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")]
    secret: &'a str,
}

impl<'a> From<&'a Endpoint> for IssuedSecret<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        let present = endpoint.secrets.first();
        Self { endpoint: endpoint.into(), secret: present.map_or("", |secret| secret.shown.expose()) }
    }
}

/// An event on its way to an endpoint, and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// Id.
    id: DeliveryId,
    /// To which endpoint.
    endpoint_id: EndpointId,
    /// Of which event: the header `webhook-id`, the same for every try and replay.
    event_id: EventId,
    /// Of which kind.
    #[schema(example = "booking.created")]
    event: String,
    /// In which store it happened; null: in none.
    #[schema(required)]
    store_id: Option<StoreId>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// How it stands.
    status: DeliveryStatusCode,
    /// When it is tried next; null: it is not.
    #[schema(required)]
    next_try_at: Option<DateTime<Utc>>,
    /// When it was delivered, or given up; null: it waits.
    #[schema(required)]
    settled_at: Option<DateTime<Utc>>,
    /// How often it was tried, since it was last replayed.
    tries: u32,
    /// How often it was replayed.
    replays: u32,
    /// What was heard at the last try; null: it was not tried.
    #[schema(required)]
    last_answer: Option<Answer>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last written.
    updated_at: DateTime<Utc>,
}

/// A delivery with what is sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct WholeDelivery {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What is sent, byte for byte: JSON.
    body: String,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let (next_try_at, settled_at) = match delivery.status {
            DeliveryStatus::Pending { until } => (Some(until), None),
            DeliveryStatus::Delivered { at } | DeliveryStatus::Failed { at } => (None, Some(at)),
        };
        Self {
            id: delivery.id,
            endpoint_id: delivery.endpoint,
            event_id: delivery.event,
            event: delivery.kind,
            store_id: delivery.store,
            occurred_at: delivery.occurred_at,
            status: delivery.status.name(),
            next_try_at,
            settled_at,
            tries: delivery.tries,
            replays: delivery.replays,
            last_answer: delivery.last,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

impl From<Delivery> for WholeDelivery {
    fn from(delivery: Delivery) -> Self {
        let body = delivery.body.clone();
        Self { delivery: delivery.into(), body }
    }
}
