//! What people are at the stores where they work.

use crate::condition::within_active_tenant;
use crate::engine::Row;
use crate::entities::json;
use musubi_identity::staff::scope::StaffScope;
use musubi_identity::staff_account::{StaffAccount, StaffDetails};
use musubi_kernel::access::Role;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{StaffAccountId, StoreId, TenantId, UserId};
use sea_query::{
    Condition, Expr, ExprTrait as _, InsertStatement, Order, Query, SelectStatement, UpdateStatement, Value,
};

pub(super) const TABLE: &str = "staff_accounts";

pub(super) const COLUMNS: [&str; 11] = [
    "id",
    "user_id",
    "tenant_id",
    "store_id",
    "role",
    "permissions",
    "resource_id",
    "is_active",
    "version",
    "created_at",
    "updated_at",
];

/// Those of a query that the caller narrows down.
pub(super) fn accounts() -> SelectStatement {
    Query::select().columns(COLUMNS.map(|column| (TABLE, column))).from(TABLE).to_owned()
}

/// Those of a store.
pub(super) fn of_store(scope: &StaffScope) -> Condition {
    Condition::all()
        .add(Expr::col((TABLE, "tenant_id")).eq(scope.tenant().0))
        .add(Expr::col((TABLE, "store_id")).eq(scope.store().0))
}

/// Of those, this one.
pub(super) fn by_id(scope: &StaffScope, id: StaffAccountId) -> Condition {
    of_store(scope).add(Expr::col((TABLE, "id")).eq(id.0))
}

/// A person's at a store.
pub(super) fn of_user(user: UserId, store: StoreId) -> SelectStatement {
    accounts()
        .and_where(Expr::col((TABLE, "user_id")).eq(user.0))
        .and_where(Expr::col((TABLE, "store_id")).eq(store.0))
        .to_owned()
}

/// One row, if this tenant is active.
pub(super) fn active_tenant(tenant: TenantId) -> SelectStatement {
    Query::select()
        .column("id")
        .from("tenants")
        .and_where(Expr::col("id").eq(tenant.0))
        .and_where(Expr::col("is_active").eq(true))
        .to_owned()
}

/// Those by which somebody works somewhere now: not at a store of an inactive tenant.
pub(super) fn live() -> Condition {
    Condition::all().add(Expr::col((TABLE, "is_active")).eq(true)).add(within_active_tenant((TABLE, "tenant_id")))
}

/// Those of a person who works there now.
pub(super) fn working(user: UserId) -> SelectStatement {
    accounts()
        .and_where(Expr::col((TABLE, "user_id")).eq(user.0))
        .and_where(Expr::col((TABLE, "is_active")).eq(true))
        .order_by((TABLE, "id"), Order::Asc)
        .to_owned()
}

/// Active owners of a store beside this one who can still sign in.
pub(super) fn other_owner(store: StoreId, id: StaffAccountId) -> SelectStatement {
    let can_sign_in = Query::select().column("id").from("users").and_where(Expr::col("status").eq("active")).to_owned();
    Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("store_id").eq(store.0))
        .and_where(Expr::col("id").ne(id.0))
        .and_where(Expr::col("role").eq(Role::Owner.code()))
        .and_where(Expr::col("is_active").eq(true))
        .and_where(Expr::col("user_id").in_subquery(can_sign_in))
        .limit(1)
        .to_owned()
}

pub(super) fn adding(account: &StaffAccount) -> InsertStatement {
    let fixed: [(&str, Value); 5] = [
        ("id", account.id.0.into()),
        ("user_id", account.user_id.0.into()),
        ("tenant_id", account.tenant_id.0.into()),
        ("store_id", account.store_id.0.into()),
        ("created_at", account.created_at.into()),
    ];
    let (columns, values): (Vec<_>, Vec<_>) = fixed.into_iter().chain(changing(account)).unzip();
    Query::insert().into_table(TABLE).columns(columns).values_panic(values.into_iter().map(Expr::from)).to_owned()
}

/// Over the version before its own.
pub(super) fn saving(account: &StaffAccount) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .values(changing(account).into_iter().map(|(column, value)| (column, value.into())))
        .and_where(Expr::col("id").eq(account.id.0))
        .and_where(Expr::col("version").eq(account.version - 1))
        .to_owned()
}

fn changing(account: &StaffAccount) -> [(&'static str, Value); 6] {
    let StaffDetails { role, permissions, resource_id, is_active } = &account.details;
    [
        ("role", role.code().into()),
        ("permissions", json(permissions).into()),
        ("resource_id", resource_id.map(|id| id.0).into()),
        ("is_active", (*is_active).into()),
        ("version", account.version.into()),
        ("updated_at", account.updated_at.into()),
    ]
}

pub(super) fn read(row: &Row) -> Result<StaffAccount, StoreError> {
    Ok(StaffAccount {
        id: row.id("id")?,
        user_id: row.id("user_id")?,
        tenant_id: row.id("tenant_id")?,
        store_id: row.id("store_id")?,
        details: StaffDetails {
            role: row.code("role", Role::from_code)?,
            permissions: row.json("permissions")?,
            resource_id: row.id_or_null("resource_id")?,
            is_active: row.get("is_active")?,
        },
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
