//! What has become of messages, for operators: figures, and a line in the log for what has failed.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `notifications_total` | `kind`, `channel`, `status` | notifications that were sent, have arrived, have failed, or were needless when they were to be sent |
//! | `webhook_deliveries_total` | `status` | events that endpoints have taken, and that are given up |

use musubi_notification::notification::Notification;
use musubi_notification::notification::status::NotificationStatusCode;
use musubi_notification::webhook::delivery::{Delivery, DeliveryStatus};
use musubi_notification::witness::Witness;

/// Says what the figures are.
pub fn describe() {
    metrics::describe_counter!("notifications_total", "Notifications whose sending has ended");
    metrics::describe_counter!("webhook_deliveries_total", "Events that endpoints have taken, and that are given up");
}

/// Counts, and logs what has failed; neither addresses nor contents.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcomes;

impl Witness for Outcomes {
    fn notification(&self, settled: &Notification) {
        let (kind, channel, status) = (settled.kind.code(), settled.channel().code(), settled.status.name());
        metrics::counter!("notifications_total", "kind" => kind, "channel" => channel, "status" => status.code())
            .increment(1);
        if status == NotificationStatusCode::Failed {
            let why = settled.error.as_deref().unwrap_or_default();
            tracing::warn!(id = %settled.id, store = %settled.store, kind, channel, why, "a notification has failed: nobody was told");
        }
    }

    fn delivery(&self, settled: &Delivery) {
        let delivered = matches!(settled.status, DeliveryStatus::Delivered { .. });
        let status = if delivered { "delivered" } else { "failed" };
        metrics::counter!("webhook_deliveries_total", "status" => status).increment(1);
        if !delivered {
            let why = settled.last.as_ref().and_then(|last| last.why.as_deref()).unwrap_or_default();
            let (id, endpoint, kind) = (settled.id, settled.endpoint, &*settled.kind);
            tracing::warn!(%id, tenant = %settled.tenant, %endpoint, kind, why, "an event is given up: its endpoint has not taken it");
        }
    }
}
