//! The ways in which people sign in. Addresses and hashes of passwords are sealed: whoever has the database without the
//! key cannot even begin to guess at passwords (OWASP Password Storage Cheat Sheet, "Peppering").

use super::user::address;
use crate::condition::equals;
use crate::engine::Row;
use crate::entities::{Fields, Stored};
use musubi_identity::password_hash::PasswordHash;
use musubi_identity::sign_in_account::{AccountStatus, Provider, SignInAccount};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value};

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

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<SignInAccount, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    Ok(SignInAccount {
        id: row.entity_id(),
        user: row.id("user_id")?,
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
