//! What a person is besides a customer, in one query.

use super::staff_account;
use crate::SqlStore;
use crate::condition::within_active_tenant;
use crate::engine::Row;
use async_trait::async_trait;
use musubi_identity::session::Method;
use musubi_identity::standing::{Standing, StandingBook};
use musubi_kernel::access::{AdminRole, PersonScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{AdminUserId, StoreId};
use sea_query::{Condition, Expr, ExprTrait as _, Query, SelectStatement};
use std::collections::BTreeSet;
use uuid::Uuid;

#[async_trait]
impl StandingBook for SqlStore {
    async fn standing(&self, person: &PersonScope, store: Option<StoreId>) -> Result<Standing, StoreError> {
        let row = self.db.optional(&question(person, store)).await?;
        row.map_or_else(|| Ok(Standing::default()), |row| read(&row, store.is_some()))
    }
}

/// One row: of the session, and what stands beside it of its person.
fn question(person: &PersonScope, store: Option<StoreId>) -> SelectStatement {
    let table = staff_account::TABLE;
    let admin = Condition::all()
        .add(Expr::col(("admin_users", "user_id")).equals(("sessions", "user_id")))
        .add(Expr::col(("admin_users", "is_active")).eq(true));
    let mut query = Query::select()
        .column(("sessions", "methods"))
        .expr_as(Expr::col(("admin_users", "id")), "admin_id")
        .expr_as(Expr::col(("admin_users", "role")), "admin_role")
        .from("sessions")
        .left_join("admin_users", admin)
        .and_where(Expr::col(("sessions", "id")).eq(person.session().0))
        .and_where(Expr::col(("sessions", "user_id")).eq(person.user().0))
        .to_owned();
    if let Some(store) = store {
        let post = Condition::all()
            .add(Expr::col((table, "user_id")).equals(("sessions", "user_id")))
            .add(Expr::col((table, "store_id")).eq(store.0))
            .add(Expr::col((table, "is_active")).eq(true))
            .add(within_active_tenant((table, "tenant_id")));
        query.columns(staff_account::COLUMNS.map(|column| (table, column))).left_join(table, post);
    }
    query
}

fn read(row: &Row, at_store: bool) -> Result<Standing, StoreError> {
    let methods: BTreeSet<Method> = row.json("methods")?;
    let admin = match row.id_or_null::<AdminUserId>("admin_id")? {
        Some(id) => Some((id, row.code("admin_role", AdminRole::from_code)?)),
        None => None,
    };
    let works_there = at_store && row.get::<Option<Uuid>>("id")?.is_some();
    let post = if works_there { staff_account::read(row)?.post() } else { None };
    Ok(Standing { post, admin, methods })
}
