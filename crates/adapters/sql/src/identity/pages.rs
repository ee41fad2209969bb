//! Pages of what is sorted by its id.

use crate::engine::{Db, Row};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::page::{Page, PageRequest};
use sea_query::{Expr, ExprTrait as _, Order, SelectStatement};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A page of the rows of a query, by the `id` of a table in it.
pub(super) async fn by_id<T, I: Serialize + DeserializeOwned + Into<Uuid>>(
    db: &Db,
    mut query: SelectStatement,
    table: &'static str,
    page: &PageRequest,
    read: impl Fn(&Row) -> Result<T, StoreError>,
    id: impl Fn(&T) -> I,
) -> Result<Page<T>, EntityError> {
    if let Some(last) = page.position::<I>()? {
        let last: Uuid = last.into();
        query.and_where(Expr::col((table, "id")).gt(last));
    }
    query.order_by((table, "id"), Order::Asc).limit(u64::from(page.limit) + 1);
    let found = db.all(&query).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.limit, id))
}
