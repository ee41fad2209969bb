//! Domain events, from the transaction that caused them to those who act on them.
//!
//! An event is written as `pending` and available at once. Whoever delivers takes it for the time of a lease, and marks
//! it as delivered by the lease's token.

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
    (!events.is_empty()).then(|| Write::any(insert))
}
