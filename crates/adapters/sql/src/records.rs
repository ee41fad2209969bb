//! What is written beside every change, in its transaction: the domain event and the audit entry.

use crate::audit::Entries;
use crate::engine::{Tx, Write};
use crate::outbox;
use musubi_kernel::error::StoreError;
use musubi_kernel::record::{DomainEvent, Record};

/// Records on their way into a transaction.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) entries: Entries,
    events: Vec<DomainEvent>,
}

impl Records {
    /// Takes up both halves of a record. The audit entry goes to the end of `chain` (see [`crate::audit`]).
    pub(crate) fn add(&mut self, chain: String, record: &Record) {
        self.entries.add(chain, record.audit.clone());
        self.events.push(record.event.clone());
    }

    /// What writes them, when the ends of their chains are known.
    pub(crate) fn writes(self) -> Vec<Write> {
        let mut writes = self.entries.writes();
        writes.extend(outbox::adding(&self.events));
        writes
    }
}

/// Writes both halves of a record. The audit entry goes to the end of `chain` (see [`crate::audit`]).
pub async fn write(tx: &mut Tx, chain: &str, record: &Record) -> Result<(), StoreError> {
    let mut records = Records::default();
    records.add(chain.to_owned(), record);
    records.entries.find_ends(tx).await?;
    tx.write_together(&records.writes()).await
}
