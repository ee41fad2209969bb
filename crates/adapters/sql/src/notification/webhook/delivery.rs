//! Events on their way to endpoints.

use super::of_tenant;
use crate::condition::equals;
use crate::engine::Row;
use crate::entities::{Fields, Stored, json};
use musubi_kernel::access::TenantScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{DeliveryId, EndpointId, EventId};
use musubi_kernel::secret::Cipher;
use musubi_notification::webhook::delivery::{Delivery, DeliveryStatus, DeliveryStatusCode};
use musubi_notification::webhook::ports::DeliveryFilter;
use sea_query::{
    Condition, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value,
};

const TABLE: &str = "webhook_deliveries";

const COLUMNS: [&str; 16] = [
    "id",
    "tenant_id",
    "endpoint_id",
    "event_id",
    "kind",
    "store_id",
    "occurred_at",
    "body",
    "status",
    "status_at",
    "tries",
    "replays",
    "last_answer",
    "version",
    "created_at",
    "updated_at",
];

fn deliveries(scope: &TenantScope) -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).cond_where(of_tenant(scope)).to_owned()
}

pub(super) fn by_id(scope: &TenantScope, id: DeliveryId) -> SelectStatement {
    deliveries(scope).and_where(Expr::col("id").eq(id.0)).to_owned()
}

/// Which of these there are already, by endpoint and event.
pub(super) fn known<'a>(scope: &TenantScope, new: impl Iterator<Item = &'a Delivery>) -> SelectStatement {
    let same = |one: &Delivery| Expr::col("endpoint_id").eq(one.endpoint.0).and(Expr::col("event_id").eq(one.event.0));
    let these = new.fold(Condition::any(), |these, one| these.add(same(one)));
    Query::select()
        .columns(["endpoint_id", "event_id"])
        .from(TABLE)
        .cond_where(of_tenant(scope))
        .cond_where(these)
        .to_owned()
}

/// Endpoint and event of a row.
pub(super) fn mark(row: &Row) -> Result<(EndpointId, EventId), StoreError> {
    Ok((row.id("endpoint_id")?, row.id("event_id")?))
}

/// A page of an endpoint's, the youngest first, with one more to see whether there is another.
pub(super) fn page(
    scope: &TenantScope,
    endpoint: EndpointId,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    limit: u32,
) -> SelectStatement {
    let admitted = Condition::all()
        .add(Expr::col("endpoint_id").eq(endpoint.0))
        .add_option(filter.status.map(|status| Expr::col("status").eq(status.code())))
        .add_option(filter.kind.as_ref().map(|kind| equals("kind", kind)))
        .add_option(filter.from.map(|from| Expr::col("occurred_at").gte(from)))
        .add_option(filter.until.map(|until| Expr::col("occurred_at").lt(until)))
        .add_option(before.map(|before| Expr::col("id").lt(before.0)));
    deliveries(scope).cond_where(admitted).order_by("id", Order::Desc).limit(u64::from(limit) + 1).to_owned()
}

pub(super) fn adding(delivery: &Delivery, cipher: &dyn Cipher) -> InsertStatement {
    let mut row = Fields::new(TABLE, delivery.id.0, cipher);
    row.set("id", delivery.id.0);
    row.set("tenant_id", delivery.tenant.0);
    row.set("endpoint_id", delivery.endpoint.0);
    row.set("event_id", delivery.event.0);
    row.set("kind", delivery.kind.as_str());
    row.set("store_id", delivery.store.map(|store| store.0));
    row.set("occurred_at", delivery.occurred_at);
    row.sealed("body", Some(&delivery.body));
    row.set("created_at", delivery.created_at);
    let (columns, values): (Vec<_>, Vec<_>) = row.finish().into_iter().chain(standing(delivery)).unzip();
    Query::insert().into_table(TABLE).columns(columns).values_panic(values.into_iter().map(Expr::from)).to_owned()
}

/// Over the version before its own. What is sent stays as it is.
pub(super) fn saving(scope: &TenantScope, delivery: &Delivery) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(standing(delivery).into_iter().map(|(column, value)| (column, value.into())))
        .cond_where(of_tenant(scope))
        .and_where(Expr::col("id").eq(delivery.id.0))
        .and_where(Expr::col("version").eq(delivery.version - 1))
        .to_owned()
}

/// What changes in its life.
fn standing(delivery: &Delivery) -> [(&'static str, Value); 7] {
    let at = match delivery.status {
        DeliveryStatus::Pending { until: at } | DeliveryStatus::Delivered { at } | DeliveryStatus::Failed { at } => at,
    };
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    [
        ("status", delivery.status.name().code().into()),
        ("status_at", at.into()),
        ("tries", number(delivery.tries).into()),
        ("replays", number(delivery.replays).into()),
        ("last_answer", delivery.last.as_ref().map(json).into()),
        ("version", delivery.version.into()),
        ("updated_at", delivery.updated_at.into()),
    ]
}

pub(super) fn read(row: &Row, cipher: &dyn Cipher) -> Result<Delivery, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let corrupt = |column: &str| StoreError::Corrupt(format!("{TABLE}.{column}"));
    let at = row.get("status_at")?;
    Ok(Delivery {
        id: row.entity_id(),
        tenant: row.id("tenant_id")?,
        endpoint: row.id("endpoint_id")?,
        event: row.id("event_id")?,
        kind: row.get("kind")?,
        store: row.id_or_null("store_id")?,
        occurred_at: row.get("occurred_at")?,
        body: row.sealed("body")?.ok_or_else(|| corrupt("body"))?.expose().to_owned(),
        status: match row.code("status", DeliveryStatusCode::from_code)? {
            DeliveryStatusCode::Pending => DeliveryStatus::Pending { until: at },
            DeliveryStatusCode::Delivered => DeliveryStatus::Delivered { at },
            DeliveryStatusCode::Failed => DeliveryStatus::Failed { at },
        },
        tries: row.int("tries")?,
        replays: row.int("replays")?,
        last: row.json_or_null("last_answer")?,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
