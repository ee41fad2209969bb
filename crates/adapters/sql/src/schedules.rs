//! The entries of schedules, and who plans.

use crate::engine::{Db, Row, Write};
use crate::jobs;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::LeaseId;
use musubi_kernel::schedule::book::{EntryChange, ScheduleBook};
use musubi_kernel::schedule::{Entry, Firing, StoreClock};
use musubi_kernel::zone::Tz;
use sea_query::{
    Condition, DeleteStatement, Expr, ExprTrait as _, Func, InsertStatement, Order, Query, SelectStatement,
    SubQueryStatement, UpdateStatement,
};

const TABLE: &str = "schedules";
const LEADERS: &str = "leaders";
/// What one worker does for all of them.
const PLANNER: &str = "planner";

#[async_trait]
impl ScheduleBook for Db {
    async fn store_clocks(&self) -> Result<Vec<StoreClock>, StoreError> {
        let query = Query::select()
            .columns([("stores", "id"), ("stores", "tenant_id"), ("stores", "time_zone")])
            .from("stores")
            .inner_join("tenants", Expr::col(("tenants", "id")).equals(("stores", "tenant_id")))
            .and_where(Expr::col(("stores", "is_active")).eq(true))
            .and_where(Expr::col(("tenants", "is_active")).eq(true))
            .to_owned();
        let rows = self.all(&query).await?;
        let clock = |row: &Row| {
            Ok(StoreClock { tenant: row.id("tenant_id")?, store: row.id("id")?, zone: row.code("time_zone", zone)? })
        };
        rows.iter().map(clock).collect()
    }

    async fn entries(&self, names: &[&str]) -> Result<Vec<Entry>, StoreError> {
        self.all(&of(names)).await?.iter().map(read).collect()
    }

    async fn change(&self, changes: &[EntryChange]) -> Result<(), StoreError> {
        let writes: Vec<_> = changes
            .iter()
            .map(|change| match change {
                EntryChange::Add(entry) => Write::one(adding(entry)),
                EntryChange::Replace(before, after) => Write::one(replacing(before, after)),
                EntryChange::Remove(entry) => Write::any(removing(entry)),
            })
            .collect();
        let mut tx = self.begin().await?;
        tx.write_together(&writes).await?;
        tx.commit().await
    }

    async fn next(&self, names: &[&str]) -> Result<Option<DateTime<Utc>>, StoreError> {
        if names.is_empty() {
            return Ok(None);
        }
        let mut query = Query::select();
        for (n, name) in names.iter().enumerate() {
            let earliest = Query::select()
                .expr(Func::min(Expr::col("next_at")))
                .from(TABLE)
                .and_where(Expr::col("name").eq(*name))
                .to_owned();
            query.expr_as(Expr::from(SubQueryStatement::from(earliest)), format!("n{n}"));
        }
        let Some(row) = self.optional(&query).await? else { return Ok(None) };
        let mut next = None;
        for n in 0..names.len() {
            next = [next, row.get::<Option<DateTime<Utc>>>(&format!("n{n}"))?].into_iter().flatten().min();
        }
        Ok(next)
    }

    async fn due(&self, names: &[&str], most: u32, now: DateTime<Utc>) -> Result<Vec<Entry>, StoreError> {
        let query = of(names)
            .and_where(Expr::col("next_at").lte(now))
            .order_by("next_at", Order::Asc)
            .limit(u64::from(most))
            .to_owned();
        self.all(&query).await?.iter().map(read).collect()
    }

    async fn fire(&self, firings: &[Firing]) -> Result<(), StoreError> {
        let firing = |firing: &Firing| {
            let after = Entry { next_at: firing.next_at, ..firing.entry.clone() };
            Write::one(replacing(&firing.entry, &after))
        };
        let mut writes: Vec<_> = firings.iter().map(firing).collect();
        let jobs: Vec<_> = firings.iter().map(|firing| firing.job.clone()).collect();
        writes.extend(jobs::adding(&jobs));
        let mut tx = self.begin().await?;
        tx.write_together(&writes).await?;
        tx.commit().await
    }

    async fn lead(&self, holder: LeaseId, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let free = Condition::any().add(Expr::col("holder").eq(holder.0)).add(Expr::col("until").lte(now));
        let take = Query::update()
            .table(LEADERS)
            .value("holder", holder.0)
            .value("until", until)
            .and_where(Expr::col("name").eq(PLANNER))
            .cond_where(free)
            .to_owned();
        let mut tx = self.begin().await?;
        if tx.execute(&take).await? == 0 {
            let led = Query::select().column("name").from(LEADERS).and_where(Expr::col("name").eq(PLANNER)).to_owned();
            if tx.optional(&led).await?.is_some() {
                return Ok(false);
            }
            match tx.exactly_one(&leading(holder, until)).await {
                Err(StoreError::Conflict) => return Ok(false),
                done => done?,
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn resign(&self, holder: LeaseId) -> Result<(), StoreError> {
        let resign = Query::delete()
            .from_table(LEADERS)
            .and_where(Expr::col("name").eq(PLANNER))
            .and_where(Expr::col("holder").eq(holder.0))
            .to_owned();
        let mut tx = self.begin().await?;
        tx.execute(&resign).await?;
        tx.commit().await
    }
}

fn leading(holder: LeaseId, until: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(LEADERS)
        .columns(["name", "holder", "until"])
        .values_panic([PLANNER.into(), holder.0.into(), until.into()])
        .to_owned()
}

fn of(names: &[&str]) -> SelectStatement {
    Query::select()
        .columns(["name", "tenant_id", "store_id", "time_zone", "rule", "next_at"])
        .from(TABLE)
        .and_where(Expr::col("name").is_in(names.iter().copied()))
        .to_owned()
}

fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    let store = row.id_or_null("tenant_id")?.zip(row.id_or_null("store_id")?);
    Ok(Entry {
        name: row.get("name")?,
        store,
        zone: row.code("time_zone", zone)?,
        rule: row.get("rule")?,
        next_at: row.get("next_at")?,
    })
}

fn adding(entry: &Entry) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["name", "scope", "tenant_id", "store_id", "time_zone", "rule", "next_at"])
        .values_panic([
            entry.name.as_str().into(),
            entry.scope().into(),
            entry.store.map(|(tenant, _)| tenant.0).into(),
            entry.store.map(|(_, store)| store.0).into(),
            entry.zone.name().into(),
            entry.rule.as_str().into(),
            entry.next_at.into(),
        ])
        .to_owned()
}

fn place(entry: &Entry) -> Condition {
    Condition::all().add(Expr::col("name").eq(entry.name.as_str())).add(Expr::col("scope").eq(entry.scope()))
}

/// Touches no row when another was first.
fn replacing(before: &Entry, after: &Entry) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("time_zone", after.zone.name())
        .value("rule", after.rule.as_str())
        .value("next_at", after.next_at)
        .cond_where(place(before))
        .and_where(Expr::col("next_at").eq(before.next_at))
        .and_where(Expr::col("rule").eq(before.rule.as_str()))
        .to_owned()
}

fn removing(entry: &Entry) -> DeleteStatement {
    Query::delete().from_table(TABLE).cond_where(place(entry)).to_owned()
}
