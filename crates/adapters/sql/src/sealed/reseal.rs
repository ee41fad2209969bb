//! Sealing anew with the current key, while others write.

use super::walk::SealedRow;
use crate::engine::{Db, Write};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, Query, UpdateStatement};

/// How many rows are written in one transaction: few, as others wait for them.
const TOGETHER: usize = 50;

/// What came of sealing rows anew.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were sealed anew, or changed by somebody else just then.
    pub values: u64,
    /// Values that are as they were, since somebody else held their rows. Another walk will find them.
    pub missed: u64,
    /// Values that do not open, each with the reason and its row.
    pub unopened: Vec<String>,
}

/// Seals every value anew that `is_current` says is not. A value that somebody changes meanwhile keeps the change: each
/// is written only over the bytes that were read. No version moves and no time of change.
pub async fn reseal(
    db: &Db,
    cipher: &dyn Cipher,
    is_current: impl Fn(&[u8]) -> bool,
    rows: &[SealedRow],
) -> Result<Resealed, StoreError> {
    let mut done = Resealed::default();
    let mut updates: Vec<(u64, Write)> = Vec::new();
    for row in rows {
        let (update, values) = anew(cipher, &is_current, row, &mut done.unopened);
        updates.extend(update.map(|update| (values, Write::any(update))));
    }
    for together in updates.chunks(TOGETHER) {
        let values: u64 = together.iter().map(|(values, _)| values).sum();
        let writes: Vec<Write> = together.iter().map(|(_, write)| write.clone()).collect();
        match write(db, &writes).await {
            Ok(()) => done.values += values,
            Err(StoreError::Conflict) => done.missed += values,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// What seals a row's values anew, and how many these are.
fn anew(
    cipher: &dyn Cipher,
    is_current: impl Fn(&[u8]) -> bool,
    row: &SealedRow,
    unopened: &mut Vec<String>,
) -> (Option<UpdateStatement>, u64) {
    let mut update = Query::update();
    update.table(row.table).cond_where(row.key.is_it());
    let mut values = 0;
    for (column, sealed) in row.values.iter().filter(|(_, sealed)| !is_current(sealed)) {
        let place = row.place(column);
        match cipher.open(place, sealed) {
            Ok(value) => {
                update.value(*column, cipher.seal(place, &value));
                update.and_where(Expr::col(*column).eq(sealed.as_slice()));
                values += 1;
            }
            Err(error) => unopened.push(row.complaint(&error)),
        }
    }
    ((values > 0).then_some(update), values)
}

async fn write(db: &Db, writes: &[Write]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.write_together(writes).await?;
    tx.commit().await
}
