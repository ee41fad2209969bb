//! To which stores one-time tokens invite, and by keyed digests to which addresses.

use super::one_time_token;
use chrono::{DateTime, Utc};
use musubi_identity::one_time_token::OneTimeToken;
use musubi_identity::staff::scope::StaffScope;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement};

const TABLE: &str = "staff_invitations";
/// What the digests of addresses are made for.
const EMAIL: &str = "staff_invitations.email";

fn of_store(scope: &StaffScope) -> SelectStatement {
    Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("tenant_id").eq(scope.tenant().0))
        .and_where(Expr::col("store_id").eq(scope.store().0))
        .to_owned()
}

/// The tokens of a store that can be accepted.
pub(super) fn open(scope: &StaffScope, now: DateTime<Utc>) -> SelectStatement {
    one_time_token::tokens()
        .and_where(Expr::col("id").in_subquery(of_store(scope)))
        .and_where(Expr::col("used_at").is_null())
        .and_where(Expr::col("expires_at").gt(now))
        .to_owned()
}

/// How many can be accepted, as `open`.
pub(super) fn how_many(scope: &StaffScope, now: DateTime<Utc>) -> SelectStatement {
    open(scope, now).clear_selects().expr_as(Expr::col("id").count(), "open").to_owned()
}

fn sent_to(scope: &StaffScope, email: &EmailAddress, cipher: &dyn Cipher) -> SelectStatement {
    let index = cipher.blind_index(EMAIL, email.as_str()).to_vec();
    of_store(scope).and_where(Expr::col("email_index").eq(index)).to_owned()
}

/// Those that can be accepted by who has an address.
pub(super) fn open_to(
    scope: &StaffScope,
    email: &EmailAddress,
    now: DateTime<Utc>,
    cipher: &dyn Cipher,
) -> SelectStatement {
    open(scope, now).and_where(Expr::col("id").in_subquery(sent_to(scope, email, cipher))).to_owned()
}

/// Makes void what was sent to an address.
pub(super) fn voiding(
    scope: &StaffScope,
    email: &EmailAddress,
    at: DateTime<Utc>,
    cipher: &dyn Cipher,
) -> UpdateStatement {
    one_time_token::ending(at).and_where(Expr::col("id").in_subquery(sent_to(scope, email, cipher))).to_owned()
}

pub(super) fn adding(
    scope: &StaffScope,
    token: &OneTimeToken,
    email: &EmailAddress,
    cipher: &dyn Cipher,
) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["id", "tenant_id", "store_id", "email_index"])
        .values_panic([
            token.id.0.into(),
            scope.tenant().0.into(),
            scope.store().0.into(),
            cipher.blind_index(EMAIL, email.as_str()).to_vec().into(),
        ])
        .to_owned()
}
