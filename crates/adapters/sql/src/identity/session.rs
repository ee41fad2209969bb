//! Sessions. The device is sealed.

use crate::engine::{Row, for_update};
use crate::entities::{Fields, Stored};
use chrono::{DateTime, Utc};
use musubi_identity::people::ports::Which;
use musubi_identity::session::{EndReason, Pair, Session};
use musubi_identity::token::TokenDigest;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{SessionId, UserId};
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value};

pub(super) const TABLE: &str = "sessions";

const COLUMNS: [&str; 19] = [
    "id",
    "user_id",
    "account_id",
    "family_hash",
    "refresh_token_hash",
    "previous_token_hash",
    "access_token_hash",
    "access_expires_at",
    "successor_used",
    "methods",
    "challenge_hash",
    "created_at",
    "last_used_at",
    "idle_expires_at",
    "expires_at",
    "ip_address",
    "user_agent",
    "revoked_at",
    "revoke_reason",
];

fn sessions() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

/// The session whose refresh tokens share this, kept from others until the transaction ends.
pub(super) fn locking(family: &TokenDigest) -> SelectStatement {
    for_update(sessions().and_where(Expr::col("family_hash").eq(family.0.to_vec())).to_owned())
}

/// The session with this newest access token.
pub(super) fn by_access(access: &TokenDigest) -> SelectStatement {
    sessions().and_where(Expr::col("access_token_hash").eq(access.0.to_vec())).to_owned()
}

/// The session that began by the second factor of this challenge.
pub(super) fn by_challenge(challenge: &TokenDigest) -> SelectStatement {
    Query::select().column("id").from(TABLE).and_where(Expr::col("challenge_hash").eq(challenge.0.to_vec())).to_owned()
}

/// A person's live sessions.
pub(super) fn live_of(user: UserId, now: DateTime<Utc>) -> SelectStatement {
    sessions()
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where(Expr::col("revoked_at").is_null())
        .and_where(Expr::col("idle_expires_at").gt(now))
        .and_where(Expr::col("expires_at").gt(now))
        .order_by("id", Order::Asc)
        .to_owned()
}

