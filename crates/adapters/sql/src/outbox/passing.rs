//! Passing events on to their subscribers.

use super::handled;
use crate::engine::{Db, Row, Tx, Write, for_update_unless_locked};
use crate::jobs;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::outbox::{Outbox, PassedOn, Registered, Subscriber, Wanted, Wishes, deliveries, is_there};
use musubi_kernel::record::DomainEvent;
use sea_query::{Condition, Expr, ExprTrait as _, Func, Order, Query, SelectStatement};
use std::sync::Arc;
use uuid::Uuid;

const PENDING: &str = "pending";
const DELIVERED: &str = "delivered";

#[async_trait]
impl Outbox for Db {
    async fn register(&self, names: &[&str], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for name in names {
            let seen = Query::update()
                .table("subscribers")
                .value("seen_at", now)
                .and_where(Expr::col("name").eq(*name))
                .to_owned();
            if tx.execute(&seen).await? == 0 {
                let insert = Query::insert()
                    .into_table("subscribers")
                    .columns(["name", "since", "seen_at"])
                    .values_panic([(*name).into(), now.into(), now.into()])
                    .to_owned();
                tx.exactly_one(&insert).await?;
            }
        }
        tx.commit().await
    }

    async fn waiting_since(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        // Not the minimum, for which PostgreSQL may look at every row.
        let query =
            with_status(PENDING).column("available_at").order_by("available_at", Order::Asc).limit(1).to_owned();
        self.optional(&query).await?.map(|row| row.get("available_at")).transpose()
    }

    async fn pass_on(
        &self,
        known: &[Arc<dyn Subscriber>],
        most: u32,
        ids: &dyn IdGen,
        now: DateTime<Utc>,
    ) -> Result<PassedOn, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(&for_update_unless_locked(earliest(most))).await?;
        if rows.is_empty() {
            // As with jobs: what was looked at is locked until then.
            tx.commit().await?;
            return Ok(PassedOn::default());
        }
        let events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let registered = registered(&mut tx, now).await?;
        let wishes = match Wishes::about(&events, known).await {
            Ok(wishes) => wishes,
            Err(error) => {
                tx.commit().await?;
                return Err(error);
            }
        };
        let jobs = deliveries(&events, &wishes, &registered, ids, now);
        let mut writes: Vec<_> = jobs::adding(&jobs).into_iter().map(Write::quietly).collect();
        writes.push(delivered(&events, now));
        tx.write_together(&writes).await?;
        tx.commit().await?;
        Ok(PassedOn { events: events.len() as u64, jobs: jobs.len() as u64 })
    }

    fn tell_of(&self, wanted: Wanted) {
        Self::tell_of(self, wanted);
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        let query = with_status(PENDING).expr_as(Func::count(Expr::cust("*")), "n").to_owned();
        self.optional(&query).await?.map_or(Ok(0), |row| row.int("n"))
    }

    async fn forget_events(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        let old = with_status(DELIVERED)
            .column("id")
            .and_where(Expr::col("available_at").lt(before))
            .order_by("available_at", Order::Asc)
            .limit(u64::from(most))
            .to_owned();
        self.forget("outbox", &old).await
    }

    async fn forget_handled(&self, before: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        let old = Query::select()
            .columns(["event_id", "subscriber"])
            .from(handled::TABLE)
            .and_where(Expr::col("handled_at").lt(before))
            .order_by("handled_at", Order::Asc)
            .limit(u64::from(most))
            .to_owned();
        let rows = self.all(&old).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut these = Condition::any();
        for row in &rows {
            let event = Expr::col("event_id").eq(row.get::<Uuid>("event_id")?);
            these = these.add(event.and(Expr::col("subscriber").eq(row.get::<String>("subscriber")?)));
        }
        let mut tx = self.begin().await?;
        let gone = tx.execute(&Query::delete().from_table(handled::TABLE).cond_where(these).to_owned()).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn with_status(status: &'static str) -> SelectStatement {
    Query::select().from("outbox").and_where(Expr::col("status").eq(status)).to_owned()
}

fn earliest(most: u32) -> SelectStatement {
    with_status(PENDING)
        .columns(["id", "kind", "tenant_id", "store_id", "subject_id", "payload", "occurred_at"])
        .order_by("available_at", Order::Asc)
        .limit(u64::from(most))
        .to_owned()
}

fn read(row: &Row) -> Result<DomainEvent, StoreError> {
    Ok(DomainEvent {
        id: row.id("id")?,
        kind: row.get::<String>("kind")?.into(),
        tenant: row.id_or_null("tenant_id")?,
        store: row.id_or_null("store_id")?,
        subject: row.get("subject_id")?,
        payload: row.json("payload")?,
        occurred_at: row.get("occurred_at")?,
    })
}

async fn registered(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<Registered>, StoreError> {
    let query = Query::select().columns(["name", "since", "seen_at"]).from("subscribers").to_owned();
    let mut there = Vec::new();
    for row in tx.all(&query).await? {
        if is_there(row.get("seen_at")?, now) {
            there.push(Registered { name: row.get("name")?, since: row.get("since")? });
        }
    }
    Ok(there)
}

fn delivered(events: &[DomainEvent], now: DateTime<Utc>) -> Write {
    let update = Query::update()
        .table("outbox")
        .value("status", DELIVERED)
        .value("delivered_at", now)
        .and_where(Expr::col("id").is_in(events.iter().map(|event| event.id.0)))
        .and_where(Expr::col("status").eq(PENDING))
        .to_owned();
    Write::rows(update, events.len())
}
