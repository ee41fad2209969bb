//! What stores offer, and whom it is told to.

use super::{SqlNotifications, notifications, own};
use crate::audit::chain_of;
use crate::condition::of_store;
use crate::engine::{Row, Tx, Write};
use crate::entities::{Fields, Stored};
use crate::{idempotency, jobs, records};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::PromotionId;
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use musubi_notification::channel::Channel;
use musubi_notification::notification::Notification;
use musubi_notification::notification::status::{Needless, NotificationStatusCode};
use musubi_notification::promotion::ports::{Counts, PromotionStore, Waiting};
use musubi_notification::promotion::{Audience, Promotion, PromotionDetails, PromotionStatus, PromotionStatusCode};
use sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value};
use std::slice;
use uuid::Uuid;

const TABLE: &str = "promotions";

/// How many rows of what is told one statement writes: no engine takes more than 32,766 values in one.
const ROWS: usize = 400;

/// Every column but `id` and `version`.
const COLUMNS: [&str; 12] = [
    "tenant_id",
    "store_id",
    "texts",
    "send_at",
    "last_visit_from",
    "last_visit_before",
    "status",
    "planned_to",
    "planned_at",
    "ended_at",
    "created_at",
    "updated_at",
];

fn selected(scope: &StoreScope) -> SelectStatement {
    let columns = ["id", "version"].into_iter().chain(COLUMNS);
    Query::select().columns(columns).from(TABLE).cond_where(of_store(scope)).to_owned()
}

fn inserting(new: &Promotion, cipher: &dyn Cipher) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = fields(new, cipher).into_iter().unzip();
    Query::insert()
        .into_table(TABLE)
        .columns(["id", "version"].into_iter().chain(columns))
        .values_panic([new.id.0.into(), new.version.into()].into_iter().chain(values.into_iter().map(Expr::from)))
        .to_owned()
}

/// Over the version before its own.
fn updating(scope: &StoreScope, new: &Promotion, cipher: &dyn Cipher) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("version", new.version)
        .values(fields(new, cipher).into_iter().map(|(column, value)| (column, value.into())))
        .cond_where(of_store(scope))
        .and_where(Expr::col("id").eq(new.id.0))
        .and_where(Expr::col("version").eq(new.version - 1))
        .to_owned()
}

fn fields(one: &Promotion, cipher: &dyn Cipher) -> Vec<(&'static str, Value)> {
    let ended_at = match one.status {
        PromotionStatus::Scheduled | PromotionStatus::Planning { .. } => None,
        PromotionStatus::Planned { at } | PromotionStatus::Cancelled { at, .. } => Some(at),
    };
    let mut row = Fields::new(TABLE, one.id.0, cipher);
    row.set("tenant_id", one.tenant.0);
    row.set("store_id", one.store.0);
    row.json("texts", &one.details.texts);
    row.set("send_at", one.details.send_at);
    row.set("last_visit_from", one.details.audience.last_visit_from);
    row.set("last_visit_before", one.details.audience.last_visit_before);
    row.set("status", one.status.name().code());
    row.set("planned_to", one.planned_to().map(|customer| customer.0));
    row.set("planned_at", one.planned_at());
    row.set("ended_at", ended_at);
    row.set("created_at", one.created_at);
    row.set("updated_at", one.updated_at);
    row.finish()
}

