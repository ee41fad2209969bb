//! Rows that tests put into the tables.

use chrono::{DateTime, Utc};
use sea_query::{InsertStatement, Query};
use uuid::Uuid;

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    at("2026-03-20T01:02:03.456789Z")
}

pub(crate) fn tenant(n: u128) -> InsertStatement {
    Query::insert()
        .into_table("tenants")
        .columns(["id", "name", "version", "created_at", "updated_at"])
        .values_panic([id(n).into(), "Hanako Inc.".into(), 1_i64.into(), now().into(), now().into()])
        .to_owned()
}

pub(crate) fn store(n: u128, tenant: u128, slug: &str) -> InsertStatement {
    Query::insert()
        .into_table("stores")
        .columns([
            "id",
            "tenant_id",
            "name",
            "slug",
            "industry_type",
            "business_hours",
            "version",
            "created_at",
            "updated_at",
        ])
        .values_panic([
            id(n).into(),
            id(tenant).into(),
            "Salon Hanako".into(),
            slug.into(),
            "beauty".into(),
            "{}".into(),
            1_i64.into(),
            now().into(),
            now().into(),
        ])
        .to_owned()
}

pub(crate) fn customer(n: u128, tenant: u128, store: u128, line_user: Option<&str>) -> InsertStatement {
    Query::insert()
        .into_table("customers")
        .columns(["id", "tenant_id", "store_id", "line_user_id", "version", "created_at", "updated_at"])
        .values_panic([
            id(n).into(),
            id(tenant).into(),
            id(store).into(),
            line_user.map(str::to_owned).into(),
            1_i64.into(),
            now().into(),
            now().into(),
        ])
        .to_owned()
}
