//! What is written beside every change, in its transaction: the domain event and the audit entry.

use crate::engine::Tx;
use crate::{audit, outbox};
use musubi_kernel::error::StoreError;
use musubi_kernel::record::Record;

/// Writes both halves of a record. The audit entry goes to the end of `chain` (see [`audit`]).
pub async fn write(tx: &mut Tx, chain: &str, record: &Record) -> Result<(), StoreError> {
    audit::append(tx, chain, &record.audit).await?;
    outbox::add(tx, &record.event).await
}
