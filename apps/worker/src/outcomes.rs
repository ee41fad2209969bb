//! What has become of messages, for operators: figures, and a line in the log for what has failed.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `notifications_total` | `kind`, `channel`, `status` | notifications that were sent, have arrived, have failed, or were needless when they were to be sent |
//! | `webhook_deliveries_total` | `status` | events that endpoints have taken, and that are given up |

use musubi_kernel::id::TemplateId;
use musubi_notification::notification::Notification;
use musubi_notification::notification::status::NotificationStatusCode;
use musubi_notification::template::engine::Fault;
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

    fn wording(&self, of: &Notification, template: TemplateId, fault: &Fault) {
        let (kind, channel, language, code) = (of.kind.code(), of.channel().code(), of.language.code(), fault.code);
        // Where, and not the sentence: that may quote what was to be filled in.
        let (line, column) = fault.place.unzip();
        tracing::warn!(store = %of.store, %template, id = %of.id, kind, channel, language, code, line, column, "a store's own wording cannot be filled in: the one that comes with Musubi is sent instead");
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};
    use musubi_kernel::locale::Locale;
    use musubi_notification::channel::Recipient;
    use musubi_notification::kind::NotificationKind;
    use musubi_notification::notification::About;
    use musubi_notification::plan::{Draft, Home};
    use std::io;
    use std::sync::{Arc, Mutex};
    use uuid::Uuid;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no holder panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_wording_that_fails_is_said_without_what_it_was_to_say() {
        let now = DateTime::UNIX_EPOCH;
        let draft = Draft {
            kind: NotificationKind::Promotional,
            about: About::Offer { promotion: Uuid::nil().into() },
            key: "k".into(),
            language: Locale::En,
            recipient: Recipient::Line("U4af4980629".into()),
            scheduled_at: now,
            expires_at: now + TimeDelta::hours(1),
        };
        let [tenant, store, customer] = [1, 2, 3].map(Uuid::from_u128);
        let home = Home { tenant: tenant.into(), store: store.into(), customer: customer.into() };
        let of = draft.written(home, Uuid::from_u128(4).into(), Uuid::nil(), now);
        let fault = Fault { code: "template_fails", what: "of Hanako".into(), place: Some((3, 14)) };
        let log = Log::default();
        let to = tracing_subscriber::fmt().with_writer({
            let log = log.clone();
            move || log.clone()
        });
        tracing::subscriber::with_default(to.with_ansi(false).finish(), || {
            Outcomes.wording(&of, Uuid::from_u128(7).into(), &fault);
        });
        let said = String::from_utf8(log.0.lock().expect("no holder panics").clone()).expect("a text");
        for part in [
            "WARN",
            "wording",
            "promotional",
            "template_fails",
            "line=3",
            "column=14",
            "-000000000002",
            "-000000000007",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("Hanako") && !said.contains("U4af"), "{said}");
    }
}
