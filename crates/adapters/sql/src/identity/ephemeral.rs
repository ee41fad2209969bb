//! What lasts for minutes, where there is no Redis.
//!
//! Each operation is one transaction that changes its row before it reads it, or changes only what is still as it was read:
//! the row's lock, or on a multi-primary cluster the commit, makes all others come after it.

use crate::SqlStore;
use crate::engine::{Engine, Row, Tx, Write, for_update};
use crate::jobs::{BETWEEN_LOTS, LOT};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_identity::ephemeral::{Counted, CountedAll, Counter, Ephemeral};
use musubi_kernel::error::StoreError;
use musubi_kernel::retry::{NoPause, retrying};
use sea_query::{
    Condition, DeleteStatement, Expr, ExprTrait as _, InsertStatement, OnConflict, Query, SelectStatement,
    UpdateStatement,
};
use std::collections::HashMap;

const TABLE: &str = "ephemeral";

#[async_trait]
impl Ephemeral for SqlStore {
    async fn put(&self, key: &str, value: &str, expires_at: DateTime<Utc>, _: DateTime<Utc>) -> Result<(), StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            if tx.execute(&over(key, value, expires_at)).await? == 0 {
                tx.exactly_one(&adding(key, value, 0, expires_at)).await?;
            }
            tx.commit().await
        })
        .await
    }

    async fn get(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        self.db.optional(&live(key, now)).await?.map(|row| row.get("value")).transpose()
    }

    async fn take(&self, key: &str, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            let Some(row) = tx.optional(&for_update(live(key, now))).await? else { return Ok(None) };
            tx.exactly_one(&removing(key)).await?;
            tx.commit().await?;
            row.get("value").map(Some)
        })
        .await
    }

    async fn attempt(&self, key: &str, most: u32, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            let Some(row) = tried(&mut tx, key, most, now).await? else { return Ok(None) };
            tx.commit().await?;
            row.get("value").map(Some)
        })
        .await
    }

    async fn count(
        &self,
        key: &str,
        most: u32,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            let counted = counted(&mut tx, key, most, expires_at, now).await?;
            tx.commit().await?;
            Ok(counted)
        })
        .await
    }

    async fn uncount(&self, key: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            tx.execute(&untrying(key, now)).await?;
            tx.commit().await
        })
        .await
    }

    /// In two round trips, as every try at a password counts: what each counter needs is read, and written where it still does.
    async fn count_all(&self, counters: &[Counter], now: DateTime<Utc>) -> Result<CountedAll, StoreError> {
        retrying(&NoPause, || async {
            let kept = self.db.all(&kept(counters)).await?;
            let kept = kept.iter().map(Kept::read).collect::<Result<HashMap<_, _>, _>>()?;
            let mut writes = Vec::with_capacity(counters.len());
            for (which, Counter { key, most, expires_at }) in counters.iter().enumerate() {
                match kept.get(key).filter(|kept| kept.expires_at > now) {
                    None => writes.extend(beginning(self.db.engine(), key, *expires_at, now)),
                    Some(kept) if kept.tries >= *most => {
                        return Ok(CountedAll::Full { which, until: kept.expires_at });
                    }
                    Some(_) => writes.push(Write::one(trying(key, *most, now))),
                }
            }
            self.db.write_alone(&writes).await?;
            Ok(CountedAll::Within)
        })
        .await
    }

    async fn give_back(&self, counted: &[String], removed: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
        let untried = counted.iter().filter(|key| !removed.contains(key)).map(|key| Write::any(untrying(key, now)));
        let gone = removed.iter().map(|key| Write::any(removing(key)));
        let writes: Vec<Write> = untried.chain(gone).collect();
        retrying(&NoPause, || self.db.write_alone(&writes)).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        retrying(&NoPause, || async {
            let mut tx = self.db.begin().await?;
            tx.execute(&removing(key)).await?;
            tx.commit().await
        })
        .await
    }

    async fn clear(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let ended = Expr::col("expires_at").lte(now);
        let lot = Query::select().column("name").from(TABLE).and_where(ended.clone()).limit(LOT).to_owned();
        let mut cleared = 0;
        loop {
            let rows = self.db.all(&lot).await?;
            let names = rows.iter().map(|row| row.get("name")).collect::<Result<Vec<String>, _>>()?;
            if names.is_empty() {
                return Ok(cleared);
            }
            let these = Expr::col("name").is_in(names);
            let over = Query::delete().from_table(TABLE).and_where(these).and_where(ended.clone()).to_owned();
            let some = retrying(&NoPause, || async {
                let mut tx = self.db.begin().await?;
                let some = tx.execute(&over).await?;
                tx.commit().await?;
                Ok::<_, StoreError>(some)
            });
            let some = some.await?;
            cleared += some;
            if some < LOT {
                return Ok(cleared);
            }
            tokio::time::sleep(BETWEEN_LOTS).await;
        }
    }
}

