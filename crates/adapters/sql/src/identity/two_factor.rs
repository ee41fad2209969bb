//! Authenticator apps. The secret is sealed.

use super::passkey;
use crate::engine::Row;
use crate::entities::{Fields, Stored};
use musubi_identity::totp::{TimeStep, TotpSecret};
use musubi_identity::two_factor::TwoFactor;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::secret::Cipher;
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UnionType, UpdateStatement, Value,
};

const TABLE: &str = "two_factor";

const COLUMNS: [&str; 10] = [
    "id",
    "user_id",
    "secret",
    "confirmed_at",
    "last_step",
    "wrong_codes",
    "password_reset_at",
    "version",
    "created_at",
    "updated_at",
];

/// A person's.
pub(super) fn of(user: UserId) -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

/// A row for each active app and each passkey of a person.
pub(super) fn any_of(user: &Expr) -> SelectStatement {
    let of = |table| {
        Query::select().column("id").from(table).and_where(Expr::col((table, "user_id")).eq(user.clone())).to_owned()
    };
    let mut apps = of(TABLE);
    apps.and_where(Expr::col("confirmed_at").is_not_null()).union(UnionType::All, of(passkey::TABLE)).to_owned()
}

pub(super) fn adding(app: &TwoFactor, cipher: &dyn Cipher) -> Result<InsertStatement, StoreError> {
    let (columns, values): (Vec<_>, Vec<_>) = fields(app, cipher)?.into_iter().unzip();
    Ok(Query::insert()
        .into_table(TABLE)
        .columns(["id"].into_iter().chain(columns))
        .values_panic([Expr::from(app.id.0)].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned())
}

/// Over the version before its own.
pub(super) fn saving(app: &TwoFactor, cipher: &dyn Cipher) -> Result<UpdateStatement, StoreError> {
    Ok(Query::update()
        .table(TABLE)
        .values(fields(app, cipher)?.into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(app.id.0))
        .and_where(Expr::col("version").eq(app.version - 1))
        .to_owned())
}

pub(super) fn removing(user: UserId) -> DeleteStatement {
    Query::delete().from_table(TABLE).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

fn fields(app: &TwoFactor, cipher: &dyn Cipher) -> Result<Vec<(&'static str, Value)>, StoreError> {
    let too_large = |_| StoreError::Internal(format!("{TABLE}: a number that no engine keeps"));
    let last_step = app.last_step.map(|step| i64::try_from(step.0)).transpose().map_err(too_large)?;
    let mut row = Fields::new(TABLE, app.id.0, cipher);
    row.set("user_id", app.user.0);
    row.sealed("secret", Some(app.secret.to_base32().expose()));
    row.set("confirmed_at", app.confirmed_at);
    row.set("last_step", last_step);
    row.set("wrong_codes", i32::try_from(app.wrong_codes).map_err(too_large)?);
    row.set("password_reset_at", app.password_reset_at);
    row.set("version", app.version);
    row.set("created_at", app.created_at);
    row.set("updated_at", app.updated_at);
    Ok(row.finish())
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<TwoFactor, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |column: &str| StoreError::Corrupt(format!("{TABLE}.{column}"));
    let secret = row.sealed("secret")?.and_then(|secret| TotpSecret::from_base32(secret.expose()));
    let last_step = row.get::<Option<i64>>("last_step")?.map(u64::try_from).transpose();
    Ok(TwoFactor {
        id: row.entity_id(),
        user: row.id("user_id")?,
        secret: secret.ok_or_else(|| corrupt("secret"))?,
        confirmed_at: row.get("confirmed_at")?,
        last_step: last_step.map_err(|_| corrupt("last_step"))?.map(TimeStep),
        wrong_codes: row.get::<i32>("wrong_codes")?.try_into().map_err(|_| corrupt("wrong_codes"))?,
        password_reset_at: row.get("password_reset_at")?,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
