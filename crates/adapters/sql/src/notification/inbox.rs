//! People's own lists.

use super::SqlNotifications;
use super::notifications::TABLE;
use crate::engine::Row;
use crate::entities::Stored;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::PersonScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::NotificationId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::secret::Cipher;
use musubi_notification::inbox::{Entry, InboxStore};
use musubi_notification::kind::NotificationKind;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement, UpdateStatement};

type Position = (DateTime<Utc>, NotificationId);

/// What has arrived in a person's list.
fn theirs(person: &PersonScope) -> Condition {
    Condition::all()
        .add(Expr::col((TABLE, "user_id")).eq(person.user().0))
        .add(Expr::col((TABLE, "sent_at")).is_not_null())
}

fn unread() -> Expr {
    Expr::col((TABLE, "read_at")).is_null()
}

fn before((at, id): Position) -> Condition {
    let (sent, of_id) = (|| Expr::col((TABLE, "sent_at")), Expr::col((TABLE, "id")));
    Condition::all().add(sent().lte(at)).add(Condition::any().add(sent().lt(at)).add(of_id.lt(id.0)))
}

fn page_of(person: &PersonScope, only_unread: bool, limit: u32, position: Option<Position>) -> SelectStatement {
    let columns =
        ["id", "store_id", "notification_type", "booking_id", "subject", "message_content", "sent_at", "read_at"];
    let mut query = Query::select();
    query
        .columns(columns.map(|column| (TABLE, column)))
        .expr_as(Expr::col(("stores", "name")), "store_name")
        .expr_as(Expr::col(("stores", "display_name")), "store_shown")
        .from(TABLE)
        .inner_join("stores", Expr::col(("stores", "id")).equals((TABLE, "store_id")))
        .cond_where(theirs(person))
        .and_where_option(only_unread.then(unread));
    if let Some(position) = position {
        query.cond_where(before(position));
    }
    query
        .order_by((TABLE, "sent_at"), Order::Desc)
        .order_by((TABLE, "id"), Order::Desc)
        .limit(u64::from(limit) + 1)
        .to_owned()
}

fn entry(row: &Row, cipher: &dyn Cipher) -> Result<Entry, StoreError> {
    let row = Stored::of(row, TABLE, cipher)?;
    let text = |column: &str| Ok::<_, StoreError>(row.sealed(column)?.map(|text| text.expose().to_owned()));
    let shown: Option<String> = row.get("store_shown")?;
    Ok(Entry {
        id: row.entity_id(),
        store_id: row.id("store_id")?,
        store_name: shown.map_or_else(|| row.get("store_name"), Ok)?,
        kind: row.code("notification_type", NotificationKind::from_code)?,
        booking_id: row.id_or_null("booking_id")?,
        title: text("subject")?.unwrap_or_default(),
        text: text("message_content")?.unwrap_or_default(),
        at: row.get("sent_at")?,
        read_at: row.get("read_at")?,
    })
}

fn marking(person: &PersonScope, at: DateTime<Utc>) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("read_at", at)
        .and_where(Expr::col("user_id").eq(person.user().0))
        .and_where(Expr::col("sent_at").is_not_null())
        .and_where(Expr::col("read_at").is_null())
        .to_owned()
}

#[async_trait]
impl InboxStore for SqlNotifications {
    async fn page(
        &self,
        person: &PersonScope,
        only_unread: bool,
        page: &PageRequest,
    ) -> Result<Page<Entry>, EntityError> {
        let query = page_of(person, only_unread, page.limit, page.position()?);
        let rows = self.store.db.all(&query).await?;
        let entries = rows.iter().map(|row| entry(row, &*self.store.cipher)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(entries, page.limit, |entry| (entry.at, entry.id)))
    }

    async fn unread(&self, person: &PersonScope) -> Result<u64, StoreError> {
        let query = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "n")
            .from(TABLE)
            .cond_where(theirs(person))
            .and_where(unread())
            .to_owned();
        self.store.db.optional(&query).await?.map_or(Ok(0), |row| row.int("n"))
    }

    async fn mark_read(&self, person: &PersonScope, id: NotificationId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.store.db.begin().await?;
        let marked = tx.execute(&marking(person, at).and_where(Expr::col("id").eq(id.0)).to_owned()).await?;
        let known = Query::select()
            .column("id")
            .from(TABLE)
            .cond_where(theirs(person))
            .and_where(Expr::col("id").eq(id.0))
            .to_owned();
        let is_theirs = marked > 0 || tx.optional(&known).await?.is_some();
        tx.commit().await?;
        Ok(is_theirs)
    }

    async fn mark_all_read(
        &self,
        person: &PersonScope,
        until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.store.db.begin().await?;
        let marked = tx.execute(&marking(person, at).and_where(Expr::col("sent_at").lte(until)).to_owned()).await?;
        tx.commit().await?;
        Ok(marked)
    }
}