fn read(row: &Row, cipher: &dyn Cipher) -> Result<Promotion, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let lacks = |column: &str| StoreError::Corrupt(format!("promotions.{column}: the status needs it"));
    let ended_at = || row.get::<Option<DateTime<Utc>>>("ended_at")?.ok_or_else(|| lacks("ended_at"));
    let status = match row.code("status", PromotionStatusCode::from_code)? {
        PromotionStatusCode::Scheduled => PromotionStatus::Scheduled,
        PromotionStatusCode::Planning => {
            PromotionStatus::Planning { after: row.id_or_null("planned_to")?.ok_or_else(|| lacks("planned_to"))? }
        }
        PromotionStatusCode::Planned => PromotionStatus::Planned { at: ended_at()? },
        PromotionStatusCode::Cancelled => {
            PromotionStatus::Cancelled { at: ended_at()?, planned_at: row.get("planned_at")? }
        }
    };
    Ok(Promotion {
        id: row.entity_id(),
        tenant: row.id("tenant_id")?,
        store: row.id("store_id")?,
        details: PromotionDetails {
            texts: row.json("texts")?,
            send_at: row.get("send_at")?,
            audience: Audience {
                last_visit_from: row.get("last_visit_from")?,
                last_visit_before: row.get("last_visit_before")?,
            },
        },
        status,
        version: row.version()?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// How many wait.
fn waiting(scope: &StoreScope) -> SelectStatement {
    let open = PromotionStatusCode::ALL.iter().filter(|status| status.is_waiting()).map(|status| status.code());
    Query::select()
        .expr_as(Expr::cust("COUNT(*)"), "n")
        .from(TABLE)
        .cond_where(of_store(scope))
        .and_where(Expr::col("status").is_in(open))
        .to_owned()
}

async fn recorded(tx: &mut Tx, of: &Promotion, record: &Record, job: &NewJob) -> Result<(), StoreError> {
    records::write(tx, &chain_of(Some(of.tenant), Some(of.store)), record).await?;
    tx.write_together(&jobs::adding(slice::from_ref(job))).await
}

#[async_trait]
impl PromotionStore for SqlNotifications {
    async fn add(
        &self,
        scope: &StoreScope,
        new: &Promotion,
        most: Bound,
        (record, job): (&Record, &NewJob),
        answered: Option<&Answered>,
    ) -> Result<(), StoreError> {
        let cipher = &*self.store.cipher;
        let mut tx = self.store.db.begin().await?;
        if let Some(answered) = answered {
            idempotency::write(&mut tx, cipher, answered).await?;
        }
        tx.exactly_one(&inserting(new, cipher)).await?;
        recorded(&mut tx, new, record, job).await?;
        // Whoever writes to the store's chain waits for the others who do: none of them counts what another has not committed.
        most.admits(tx.optional(&waiting(scope)).await?.map_or(Ok(0), |row| row.int("n"))?)?;
        tx.commit().await
    }

    async fn save(&self, scope: &StoreScope, new: &Promotion, record: &Record, job: &NewJob) -> Result<(), StoreError> {
        let mut tx = self.store.db.begin().await?;
        tx.exactly_one(&updating(scope, new, &*self.store.cipher)).await?;
        recorded(&mut tx, new, record, job).await?;
        tx.commit().await
    }

    async fn find(&self, scope: &StoreScope, id: PromotionId) -> Result<Option<Promotion>, StoreError> {
        let query = selected(scope).and_where(Expr::col("id").eq(id.0)).to_owned();
        self.store.db.optional(&query).await?.map(|row| read(&row, &*self.store.cipher)).transpose()
    }

    async fn list(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<Promotion>, EntityError> {
        let before: Option<PromotionId> = page.position()?;
        let query = selected(scope)
            .and_where_option(before.map(|before| Expr::col("id").lt(before.0)))
            .order_by("id", Order::Desc)
            .limit(u64::from(page.limit) + 1)
            .to_owned();
        let rows = self.store.db.all(&query).await?;
        let found = rows.iter().map(|row| read(row, &*self.store.cipher)).collect::<Result<_, _>>()?;
        Ok(Page::of(found, page.limit, |one: &Promotion| one.id))
    }

    async fn counts(&self, scope: &StoreScope, id: PromotionId) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        for row in &self.store.db.all(&notifications::counted(scope, id)).await? {
            let (channel, status) =
                (row.code("channel", Channel::from_code)?, row.code("status", NotificationStatusCode::from_code)?);
            counts.add(channel, status, row.int("n")?);
        }
        Ok(counts)
    }

    async fn plan(
        &self,
        scope: &StoreScope,
        new: &Promotion,
        told: &[(Notification, NewJob)],
    ) -> Result<(), StoreError> {
        told.iter().try_for_each(|(one, _)| own(scope, one))?;
        let cipher = &*self.store.cipher;
        let (told, jobs): (Vec<_>, Vec<_>) = told.iter().map(|(one, job)| (one, job.clone())).unzip();
        let mut writes = vec![Write::one(updating(scope, new, cipher))];
        let rows = told.chunks(ROWS);
        writes.extend(
            rows.map(|rows| Write::rows(notifications::inserting_all(rows.iter().copied(), cipher), rows.len())),
        );
        writes.extend(jobs::adding(&jobs));
        self.write(&writes).await
    }

    async fn call_off(
        &self,
        scope: &StoreScope,
        which: Waiting,
        why: Needless,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let rows = self.store.db.all(&notifications::waiting(scope, which, most)).await?;
        let ids = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<Uuid>, _>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store.db.begin().await?;
        tx.execute(&notifications::calling_off(tx.engine(), &ids, why, now)).await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }
}
