//! Where a tenant wants to hear of what.

use super::of_tenant;
use crate::engine::Row;
use crate::entities::{Fields, Stored, json};
use chrono::{DateTime, Utc};
use musubi_kernel::access::TenantScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{EndpointId, TenantId};
use musubi_kernel::secret::{Cipher, Secret};
use musubi_notification::webhook::endpoint::{DisabledReason, Endpoint, EndpointDetails, EndpointState};
use musubi_notification::webhook::secret::SigningSecret;
use sea_query::{
    DeleteStatement, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const TABLE: &str = "webhook_endpoints";

const COLUMNS: [&str; 13] = [
    "id",
    "tenant_id",
    "store_id",
    "url",
    "description",
    "events",
    "secrets",
    "disabled_at",
    "disabled_reason",
    "failing_since",
    "version",
    "created_at",
    "updated_at",
];

/// A secret within the sealed JSON.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    secret: &'a str,
    created_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
}

fn endpoints(scope: &TenantScope) -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).cond_where(of_tenant(scope)).to_owned()
}

pub(super) fn by_id(scope: &TenantScope, id: EndpointId) -> SelectStatement {
    endpoints(scope).and_where(Expr::col("id").eq(id.0)).to_owned()
}

/// A page, the oldest first, with one more to see whether there is another.
pub(super) fn page(scope: &TenantScope, after: Option<EndpointId>, limit: u32) -> SelectStatement {
    let mut query = endpoints(scope);
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(after.0));
    }
    query.order_by("id", Order::Asc).limit(u64::from(limit) + 1).to_owned()
}

/// How many the tenant has, as `n`.
pub(super) fn counted(scope: &TenantScope) -> SelectStatement {
    Query::select().expr_as(Expr::cust("COUNT(*)"), "n").from(TABLE).cond_where(of_tenant(scope)).to_owned()
}

pub(super) fn enabled(scope: &TenantScope) -> SelectStatement {
    endpoints(scope).and_where(Expr::col("disabled_at").is_null()).order_by("id", Order::Asc).to_owned()
}

pub(super) fn with_enabled(tenants: &[TenantId]) -> SelectStatement {
    Query::select()
        .distinct()
        .column("tenant_id")
        .from(TABLE)
        .and_where(Expr::col("tenant_id").is_in(tenants.iter().map(|tenant| tenant.0)))
        .and_where(Expr::col("disabled_at").is_null())
        .to_owned()
}

pub(super) fn adding(endpoint: &Endpoint, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(endpoint, cipher).into_iter().unzip();
    Query::insert()
        .into_table(TABLE)
        .columns(["id", "tenant_id", "created_at"].into_iter().chain(columns))
        .values_panic(
            [endpoint.id.0.into(), endpoint.tenant.0.into(), endpoint.created_at.into()]
                .into_iter()
                .chain(values.into_iter().map(Expr::from)),
        )
        .to_owned()
}

/// Over the version before its own.
pub(super) fn saving(scope: &TenantScope, endpoint: &Endpoint, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(fields(endpoint, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .cond_where(of_tenant(scope))
        .and_where(Expr::col("id").eq(endpoint.id.0))
        .and_where(Expr::col("version").eq(endpoint.version - 1))
        .to_owned()
}

pub(super) fn removing(scope: &TenantScope, endpoint: &Endpoint) -> DeleteStatement {
    Query::delete()
        .from_table(TABLE)
        .cond_where(of_tenant(scope))
        .and_where(Expr::col("id").eq(endpoint.id.0))
        .and_where(Expr::col("version").eq(endpoint.version))
        .to_owned()
}

fn fields(endpoint: &Endpoint, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let details = &endpoint.details;
    let (disabled_at, reason) = match endpoint.state {
        EndpointState::Enabled => (None, None),
        EndpointState::Disabled { at, why } => (Some(at), Some(why.code())),
    };
    let kept = endpoint.secrets.iter().map(|one| Kept {
        secret: one.shown.expose(),
        created_at: one.created_at,
        ends_at: one.ends_at,
    });
    let secrets = Zeroizing::new(json(&kept.collect::<Vec<_>>()));
    let mut row = Fields::new(TABLE, endpoint.id.0, cipher);
    row.set("store_id", details.store_id.map(|store| store.0));
    row.sealed("url", Some(&details.url));
    row.set("description", details.description.clone());
    row.json("events", &details.events);
    row.sealed("secrets", Some(&secrets));
    row.set("disabled_at", disabled_at);
    row.set("disabled_reason", reason);
    row.set("failing_since", endpoint.failing_since);
    row.set("version", endpoint.version);
    row.set("updated_at", endpoint.updated_at);
    row.finish()
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Endpoint, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |column: &str| StoreError::Corrupt(format!("{TABLE}.{column}"));
    let sealed = |column| row.sealed(column)?.ok_or_else(|| corrupt(column));
    let state = match (row.get("disabled_at")?, row.code_or_null("disabled_reason", DisabledReason::from_code)?) {
        (None, None) => EndpointState::Enabled,
        (Some(at), Some(why)) => EndpointState::Disabled { at, why },
        _ => return Err(corrupt("disabled_reason")),
    };
    let secrets = sealed("secrets")?;
    let secrets: Vec<Kept<'_>> = serde_json::from_str(secrets.expose()).map_err(|_| corrupt("secrets"))?;
    let secrets = secrets.iter().map(|one| SigningSecret {
        shown: Secret::new(one.secret),
        created_at: one.created_at,
        ends_at: one.ends_at,
    });
    Ok(Endpoint {
        id: row.entity_id(),
        tenant: row.id("tenant_id")?,
        details: EndpointDetails {
            url: sealed("url")?.expose().to_owned(),
            description: row.get("description")?,
            events: row.json("events")?,
            store_id: row.id_or_null("store_id")?,
        },
        secrets: secrets.collect(),
        state,
        failing_since: row.get("failing_since")?,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
