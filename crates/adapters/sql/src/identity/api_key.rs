//! API keys.

use crate::SqlStore;
use crate::audit::{self, chain_of};
use crate::condition::within_active_tenant;
use crate::engine::{Row, Tx};
use crate::entities::{after, json};
use crate::{idempotency, records};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_identity::api_key::{ApiKey, KeyDigest};
use musubi_identity::home::{KeyHome, KeysScope};
use musubi_identity::ports::{ApiKeyStore, Decide, OperatorKeys};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::ApiKeyId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement};

const TABLE: &str = "api_keys";

#[async_trait]
impl ApiKeyStore for SqlStore {
    async fn insert(
        &self,
        key: &ApiKey,
        digest: &KeyDigest,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if let Some(answered) = answered {
            idempotency::write(&mut tx, &*self.cipher, answered).await?;
        }
        add(&mut tx, key, digest, record).await?;
        tx.commit().await
    }

    async fn find_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let query = of_digest(digest).cond_where(of_nobody_inactive()).to_owned();
        self.db.optional(&query).await?.map(|row| read(&row)).transpose()
    }

    async fn find(&self, scope: &KeysScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let query = keys().cond_where(within(scope)).and_where(Expr::col("id").eq(id.0)).to_owned();
        self.db.optional(&query).await?.map(|row| read(&row)).transpose()
    }

    async fn list(&self, scope: &KeysScope, page: &PageRequest) -> Result<Page<ApiKey>, EntityError> {
        let mut query = keys();
        query.cond_where(within(scope)).order_by("id", Order::Asc).limit(u64::from(page.limit) + 1);
        if let Some(last) = page.position::<ApiKeyId>()? {
            query.cond_where(after(&["id"], vec![last.0.into()]));
        }
        let found = self.db.all(&query).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(found, page.limit, |key| key.id))
    }

    async fn revoke(
        &self,
        scope: &KeysScope,
        id: ApiKeyId,
        at: DateTime<Utc>,
        record: &Record,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        end(&mut tx, within(scope), id, at, record).await?;
        tx.commit().await
    }

    async fn succeed(&self, digest: &KeyDigest, decide: Decide<'_>) -> Result<(), EntityError> {
        let mut tx = self.db.begin().await?;
        audit::lock(&mut tx, &chain_of(None, None)).await?;
        let mut unrevoked = keys();
        unrevoked.cond_where(operators()).and_where(Expr::col("revoked_at").is_null()).order_by("id", Order::Asc);
        let unrevoked = tx.all(&unrevoked).await?.iter().map(read).collect::<Result<_, _>>()?;
        let shown = tx.optional(&of_digest(digest)).await?.map(|row| read(&row)).transpose()?;
        let next = decide(OperatorKeys { unrevoked, shown })?;
        if let Some((key, digest, record)) = &next.created {
            add(&mut tx, key, digest, record).await?;
        }
        for (id, at, record) in &next.revoked {
            end(&mut tx, operators(), *id, *at, record).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn touch(&self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let update =
            Query::update().table(TABLE).value("last_used_at", at).and_where(Expr::col("id").eq(id.0)).to_owned();
        let mut tx = self.db.begin().await?;
        tx.execute(&update).await?;
        tx.commit().await
    }
}

const COLUMNS: [&str; 10] = [
    "id",
    "tenant_id",
    "store_id",
    "name",
    "permissions",
    "hint",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
];

fn keys() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

async fn add(tx: &mut Tx, key: &ApiKey, digest: &KeyDigest, record: &Record) -> Result<(), StoreError> {
    let (tenant, store) = key.home.ids();
    let insert = Query::insert()
        .into_table(TABLE)
        .columns(["token_hash", "version", "updated_at"].into_iter().chain(COLUMNS))
        .values_panic([
            digest.0.to_vec().into(),
            1_i64.into(),
            key.created_at.into(),
            key.id.0.into(),
            tenant.map(|tenant| tenant.0).into(),
            store.map(|store| store.0).into(),
            key.name.as_str().into(),
            json(&key.permissions).into(),
            key.prefix.as_str().into(),
            key.created_at.into(),
            key.expires_at.into(),
            key.last_used_at.into(),
            key.revoked_at.into(),
        ])
        .to_owned();
    tx.exactly_one(&insert).await?;
    records::write(tx, &chain_of(tenant, store), record).await
}

async fn end(
    tx: &mut Tx,
    within: Condition,
    id: ApiKeyId,
    at: DateTime<Utc>,
    record: &Record,
) -> Result<(), StoreError> {
    let update = Query::update()
        .table(TABLE)
        .value("revoked_at", at)
        .value("updated_at", at)
        .value("version", Expr::col("version").add(1))
        .cond_where(within)
        .and_where(Expr::col("id").eq(id.0))
        .and_where(Expr::col("revoked_at").is_null())
        .to_owned();
    tx.exactly_one(&update).await?;
    records::write(tx, &chain_of(record.audit.tenant, record.audit.store), record).await
}

fn of_digest(digest: &KeyDigest) -> SelectStatement {
    keys().and_where(Expr::col("token_hash").eq(digest.0.to_vec())).to_owned()
}

/// The key with this id, as whoever shows its secret has it.
pub(super) fn by_id(id: ApiKeyId) -> SelectStatement {
    keys().and_where(Expr::col("id").eq(id.0)).cond_where(of_nobody_inactive()).to_owned()
}

/// The operator's keys, and those of active tenants. Those of an inactive store stay: with them it is set active again.
fn of_nobody_inactive() -> Condition {
    Condition::any().add(operators()).add(within_active_tenant("tenant_id"))
}

/// The installation's own keys.
fn operators() -> Condition {
    Condition::all().add(Expr::col("tenant_id").is_null())
}

fn within(scope: &KeysScope) -> Condition {
    let (tenant, store) = scope.home().ids();
    let tenant = match tenant {
        Some(tenant) => Expr::col("tenant_id").eq(tenant.0),
        None => Expr::col("tenant_id").is_null(),
    };
    Condition::all().add(tenant).add_option(store.map(|store| Expr::col("store_id").eq(store.0)))
}

pub(super) fn read(row: &Row) -> Result<ApiKey, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("{TABLE}.{what}"));
    Ok(ApiKey {
        id: row.id("id")?,
        home: KeyHome::from_ids(row.id_or_null("tenant_id")?, row.id_or_null("store_id")?)
            .ok_or_else(|| corrupt("store_id: without a tenant"))?,
        name: row.get("name")?,
        permissions: row.json("permissions")?,
        prefix: row.get("hint")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}
