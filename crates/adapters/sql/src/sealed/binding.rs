//! Which master key a database belongs to, and the look-up key that it keeps.

use super::samples;
use crate::engine::{Db, Row};
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::{Cipher, Place};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The only row of its table.
const ONLY: Uuid = Uuid::nil();
const KEY_CHECK: Place<'static> = Place { table: "installation", column: "key_check", row: ONLY };
const LOOK_UP_KEY: Place<'static> = Place { table: "look_up_keys", column: "look_up_key", row: ONLY };
const SEALED_TEXT: &[u8] = b"musubi";

/// How often the state is read again because others changed it: each change is made once in a database's life.
const ATTEMPTS: usize = 4;

/// What a database has to do with the keys of a cipher.
#[derive(Debug, PartialEq, Eq)]
pub enum Bound {
    /// It is sealed with them; its look-up key.
    ToThese(Zeroizing<Vec<u8>>),
    /// It is sealed with another key.
    ToAnother,
    /// It is being sealed anew, and one of the two keys is not there.
    ToMore,
}

/// Whether a master key has been bound to this database. From then on another one must not be made.
pub async fn is_bound(db: &Db) -> Result<bool, StoreError> {
    read(db, KEY_CHECK).await.map(|sealed| sealed.is_some())
}

/// Whether the database answers, and what is sealed in it now can be read: a node that was not told of a new key would fail
/// at the first value that others have sealed with it.
///
/// # Errors
/// [`StoreError::MasterKeyMissing`], beside what the database says.
pub async fn try_keys(db: &Db, cipher: &dyn Cipher) -> Result<(), StoreError> {
    match read(db, LOOK_UP_KEY).await? {
        Some(sealed) => cipher.open(LOOK_UP_KEY, &sealed).map(drop),
        None => Ok(()),
    }
}

/// Binds the database to the cipher's current key, unless it is bound already.
///
/// A database that keeps no look-up key gets the one that `first` tells: for a database in which nothing is sealed yet
/// any, else the one with which it was written, which follows from the key of the sealed value that is given to `first`;
/// `None`: that key is not there.
pub async fn bind(
    db: &Db,
    cipher: &dyn Cipher,
    now: DateTime<Utc>,
    first: impl Fn(Option<&[u8]>) -> Option<[u8; 32]> + Sync,
) -> Result<Bound, StoreError> {
    for _ in 0..ATTEMPTS {
        let (check, look_up) = (read(db, KEY_CHECK).await?, read(db, LOOK_UP_KEY).await?);
        if let (Some(check), Some(look_up)) = (&check, &look_up) {
            return Ok(opened(cipher, check, look_up));
        }
        let sealed = match &check {
            Some(check) if !opens(cipher, check) => return Ok(Bound::ToAnother),
            Some(check) => Some(check.clone()),
            None => samples(db).await?.into_iter().next().map(|sample| sample.sealed),
        };
        let Some(key) = first(sealed.as_deref()).map(Zeroizing::new) else { return Ok(Bound::ToAnother) };
        let writes = [
            check.is_none().then(|| insert(KEY_CHECK, cipher.seal(KEY_CHECK, SEALED_TEXT), now)),
            look_up.is_none().then(|| insert(LOOK_UP_KEY, cipher.seal(LOOK_UP_KEY, &*key), now)),
        ];
        match write(db, writes.into_iter().flatten()).await {
            // Another process was first, perhaps with another key.
            Err(StoreError::Conflict) => {}
            written => written?,
        }
    }
    Err(StoreError::Conflict)
}

fn opens(cipher: &dyn Cipher, check: &[u8]) -> bool {
    cipher.open(KEY_CHECK, check).is_ok_and(|text| *text == SEALED_TEXT)
}

fn opened(cipher: &dyn Cipher, check: &[u8], look_up: &[u8]) -> Bound {
    match (opens(cipher, check), cipher.open(LOOK_UP_KEY, look_up)) {
        (true, Ok(key)) => Bound::ToThese(key),
        (false, Err(_)) => Bound::ToAnother,
        _ => Bound::ToMore,
    }
}

async fn read(db: &Db, place: Place<'static>) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed = |row: Row| row.get(place.column);
    db.optional(&select(place)).await?.map(sealed).transpose()
}

fn select(place: Place<'static>) -> SelectStatement {
    Query::select().column(place.column).from(place.table).and_where(Expr::col("id").eq(place.row)).to_owned()
}

fn insert(place: Place<'static>, sealed: Vec<u8>, now: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(place.table)
        .columns(["id", place.column, "created_at"])
        .values_panic([place.row.into(), sealed.into(), now.into()])
        .to_owned()
}

async fn write(db: &Db, inserts: impl Iterator<Item = InsertStatement>) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    for insert in inserts {
        tx.exactly_one(&insert).await?;
    }
    tx.commit().await
}
