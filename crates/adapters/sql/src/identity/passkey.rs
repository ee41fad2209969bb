//! Passkeys.

use crate::engine::Row;
use crate::entities::{Fields, Stored};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_identity::passkey::{CredentialId, Passkey};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{PasskeyId, UserId};
use musubi_kernel::secret::Cipher;
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value,
};

pub(super) const TABLE: &str = "passkeys";

const COLUMNS: [&str; 11] = [
    "id",
    "user_id",
    "credential_id",
    "public_key",
    "state",
    "name",
    "transports",
    "backed_up",
    "sign_count",
    "created_at",
    "last_used_at",
];

fn passkeys() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

/// A person's.
pub(super) fn of(user: UserId) -> SelectStatement {
    passkeys().and_where(Expr::col("user_id").eq(user.0)).order_by("id", Order::Asc).to_owned()
}

/// That which its device names so.
pub(super) fn of_credential(credential: &CredentialId) -> SelectStatement {
    passkeys().and_where(Expr::col("credential_hash").eq(credential.digest().to_vec())).to_owned()
}

pub(super) fn adding(passkey: &Passkey, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(passkey, cipher).into_iter().unzip();
    Query::insert()
        .into_table(TABLE)
        .columns(["id"].into_iter().chain(columns))
        .values_panic([Expr::from(passkey.id.0)].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned()
}

pub(super) fn saving(passkey: &Passkey, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(fields(passkey, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(passkey.id.0))
        .to_owned()
}

pub(super) fn removing(id: PasskeyId) -> DeleteStatement {
    Query::delete().from_table(TABLE).and_where(Expr::col("id").eq(id.0)).to_owned()
}

fn fields(passkey: &Passkey, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let mut row = Fields::new(TABLE, passkey.id.0, cipher);
    row.set("user_id", passkey.user.0);
    row.set("credential_id", passkey.credential.to_text());
    row.set("credential_hash", passkey.credential.digest().to_vec());
    row.set("public_key", URL_SAFE_NO_PAD.encode(&passkey.key));
    row.set("state", URL_SAFE_NO_PAD.encode(&passkey.state));
    row.set("name", passkey.name.as_str());
    row.json("transports", &passkey.transports);
    row.set("backed_up", passkey.is_backed_up);
    row.set("sign_count", i64::from(passkey.sign_count));
    row.set("created_at", passkey.created_at);
    row.set("last_used_at", passkey.last_used_at);
    row.finish()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Passkey, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |column: &str| StoreError::Corrupt(format!("{TABLE}.{column}"));
    let credential = CredentialId::from_text(&row.get::<String>("credential_id")?);
    let bytes = |column: &str| URL_SAFE_NO_PAD.decode(row.get::<String>(column)?).map_err(|_| corrupt(column));
    Ok(Passkey {
        id: row.entity_id(),
        user: row.id("user_id")?,
        credential: credential.ok_or_else(|| corrupt("credential_id"))?,
        key: bytes("public_key")?,
        state: bytes("state")?,
        name: row.get("name")?,
        transports: row.json("transports")?,
        is_backed_up: row.get("backed_up")?,
        sign_count: row.get::<i64>("sign_count")?.try_into().map_err(|_| corrupt("sign_count"))?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
