//! That a subscriber has acted on an event: noted in the transaction of its effect, so that the effect comes once.

use crate::engine::{Tx, Write};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::EventId;
use sea_query::{Expr, ExprTrait as _, Query};

pub(super) const TABLE: &str = "handled_events";

/// Whether a subscriber has acted on an event. To be asked in the transaction that would act.
pub async fn was_handled(tx: &mut Tx, subscriber: &str, event: EventId) -> Result<bool, StoreError> {
    let query = Query::select()
        .column("handled_at")
        .from(TABLE)
        .and_where(Expr::col("event_id").eq(event.0))
        .and_where(Expr::col("subscriber").eq(subscriber))
        .to_owned();
    Ok(tx.optional(&query).await?.is_some())
}

/// What notes that a subscriber has acted on an event. When another has noted it meanwhile, the transaction fails with
/// [`StoreError::Conflict`]: run again, it finds that it [was handled](was_handled).
pub fn noting(subscriber: &str, event: EventId, now: DateTime<Utc>) -> Write {
    let insert = Query::insert()
        .into_table(TABLE)
        .columns(["event_id", "subscriber", "handled_at"])
        .values_panic([event.0.into(), subscriber.into(), now.into()])
        .to_owned();
    Write::one(insert)
}