/// A session of a person.
pub(super) fn by_id(user: UserId, session: SessionId) -> SelectStatement {
    sessions().and_where(Expr::col("id").eq(session.0)).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

pub(super) fn adding(session: &Session, cipher: &dyn Cipher) -> InsertStatement {
    let mut row = Fields::new(TABLE, session.id.0, cipher);
    row.set("id", session.id.0);
    row.set("user_id", session.user.0);
    row.set("account_id", session.account.0);
    row.set("family_hash", session.family.0.to_vec());
    row.json("methods", &session.methods);
    row.set("challenge_hash", session.challenge.map(|challenge| challenge.0.to_vec()));
    row.set("created_at", session.created_at);
    row.set("expires_at", session.expires_at);
    row.set("revoked_at", session.ended.map(|(at, _)| at));
    row.set("revoke_reason", session.ended.map(|(_, reason)| reason.code()));
    let fixed = row.finish();
    let (columns, values): (Vec<_>, Vec<_>) = fixed.into_iter().chain(changing(session, cipher)).unzip();
    Query::insert().into_table(TABLE).columns(columns).values_panic(values.into_iter().map(Expr::from)).to_owned()
}

/// Under the session's lock. One that has ended stays as it is.
pub(super) fn renewing(session: &Session, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(changing(session, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(session.id.0))
        .and_where(Expr::col("revoked_at").is_null())
        .to_owned()
}

/// What a refresh changes.
fn changing(session: &Session, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let Pair { refresh, access, access_expires_at, used } = session.newest;
    let mut row = Fields::new(TABLE, session.id.0, cipher);
    row.set("refresh_token_hash", refresh.0.to_vec());
    row.set("previous_token_hash", session.before.map(|before| before.0.to_vec()));
    row.set("access_token_hash", access.0.to_vec());
    row.set("access_expires_at", access_expires_at);
    row.set("successor_used", used);
    row.set("last_used_at", session.last_used_at);
    row.set("idle_expires_at", session.idle_expires_at);
    row.sealed("ip_address", session.ip.map(|ip| ip.to_string()).as_deref());
    row.sealed("user_agent", session.user_agent.as_deref());
    row.finish()
}

/// The first use of the newest pair, unless it is no longer the newest, was used before, or the session has ended.
pub(super) fn first_use(session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("successor_used", true)
        .value("last_used_at", at)
        .and_where(Expr::col("id").eq(session.0))
        .and_where(Expr::col("access_token_hash").eq(access.0.to_vec()))
        .and_where(Expr::col("successor_used").eq(false))
        .and_where(Expr::col("revoked_at").is_null())
        .to_owned()
}

pub(super) fn touching(session: SessionId, at: DateTime<Utc>) -> UpdateStatement {
    Query::update().table(TABLE).value("last_used_at", at).and_where(Expr::col("id").eq(session.0)).to_owned()
}

pub(super) fn ending(user: UserId, which: Which, reason: EndReason, at: DateTime<Utc>) -> UpdateStatement {
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("revoked_at", at)
        .value("revoke_reason", reason.code())
        .and_where(Expr::col("user_id").eq(user.0))
        .and_where(Expr::col("revoked_at").is_null());
    match which {
        Which::All => {}
        Which::AllBut(kept) => drop(update.and_where(Expr::col("id").ne(kept.0))),
        Which::One(one) => drop(update.and_where(Expr::col("id").eq(one.0))),
        Which::Of(account) => drop(update.and_where(Expr::col("account_id").eq(account.0))),
    }
    update
}

/// Those that were over before this: ended, or unused for too long, which none is after its last end. Each by its index.
pub(super) fn over(before: DateTime<Utc>) -> [SelectStatement; 2] {
    ["revoked_at", "idle_expires_at"]
        .map(|end| Query::select().column("id").from(TABLE).and_where(Expr::col(end).lt(before)).to_owned())
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Session, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |what: &str| StoreError::Corrupt(format!("{TABLE}.{what}"));
    let ended = match (row.get("revoked_at")?, row.code_or_null("revoke_reason", EndReason::from_code)?) {
        (None, None) => None,
        (Some(at), Some(reason)) => Some((at, reason)),
        _ => return Err(corrupt("revoke_reason: without its time, or its time without it")),
    };
    let ip = row.sealed("ip_address")?.map(|ip| ip.expose().parse()).transpose();
    Ok(Session {
        id: row.entity_id(),
        user: row.id("user_id")?,
        account: row.id("account_id")?,
        family: digest(&row, "family_hash")?,
        newest: Pair {
            refresh: digest(&row, "refresh_token_hash")?,
            access: digest(&row, "access_token_hash")?,
            access_expires_at: row.get("access_expires_at")?,
            used: row.get("successor_used")?,
        },
        before: digest_or_null(&row, "previous_token_hash")?,
        methods: row.json("methods")?,
        challenge: digest_or_null(&row, "challenge_hash")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        idle_expires_at: row.get("idle_expires_at")?,
        expires_at: row.get("expires_at")?,
        ip: ip.map_err(|_| corrupt("ip_address: no address"))?,
        user_agent: row.sealed("user_agent")?.map(|agent| agent.expose().to_owned()),
        ended,
    })
}

/// A column that holds a digest.
pub(super) fn digest(row: &Row, column: &str) -> Result<TokenDigest, StoreError> {
    of_bytes(row.get(column)?, column)
}

fn digest_or_null(row: &Row, column: &str) -> Result<Option<TokenDigest>, StoreError> {
    row.get::<Option<Vec<u8>>>(column)?.map(|bytes| of_bytes(bytes, column)).transpose()
}

fn of_bytes(bytes: Vec<u8>, column: &str) -> Result<TokenDigest, StoreError> {
    bytes.try_into().map(TokenDigest).map_err(|_| StoreError::Corrupt(format!("{column}: not 32 bytes")))
}
