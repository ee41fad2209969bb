//! What tells who somebody is at LINE, and when that goes.

use crate::engine::{Db, Row, Tx};
use crate::jobs::LOT;
use chrono::{DateTime, Utc};
use musubi_customer::customer::Customer;
use musubi_kernel::error::StoreError;
use sea_query::{Condition, DeleteStatement, Expr, ExprTrait as _, Order, Query, SelectStatement};
use std::collections::BTreeMap;
use uuid::Uuid;

const FRIENDS: &str = "line_friends";
const HOLDERS: &str = "line_holders";
const CODES: &str = "line_codes";

/// Forgets who a customer is at LINE, and whoever is told of their bookings there.
pub(crate) async fn forget(tx: &mut Tx, customer: &Customer) -> Result<(), StoreError> {
    for table in [HOLDERS, CODES] {
        tx.execute(&of_bookings(table, customer)).await?;
    }
    if let Some(user) = &customer.details.line_user_id {
        tx.execute(&friend(customer, user)).await?;
    }
    Ok(())
}

fn of_bookings(table: &'static str, customer: &Customer) -> DeleteStatement {
    let bookings =
        Query::select().column("id").from("bookings").and_where(Expr::col("customer_id").eq(customer.id.0)).to_owned();
    Query::delete().from_table(table).and_where(Expr::col("booking_id").in_subquery(bookings)).to_owned()
}

/// Unless they are told of another's booking.
fn friend(customer: &Customer, user: &str) -> DeleteStatement {
    let told = Query::select()
        .column("booking_id")
        .from(HOLDERS)
        .and_where(Expr::col("store_id").eq(customer.store_id.0))
        .and_where(Expr::col("line_user_id").eq(user))
        .to_owned();
    Query::delete()
        .from_table(FRIENDS)
        .and_where(Expr::col("store_id").eq(customer.store_id.0))
        .and_where(Expr::col("line_user_id").eq(user))
        .and_where(Expr::exists(told).not())
        .to_owned()
}

/// Who is told of bookings that were over before then.
pub(crate) fn over(before: DateTime<Utc>) -> Condition {
    let over = Query::select()
        .column("id")
        .from("bookings")
        .and_where(Expr::col(("bookings", "id")).equals((HOLDERS, "booking_id")))
        .and_where(Expr::col(("bookings", "ends_at")).lt(before))
        .to_owned();
    Condition::all().add(Expr::exists(over))
}

/// Friends who are nobody's customer, and are told of no booking, and of whom nothing was heard since then.
pub(crate) fn strangers(before: DateTime<Utc>) -> Condition {
    let same = |table: &'static str| {
        Query::select()
            .column("store_id")
            .from(table)
            .and_where(Expr::col((table, "store_id")).equals((FRIENDS, "store_id")))
            .and_where(Expr::col((table, "line_user_id")).equals((FRIENDS, "line_user_id")))
            .to_owned()
    };
    let customer = same("customers").and_where(Expr::col("is_active").eq(true)).to_owned();
    Condition::all()
        .add(Expr::col("known_at").lt(before))
        .add(Expr::exists(customer).not())
        .add(Expr::exists(same(HOLDERS)).not())
}

/// Deletes some of those whose bookings are over; how many, and whether there may be more.
pub(crate) async fn remove_over(db: &Db, before: DateTime<Utc>) -> Result<(u64, bool), StoreError> {
    let some = lot(HOLDERS, &["booking_id"], over(before));
    let rows = db.all(&some).await?;
    let bookings = rows.iter().map(|row: &Row| row.get("booking_id")).collect::<Result<Vec<Uuid>, _>>()?;
    if bookings.is_empty() {
        return Ok((0, false));
    }
    let delete =
        Query::delete().from_table(HOLDERS).and_where(Expr::col("booking_id").is_in(bookings.clone())).to_owned();
    let mut tx = db.begin().await?;
    let gone = tx.execute(&delete).await?;
    tx.commit().await?;
    Ok((gone, bookings.len() as u64 == LOT))
}

/// Deletes some strangers, unless they have been heard of meanwhile; how many, and whether there may be more.
pub(crate) async fn remove_strangers(db: &Db, before: DateTime<Utc>) -> Result<(u64, bool), StoreError> {
    let rows = db.all(&lot(FRIENDS, &["store_id", "line_user_id"], strangers(before))).await?;
    let mut users: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for row in &rows {
        users.entry(row.get("store_id")?).or_default().push(row.get("line_user_id")?);
    }
    let mut tx = db.begin().await?;
    let mut gone = 0;
    for (store, users) in users {
        let delete = Query::delete()
            .from_table(FRIENDS)
            .and_where(Expr::col("store_id").eq(store))
            .and_where(Expr::col("line_user_id").is_in(users))
            .and_where(Expr::col("known_at").lt(before))
            .to_owned();
        gone += tx.execute(&delete).await?;
    }
    tx.commit().await?;
    Ok((gone, gone > 0 && rows.len() as u64 == LOT))
}

fn lot(table: &'static str, key: &[&'static str], which: Condition) -> SelectStatement {
    let mut query = Query::select();
    query.columns(key.iter().copied()).from(table).cond_where(which).limit(LOT);
    for column in key {
        query.order_by(*column, Order::Asc);
    }
    query
}
