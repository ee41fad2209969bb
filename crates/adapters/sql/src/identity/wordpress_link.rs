//! Which member of the WordPress site a person is.

use super::user;
use crate::SqlStore;
use crate::audit::chain_of_person;
use crate::engine::{Row, Tx};
use crate::records;
use async_trait::async_trait;
use musubi_identity::wordpress_link::{WordPressLink, WordPressLinkStore};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::record::Record;
use sea_query::{DeleteStatement, Expr, ExprTrait as _, Query};

const TABLE: &str = "wordpress_links";

#[async_trait]
impl WordPressLinkStore for SqlStore {
    async fn is_person(&self, user: UserId) -> Result<bool, StoreError> {
        let person = self.db.optional(&user::by_id(user)).await?;
        Ok(person.map(|row| user::is_there(&row)).transpose()?.unwrap_or_default())
    }

    async fn find(&self, user: UserId) -> Result<Option<WordPressLink>, StoreError> {
        let query = Query::select()
            .columns(["user_id", "wp_user_id", "linked_at"])
            .from(TABLE)
            .and_where(Expr::col("user_id").eq(user.0))
            .to_owned();
        self.db.optional(&query).await?.map(|row| read(&row)).transpose()
    }

    async fn put(
        &self,
        before: Option<&WordPressLink>,
        link: &WordPressLink,
        record: &Record,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        // Under their lock: who is deleted takes their link along.
        let person = tx.optional(&user::locking(link.user_id)).await?;
        if !person.map(|row| user::is_there(&row)).transpose()?.unwrap_or_default() {
            return Err(StoreError::Conflict);
        }
        if let Some(before) = before {
            let update = Query::update()
                .table(TABLE)
                .value("wp_user_id", link.wp_user_id)
                .value("linked_at", link.linked_at)
                .and_where(Expr::col("user_id").eq(before.user_id.0))
                .and_where(Expr::col("wp_user_id").eq(before.wp_user_id))
                .to_owned();
            tx.exactly_one(&update).await?;
        } else {
            let insert = Query::insert()
                .into_table(TABLE)
                .columns(["user_id", "wp_user_id", "linked_at"])
                .values_panic([link.user_id.0.into(), link.wp_user_id.into(), link.linked_at.into()])
                .to_owned();
            tx.exactly_one(&insert).await?;
        }
        finish(tx, link, record).await
    }

    async fn remove(&self, link: &WordPressLink, record: &Record) -> Result<(), StoreError> {
        let delete = removing(link.user_id).and_where(Expr::col("wp_user_id").eq(link.wp_user_id)).to_owned();
        let mut tx = self.db.begin().await?;
        tx.exactly_one(&delete).await?;
        finish(tx, link, record).await
    }
}

/// What a person is there.
pub(super) fn removing(user: UserId) -> DeleteStatement {
    Query::delete().from_table(TABLE).and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

async fn finish(mut tx: Tx, link: &WordPressLink, record: &Record) -> Result<(), StoreError> {
    records::write(&mut tx, &chain_of_person(link.user_id), record).await?;
    tx.commit().await
}

fn read(row: &Row) -> Result<WordPressLink, StoreError> {
    Ok(WordPressLink {
        user_id: row.id("user_id")?,
        wp_user_id: row.get("wp_user_id")?,
        linked_at: row.get("linked_at")?,
    })
}
