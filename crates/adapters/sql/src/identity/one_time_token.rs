//! One-time tokens. What they carry is sealed.

use super::session::digest;
use crate::engine::Row;
use crate::entities::{Fields, Stored};
use chrono::{DateTime, Utc};
use musubi_identity::one_time_token::{OneTimeToken, TokenKind};
use musubi_identity::token::TokenDigest;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, UserId};
use musubi_kernel::secret::{Cipher, Secret};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement, Value};

pub(super) const TABLE: &str = "one_time_tokens";

const COLUMNS: [&str; 8] = ["id", "kind", "token_hash", "user_id", "payload", "created_at", "expires_at", "used_at"];

pub(super) fn tokens() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

/// The token with this digest.
pub(super) fn by_digest(digest: &TokenDigest) -> SelectStatement {
    tokens().and_where(Expr::col("token_hash").eq(digest.0.to_vec())).to_owned()
}

pub(super) fn adding(token: &OneTimeToken, cipher: &dyn Cipher) -> InsertStatement {
    let mut row = Fields::new(TABLE, token.id.0, cipher);
    row.set("id", token.id.0);
    row.set("kind", token.kind.code());
    row.set("token_hash", token.digest.0.to_vec());
    row.set("user_id", token.user.map(|user| user.0));
    row.sealed("payload", token.payload.as_ref().map(Secret::expose));
    row.set("created_at", token.created_at);
    row.set("expires_at", token.expires_at);
    row.set("used_at", token.used_at);
    let (columns, values): (Vec<&str>, Vec<Value>) = row.finish().into_iter().unzip();
    Query::insert().into_table(TABLE).columns(columns).values_panic(values.into_iter().map(Expr::from)).to_owned()
}

/// The end of those that are left: of which, the caller says.
pub(super) fn ending(at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("used_at", at)
        .value("payload", Option::<Vec<u8>>::None)
        .and_where(Expr::col("used_at").is_null())
        .to_owned()
}

/// Its one use.
pub(super) fn using(id: OneTimeTokenId, at: DateTime<Utc>) -> UpdateStatement {
    ending(at).and_where(Expr::col("id").eq(id.0)).to_owned()
}

/// The unused ones of a person of this kind that were made since.
pub(super) fn prolonging(user: UserId, kind: TokenKind, since: DateTime<Utc>, until: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("expires_at", until)
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where(Expr::col("kind").eq(kind.code()))
        .and_where(Expr::col("used_at").is_null())
        .and_where(Expr::col("created_at").gte(since))
        .to_owned()
}

/// What a person has left.
pub(super) fn voiding(user: UserId, at: DateTime<Utc>) -> UpdateStatement {
    ending(at).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

pub(super) fn over(before: DateTime<Utc>) -> SelectStatement {
    Query::select().column("id").from(TABLE).and_where(Expr::col("expires_at").lt(before)).to_owned()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<OneTimeToken, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    Ok(OneTimeToken {
        id: row.entity_id(),
        kind: row.code("kind", TokenKind::from_code)?,
        digest: digest(&row, "token_hash")?,
        user: row.id_or_null("user_id")?,
        payload: row.sealed("payload")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
    })
}