/// A counter as it is kept.
struct Kept {
    tries: u32,
    expires_at: DateTime<Utc>,
}

impl Kept {
    /// With its name.
    fn read(row: &Row) -> Result<(String, Self), StoreError> {
        Ok((row.get("name")?, Self { tries: tries(row)?, expires_at: row.get("expires_at")? }))
    }
}

fn kept(counters: &[Counter]) -> SelectStatement {
    let names = counters.iter().map(|counter| counter.key.as_str());
    Query::select()
        .columns(["name", "tries", "expires_at"])
        .from(TABLE)
        .and_where(Expr::col("name").is_in(names))
        .to_owned()
}

/// The entry, whose try was counted; `None`: it has ended, or was tried as often as it may be.
async fn tried(tx: &mut Tx, key: &str, most: u32, now: DateTime<Utc>) -> Result<Option<Row>, StoreError> {
    match tx.execute(&trying(key, most, now)).await? {
        0 => Ok(None),
        _ => tx.optional(&live(key, now)).await,
    }
}

/// One more, if there may be one.
async fn counted(
    tx: &mut Tx,
    key: &str,
    most: u32,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Counted, StoreError> {
    if let Some(row) = tried(tx, key, most, now).await? {
        return Ok(Counted::Within(tries(&row)?));
    }
    match tx.optional(&live(key, now)).await? {
        Some(row) if tries(&row)? >= most => Ok(Counted::Full { until: row.get("expires_at")? }),
        // Another has begun to count since.
        Some(_) => Err(StoreError::Conflict),
        None => {
            tx.execute(&removing_ended(key, now)).await?;
            tx.exactly_one(&adding(key, "", 1, expires_at)).await?;
            Ok(Counted::Within(1))
        }
    }
}

fn tries(row: &Row) -> Result<u32, StoreError> {
    let tries: i32 = row.get("tries")?;
    tries.try_into().map_err(|_| StoreError::Corrupt(format!("{TABLE}.tries: below nought")))
}

fn alive(key: &str, now: DateTime<Utc>) -> Condition {
    Condition::all().add(Expr::col("name").eq(key)).add(Expr::col("expires_at").gt(now))
}

fn live(key: &str, now: DateTime<Utc>) -> SelectStatement {
    Query::select().columns(["value", "tries", "expires_at"]).from(TABLE).cond_where(alive(key, now)).to_owned()
}

fn over(key: &str, value: &str, expires_at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("value", value)
        .value("tries", 0)
        .value("expires_at", expires_at)
        .and_where(Expr::col("name").eq(key))
        .to_owned()
}

fn adding(key: &str, value: &str, tries: i32, expires_at: DateTime<Utc>) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(["name", "value", "tries", "expires_at"])
        .values_panic([key.into(), value.into(), tries.into(), expires_at.into()])
        .to_owned()
}

fn trying(key: &str, most: u32, now: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("tries", Expr::col("tries").add(1))
        .cond_where(alive(key, now))
        .and_where(Expr::col("tries").lt(most))
        .to_owned()
}

/// The first try, whether one that has ended is still there or not: which it is must show in no time that this takes.
fn beginning(engine: Engine, key: &str, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Write> {
    let mut first = adding(key, "", 1, expires_at);
    if engine == Engine::MariaDb {
        // Its updates in the place of inserts know no condition.
        return vec![Write::any(removing_ended(key, now)), Write::one(first)];
    }
    let mut over = OnConflict::column("name");
    over.update_columns(["value", "tries", "expires_at"]).action_and_where(Expr::col((TABLE, "expires_at")).lte(now));
    vec![Write::one(first.on_conflict(over).to_owned())]
}

fn untrying(key: &str, now: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("tries", Expr::col("tries").sub(1))
        .cond_where(alive(key, now))
        .and_where(Expr::col("tries").gt(0))
        .to_owned()
}

/// What another writes meanwhile lives, and stays.
fn removing_ended(key: &str, now: DateTime<Utc>) -> DeleteStatement {
    removing(key).and_where(Expr::col("expires_at").lte(now)).to_owned()
}

fn removing(key: &str) -> DeleteStatement {
    Query::delete().from_table(TABLE).and_where(Expr::col("name").eq(key)).to_owned()
}
