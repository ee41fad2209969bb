//! People. The address is sealed.

use crate::engine::{Row, for_update};
use crate::entities::{Fields, Stored};
use chrono::{DateTime, Utc};
use musubi_identity::age_group::AgeGroupId;
use musubi_identity::locale::Locale;
use musubi_identity::user::{Status, User};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::secret::{Cipher, Secret};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement, Value};

pub(super) const TABLE: &str = "users";
const ACTIVE: &str = "active";
const LOCKED: &str = "locked";
const DELETED: &str = "deleted";
/// What the digests of addresses are made for.
const EMAIL: &str = "users.email";

const COLUMNS: [&str; 15] = [
    "id",
    "status",
    "locked_at",
    "lock_reason",
    "banned_at",
    "deleted_at",
    "locale",
    "email",
    "email_index",
    "email_verified_at",
    "display_name",
    "age_group_id",
    "version",
    "created_at",
    "updated_at",
];

fn people() -> SelectStatement {
    Query::select().columns(COLUMNS.map(|column| (TABLE, column))).from(TABLE).to_owned()
}

/// The person.
pub(super) fn by_id(id: UserId) -> SelectStatement {
    people().and_where(Expr::col((TABLE, "id")).eq(id.0)).to_owned()
}

/// The person, whose row is kept from others until the transaction ends.
pub(super) fn locking(id: UserId) -> SelectStatement {
    for_update(by_id(id))
}

/// The person with this address.
pub(super) fn by_email(email: &EmailAddress, cipher: &dyn Cipher) -> SelectStatement {
    let index = cipher.blind_index(EMAIL, email.as_str()).to_vec();
    people().and_where(Expr::col((TABLE, "email_index")).eq(index)).to_owned()
}

pub(super) fn adding(user: &User, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(user, cipher).into_iter().unzip();
    Query::insert()
        .into_table(TABLE)
        .columns(["id"].into_iter().chain(columns))
        .values_panic([Expr::from(user.id.0)].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned()
}

/// Over the version before its own.
pub(super) fn saving(user: &User, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(fields(user, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(user.id.0))
        .and_where(Expr::col("version").eq(user.version - 1))
        .to_owned()
}

fn fields(user: &User, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let (code, locked_at, reason, banned_at, deleted_at) = match &user.status {
        Status::Active => (ACTIVE, None, None, None, None),
        Status::Locked { at, reason } => (LOCKED, Some(*at), Some(reason.as_str()), None, None),
        // A lock, for whoever asks only whether they can sign in.
        Status::Banned { at, reason } => (LOCKED, Some(*at), Some(reason.as_str()), Some(*at), None),
        Status::Deleted { at } => (DELETED, None, None, None, Some(*at)),
    };
    let email = user.email.as_ref().map(EmailAddress::as_str);
    let mut row = Fields::new(TABLE, user.id.0, cipher);
    row.set("status", code);
    row.set("locked_at", locked_at);
    row.set("lock_reason", reason);
    row.set("banned_at", banned_at);
    row.set("deleted_at", deleted_at);
    row.set("locale", user.locale.code());
    row.sealed("email", email);
    row.look_up("email_index", EMAIL, email);
    row.set("email_verified_at", user.email_verified_at);
    row.set("display_name", user.display_name.as_str());
    row.set("age_group_id", user.age_group.map(|group| group.0));
    row.set("version", user.version);
    row.set("created_at", user.created_at);
    row.set("updated_at", user.updated_at);
    row.finish()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<User, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    Ok(User {
        id: row.entity_id(),
        status: status(&row)?,
        locale: row.code("locale", Locale::from_code)?,
        email: address(row.sealed("email")?)?,
        email_verified_at: row.get("email_verified_at")?,
        display_name: row.get("display_name")?,
        age_group: row.int_or_null("age_group_id")?.map(AgeGroupId),
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Whether the person of a row is not deleted.
pub(super) fn is_there(row: &Row) -> Result<bool, StoreError> {
    Ok(row.get::<String>("status")? != DELETED)
}

fn status(row: &Row) -> Result<Status, StoreError> {
    let status: String = row.get("status")?;
    let locked: Option<DateTime<Utc>> = row.get("locked_at")?;
    match (status.as_str(), locked, row.get("lock_reason")?, row.get("banned_at")?, row.get("deleted_at")?) {
        (ACTIVE, None, None, None, None) => Ok(Status::Active),
        (LOCKED, Some(at), Some(reason), None, None) => Ok(Status::Locked { at, reason }),
        (LOCKED, Some(locked), Some(reason), Some(at), None) if locked == at => Ok(Status::Banned { at, reason }),
        (DELETED, None, None, None, Some(at)) => Ok(Status::Deleted { at }),
        _ => Err(StoreError::Corrupt(format!("{TABLE}.status: does not fit its times"))),
    }
}

/// An address that was opened.
pub(super) fn address(opened: Option<Secret>) -> Result<Option<EmailAddress>, StoreError> {
    let Some(opened) = opened else { return Ok(None) };
    let corrupt = |_| StoreError::Corrupt("email: not in its normal form".to_owned());
    opened.expose().parse().map(Some).map_err(corrupt)
}
