//! The ways in which people sign in. Addresses and hashes of passwords are sealed: whoever has the database without the
//! key cannot even begin to guess at passwords (OWASP Password Storage Cheat Sheet, "Peppering").

use super::user::{self, address};
use crate::condition::equals;
use crate::engine::Row;
use crate::entities::{Columns, Fields, Joined, Stored, joined};
use chrono::{DateTime, Utc};
use musubi_identity::password_hash::PasswordHash;
use musubi_identity::sign_in_account::{AccountStatus, Provider, SignInAccount};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{SignInAccountId, UserId};
use musubi_kernel::secret::Cipher;
use sea_query::{
    Condition, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value,
};

const TABLE: &str = "sign_in_accounts";

const COLUMNS: [&str; 10] = [
    "id",
    "user_id",
    "provider",
    "subject",
    "email",
    "email_verified",
    "password_hash",
    "status",
    "created_at",
    "last_login_at",
];

fn accounts() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

/// A person's accounts that are not deleted.
pub(super) fn of(user: UserId) -> SelectStatement {
    accounts()
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where(Expr::col("status").ne(AccountStatus::Deleted.code()))
        .order_by("id", Order::Asc)
        .to_owned()
}

/// The account of a provider's subject.
pub(super) fn of_subject(provider: &Provider, subject: &str) -> SelectStatement {
    accounts().and_where(Expr::col("provider").eq(provider.as_str())).and_where(equals("subject", subject)).to_owned()
}

pub(super) fn adding(account: &SignInAccount, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(account, cipher).into_iter().unzip();
    Query::insert()
        .into_table(TABLE)
        .columns(["id"].into_iter().chain(columns))
        .values_panic([Expr::from(account.id.0)].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned()
}

pub(super) fn saving(account: &SignInAccount, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(fields(account, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(account.id.0))
        .to_owned()
}

/// When it was last used.
pub(super) fn used(id: SignInAccountId, at: DateTime<Utc>) -> UpdateStatement {
    Query::update().table(TABLE).value("last_login_at", at).and_where(Expr::col("id").eq(id.0)).to_owned()
}

fn fields(account: &SignInAccount, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let mut row = Fields::new(TABLE, account.id.0, cipher);
    row.set("user_id", account.user.0);
    row.set("provider", account.provider.as_str());
    row.set("subject", account.subject.as_deref());
    row.sealed("email", account.email.as_ref().map(EmailAddress::as_str));
    row.set("email_verified", account.email_verified);
    row.sealed("password_hash", account.password_hash.as_ref().map(PasswordHash::as_text));
    row.set("status", account.status.code());
    row.set("created_at", account.created_at);
    row.set("last_login_at", account.last_login_at);
    row.finish()
}

/// A query for people, with their local account if they have one that is not deleted.
pub(super) fn beside_local(people: SelectStatement) -> SelectStatement {
    let local = theirs().add(Expr::col((TABLE, "provider")).eq(Provider::LOCAL));
    beside_columns(people).left_join(TABLE, local).to_owned()
}

/// A query for people, of those who have this account, with it; unless it is deleted.
pub(super) fn beside(people: SelectStatement, id: SignInAccountId) -> SelectStatement {
    beside_columns(people).inner_join(TABLE, theirs().add(Expr::col((TABLE, "id")).eq(id.0))).to_owned()
}

fn beside_columns(mut people: SelectStatement) -> SelectStatement {
    for column in COLUMNS {
        people.expr_as(Expr::col((TABLE, column)), joined(column));
    }
    people
}

fn theirs() -> Condition {
    Condition::all()
        .add(Expr::col((TABLE, "user_id")).equals((user::TABLE, "id")))
        .add(Expr::col((TABLE, "status")).ne(AccountStatus::Deleted.code()))
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<SignInAccount, StoreError> {
    account(&Stored::of(row, TABLE, cipher)?)
}

/// The account of a row of [`beside_local`] or [`beside`].
pub(super) fn read_beside(row: &Row, cipher: &dyn Cipher) -> Result<Option<SignInAccount>, StoreError> {
    Joined::of(row, TABLE, cipher)?.map(|row| account(&row)).transpose()
}

fn account(row: &impl Columns) -> Result<SignInAccount, StoreError> {
    Ok(SignInAccount {
        id: row.entity_id(),
        user: UserId(row.get("user_id")?),
        provider: row.code("provider", |name| name.parse().ok())?,
        subject: row.get("subject")?,
        email: address(row.sealed("email")?)?,
        email_verified: row.get("email_verified")?,
        password_hash: row.sealed("password_hash")?.map(|hash| PasswordHash::new(hash.expose())),
        status: row.code("status", AccountStatus::from_code)?,
        created_at: row.get("created_at")?,
        last_login_at: row.get("last_login_at")?,
    })
}
