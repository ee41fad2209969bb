//! Domain events, from the transaction that caused them to those who act on them.
//!
//! An event is written as `pending`. Whoever passes it on writes a [job](crate::jobs) for each subscriber that wants it and
//! marks it as `delivered`, in one transaction; what a subscriber makes of it is then the affair of its job. (The columns for leases,
//! attempts and errors of the table are from before there were jobs, and stay empty.)

mod handled;
mod passing;

pub use handled::{noting, was_handled};

use crate::engine::Write;
use crate::entities::json;
use musubi_kernel::record::DomainEvent;
use sea_query::Query;

/// What writes events for delivery; nothing where there are none.
pub(crate) fn adding(events: &[DomainEvent]) -> Option<Write> {
    let mut insert = Query::insert();
    insert.into_table("outbox").columns([
        "id",
        "kind",
        "tenant_id",
        "store_id",
        "subject_id",
        "payload",
        "occurred_at",
        "status",
        "attempts",
        "available_at",
    ]);
    for event in events {
        insert.values_panic([
            event.id.0.into(),
            event.kind.as_ref().into(),
            event.tenant.map(|tenant| tenant.0).into(),
            event.store.map(|store| store.0).into(),
            event.subject.into(),
            json(&event.payload).into(),
            event.occurred_at.into(),
            "pending".into(),
            0.into(),
            event.occurred_at.into(),
        ]);
    }
    (!events.is_empty()).then(|| Write::any(insert).leaving_events(events.iter().map(|event| event.kind.clone())))
}
